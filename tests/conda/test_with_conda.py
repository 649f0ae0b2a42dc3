"""Test that a real conda and this engine can change the same environment in turn.

The tests are skipped without a conda. ``TFENV_CONDA`` names one that is not on PATH.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from string import Template
from typing import Any

import pytest

from tfenv_lab.conda.prefix.activation import environment_variables
from tfenv_lab.conda.settings import condarc

from ..conftest import Api
from ..tiny_channel import TinyChannel

#: Looked up here because a test's clean home directory hides the variables.
CONDA = os.environ.get("TFENV_CONDA") or os.environ.get("CONDA_EXE") or shutil.which("conda")
PATH = os.environ["PATH"]

pytestmark = pytest.mark.skipif(CONDA is None, reason="there is no conda here (TFENV_CONDA names one)")

Run = Callable[..., Awaitable[str]]


@pytest.fixture
def conda(made: Any, clean_home: Path, tensorflow_channel: TinyChannel) -> Run:
    """Run a conda command on the environment, and return its output."""
    (clean_home / ".condarc").write_text(json.dumps({"channels": [tensorflow_channel.url]}))
    env = {
        "HOME": str(clean_home),
        "PATH": PATH,
        "CONDA_SOLVER": "classic",
        "CONDA_PKGS_DIRS": str(clean_home / "pkgs"),
    }

    async def run(*arguments: str) -> str:
        place = [] if arguments == ("env", "list", "--json") else ["--prefix", made["prefix"]]
        command = [str(CONDA), *arguments, *place]
        done = await asyncio.to_thread(subprocess.run, command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


async def _change(api: Api, made: Any) -> None:
    job = await api.apply(kind="update", environment=made["id"], packages=["tensorflow"])
    assert job["state"] == "succeeded", job


async def _packages(api: Api, made: Any) -> dict[str, tuple[str, bool]]:
    _, found = await api.call("GET", f"environments/{made['id']}/packages")
    return {package["name"]: (package["version"], package["requested"]) for package in found["packages"]}


async def test_conda_lists_the_same_packages(api: Api, made: Any, conda: Run) -> None:
    await _change(api, made)
    theirs = {package["name"]: package["version"] for package in json.loads(await conda("list", "--json"))}
    assert theirs == {name: version for name, (version, _) in (await _packages(api, made)).items()}
    assert theirs["tensorflow"] == "2.20.0"
    assert made["prefix"] in json.loads(await conda("env", "list", "--json"))["envs"]


async def test_its_history_is_ours(api: Api, made: Any, conda: Run) -> None:
    await _change(api, made)
    theirs = json.loads(await conda("list", "--revisions", "--json"))
    _, ours = await api.call("GET", f"environments/{made['id']}/revisions")
    assert [revision["rev"] for revision in theirs] == [0, 1]
    assert [revision["number"] for revision in ours["revisions"]] == [1, 0]
    assert len(theirs[0]["install"]) == len(ours["revisions"][1]["entries"])
    # `conda list --revisions` shows in the second revision that both TensorFlow packages were updated.
    assert [len(theirs[1][kind]) for kind in ("install", "remove", "upgrade", "downgrade")] == [0, 0, 2, 0]


async def test_conda_exports_the_requested_specs(api: Api, made: Any, conda: Run) -> None:
    await _change(api, made)
    exported = json.loads(await conda("env", "export", "--from-history", "--json"))
    names = {str(spec).partition("=")[0].partition("[")[0] for spec in exported["dependencies"]}
    assert names == {name for name, (_, requested) in (await _packages(api, made)).items() if requested}
    assert any(str(spec).startswith("tensorflow=2.20") for spec in exported["dependencies"])


async def test_its_doctor_finds_nothing(api: Api, made: Any, conda: Run) -> None:
    assert "❌" not in await conda("doctor")
    await _change(api, made)
    assert "❌" not in await conda("doctor")


async def test_changes_by_conda_are_shown_at_once(api: Api, made: Any, conda: Run) -> None:
    await conda("install", "--yes", "pandas", "numpy=2.2")
    assert (await _packages(api, made))["pandas"] == ("2.2.0", True)
    assert (await _packages(api, made))["numpy"] == ("2.2.0", True)
    await _change(api, made)
    assert (await _packages(api, made))["pandas"] == ("2.2.0", True)
    await conda("remove", "--yes", "pandas")
    assert "pandas" not in await _packages(api, made)
    assert "❌" not in await conda("doctor")


async def test_it_activates_as_a_kernel_is_activated(made: Any, clean_home: Path) -> None:
    prefix = Path(made["prefix"])
    for name, text in {
        "a.sh": 'export XLA_FLAGS="--dir=$CONDA_PREFIX" LD_LIBRARY_PATH="$CONDA_PREFIX/lib:$LD_LIBRARY_PATH"',
        "a2.sh": "unset OLD",
        "a3.sh": 'export SEEN="$CONDA_EXE $CONDA_PYTHON_EXE $CONDA_DEFAULT_ENV"',
        "b.sh": 'export PATH="$CONDA_PREFIX/extra:$PATH:/tail"\nnot_exported=1\nfalse',
        "c.fish": "set -x FISH 1",
    }.items():
        (prefix / "etc" / "conda" / "activate.d").mkdir(parents=True, exist_ok=True)
        (prefix / "etc" / "conda" / "activate.d" / name).write_text(text)
    variables = {"mode": "fast $HOME", "GONE": "***unset***", "PATH": "/reserved", "NONE": None}
    (prefix / "conda-meta" / "state").write_text(json.dumps({"env_vars": variables}))
    base = {"HOME": str(clean_home), "PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": "/machine/lib", "OLD": "x"}
    command = [str(CONDA), "shell.posix", "activate", str(prefix)]
    script = subprocess.run(command, env=base, capture_output=True, text=True, check=True).stdout
    shell = ["bash", "--norc", "--noprofile", "-c", f"{script}\nexec env -0"]
    lines = subprocess.run(shell, env=base, capture_output=True, text=True, check=True).stdout.split("\0")
    theirs = {name: value for name, _, value in (line.partition("=") for line in lines if line)}

    root = condarc.load({"CONDA_EXE": str(CONDA), "HOME": str(clean_home)}, clean_home).root_prefix
    ours = {**base, **environment_variables(prefix, root, base)}
    ours = {name: Template(value).safe_substitute(base) for name, value in ours.items() if value}
    # Ignore the variables of conda's shell functions and those that the shell sets.
    others = ("_CONDA", "PS1", "PWD", "SHLVL", "_")
    assert ours == {name: value for name, value in theirs.items() if value and not name.startswith(others)}


async def test_it_goes_back_to_a_revision_of_ours(api: Api, made: Any, conda: Run) -> None:
    before = await _packages(api, made)
    await _change(api, made)
    await conda("install", "--yes", "--revision", "0")
    after = await _packages(api, made)
    assert {name: version for name, (version, _) in after.items()} == {
        name: version for name, (version, _) in before.items()
    }
    assert (await api.environment("tf"))["tensorflow"]["version"] == "2.19.1"
    assert "❌" not in await conda("doctor")
