"""Test that the environments of a real conda are found under the same names; ``TFENV_CONDA`` can name that conda."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.environments.conftest import run
from tests.kernels.original import CONDA
from tests.prefixes import make_prefix
from tfenv_lab.conda.settings import condarc
from tfenv_lab.environments.service import EnvironmentService

PATH = os.environ["PATH"]

pytestmark = pytest.mark.skipif(CONDA is None, reason="there is no conda here (TFENV_CONDA names one)")


def test_every_environment_has_condas_name(
    clean_home: Path, envs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = tmp_path / "more"
    outer = make_prefix(more / "outer")
    for prefix in (envs / "tf", envs / "my env é", more / "tf", outer / "envs" / "nested", tmp_path / "else" / "x"):
        make_prefix(prefix)
    (envs / "frozen" / "conda-meta").mkdir(parents=True)
    for name in ("history", "frozen"):
        (envs / "frozen" / "conda-meta" / name).write_text("")
    (envs / "rest" / "bin").mkdir(parents=True)
    (clean_home / ".condarc").write_text(json.dumps({"envs_dirs": [str(more), f"{outer}/envs"]}))
    monkeypatch.setenv("CONDA_EXE", str(CONDA))
    env = {"HOME": str(clean_home), "PATH": PATH}
    done = subprocess.run([str(CONDA), "env", "list", "--json"], env=env, capture_output=True, text=True, check=True)
    details = json.loads(done.stdout)["envs_details"]
    # As root, conda also lists the environments of other users.
    theirs = {prefix: found["name"] or prefix for prefix, found in details.items() if str(tmp_path) in prefix}
    assert len(theirs) == 6

    ours = {each.prefix: each for each in run(EnvironmentService(condarc.load(home=clean_home)).list())}
    assert {prefix: ours[prefix].name for prefix in theirs} == theirs
    assert {prefix: ours[prefix].protected for prefix in theirs} == {
        prefix: found["frozen"] for prefix, found in details.items() if prefix in theirs
    }
    base = next(prefix for prefix, found in details.items() if found["base"])
    assert ours[base].name == "base"
    # conda does not list the rest of an interrupted installation.
    assert ours.keys() >= {str(envs / "rest")}
