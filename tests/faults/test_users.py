"""Folders and files of another user (for root): the change is refused with their name, or goes on without them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ..privileges import as_ordinary_user, give_away
from .world import World


def _give_away(path: Path) -> None:
    for each in (path, *path.rglob("*")):
        if not each.is_symlink():
            give_away(each)


@pytest.mark.parametrize("place", ["pkgs", "bytecode", "uv-cache", "envs", "envs/.tfenv-lock-tf"])
def test_what_belongs_to_another_user_is_named_and_nothing_is_changed(world: World, place: str) -> None:
    path = world.root / place
    if not path.exists():
        path.touch(0o644)
    if place == "envs":
        give_away(path)
        give_away(world.prefix / "conda-meta")
    else:
        _give_away(path)
    with as_ordinary_user():
        job, said = world.run()
        assert said is not None
        assert said["type"] == "failed", said
        assert said["error"]["reason"] in ("unusable-directory", "prefix-busy"), said
        assert str(path) in said["error"]["message"], said
        assert said["error"]["hint"]
        assert not world.settle(job)
        assert world.tree() == world.before
    for each in (path, *path.rglob("*")):
        os.chown(each, 0, 0, follow_symlinks=False)
    (world.root / "envs/.tfenv-lock-tf").unlink(missing_ok=True)
    world.succeed()
