"""Update and revert real TensorFlow, and kill updates."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ..tiny_tensorflow import PYTHON
from .conftest import Home, hide_this_machine


@pytest.fixture(scope="module")
def home(source: str, channels: list[str], cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home directory with an environment “tf” that has the second newest minor version of TensorFlow."""
    with pytest.MonkeyPatch.context() as patch:
        hide_this_machine(patch)
        home = Home(tmp_path_factory.mktemp("changed") / "home", channels, cache)
        _, older = releases(home, source)
        home.run("create", "tf", f"--tensorflow={older}", f"--python={PYTHON}", "--variant=cpu", f"--source={source}")
        yield home


def releases(home: Home, source: str) -> tuple[str, str]:
    """Return the newest release of a source and the newest one of the minor version before."""
    versions = [
        release["version"]
        for release in home.run("versions")["releases"]
        if any(
            each["source"] == source and each["name"] == "cpu" and each["installable"] and PYTHON in each["python"]
            for each in release["variants"]
        )
    ]
    minor = versions[0].split(".")[:2]
    return versions[0], next(version for version in versions if version.split(".")[:2] != minor)


def files(prefix: Path) -> dict[str, tuple[int, int]]:
    """Return the inode and the size of every file of an environment, by path."""
    found = {}
    for folder, _, names in os.walk(prefix):
        for name in names:
            status = Path(folder, name).lstat()
            found[f"{folder}/{name}"] = (status.st_ino, status.st_size)
    return found


def imported(prefix: Path) -> str:
    """Return the version of TensorFlow that the environment's Python imports."""
    command = [str(prefix / "bin/python"), "-B", "-c", "import tensorflow, keras; print(tensorflow.__version__)"]
    variables = {"PATH": os.defpath, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("seconds", [0.0, 0.4, 0.8])
def test_a_killed_update_leaves_the_old_environment_or_the_new_one(home: Home, source: str, seconds: float) -> None:
    newest, older = releases(home, source)
    prefix = home.prefix
    before = files(prefix)
    update = home.start("update", "tf")
    beside = prefix.parent
    while not [path for path in beside.iterdir() if path.name.startswith(".tfenv-new")]:
        assert update.poll() is None, update.communicate()
        time.sleep(0.01)
    time.sleep(seconds)
    processes = [*psutil.Process(update.pid).children(recursive=True), psutil.Process(update.pid)]
    for process in processes:
        process.send_signal(signal.SIGKILL)
    update.communicate()

    assert home.prefix == prefix
    found = files(prefix)
    assert imported(prefix) == (older if found == before else newest)
    home.recover()
    assert [path.name for path in beside.iterdir()] == ["tf"]
    assert files(prefix) == found
    if found != before:
        home.run("revert", "tf", "0")


def test_an_update_and_a_revert(home: Home, source: str) -> None:
    newest, older = releases(home, source)
    before, prefix = home.packages(), home.prefix
    assert imported(prefix) == older
    assert home.run("update", "tf")["state"] == "succeeded"
    assert imported(prefix) == newest
    assert home.run("check", "tf")["result"]["ok"]
    assert home.run("revert", "tf", "0")["state"] == "succeeded"
    assert home.packages() == before
    assert imported(prefix) == older
