"""Export real TensorFlow, delete it, and recreate it from each kind of file in an empty home directory.

Needs channels with TensorFlow: ``TFENV_CHANNELS`` names them (``make test`` sets it), else the tests are skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import platformdirs
import pytest

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
#: Maximum size of a notebook with the record of a TensorFlow environment.
MOST_BYTES = 20_000
FILES = ["environment-yml", "environment-yml --specs=all", "explicit", "conda-lock", "pixi-lock", "notebook"]


class Home:
    """A separate home directory for ``jupyter tfenv``. All of them share downloaded packages."""

    def __init__(self, folder: Path, channels: list[str], cache: Path) -> None:
        self.folder = folder
        self._traits = [*(f"--TfenvLab.channels={url}" for url in channels), f"--TfenvLab.package_cache={cache}"]

    def run(self, *arguments: str) -> Any:
        """Return the JSON that a command writes; it must succeed."""
        self.folder.mkdir(exist_ok=True)
        command = [sys.executable, "-c", "from tfenv_lab.cli.app import main; main()"]
        done = subprocess.run(
            [*command, *arguments, "--json", *self._traits],
            env={**os.environ, "HOME": str(self.folder)},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def packages(self) -> set[tuple[str, str, str, str]]:
        """Return name, version, build and hash of the packages in the only environment."""
        [prefix] = (Path(environment["prefix"]) for environment in self.run("list")["environments"])
        records = [json.loads(path.read_text(encoding="utf-8")) for path in prefix.glob("conda-meta/*.json")]
        return {(record["name"], record["version"], record["build"], record["sha256"]) for record in records}


@pytest.fixture(scope="module")
def channels() -> list[str]:
    text = os.environ.get("TFENV_CHANNELS")
    if not text:
        pytest.skip("TFENV_CHANNELS names no channels with TensorFlow")
    return text.split()


@pytest.fixture(scope="module")
def cache() -> Path:
    """Return the directory that keeps packages between runs; it is found before the home directory changes."""
    return platformdirs.user_cache_path("tfenv_lab") / "test-packages"


@pytest.fixture(scope="module")
def exported(
    channels: list[str], cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, str], set[tuple[str, str, str, str]]]]:
    """The exported files of a deleted environment, by format, and its packages."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("CONDA", "MAMBA", "XDG_", "JUPYTER_")):
                patch.delenv(name)
        home = Home(tmp_path_factory.mktemp("made") / "home", channels, cache)
        assert (
            home.run("create", "tf", "--tensorflow=2.*", f"--python={PYTHON}", "--variant=cpu")["state"] == "succeeded"
        )
        files = {which: home.run("export", "tf", *f"--format={which}".split(" "))["content"] for which in FILES}
        held = home.packages()
        assert home.run("remove", "tf")["state"] == "succeeded"
        shutil.rmtree(home.folder)
        yield files, held


@pytest.mark.parametrize("which", FILES)
def test_the_same_packages_come_back_in_an_empty_home(
    exported: tuple[dict[str, str], set[tuple[str, str, str, str]]],
    channels: list[str],
    cache: Path,
    tmp_path: Path,
    which: str,
) -> None:
    files, held = exported
    assert len(held) > 40, "TensorFlow is more than a few packages"
    file = tmp_path / "file"
    file.write_text(files[which], encoding="utf-8")
    home = Home(tmp_path / "empty", channels, cache)
    assert home.run("import", str(file), "again")["state"] == "succeeded"
    assert home.packages() == held
    if which == "notebook":  # the same packages work the same: once is enough
        assert home.run("check", "again")["result"]["ok"]


def test_a_notebook_that_carries_it_is_small_and_valid(
    exported: tuple[dict[str, str], set[tuple[str, str, str, str]]],
) -> None:
    files, _ = exported
    assert len(files["notebook"]) <= MOST_BYTES
    metadata = {"tfenv_lab": json.loads(files["notebook"])}
    nbformat.validate({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": []})
