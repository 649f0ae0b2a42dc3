"""Export real TensorFlow, delete it, and recreate it from each kind of file in an empty home directory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from ..tiny_tensorflow import PYTHON
from .conftest import Home, hide_this_machine

#: Maximum size of a notebook with the record of a TensorFlow environment.
MOST_BYTES = 20_000
FILES = ["environment-yml", "environment-yml --specs=all", "explicit", "conda-lock", "pixi-lock", "notebook"]


@pytest.fixture(scope="module")
def exported(
    source: str, channels: list[str], cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, str], set[tuple[str, str, str, str]]]]:
    """The exported files of a deleted environment, by format, and its packages."""
    with pytest.MonkeyPatch.context() as patch:
        hide_this_machine(patch)
        home = Home(tmp_path_factory.mktemp("made") / "home", channels, cache)
        arguments = ("--tensorflow=2.*", f"--python={PYTHON}", "--variant=cpu", f"--source={source}")
        assert home.run("create", "tf", *arguments)["state"] == "succeeded"
        files = {which: home.run("export", "tf", *f"--format={which}".split(" "))["content"] for which in FILES}
        held = home.packages()
        assert home.run("remove", "tf", "-y")["state"] == "succeeded"
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
