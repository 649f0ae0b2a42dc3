"""Share one environment and its update among the tests of faults: making it takes longer than most of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..shims import built
from .world import World


@pytest.fixture(scope="session")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("faults")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("CONDA", "XDG_", "PIP_", "UV_", "JUPYTER_")):
                patch.delenv(name)
        world = World(root, built("faults/fault.c", root))
        for name, value in world.environ().items():
            patch.setenv(name, value)
        world.make()
    yield world
    world.down()


@pytest.fixture
def world(shared_world: World, clean_home: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """An environment as it was before its update; workers load the library of faults."""
    monkeypatch.delenv("PIP_NO_INDEX")
    for name, value in shared_world.environ().items():
        monkeypatch.setenv(name, value)
    shared_world.restore()
    return shared_world
