"""The command that creates an environment over another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..tiny_tensorflow import PYTHON
from .conftest import Shell


@pytest.mark.usefixtures("simple_index")
def test_a_new_overlay_without_packages_is_not_called_up_to_date(shell: Shell, clean_home: Path) -> None:
    shell.json("create", "team", "--no-tensorflow", f"--python={PYTHON}")
    status, out, err = shell.run("overlay", "team", "mine", "--dry-run")
    assert status == 0, err
    place = clean_home / ".conda/envs/mine"
    assert out.splitlines()[0] == f"Create mine at {place}, which uses the packages of the other environment."
    assert "up to date" not in out
