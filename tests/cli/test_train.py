"""Test what the command says of its arguments before it reaches a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..tiny_tensorflow import PYTHON
from .conftest import Shell

NOWHERE = "--scheduler=tcp://127.0.0.1:1"


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = pytest.importorskip("tfenv_lab.cluster.dask.engine")
    monkeypatch.setattr(engine, "PATIENCE", 0.5)


def test_what_is_missing_is_named(shell: Shell, tmp_path: Path) -> None:
    script = tmp_path / "fit.py"
    status, _, said = shell.run("train", "tf", str(script))
    assert (status, "--scheduler" in said) == (2, True)
    status, _, said = shell.run("train", "tf", NOWHERE)
    assert (status, "Usage: jupyter tfenv train NAME SCRIPT" in said) == (2, True)
    status, _, said = shell.run("train", "tf", str(script), NOWHERE)
    assert (status, f"{script} cannot be read" in said) == (2, True)
    script.write_bytes(b"\xff\xfe")
    status, _, said = shell.run("train", "tf", str(script), NOWHERE)
    assert (status, f"{script} cannot be read" in said) == (2, True)
    script.write_text("print(1)")
    status, _, said = shell.run("train", "tf", str(script), NOWHERE)
    assert (status, "no environment called “tf”" in said) == (3, True)


def test_a_script_that_is_known_to_fail_is_warned_about(shell: Shell, tmp_path: Path) -> None:
    assert shell.run("create", "tf", "--tensorflow=2.19.*", f"--python={PYTHON}")[0] == 0
    script = tmp_path / "fit.py"
    script.write_text("tf.distribute.MultiWorkerMirroredStrategy()\nmodel.fit(x)")
    status, _, said = shell.run("train", "tf", str(script), NOWHERE)
    assert status == 7
    assert "cannot train with fit() under MultiWorkerMirroredStrategy" in said
