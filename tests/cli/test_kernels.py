"""Test the commands that hide environments from the launcher and show them again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernels.on_disk import registered

from ..prefixes import make_prefix
from .conftest import Shell


@pytest.fixture(autouse=True)
def tf(clean_home: Path) -> Path:
    return make_prefix(clean_home / ".conda" / "envs" / "tf", python="3.11.9", kernels=["python3"])


def test_hide_and_show(shell: Shell) -> None:
    assert shell.run("hide", "tf")[:2] == (0, "tf is hidden from the launcher.\n")
    assert registered() == []
    (found,) = (one for one in shell.json("list")["environments"] if one["name"] == "tf")
    assert (found["kernel"], found["hidden"]) == (None, True)
    assert shell.run("show", "tf")[:2] == (0, "The launcher shows tf (Python 3.11.9).\n")
    assert registered() == ["conda-env-tf-py"]


def test_an_environment_without_kernel_cannot_be_shown(shell: Shell, clean_home: Path) -> None:
    make_prefix(clean_home / ".conda" / "envs" / "bare", python="3.11.9")
    status, _, err = shell.run("show", "bare")
    assert (status, "Install the package ipykernel" in err) == (2, True)
