"""Test that files and values that are not followed are named with their line, and that lists of channels are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfenv_lab import serde
from tfenv_lab.conda.settings import condarc, files, roots
from tfenv_lab.conda.settings.condarc import CondaSettings
from tfenv_lab.errors import ChannelNotAllowed


@pytest.fixture(autouse=True)
def own_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide this machine's system directories and conda installations."""
    monkeypatch.setattr(files, "SYSTEM_DIRS", (str(tmp_path / "etc"),))
    monkeypatch.setattr(roots, "SYSTEM_ROOTS", ())
    monkeypatch.setattr("sys.base_prefix", str(tmp_path / "server"))


@pytest.fixture
def file(clean_home: Path) -> Path:
    return clean_home / ".condarc"


def load(file: Path, text: str, env: dict[str, str] | None = None) -> CondaSettings:
    file.write_text(text, encoding="utf-8")
    return condarc.load(env or {}, file.parent)


def names(settings: CondaSettings) -> list[str]:
    return [channel.name for channel in settings.channels]


class TestDirectoriesOfUsersWhoDoNotExist:
    @pytest.mark.parametrize("key", ["envs_dirs", "pkgs_dirs"])
    def test_the_line_is_passed_over_and_named(self, key: str, file: Path) -> None:
        settings = load(file, f"{key}: [~formeruser/x, ~/mine]\n")
        assert file.parent / "mine" in getattr(settings, key)
        assert not any("formeruser" in str(path) for path in getattr(settings, key))
        (warning,) = settings.warnings
        assert warning == f"“~formeruser/x” is ignored, because there is no such user ({key} in {file}, line 1)."

    @pytest.mark.parametrize("key", ["root_prefix", "croot", "bld_path"])
    def test_other_directories_are_passed_over(self, key: str, file: Path) -> None:
        assert "formeruser" not in serde.dumps(load(file, f"{key}: ~formeruser/x\n")).decode()

    @pytest.mark.parametrize("name", ["MAMBA_ROOT_PREFIX", "CONDA_ROOT", "CONDA_ENVS_DIRS", "CONDA_PKGS_DIRS"])
    def test_variables_are_passed_over(self, name: str, file: Path) -> None:
        settings = load(file, "", {name: "~formeruser/x"})
        assert not any("formeruser" in str(path) for path in (*settings.envs_dirs, *settings.pkgs_dirs))
        assert settings.root_prefix is None or "formeruser" not in str(settings.root_prefix)


class TestBrokenFiles:
    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("channels:\n\t- conda-forge\n", 2),
            ("offline: true\nchannels: [one\nssl_verify: true }\n", 3),
            ("offline: true\nchannels: [a]\n\nchannels: [b]\n", 4),
            ("channels:\n- 'a\n", 3),
            ("a: &x 1\nb: *y\n", 2),
        ],
        ids=["tab", "bracket", "twice", "quote", "alias"],
    )
    def test_the_file_and_the_line_are_named(self, text: str, line: int, file: Path) -> None:
        (warning,) = load(file, text).warnings
        assert warning.startswith(f"The conda configuration file {file} is ignored: line {line} ")
        assert warning.endswith(".")

    def test_a_line_that_is_not_text_is_named(self, file: Path) -> None:
        file.write_bytes(b"offline: true\nchannels: [\xff]\n")
        (warning,) = condarc.load({}, file.parent).warnings
        assert warning == f"The conda configuration file {file} is ignored: line 2 is not UTF-8 text."

    @pytest.mark.parametrize("text", ["proxy_servers:\n  http: http://u:secret@h\n  http: http://u:secret@i\n"])
    def test_no_value_is_quoted(self, text: str, file: Path) -> None:
        (warning,) = load(file, text).warnings
        assert "line 3 sets a key for the second time" in warning
        assert "secret" not in warning

    def test_a_file_with_a_byte_order_mark_is_read(self, file: Path) -> None:
        settings = load(file, "\ufeffchannels: [a]\n")
        assert (names(settings), settings.warnings) == (["a"], ())


class TestWrongTypes:
    @pytest.mark.parametrize(
        ("text", "key", "line", "kind"),
        [
            ("channels: file:///mirror/conda-forge\n", "channels", 1, "a list"),
            ("offline: no\nchannels: {a: b}\n", "channels", 2, "a list"),
            ("\n\nenvs_dirs: /data/envs\n", "envs_dirs", 3, "a list"),
            ("pinned_packages: python 3.11\n", "pinned_packages", 1, "a list"),
            ("create_default_packages: numpy\n", "create_default_packages", 1, "a list"),
            ("custom_channels: [a]\n", "custom_channels", 1, "a mapping"),
            ("channel_alias: [https://a.org]\n", "channel_alias", 1, "a single value"),
        ],
    )
    def test_the_key_is_ignored_and_named(self, text: str, key: str, line: int, kind: str, file: Path) -> None:
        settings = load(file, text)
        assert settings.warnings == (f"{key} in {file}, line {line} must be {kind}. It is ignored.",)
        assert names(settings) == ["conda-forge"]

    def test_an_item_of_the_wrong_type_is_ignored_and_named(self, file: Path) -> None:
        settings = load(file, "channels:\n  - a\n  - b:\n  - c\n")
        assert names(settings) == ["a", "c"]
        assert settings.warnings == (f"Item 2 of channels in {file}, line 1 must be a string. It is ignored.",)

    def test_a_wrong_value_names_the_source_that_wins(self, file: Path, tmp_path: Path) -> None:
        (tmp_path / "etc").mkdir()
        (tmp_path / "etc" / "condarc").write_text("offline: false\n")
        (warning,) = load(file, "offline: maybe\n").warnings
        assert warning == f"offline in {file}, line 1 must be true or false. “false” is used instead."
        (warning,) = load(file, "offline: true\n", {"CONDA_OFFLINE": "never"}).warnings
        assert warning.startswith("offline in the variable CONDA_OFFLINE must be")

    @pytest.mark.parametrize(
        ("text", "key"),
        [
            ("disallowed_packages: [numpy]", "disallowed_packages"),
            ("disallow: [numpy]", "disallowed_packages"),
            ("client_cert: /x.pem", "client_ssl_cert"),
            ("exclude_newer: 7d", "exclude_newer"),
            ("use_local: true", "use_local"),
            ("envvars_force_uppercase: false", "envvars_force_uppercase"),
        ],
    )
    def test_a_key_that_is_not_supported_is_named(self, text: str, key: str, file: Path) -> None:
        (warning,) = load(file, f"a: 1\n{text}\n").warnings
        assert warning == f"{key} in {file}, line 2 is not supported. It has no effect."

    def test_a_multichannel_that_is_not_a_list_means_no_channel_and_is_named(self, file: Path) -> None:
        settings = load(file, "custom_multichannels: {team: dev}\nchannels: [team, conda-forge]\n")
        assert [ref.name for ref in settings.channels] == ["conda-forge"]
        assert settings.channel_warning == (
            f"team in custom_multichannels in {file}, line 1 must be a list. It is ignored."
        )

    def test_the_platform_is_followed_in_the_variable_alone(self, file: Path) -> None:
        assert load(file, "a: 1\n", {"CONDA_SUBDIR": "linux-64"}).warnings == ()
        (warning,) = load(file, "subdir: linux-64\n").warnings
        assert warning == f"subdir in {file}, line 1 is not supported. It has no effect."

    def test_a_sound_file_has_no_warning(self, file: Path) -> None:
        text = "channels: [a, ~]\nenvs_dirs:\nchannel_priority: strict\nauto_activate_base: false\nssl_verify: true\n"
        assert load(file, text).warnings == ()


class TestNodefaults:
    @pytest.mark.parametrize(
        "text",
        [
            "channel_alias: file:///mirror\nchannels: [conda-forge, nodefaults]\n",
            "channels: [nodefaults, conda-forge]\n",
            "channels: [nodefaults]\n",
        ],
    )
    def test_it_is_not_a_channel(self, text: str, file: Path) -> None:
        assert names(load(file, text)) == ["conda-forge"]

    @pytest.mark.parametrize(
        "text",
        [
            "custom_multichannels: {team: [dev, nodefaults]}\nchannels: [team]\n",
            "default_channels: [dev, nodefaults]\nchannels: [defaults]\n",
        ],
    )
    def test_it_is_not_a_member_of_a_multichannel(self, text: str, file: Path) -> None:
        assert [ref.url for ref in load(file, text).channels] == ["https://conda.anaconda.org/dev"]

    def test_a_channel_of_this_name_that_condarc_defines_is_one(self, file: Path) -> None:
        text = "custom_channels: {nodefaults: https://a.org}\nchannels: [nodefaults]\n"
        assert [channel.url for channel in load(file, text).channels] == ["https://a.org/nodefaults"]


class TestForbiddenChannels:
    """The rules are those of ``validate_channels`` in conda/base/context.py."""

    @pytest.mark.parametrize(
        "text",
        [
            "channels: [conda-forge]\ndenylist_channels: [conda-forge]\n",
            "channels: [conda-forge]\ndenylist_channels: ['https://conda.anaconda.org/conda-forge']\n",
            "channels: [conda-forge]\ndenylist_channels: conda-forge\n",
            "channels: ['https://conda.anaconda.org/conda-forge/']\ndenylist_channels: [conda-forge]\n",
            "channels: [defaults]\ndenylist_channels: [pkgs/r]\n",
            "channels: ['https://conda.anaconda.org/t/tk-1/conda-forge']\ndenylist_channels: [conda-forge]\n",
        ],
        ids=["name", "url", "text", "slash", "member", "token"],
    )
    def test_a_denied_channel_is_refused(self, text: str, file: Path) -> None:
        settings = load(file, text)
        with pytest.raises(ChannelNotAllowed, match=f"denylist_channels in {file}, line 2"):
            condarc.require_permitted(settings.channels, settings)

    @pytest.mark.parametrize("key", ["allowlist_channels", "whitelist_channels"])
    @pytest.mark.parametrize("channel", ["bioconda", "'https://u:secret@[bad/x'"])
    def test_a_channel_outside_the_allowlist_is_refused(self, key: str, channel: str, file: Path) -> None:
        settings = load(file, f"channels: [conda-forge]\n{key}: [{channel}]\n")
        with pytest.raises(ChannelNotAllowed, match=f"allowlist_channels in {file}, line 2"):
            condarc.require_permitted(settings.channels, settings)

    @pytest.mark.parametrize(
        "text",
        [
            "channels: [conda-forge]\nallowlist_channels: [bioconda, conda-forge]\n",
            "channels: [defaults]\nallowlist_channels: [defaults]\n",
            "channels: [conda-forge]\nallowlist_channels: []\ndenylist_channels:\n",
        ],
    )
    def test_other_channels_are_permitted(self, text: str, file: Path) -> None:
        settings = load(file, text)
        condarc.require_permitted(settings.channels, settings)

    def test_a_variable_and_a_file_are_joined(self, file: Path) -> None:
        settings = load(file, "denylist_channels: [a]\n", {"CONDA_DENYLIST_CHANNELS": "b,c"})
        assert settings.denylist is not None
        assert [url.rpartition("/")[2] for url in settings.denylist.urls] == ["b", "c", "a"]
        assert "the variable CONDA_DENYLIST_CHANNELS" in settings.denylist.origin
        assert serde.loads(serde.dumps(settings), CondaSettings) == settings


def test_default_packages_that_are_files_are_ignored(file: Path) -> None:
    settings = load(file, "create_default_packages: [numpy, 'https://a.org/x-1-0.conda']\n")
    assert settings.create_default_packages == ("numpy",)
    assert settings.warnings == (f"Item 2 of create_default_packages in {file}, line 1 is a file. It is ignored.",)
