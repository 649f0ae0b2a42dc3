"""Test that the driver's version is found in every place where a machine may have it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfenv_lab.conda.machine import nvidia

_SENTENCE = """NVRM version: NVIDIA UNIX {kind}  {version}  Sat Aug 19 01:15:15 UTC 2023
GCC version:  gcc version 12.3.0 (Ubuntu 12.3.0-1ubuntu1~22.04)
"""


class Machine:
    """Machine with places for the driver's files and its program, which are absent at first."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.module, self.proc, self._programs = root / "module", root / "proc", root / "bin"
        self._programs.mkdir()
        monkeypatch.setattr(nvidia, "FILES", (self.module, self.proc))
        monkeypatch.setattr(nvidia, "WSL", str(self._programs / "wsl"))
        monkeypatch.setenv("PATH", str(self._programs))

    def nvidia_smi(self, script: str, name: str = "nvidia-smi") -> None:
        """Install the program."""
        path = self._programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    @property
    def driver(self) -> str | None:
        nvidia.driver_version.cache_clear()
        return nvidia.driver_version()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_there_is_no_version_without_a_driver(machine: Machine) -> None:
    assert machine.driver is None


def test_the_kernel_modules_version(machine: Machine) -> None:
    machine.module.write_text("570.86.10\n")
    assert machine.driver == "570.86.10"


@pytest.mark.parametrize("kind", ["x86_64 Kernel Module", "Open Kernel Module for x86_64"])
def test_the_drivers_sentence(machine: Machine, kind: str) -> None:
    machine.proc.write_text(_SENTENCE.format(kind=kind, version="535.104.05"))
    assert machine.driver == "535.104.05"


@pytest.mark.parametrize("name", ["nvidia-smi", "wsl"])
def test_the_program_is_used_if_no_file_exists(machine: Machine, name: str) -> None:
    machine.nvidia_smi("echo 551.61; echo 551.61", name)
    assert machine.driver == "551.61"


def test_the_program_does_not_run_if_a_file_has_the_version(machine: Machine) -> None:
    machine.module.write_text("570.86.10\n")
    machine.nvidia_smi("exit 1")
    assert machine.driver == "570.86.10"


@pytest.mark.parametrize(
    "script", ["echo 'No devices were found' ; exit 6", "echo '[N/A]'", "exec sleep 5", "printf '\\377'"]
)
def test_a_program_that_fails_gives_no_version(machine: Machine, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvidia, "PATIENCE", 0.2)
    machine.module.write_text("")
    machine.nvidia_smi(script)
    assert machine.driver is None


def test_malformed_files_and_a_silent_program_give_no_version(machine: Machine) -> None:
    machine.module.mkdir()
    machine.proc.write_bytes(b"\xff\xfe no version \x00")
    machine.nvidia_smi("", "wsl")
    assert machine.driver is None
