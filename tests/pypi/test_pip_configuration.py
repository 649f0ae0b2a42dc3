"""Test that pip's configuration is read as pip reads it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tfenv_lab.pypi import pip_configuration


@pytest.fixture
def environ(clean_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables of a user without any configuration; the files for the whole machine are in ``tmp_path``."""
    for name in ("PIP_CONFIG_FILE", "PIP_NO_INDEX"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "machine"))
    # /etc/pip.conf of this machine would count, too.
    monkeypatch.setattr(pip_configuration, "ETC", tmp_path / "etc")
    return dict(os.environ)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def loaded(environ: dict[str, str]) -> dict[str, str]:
    warnings: list[str] = []
    found = pip_configuration.load(environ, warnings)
    assert warnings == []
    return found


def test_without_files_and_variables_nothing_is_configured(environ: dict[str, str]) -> None:
    assert loaded(environ) == {}


def test_the_file_of_the_user_overrides_the_machines(environ: dict[str, str], tmp_path: Path, clean_home: Path) -> None:
    write(tmp_path / "machine" / "pip" / "pip.conf", "[global]\nindex-url = https://machine/\ncert = /certificates\n")
    write(clean_home / ".pip" / "pip.conf", "[global]\nindex-url = https://old/\ntimeout = 5\n")
    write(clean_home / ".config" / "pip" / "pip.conf", "[global]\nindex-url = https://user/\n")
    assert loaded(environ) == {"index-url": "https://user/", "cert": "/certificates", "timeout": "5"}


def test_the_named_file_replaces_the_users_and_overrides_the_machines(
    environ: dict[str, str], tmp_path: Path, clean_home: Path
) -> None:
    write(tmp_path / "machine" / "pip" / "pip.conf", "[global]\nindex-url = https://machine/\ncert = /certificates\n")
    write(clean_home / ".pip" / "pip.conf", "[global]\ntimeout = 5\n")
    named = write(tmp_path / "named.conf", "[global]\nindex-url = https://named/\n")
    assert loaded({**environ, "PIP_CONFIG_FILE": str(named)}) == {
        "index-url": "https://named/",
        "cert": "/certificates",
    }


def test_a_named_file_that_is_missing_changes_nothing(environ: dict[str, str], clean_home: Path) -> None:
    write(clean_home / ".pip" / "pip.conf", "[global]\ntimeout = 5\n")
    assert loaded({**environ, "PIP_CONFIG_FILE": str(clean_home / "missing")}) == {"timeout": "5"}


def test_the_null_device_disables_all_files(environ: dict[str, str], clean_home: Path) -> None:
    write(clean_home / ".pip" / "pip.conf", "[global]\ntimeout = 5\n")
    assert loaded({**environ, "PIP_CONFIG_FILE": os.devnull, "PIP_CERT": "c"}) == {"cert": "c"}


def test_the_section_of_install_overrides_the_general_one_of_every_file(
    environ: dict[str, str], tmp_path: Path, clean_home: Path
) -> None:
    write(tmp_path / "machine" / "pip" / "pip.conf", "[install]\nindex-url = https://install/\n[wheel]\npre = yes\n")
    write(clean_home / ".pip" / "pip.conf", "[global]\nindex-url = https://global/\n")
    assert loaded(environ) == {"index-url": "https://install/"}


def test_variables_override_files(environ: dict[str, str], clean_home: Path) -> None:
    write(clean_home / ".pip" / "pip.conf", "[install]\nindex-url = https://file/\n")
    assert loaded({**environ, "PIP_INDEX_URL": "https://variable/"}) == {"index-url": "https://variable/"}


def test_keys_may_be_written_in_several_ways(environ: dict[str, str], clean_home: Path) -> None:
    write(clean_home / ".pip" / "pip.conf", "[global]\n--Extra_Index_URL = https://a/\n  https://b/\n")
    found = loaded({**environ, "PIP_DEFAULT_TIMEOUT": "9"})
    assert (found["extra-index-url"].split(), found["timeout"]) == (["https://a/", "https://b/"], "9")


def test_an_option_without_a_value_does_not_override(environ: dict[str, str], clean_home: Path) -> None:
    write(clean_home / ".pip" / "pip.conf", "[global]\nindex-url = https://a/\n[install]\nindex-url =\n")
    assert loaded({**environ, "PIP_INDEX_URL": ""}) == {"index-url": "https://a/"}


@pytest.mark.parametrize(
    "content",
    [b"[global\nindex-url = https://ada:secret@host/", b"secret\n", b"[global]\nproxy = secret\xff\xfe\n"],
    ids=["section", "no-section", "encoding"],
)
def test_an_invalid_file_is_named_but_not_quoted(environ: dict[str, str], clean_home: Path, content: bytes) -> None:
    path = write(clean_home / ".pip" / "pip.conf", "")
    path.write_bytes(content)
    warnings: list[str] = []
    assert pip_configuration.load(environ, warnings) == {}
    assert warnings == [f"pip's configuration file {path} is ignored: it is not valid."]


def test_pip_itself_reads_the_same_files(
    environ: dict[str, str], tmp_path: Path, clean_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip's own list of the merged configuration has the same values, if each key is in one section only."""
    monkeypatch.setattr(pip_configuration, "ETC", Path("/etc"))
    write(tmp_path / "machine" / "pip" / "pip.conf", "[global]\nindex-url = https://machine/\nproxy = p:1\n")
    write(clean_home / ".pip" / "pip.conf", "[global]\nindex-url = https://old/\ntimeout = 5\n")
    write(clean_home / ".config" / "pip" / "pip.conf", "[global]\ntimeout = 6\n[install]\npre = yes\n")
    variables = {**environ, "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], env=variables, capture_output=True, text=True, check=True
    )
    listed = dict(line.split("=", 1) for line in done.stdout.splitlines())
    theirs = {key.rpartition(".")[2]: value.strip("'") for key, value in listed.items()}
    assert loaded(variables) == theirs
    assert theirs["index-url"] == "https://old/"
