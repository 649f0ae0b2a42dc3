"""Test that condarc files and ``CONDA_*`` variables are read as conda reads them."""

from __future__ import annotations

import json
import logging
import sys
import textwrap
from pathlib import Path

import pytest

from tfenv_lab import serde
from tfenv_lab.conda.settings import condarc, files, roots
from tfenv_lab.conda.settings.channels import ChannelRef
from tfenv_lab.conda.settings.condarc import CondaSettings


@pytest.fixture(autouse=True)
def own_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide this machine's system directories and conda installations."""
    monkeypatch.setattr(files, "SYSTEM_DIRS", (str(tmp_path / "etc"), str(tmp_path / "var")))
    monkeypatch.setattr(roots, "SYSTEM_ROOTS", (tmp_path / "opt" / "conda",))
    monkeypatch.setattr("sys.base_prefix", str(tmp_path / "server"))


@pytest.fixture
def home(clean_home: Path) -> Path:
    return clean_home


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def make_root(path: Path) -> Path:
    write(path / "conda-meta" / "history", "")
    return path


def names(settings: CondaSettings) -> list[str]:
    return [channel.name for channel in settings.channels]


class TestNothingConfigured:
    def test_the_only_channel_is_conda_forge(self, home: Path) -> None:
        settings = condarc.load({}, home)
        assert settings.channels == (ChannelRef("conda-forge", "https://conda.anaconda.org/conda-forge"),)

    def test_directories_are_condas_own(self, home: Path) -> None:
        settings = condarc.load({}, home)
        assert settings.envs_dirs == (home / ".conda" / "envs",)
        assert settings.pkgs_dirs == (home / ".conda" / "pkgs",)

    def test_the_rest_has_condas_defaults(self, home: Path) -> None:
        settings = condarc.load({}, home)
        assert (settings.channel_priority, settings.offline, settings.ssl_verify) == ("flexible", False, True)
        assert settings.proxy_servers == {}
        assert settings.root_prefix is None


class TestSearchPath:
    ORDER = (
        "{tmp}/etc/.condarc",
        "{tmp}/etc/condarc",
        "{tmp}/etc/condarc.d/10-company.yml",
        "{tmp}/etc/condarc.d/20-site.yaml",
        "{tmp}/var/condarc",
        "{tmp}/root/.condarc",
        "{tmp}/root/condarc.d/a.yml",
        "{tmp}/xdg/conda/condarc",
        "{home}/.config/conda/.condarc",
        "{home}/.conda/condarc",
        "{home}/.conda/condarc.d/b.yml",
        "{home}/.condarc",
        "{tmp}/active/.condarc",
        "{tmp}/mine.yml",
    )

    @pytest.fixture
    def env(self, tmp_path: Path) -> dict[str, str]:
        return {
            "CONDA_ROOT": str(tmp_path / "root"),
            "XDG_CONFIG_HOME": str(tmp_path / "xdg"),
            "CONDA_PREFIX": str(tmp_path / "active"),
            "CONDARC": str(tmp_path / "mine.yml"),
        }

    @pytest.mark.parametrize("last", range(len(ORDER)))
    def test_a_later_file_wins(self, last: int, env: dict[str, str], home: Path, tmp_path: Path) -> None:
        for number, pattern in enumerate(self.ORDER[: last + 1]):
            write(Path(pattern.format(tmp=tmp_path, home=home)), f"channel_alias: https://host{number}.org\n")
        assert condarc.load(env, home).rules.alias == f"https://host{last}.org"

    def test_a_variable_wins_over_every_file(self, env: dict[str, str], home: Path, tmp_path: Path) -> None:
        write(tmp_path / "mine.yml", "channel_alias: https://file.org\n")
        settings = condarc.load({**env, "CONDA_CHANNEL_ALIAS": "https://variable.org"}, home)
        assert settings.rules.alias == "https://variable.org"

    def test_other_files_in_a_directory_are_not_read(self, home: Path) -> None:
        write(home / ".conda" / "condarc.d" / "note.txt", "channels: [wrong]\n")
        assert names(condarc.load({}, home)) == ["conda-forge"]

    def test_condarc_may_be_a_directory_and_hold_variables(self, home: Path, tmp_path: Path) -> None:
        write(tmp_path / "set" / "one.yml", "channels: [here]\n")
        assert names(condarc.load({"CONDARC": "$WHERE/set", "WHERE": str(tmp_path)}, home)) == ["here"]


class TestMerging:
    def test_lists_are_joined_later_file_first_without_repetition(self, home: Path, tmp_path: Path) -> None:
        write(tmp_path / "etc" / "condarc", "channels: [company, conda-forge]\n")
        write(home / ".condarc", "channels: [mine, conda-forge]\n")
        assert names(condarc.load({}, home)) == ["mine", "conda-forge", "company"]

    def test_a_variable_adds_in_front(self, home: Path) -> None:
        write(home / ".condarc", "channels: [mine]\n")
        assert names(condarc.load({"CONDA_CHANNELS": "first, second"}, home)) == ["first", "second", "mine"]

    def test_final_key_cannot_be_overridden(self, home: Path, tmp_path: Path) -> None:
        write(
            tmp_path / "etc" / "condarc",
            """
            channels: #!final
              - company
            offline: true  #!final
            """,
        )
        write(home / ".condarc", "channels: [mine]\noffline: false\n")
        settings = condarc.load({"CONDA_CHANNELS": "other", "CONDA_OFFLINE": "0"}, home)
        assert (names(settings), settings.offline) == (["company"], True)

    def test_top_and_bottom_elements(self, home: Path, tmp_path: Path) -> None:
        write(
            tmp_path / "etc" / "condarc",
            """
            channels:
              - always-first  #!top
              - middle
              - always-last  #!bottom
            """,
        )
        write(home / ".condarc", "channels:\n  - mine\n  - last-but-one  #!bottom\n")
        assert names(condarc.load({}, home)) == ["always-first", "mine", "middle", "last-but-one", "always-last"]

    def test_maps_are_joined_and_a_final_entry_stays(self, home: Path, tmp_path: Path) -> None:
        write(
            tmp_path / "etc" / "condarc",
            """
            proxy_servers:
              http: http://company:1  #!final
              https: http://company:2
            """,
        )
        write(
            home / ".condarc", "proxy_servers:\n  http: http://mine:1\n  https: http://mine:2\n  ftp: http://mine:3\n"
        )
        assert condarc.load({}, home).proxy_servers == {
            "http": "http://company:1",
            "https": "http://mine:2",
            "ftp": "http://mine:3",
        }

    def test_an_empty_key_is_ignored(self, home: Path, tmp_path: Path) -> None:
        write(tmp_path / "etc" / "condarc", "channels: [company]\nproxy_servers: {http: http://p}\n")
        write(home / ".condarc", "channels:\nproxy_servers: ~\n")
        settings = condarc.load({}, home)
        assert names(settings) == ["company"]
        assert settings.proxy_servers == {"http": "http://p"}


class TestValues:
    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("strict", "strict"),
            ("flexible", "flexible"),
            ("disabled", "disabled"),
            ("true", "flexible"),
            ("false", "disabled"),
        ],
    )
    def test_channel_priority(self, written: str, meant: str, home: Path) -> None:
        write(home / ".condarc", f"channel_priority: {written}\n")
        assert condarc.load({}, home).channel_priority == meant

    @pytest.mark.parametrize(
        ("text", "value"), [("yes", True), ("on", True), ("1", True), ("False", False), ("no", False)]
    )
    def test_booleans_in_variables(self, text: str, value: bool, home: Path) -> None:
        assert condarc.load({"CONDA_OFFLINE": text}, home).offline is value

    def test_ssl_verify_is_a_switch_or_a_bundle(self, home: Path, tmp_path: Path) -> None:
        bundle = write(tmp_path / "ca.pem", "")
        assert condarc.load({"CONDA_SSL_VERIFY": "false"}, home).ssl_verify is False
        assert condarc.load({"CONDA_SSL_VERIFY": "truststore"}, home).ssl_verify == "truststore"
        assert condarc.load({"CONDA_SSL_VERIFY": "$CA", "CA": str(bundle)}, home).ssl_verify == str(bundle)

    def test_an_alias_of_a_key_counts(self, home: Path) -> None:
        write(home / ".condarc", "verify_ssl: false\nenvs_path: [~/other]\n")
        settings = condarc.load({}, home)
        assert settings.ssl_verify is False
        assert settings.envs_dirs[0] == home / "other"

    def test_variables_are_expanded_and_unknown_ones_stay(self, home: Path) -> None:
        write(
            home / ".condarc",
            """
            envs_dirs: [$WORK/envs, "${WORK}/more"]
            channels: ["https://$HOST/chan"]
            proxy_servers: {http: "http://$UNKNOWN:1"}
            """,
        )
        settings = condarc.load({"WORK": "/work-dir", "HOST": "repo.org"}, home)
        assert [str(path) for path in settings.envs_dirs[:2]] == ["/work-dir/envs", "/work-dir/more"]
        assert settings.channels[0].url == "https://repo.org/chan"
        assert settings.proxy_servers == {"http": "http://$UNKNOWN:1"}

    def test_percent_signs_are_variables_on_windows_only(self, home: Path) -> None:
        write(home / ".condarc", "envs_dirs: ['%WORK%/envs']\n")
        where = "/work-dir/envs" if sys.platform == "win32" else str(Path.cwd() / "%WORK%/envs")
        assert str(condarc.load({"WORK": "/work-dir"}, home).envs_dirs[0]) == where

    def test_an_empty_variable_turns_a_switch_off(self, home: Path) -> None:
        write(home / ".condarc", "offline: true\nchannels: [a]\n")
        settings = condarc.load({"CONDA_OFFLINE": "", "CONDA_CHANNELS": ""}, home)
        assert (settings.offline, names(settings)) == (False, ["a"])

    def test_marks_and_gaps_in_lists_are_not_elements(self, home: Path) -> None:
        write(home / ".condarc", "channels: [~, a]\n")
        assert names(condarc.load({"CONDA_CHANNELS": "b !important, ,c"}, home)) == ["b", "c", "a"]

    def test_local_is_the_channel_of_conda_build_if_it_exists(self, home: Path) -> None:
        write(home / ".condarc", "channels: [local, a]\ncroot: ~/mine\n")
        assert [ref.url for ref in condarc.load({}, home).channels] == ["https://conda.anaconda.org/a"]
        for place in ("mine", "conda-bld"):
            (home / place).mkdir()
        local = [(home / "mine").as_uri(), (home / "conda-bld").as_uri()]
        assert [ref.url for ref in condarc.load({}, home).channels[:-1]] == local

    def test_an_empty_proxy_is_kept(self, home: Path) -> None:
        write(home / ".condarc", "proxy_servers: {https: http://p, 'https://inside.org': ~}\n")
        assert condarc.load({}, home).proxy_servers == {"https": "http://p", "https://inside.org": ""}

    def test_envs_dirs_in_a_variable_are_separated_like_path(self, home: Path) -> None:
        settings = condarc.load({"CONDA_ENVS_DIRS": "/a/envs:/b/envs", "CONDA_PKGS_DIRS": "/a/pkgs,/b/pkgs"}, home)
        assert [str(path) for path in settings.envs_dirs[:2]] == ["/a/envs", "/b/envs"]
        assert [str(path) for path in settings.pkgs_dirs] == ["/a/pkgs", "/b/pkgs"]

    def test_envs_path_is_the_variables_old_name(self, home: Path) -> None:
        assert str(condarc.load({"CONDA_ENVS_PATH": "/old/envs"}, home).envs_dirs[0]) == "/old/envs"


class TestRootPrefix:
    def test_its_envs_come_first_where_it_is_writable(self, home: Path, tmp_path: Path) -> None:
        root = make_root(tmp_path / "conda")
        settings = condarc.load({"CONDA_EXE": str(root / "bin" / "conda")}, home)
        assert settings.root_prefix == root
        assert settings.envs_dirs == (root / "envs", home / ".conda" / "envs")
        assert settings.pkgs_dirs == (root / "pkgs", home / ".conda" / "pkgs")

    def test_the_users_come_first_where_it_is_not(
        self, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        root = make_root(tmp_path / "conda")
        # Tests may run as root, who can write everywhere, so os.access is replaced.
        monkeypatch.setattr("os.access", lambda path, mode, **_: False)
        settings = condarc.load({"CONDA_EXE": str(root / "bin" / "conda")}, home)
        assert settings.envs_dirs == (home / ".conda" / "envs", root / "envs")

    def test_a_well_known_place_in_the_home_is_found(self, home: Path) -> None:
        make_root(home / "miniforge3")
        assert condarc.load({}, home).root_prefix == home / "miniforge3"

    def test_an_environment_of_a_base_leads_to_it(self, home: Path, tmp_path: Path) -> None:
        root = make_root(tmp_path / "conda")
        assert condarc.load({"CONDA_PREFIX": str(root / "envs" / "tf")}, home).root_prefix == root

    def test_condarc_can_name_it(self, home: Path, tmp_path: Path) -> None:
        make_root(home / "miniforge3")
        write(home / ".condarc", f"root_prefix: {tmp_path / 'elsewhere'}\n")
        assert condarc.load({}, home).root_prefix == tmp_path / "elsewhere"


class TestDamagedFiles:
    @pytest.mark.parametrize(
        "text",
        [
            "channels: [one\n  two: }",
            "- a list\n",
            "channels: [a]\nchannels: [b]\n",
            "\x00\x01",
            "key: !!python/object:os.system {}",
        ],
        ids=["syntax", "not a map", "twice", "binary", "code"],
    )
    def test_the_file_is_passed_over_with_a_warning(
        self, text: str, home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        write(tmp_path / "etc" / "condarc", "channels: [company]\n")
        write(home / ".condarc", text)
        with caplog.at_level(logging.WARNING):
            settings = condarc.load({}, home)
        assert names(settings) == ["company"]
        assert text.startswith("key") or str(home / ".condarc") in caplog.text

    @pytest.mark.parametrize("url", ["https://u:secret@[bad/x", "https://u:secret@h:port/x", "https://u:secret@/x"])
    def test_an_invalid_url_is_ignored_and_not_quoted(
        self, url: str, home: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        channels, members = ["a", url, "mine", "team", "defaults"], {"team": [url, "b"]}
        condarc_text = {
            "channels": channels, "channel_alias": url, "custom_channels": {"mine": url},
            "custom_multichannels": members, "default_channels": [url, "c"],
        }  # fmt: skip
        write(home / ".condarc", json.dumps(condarc_text))
        # “mine” must not come from the alias, where another user may own that name.
        assert [ref.url.rpartition("/")[2] for ref in condarc.load({}, home).channels] == ["a", "b", "c"]
        for key in condarc_text:
            assert key in caplog.text
        assert "secret" not in caplog.text

    def test_the_warning_does_not_quote_the_file(self, home: Path, caplog: pytest.LogCaptureFixture) -> None:
        write(home / ".condarc", 'channels: ["https://me:secret@host/x\n')
        condarc.load({}, home)
        assert str(home / ".condarc") in caplog.text
        assert "secret" not in caplog.text

    def test_a_wrong_value_gives_way_to_the_default(self, home: Path, caplog: pytest.LogCaptureFixture) -> None:
        write(
            home / ".condarc",
            """
            channel_priority: often
            offline: maybe
            ssl_verify: /no/such/file
            channel_alias: no-scheme
            channels: 5
            """,
        )
        settings = condarc.load({}, home)
        assert (settings.channel_priority, settings.offline, settings.ssl_verify) == ("flexible", False, True)
        assert names(settings) == ["conda-forge"]
        for key in ("channel_priority", "offline", "ssl_verify", "channel_alias"):
            assert key in caplog.text


class TestSecrets:
    @pytest.fixture
    def settings(self, home: Path) -> CondaSettings:
        write(
            home / ".condarc",
            """
            channel_alias: https://alias-user:alias-pass@alias.org
            channels:
              - https://me:p%40ss@private.org/chan
              - https://conda.example/t/tk-12-secret/team
              - short
            custom_channels:
              inside: https://conda.example/t/tk-custom
            proxy_servers:
              https: http://proxy-user:proxy-pass@proxy:3128
            """,
        )
        return condarc.load({}, home)

    SECRET = ("alias-pass", "p%40ss", "p@ss", "tk-12-secret", "tk-custom", "proxy-pass")

    def test_no_text_shows_secrets(self, settings: CondaSettings) -> None:
        shown = repr(settings) + repr(settings.rules.credentials) + str(condarc.resolve_channel("inside", settings))
        assert not [secret for secret in self.SECRET if secret in shown]

    def test_urls_are_clean(self, settings: CondaSettings) -> None:
        assert [channel.url for channel in settings.channels] == [
            "https://private.org/chan",
            "https://conda.example/team",
            "https://alias.org/short",
        ]

    def test_credentials_are_kept_by_the_url_they_open(self, settings: CondaSettings) -> None:
        found = settings.rules.credentials
        assert (found["https://private.org/chan"].user, found["https://private.org/chan"].password) == ("me", "p@ss")
        assert found["https://conda.example/team"].token == "tk-12-secret"
        assert found["https://conda.example/inside"].token == "tk-custom"
        assert found["https://alias.org"].password == "alias-pass"


class TestVirtualPackages:
    """The rules for ``override_virtual_packages`` are those of ``Context.override_virtual_packages``."""

    def test_names_lose_their_underscores_and_values_are_texts(self, home: Path) -> None:
        write(
            home / ".condarc",
            """
            override_virtual_packages:
              __cuda: 12.8
              glibc: "2.17"
              archspec: ""
              osx: None
              linux:
            """,
        )
        assert condarc.load({}, home).override_virtual_packages == {"cuda": "12.8", "glibc": "2.17", "archspec": ""}

    def test_the_short_name_of_the_key(self, home: Path) -> None:
        write(home / ".condarc", "virtual_packages: {cuda: '12.8'}")
        assert condarc.load({}, home).override_virtual_packages == {"cuda": "12.8"}

    def test_files_are_joined(self, home: Path, tmp_path: Path) -> None:
        write(tmp_path / "etc" / "condarc", "override_virtual_packages: {cuda: '12.8', glibc: '2.17'}")
        write(home / ".condarc", "override_virtual_packages: {cuda: '11.8'}")
        assert condarc.load({}, home).override_virtual_packages == {"cuda": "11.8", "glibc": "2.17"}


def test_a_worker_receives_the_same_settings(home: Path, tmp_path: Path) -> None:
    make_root(home / "miniforge3")
    write(
        home / ".condarc",
        """
        channels: [https://u:p@h.org/c, defaults]
        custom_multichannels: {team: [a, https://h.org/b]}
        proxy_servers: {http: http://p}
        ssl_verify: truststore
        override_virtual_packages: {cuda: "12.8"}
        """,
    )
    settings = condarc.load({"CONDA_OFFLINE": "true"}, home)
    assert serde.loads(serde.dumps(settings), CondaSettings) == settings


class TestPins:
    def test_files_and_the_variable_are_joined(self, home: Path) -> None:
        write(home / ".condarc", "pinned_packages: [python 3.11.*]\n")
        settings = condarc.load({"CONDA_PINNED_PACKAGES": "numpy 1.26.*&pandas >2,<3"}, home)
        assert settings.pinned_packages == ("numpy 1.26.*", "pandas >2,<3", "python 3.11.*")
        assert serde.loads(serde.dumps(settings), CondaSettings) == settings
