"""Test what another user sees of a published environment: its kernel, that it is read-only, and what a copy costs."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.environments import facts

from ..prefixes import make_prefix
from ..privileges import OTHER, as_ordinary_user, give_away
from ..tiny_channel import TinyChannel
from .conftest import NewMachine
from .other_user import OtherUser


@pytest.fixture
def everywhere() -> Iterator[Path]:
    """Return a directory that every user can enter, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="tfenv-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def channel(tensorflow_channel: TinyChannel) -> TinyChannel:
    return tensorflow_channel


def _publish(node: NewMachine, everywhere: Path, umask: int) -> Any:
    here = node("administrator")
    before = os.umask(umask)
    try:
        made = here.command("create", "draft")
        assert made.returncode == 0, made.stderr
        lock = everywhere / "team.lock"
        lock.write_text(here.command("export", "draft", "--format=explicit").stdout)
        done = here.command("publish", str(lock), "team", f"--to={everywhere / 'srv'}", "--json")
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _files(prefix: Path) -> dict[int, int]:
    """Return the allocated bytes of everything in a prefix, by inode."""
    found = [path.lstat() for path in (prefix, *prefix.rglob("*"))]
    return {status.st_ino: status.st_blocks * 512 for status in found}


@pytest.mark.parametrize("umask", [0o022, 0o077], ids=oct)
def test_a_published_environment_is_used_by_another_user_and_copied_at_its_true_cost(
    node: NewMachine, channel: TinyChannel, everywhere: Path, umask: int
) -> None:
    user = OtherUser(everywhere / "user", everywhere / "srv", channel.url)
    prefix = Path(_publish(node, everywhere, umask)["prefix"])

    # The first list may not wait until the kernel is registered.
    for _ in range(2):
        listed = user.command("list", "--json")
        assert listed.returncode == 0, listed.stderr
    (environment,) = json.loads(listed.stdout)["environments"]
    assert environment["shared"]["by"] == "root"
    assert environment["shared"]["published"] is not None
    assert (environment["writable"], environment["protected"]) == (False, True)
    assert environment["kernel"]["name"] == f"conda-env-{prefix.name}-py"
    assert (user.home / ".local/share/jupyter/kernels" / environment["kernel"]["name"] / "kernel.json").exists()

    refused = user.command("install", prefix.name, "numpy")
    assert (refused.returncode, "published" in refused.stderr) == (4, True)

    plan = json.loads(user.command("clone", prefix.name, "mine", "--dry-run", "--json").stdout)
    assert plan["shared_bytes"] == 0
    assert any("cannot share files" in warning["message"] for warning in plan["warnings"])
    copied = user.command("clone", prefix.name, "mine")
    assert copied.returncode == 0, copied.stderr
    original, copy = _files(prefix), _files(user.envs / "mine")
    assert not original.keys() & copy.keys()
    assert plan["added_bytes"] >= 0.8 * sum(copy.values())
    mine = next(e for e in json.loads(user.command("list", "--json").stdout)["environments"] if e["name"] == "mine")
    assert (mine["shared"], mine["writable"], mine["protected"]) == (None, True, False)

    over = user.command("overlay", prefix.name, "extra")
    assert over.returncode == 0, over.stderr
    extra = next(e for e in json.loads(user.command("list", "--json").stdout)["environments"] if e["name"] == "extra")
    assert extra["over"] == {"environment": environment["id"], "name": "team", "prefix": str(prefix)}
    assert (extra["shared"], extra["writable"], extra["kernel"]["name"]) == (None, True, "conda-env-extra-py")
    assert sum(_files(user.envs / "extra").values()) < 1_000_000
    assert {path.lstat().st_uid for path in (user.envs / "extra").rglob("*")} == {OTHER}
    assert _files(prefix) == original
    starts = user.run(user.envs / "extra/bin/python", "-c", "import sys")
    assert starts.returncode == 0, starts.stderr


def test_an_environment_of_another_user_is_shared_if_it_cannot_be_changed(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "team")
    for path in (prefix, *prefix.rglob("*")):
        give_away(path)
    with as_ordinary_user():
        reading = facts.read(str(prefix), str(prefix))
    assert reading is not None
    assert reading.facts.shared is not None
    assert (reading.facts.shared.published, reading.facts.writable) == (None, False)


@pytest.mark.parametrize(
    "marker", ["{}", "[]", "no JSON", '{"message": "Ask Ada."}', '{"message": 7, "published": 8}', '{"by": "ada"}']
)
def test_a_marker_that_publish_did_not_write_only_protects(tmp_path: Path, marker: str) -> None:
    prefix = make_prefix(tmp_path / "mine")
    (prefix / "conda-meta/frozen").write_text(marker)
    reading = facts.read(str(prefix), str(prefix))
    assert reading is not None
    assert reading.facts.shared is None
    assert reading.facts.frozen == ("Ask Ada." if "Ada" in marker else "Its creator marked it as protected.")


def test_an_environment_of_a_user_without_a_name_is_shared_too(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "team")
    nameless = OTHER - 4321
    if os.getuid() != 0:
        pytest.skip("only root can give files to another user")
    for path in (prefix, *prefix.rglob("*")):
        os.chown(path, nameless, nameless)
    with as_ordinary_user():
        reading = facts.read(str(prefix), str(prefix))
    assert reading is not None
    assert reading.facts.shared is not None
    assert reading.facts.shared.by is None
