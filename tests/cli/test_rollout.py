"""Test what the command says before it reaches a cluster, and if it is interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.cli import rollout
from tfenv_lab.cluster.models import ClusterNode

from ..cluster.fake import READY, Fake
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


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Return the cluster of three workers to which the command connects. Every environment fits it."""
    cluster = Fake("a", "b", "c")
    monkeypatch.setattr(rollout, "connector", lambda: lambda address: contextlib.nullcontext(cluster))
    monkeypatch.setattr(rollout, "require_fit", lambda *arguments: None)
    return cluster


async def _interrupt(node: ClusterNode, name: str = "") -> Any:
    """Press Ctrl-C while a worker is busy."""
    # What the other workers do at the same time has ended.
    await asyncio.sleep(0.1)
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep(600)


def test_ctrl_c_stops_the_installations_and_says_so(shell: Shell, fake: Fake) -> None:
    assert shell.run("create", "tf", f"--python={PYTHON}")[0] == 0
    stopped: list[str] = []

    async def install(node: ClusterNode) -> Any:
        try:
            await _interrupt(node)
        finally:
            stopped.append(node.name)

    fake.install["b"] = install
    status, _, said = shell.run("rollout", "tf", NOWHERE, "--beside")
    assert (status, stopped) == (130, ["b"])
    assert "interrupted. 2 of 3 workers have the environment. Installations that had not finished were stopped." in said
    assert "Run the same command again" in said


def test_ctrl_c_before_any_worker_starts_again_starts_none(shell: Shell, fake: Fake) -> None:
    assert shell.run("create", "tf", f"--python={PYTHON}")[0] == 0
    fake.install["c"] = _interrupt
    status, _, said = shell.run("rollout", "tf", NOWHERE)
    assert (status, fake.busy) == (130, False)
    assert not [verb for verb, _ in fake.orders if verb in ("drain", "enter")]
    assert "0 of 3 workers have started again." in said


@pytest.mark.parametrize("moment", ["draining", "entering"])
def test_ctrl_c_lets_the_drained_worker_take_tasks_again(shell: Shell, fake: Fake, moment: str) -> None:
    assert shell.run("create", "tf", f"--python={PYTHON}")[0] == 0
    getattr(fake, moment)["b"] = _interrupt
    status, _, said = shell.run("rollout", "tf", NOWHERE)
    assert (status, fake.resumed, fake.busy) == (130, ["b"], False)
    assert {name: inside.name != "" for name, inside in fake.runs.items()} == {"a": True, "b": False, "c": False}
    assert ("drain", "c:1") not in fake.orders
    assert "1 of 3 workers have started again." in said
    assert "no more workers start again" in said


def test_a_rollout_that_was_interrupted_can_be_run_again(shell: Shell, fake: Fake) -> None:
    assert shell.run("create", "tf", f"--python={PYTHON}")[0] == 0
    fake.install["a"] = _interrupt
    assert shell.run("rollout", "tf", NOWHERE)[0] == 130
    fake.install["a"] = lambda node: asyncio.sleep(0, READY)
    status, out, _ = shell.run("rollout", "tf", NOWHERE)
    assert status == 0
    assert "runs on 3 of 3 workers" in out
