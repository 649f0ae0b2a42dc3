"""Test what uv gets of the configuration of pip, of uv, and of the administrator."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tfenv_lab.errors import IndexNotAllowed
from tfenv_lab.pypi import pip_configuration, settings
from tfenv_lab.pypi.models import IndexPolicy, IndexSettings

PYPI = "https://pypi.org/simple"


@pytest.fixture(autouse=True)
def machine(clean_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a configuration, and with the system's certificates in a variable."""
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "machine"))
    monkeypatch.setattr(pip_configuration, "ETC", tmp_path / "etc")
    monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / "uv.toml"))
    monkeypatch.setenv("SSL_CERT_FILE", "/certificates")
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pip.conf").touch()
    (tmp_path / "uv.toml").touch()


@pytest.fixture
def pip(tmp_path: Path) -> Path:
    """pip's configuration file."""
    return tmp_path / "pip.conf"


@pytest.fixture
def uv(tmp_path: Path) -> Path:
    """uv's configuration file."""
    return tmp_path / "uv.toml"


def read(**policy: object) -> IndexSettings:
    """Return the settings, which must have no warnings."""
    found = settings.read(IndexPolicy(**policy), os.environ)  # type: ignore[arg-type]
    assert found.warnings == ()
    return found


def variables(**policy: object) -> dict[str, str]:
    """Return the variables that uv gets."""
    return read(**policy).variables


def test_without_a_configuration_pypi_is_read() -> None:
    assert variables() == {"UV_DEFAULT_INDEX": PYPI}


class TestPip:
    """pip's options."""

    def test_several_indexes_count_alike(self, pip: Path) -> None:
        pip.write_text("[global]\nindex-url = https://a/simple\nextra-index-url =\n    https://b/\n    https://c/\n")
        assert variables() == {
            "UV_DEFAULT_INDEX": "https://a/simple",
            "UV_INDEX": "https://b/ https://c/",
            "UV_INDEX_STRATEGY": "unsafe-best-match",
        }

    def test_links_are_directories_and_pages(self, pip: Path, tmp_path: Path) -> None:
        for name in ("wheels", "more wheels, old"):
            (tmp_path / name).mkdir()
        more = (tmp_path / "more wheels, old").as_uri()
        pip.write_text(f"[install]\nno-index = true\nfind-links = wheels {more} https://a/links,x.html\n")
        assert variables() == {
            "UV_FIND_LINKS": f"{(tmp_path / 'wheels').as_uri()},{more},https://a/links%2Cx.html",
        }
        assert read().options == ("--no-index",)
        assert "%2C" in more

    @pytest.mark.parametrize("option", ["find-links", "index-url", "extra-index-url"])
    def test_a_missing_directory_is_left_out_with_a_warning(self, pip: Path, tmp_path: Path, option: str) -> None:
        pip.write_text(f"[global]\n{option} = gone\n")
        found = settings.read(IndexPolicy())
        url = (tmp_path / "gone").as_uri()
        assert found.warnings == (f"The package index {url} is not read: the directory does not exist.",)
        assert url not in " ".join(found.variables.values())
        if option == "index-url":
            # A missing index is not replaced by another one.
            assert "UV_DEFAULT_INDEX" not in found.variables
            assert found.options == ("--no-index",)

    @pytest.mark.parametrize(
        ("url", "shown", "why"),
        [
            ("ftp://ada:s3cret@a/simple", "ftp://a/simple", "the URL does not begin with “https:”, “http:” or “file:”"),
            ("htps://a/simple", "htps://a/simple", "the URL does not begin with “https:”, “http:” or “file:”"),
            ("https:///simple", "https:///simple", "the URL is not valid"),
            ("https://ada:s3c/ret@[a/simple", "[a/simple", "the URL is not valid"),
            ("https://a:port/simple", "https://a:port/simple", "the URL is not valid"),
        ],
    )
    @pytest.mark.parametrize("option", ["find-links", "index-url", "extra-index-url"])
    def test_a_url_that_is_not_that_of_an_index_is_left_out_with_a_warning(
        self, pip: Path, option: str, url: str, shown: str, why: str
    ) -> None:
        pip.write_text(f"[global]\n{option} = {url}\n")
        found = settings.read(IndexPolicy(allowed_indexes=(PYPI,)))
        assert f"The package index {shown} is not read: {why}." in found.warnings
        assert url not in " ".join(found.variables.values())

    def test_the_network(self, pip: Path) -> None:
        (pip.parent / "own.pem").touch()
        pip.write_text(
            "[global]\nproxy = ada:secret@proxy:3128\ntimeout = 60\nretries = 1\nclient-cert = own.pem\n"
            "trusted-host = a\n  b:8080\nkeyring-provider = import\n"
        )
        proxy = "http://ada:secret@proxy:3128"
        names = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy")
        assert variables() == {
            **dict.fromkeys(names, proxy),
            "UV_HTTP_TIMEOUT": "60",
            "UV_HTTP_RETRIES": "1",
            "SSL_CLIENT_CERT": str(pip.parent / "own.pem"),
            "UV_INSECURE_HOST": "a b:8080",
            "UV_KEYRING_PROVIDER": "subprocess",
            "UV_DEFAULT_INDEX": PYPI,
        }

    @pytest.mark.parametrize("url", ["http://ada:s3cret@[a", "http://ada:s3cret@a:port", "http://"])
    @pytest.mark.parametrize("where", ["pip", "uv"])
    def test_a_proxy_that_is_not_a_url_is_left_out_with_a_warning(
        self, pip: Path, uv: Path, where: str, url: str
    ) -> None:
        if where == "pip":
            pip.write_text(f"[global]\nproxy = {url}\n")
        else:
            uv.write_text(f'http-proxy = "{url}"\n')
        found = settings.read(IndexPolicy())
        assert found.warnings == ("A proxy in the configuration of pip or uv is not used: its URL is not valid.",)
        assert found.variables == {"UV_DEFAULT_INDEX": PYPI}

    @pytest.mark.parametrize("kind", ["file", "directory"])
    def test_certificates(self, pip: Path, tmp_path: Path, kind: str) -> None:
        path = tmp_path / "certificates"
        if kind == "file":
            path.touch()
        else:
            path.mkdir()
        pip.write_text(f"[global]\ncert = {path}\n")
        assert variables()["SSL_CERT_FILE" if kind == "file" else "SSL_CERT_DIR"] == str(path)

    def test_missing_certificates_are_left_out_with_a_warning(self, pip: Path, tmp_path: Path) -> None:
        pip.write_text("[global]\ncert = gone.pem\n")
        found = settings.read(IndexPolicy())
        assert found.warnings == (
            f"pip is configured with the certificates {tmp_path / 'gone.pem'}, which do not exist.",
        )
        assert "SSL_CERT_FILE" not in found.variables

    def test_a_missing_client_certificate_is_left_out_with_a_warning(self, pip: Path, tmp_path: Path) -> None:
        pip.write_text(f"[global]\nclient-cert = {tmp_path}/gone.pem\n")
        found = settings.read(IndexPolicy())
        assert found.warnings == (
            f"pip is configured with the client certificate {tmp_path / 'gone.pem'}, which does not exist.",
        )
        assert "SSL_CLIENT_CERT" not in found.variables

    def test_the_systems_certificates_are_trusted_unless_others_are_named(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SSL_CERT_FILE")
        assert variables().get("UV_SYSTEM_CERTS") == ("true" if settings.has_certificates() else None)
        monkeypatch.setenv("UV_SYSTEM_CERTS", "false")
        assert variables()["UV_SYSTEM_CERTS"] == "false"

    def test_constraints_are_urls_because_paths_can_have_spaces(self, pip: Path, tmp_path: Path) -> None:
        folder = tmp_path / "of us all"
        folder.mkdir()
        (folder / "constraints.txt").touch()
        pip.write_text(f"[install]\nconstraint = {(folder / 'constraints.txt').as_uri()}\n  https://a/constraints\n")
        assert variables()["UV_CONSTRAINT"] == f"{(folder / 'constraints.txt').as_uri()} https://a/constraints"

    def test_missing_constraints_are_left_out_with_a_warning(self, pip: Path, tmp_path: Path) -> None:
        pip.write_text("[install]\nconstraint = gone.txt\n")
        found = settings.read(IndexPolicy())
        assert found.warnings == (
            f"pip is configured with the constraints {tmp_path / 'gone.txt'}, which do not exist.",
        )
        assert "UV_CONSTRAINT" not in found.variables

    @pytest.mark.parametrize(
        ("written", "options"),
        [
            ("only-binary = :all:", ("--only-binary", ":all:")),
            ("only-binary = a,b", ("--only-binary", "a", "--only-binary", "b")),
            ("no-binary = b\n  a", ("--no-binary", "a", "--no-binary", "b")),
            ("no-binary = a,:none:,b", ("--no-binary", "b")),
            ("no-binary = a,:all:", ("--no-binary", ":all:")),
        ],
    )
    def test_wheels_and_sources(self, pip: Path, written: str, options: tuple[str, ...]) -> None:
        pip.write_text(f"[global]\n{written}\n")
        assert read().options == options

    def test_prereleases(self, pip: Path) -> None:
        pip.write_text("[install]\npre = yes\n")
        assert variables()["UV_PRERELEASE"] == "allow"
        pip.write_text("[install]\npre = no\n")
        assert "UV_PRERELEASE" not in variables()

    def test_a_value_that_is_neither_true_nor_false_counts_as_false(self, pip: Path) -> None:
        pip.write_text("[install]\nno-index = maybe\n")
        found = settings.read(IndexPolicy())
        assert found.warnings == ("pip is configured with “no-index”, but its value is neither true nor false.",)
        assert found.options == ()

    @pytest.mark.parametrize(
        "option",
        ["target", "prefix", "root", "user", "dry-run", "python", "require-virtualenv", "no-deps", "no-cache-dir"],
    )
    def test_what_leads_elsewhere_is_not_passed_on(
        self, pip: Path, monkeypatch: pytest.MonkeyPatch, option: str
    ) -> None:
        before = variables()
        pip.write_text(f"[global]\n{option} = /elsewhere\n")
        monkeypatch.setenv(f"PIP_{option.upper().replace('-', '_')}", "/elsewhere")
        assert variables() == before
        assert read().options == ()


class TestUv:
    """uv's configuration, which wins where it says something."""

    def test_its_indexes_replace_those_of_pip(self, pip: Path, uv: Path) -> None:
        pip.write_text("[global]\nindex-url = https://pip/\nextra-index-url = https://more/\nno-index = yes\n")
        uv.write_text('[[index]]\nname = "own"\nurl = "https://uv/"\n')
        assert variables() == {"UV_INDEX": "own=https://uv/", "UV_DEFAULT_INDEX": PYPI}

    def test_its_other_settings_do_not_replace_the_indexes_of_pip(self, pip: Path, uv: Path) -> None:
        pip.write_text("[global]\nindex-url = https://pip/\ntimeout = 60\n")
        uv.write_text('keyring-provider = "subprocess"\nsystem-certs = true\n')
        assert variables() == {
            "UV_DEFAULT_INDEX": "https://pip/",
            "UV_HTTP_TIMEOUT": "60",
            "UV_KEYRING_PROVIDER": "subprocess",
            "UV_SYSTEM_CERTS": "true",
        }

    def test_its_variables_replace_its_file(self, uv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        uv.write_text('index-url = "https://file/"\nprerelease = "allow"\n')
        monkeypatch.setenv("UV_DEFAULT_INDEX", "mine=https://variable/")
        monkeypatch.setenv("UV_INDEX_MINE_PASSWORD", "secret")
        monkeypatch.setenv("UV_PRERELEASE", "disallow")
        assert variables() == {
            "UV_DEFAULT_INDEX": "mine=https://variable/",
            "UV_INDEX_MINE_PASSWORD": "secret",
            "UV_PRERELEASE": "disallow",
        }

    def test_the_section_of_pip_replaces_the_general_settings(self, uv: Path) -> None:
        uv.write_text('prerelease = "disallow"\n[pip]\nprerelease = "allow"\nno-binary = ["a"]\n')
        assert variables()["UV_PRERELEASE"] == "allow"
        assert read().options == ("--no-binary", "a")

    def test_every_kind_of_index(self, uv: Path, tmp_path: Path) -> None:
        (tmp_path / "flat").mkdir()
        uv.write_text(
            '[[index]]\nurl = "https://first/"\n'
            '[[index]]\nname = "never"\nurl = "https://explicit/"\nexplicit = true\n'
            '[[index]]\nurl = "./flat"\nformat = "flat"\n'
            '[[index]]\nname = "base"\nurl = "https://default/"\ndefault = true\n'
        )
        assert variables() == {
            "UV_INDEX": "https://first/",
            "UV_DEFAULT_INDEX": "base=https://default/",
            "UV_FIND_LINKS": (tmp_path / "flat").as_uri(),
        }

    def test_what_leads_elsewhere_is_not_passed_on(self, uv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        before = variables()
        uv.write_text('[pip]\ntarget = "/elsewhere"\nprefix = "/elsewhere"\npython = "3.9"\nsystem = true\n')
        for name in ("TARGET", "PREFIX", "PYTHON", "SYSTEM_PYTHON", "PROJECT", "WORKING_DIR", "DRY_RUN", "NO_CACHE"):
            monkeypatch.setenv(f"UV_{name}", "/elsewhere")
        monkeypatch.setenv("UV_NO_VERIFY_HASHES", "1")
        assert variables() == before

    def test_what_cannot_be_followed_is_named(self, uv: Path) -> None:
        uv.write_text('constraint-dependencies = ["a<2"]\n[[index]]\nurl = "https://a/"\nauthenticate = "always"\n')
        assert settings.read(IndexPolicy()).warnings == (
            f"{uv}: the setting “constraint-dependencies” is not followed.",
            f"{uv}: the setting “index.authenticate” is not followed.",
        )

    def test_an_invalid_file_is_named_but_not_quoted(self, uv: Path) -> None:
        uv.write_text('index-url = "https://ada:secret@host/')
        assert settings.read(IndexPolicy()).warnings == (
            f"uv's configuration file {uv} is ignored: it is not valid TOML.",
        )

    def test_the_users_file_comes_before_the_machines(
        self, clean_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("UV_CONFIG_FILE")
        for folder, text in (
            (clean_home / ".config", 'prerelease = "allow"\nextra-index-url = ["https://user/"]\n'),
            (tmp_path / "machine", 'prerelease = "disallow"\nextra-index-url = ["https://machine/"]\n'),
        ):
            (folder / "uv").mkdir(parents=True)
            (folder / "uv" / "uv.toml").write_text(text)
        assert variables() == {
            "UV_PRERELEASE": "allow",
            "UV_INDEX": "https://user/ https://machine/",
            "UV_DEFAULT_INDEX": PYPI,
        }
        monkeypatch.setenv("UV_NO_CONFIG", "1")
        assert variables() == {"UV_DEFAULT_INDEX": PYPI}


class TestPolicy:
    """What the administrator decides."""

    def test_the_index_replaces_all_others(self, pip: Path, tmp_path: Path) -> None:
        (tmp_path / "wheels").mkdir()
        pip.write_text("[global]\nindex-url = https://a/\nfind-links = wheels\nextra-index-url = https://b/\n")
        assert variables(python_index="https://own/simple")["UV_DEFAULT_INDEX"] == "https://own/simple"
        assert not {"UV_FIND_LINKS", "UV_INDEX"} & {*variables(python_index="https://own/simple")}
        pip.write_text("[global]\nno-index = yes\n")
        assert read(python_index="https://own/simple").options == ()

    def test_other_indexes_than_the_allowed_ones_are_not_read(self, pip: Path) -> None:
        pip.write_text("[global]\nindex-url = https://ada:secret@a/\nextra-index-url = https://ada:secret@b/\n")
        found = settings.read(IndexPolicy(allowed_indexes=("https://B",)))
        assert found.variables["UV_DEFAULT_INDEX"] == "https://ada:secret@b/"
        assert "UV_INDEX" not in found.variables
        assert found.warnings == (
            "The package index https://a/ is not read: it is not among TfenvLab.allowed_indexes.",
        )
        nothing = settings.read(IndexPolicy(allowed_indexes=("https://c",)))
        assert nothing.options == ("--no-index",)
        assert settings.sources(nothing) == []

    @pytest.mark.parametrize(
        ("url", "is_allowed"),
        [
            ("https://host/team/simple/", True),
            ("https://ada:secret@HOST/team/simple", True),
            ("https://host/team/simple/numpy", True),
            ("https://host/team/simple-other", False),
            ("https://host/team/simple/../../other", False),
            ("https://host/team/simple/%2e%2e/other", False),
            ("http://host/team/simple", False),
            ("https://host:444/team/simple", False),
            ("https://host/team/simple@evil.example/", False),
            ("https://evil.example/team/simple", False),
            ("/srv/wheels/new", True),
            ("file:///srv/wheels", True),
            ("file:///srv/wheels/../secret", False),
            ("/srv/other", False),
        ],
    )
    def test_an_index_is_allowed_with_everything_below_it(self, url: str, is_allowed: bool) -> None:
        policy = IndexPolicy(allowed_indexes=("https://host/team/simple", "/srv/wheels"))
        if is_allowed:
            settings.require_allowed(url, policy)
            return
        with pytest.raises(IndexNotAllowed) as raised:
            settings.require_allowed(url, policy)
        assert "secret@" not in raised.value.message

    def test_without_a_list_every_index_is_allowed(self) -> None:
        settings.require_allowed("https://anywhere/", IndexPolicy())

    def test_builds_can_be_forbidden(self, pip: Path) -> None:
        pip.write_text("[global]\nno-binary = a\n")
        assert read(allow_source_builds=False).options == ("--only-binary", ":all:")

    def test_offline(self) -> None:
        assert variables(offline=True)["UV_OFFLINE"] == "1"


def test_places_are_what_uv_reads(pip: Path, tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    pip.write_text(
        "[global]\nindex-url = https://ada:secret@a/\nextra-index-url = https://b/?x=1\nfind-links = wheels\n"
    )
    found = [(place.url, place.is_flat, place.is_default) for place in settings.sources(read())]
    assert found == [
        ((tmp_path / "wheels").as_uri(), True, False),
        ("https://b/?x=1", False, False),
        ("https://ada:secret@a/", False, True),
    ]


def test_nothing_is_allowed_by_an_entry_that_is_not_a_url_and_such_a_url_is_in_no_place() -> None:
    policy = IndexPolicy(allowed_indexes=("https://[a",))
    assert not settings.is_allowed("https://[a", policy)
    assert not settings.is_allowed("https://a/", policy)
    assert not settings.is_configured("https://[a/x.whl", settings.read(IndexPolicy()))
    assert not settings.is_configured("https://pypi.org:port/x.whl", settings.read(IndexPolicy()))
