"""Test what the command says of an environment before it reaches a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..tiny_tensorflow import PYTHON, SITE
from .conftest import Shell

NOWHERE = "--scheduler=tcp://127.0.0.1:1"


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = pytest.importorskip("tfenv_lab.cluster.dask.engine")
    monkeypatch.setattr(engine, "PATIENCE", 0.5)


def test_packages_that_the_nodes_do_not_get_are_named(shell: Shell, clean_home: Path) -> None:
    assert shell.run("create", "tf", f"--python={PYTHON}")[0] == 0
    status, _, said = shell.run("rollout", "tf", NOWHERE)
    assert (status, "without these changes" in said) == (7, False)
    site = clean_home / ".conda/envs/tf" / SITE
    (site / "extra-1.0.dist-info").mkdir()
    (site / "extra-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: extra\nVersion: 1.0\n")
    (site / "extra-1.0.dist-info/RECORD").write_text("extra-1.0.dist-info/METADATA,,\n")
    (site / "extra-1.0.dist-info/INSTALLER").write_text("pip\n")
    status, _, said = shell.run("rollout", "tf", NOWHERE)
    assert status == 7
    assert "without these changes by other programs: extra." in said


def test_a_scheduler_must_be_named_and_the_environment_must_exist(shell: Shell) -> None:
    status, _, said = shell.run("rollout", "tf")
    assert (status, "--scheduler" in said) == (2, True)
    status, _, said = shell.run("rollout", "tf", NOWHERE)
    assert (status, "no environment called “tf”" in said) == (3, True)
