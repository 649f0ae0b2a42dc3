"""Test the commands apply, verify and publish, as scripts call them."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..privileges import OTHER
from .conftest import Locks, Machine, NewMachine


def test_apply_and_verify_tell_by_their_exit_status(node: NewMachine, locks: Locks) -> None:
    here = node()
    missing = here.command("verify", str(locks.old), "app")
    assert (missing.returncode, "no environment called “app”" in missing.stderr) == (3, True)
    done = here.command("apply", str(locks.old), "app", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["job"]["kind"] == "match"
    equal = here.command("verify", str(locks.old), "app")
    assert (equal.returncode, equal.stdout) == (0, f"{here.envs / 'app'} has the packages of the lock.\n")
    differs = here.command("verify", str(locks.new), "app")
    assert (differs.returncode, differs.stdout) == (9, f"{here.envs / 'app'} differs from the lock: app, lib\n")
    again = here.command("apply", str(locks.old), "app", "--json")
    assert (again.returncode, json.loads(again.stdout)["job"]) == (0, None)


def test_a_file_that_is_no_lock_has_an_exit_status_of_its_own(node: NewMachine, locks: Locks, tmp_path: Path) -> None:
    file = tmp_path / "environment.yml"
    file.write_text("dependencies: [app]\n")
    here = node()
    refused = here.command("apply", str(file), "app")
    assert (refused.returncode, "not a lock" in refused.stderr) == (2, True)
    nameless = here.command("publish", str(locks.old), "app")
    assert (nameless.returncode, "--to" in nameless.stderr) == (2, True)


def _publish(here: Machine, lock: Path, to: Path, umask: int = 0o022) -> Path:
    before = os.umask(umask)
    try:
        done = here.command("publish", str(lock), "app", f"--to={to}", "--json")
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    return Path(json.loads(done.stdout)["prefix"])


@pytest.fixture
def everywhere() -> Iterator[Path]:
    """Return a directory that every user can enter, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="tfenv-test-"))
    folder.chmod(0o755)
    yield folder / "srv"
    shutil.rmtree(folder)


@pytest.mark.parametrize("umask", [0o022, 0o077], ids=oct)
def test_another_user_can_use_a_published_environment_but_not_change_it(
    node: NewMachine, locks: Locks, everywhere: Path, umask: int
) -> None:
    prefix = _publish(node(), locks.old, everywhere, umask)
    link = everywhere / "app"
    assert link.resolve() == prefix
    for path in (prefix, *prefix.rglob("*")):
        mode = path.lstat().st_mode
        assert stat.S_ISLNK(mode) or mode & 0o444 == 0o444, path
        assert not stat.S_ISDIR(mode) or mode & 0o111 == 0o111, path
        assert stat.S_ISLNK(mode) or not mode & 0o022, path
    if sys.platform != "linux" or os.getuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root on Linux can become another user")
    other = ["setpriv", f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups", "sh", "-c"]
    uses = f'test "$({link}/bin/app)" = app && cat {link}/conda-meta/*.json >/dev/null'
    script = f"{uses} && ! touch {link}/x 2>/dev/null && ! touch {link}/share/app.txt 2>/dev/null"
    done = subprocess.run([*other, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_new_version_is_beside_the_old_one_and_the_link_moves(
    node: NewMachine, locks: Locks, everywhere: Path
) -> None:
    here = node()
    old, new = (_publish(here, lock, everywhere) for lock in (locks.old, locks.new))
    assert old != new
    assert (everywhere / "app/share/app.txt").read_text() == "2.0"
    assert (old / "share/app.txt").read_text() == "1.0"
    assert _publish(here, locks.old, everywhere) == old
    assert (everywhere / "app").resolve() == old


def test_a_published_environment_is_protected(node: NewMachine, locks: Locks, everywhere: Path) -> None:
    here = node()
    prefix = _publish(here, locks.old, everywhere)
    assert "message" in json.loads((prefix / "conda-meta/frozen").read_text())
    place = f"--TfenvLab.envs_dir={everywhere}"
    assert here.command("verify", str(locks.old), prefix.name, place).returncode == 0
    assert here.command("apply", str(locks.old), prefix.name, place).returncode == 0
    refused = here.command("apply", str(locks.new), prefix.name, place)
    assert (refused.returncode, "frozen" in refused.stderr) == (4, True)
    assert here.command("verify", str(locks.new), prefix.name, place).returncode == 9


def test_what_is_not_published_is_never_replaced(node: NewMachine, locks: Locks, everywhere: Path) -> None:
    (everywhere / "app").mkdir(parents=True)
    (everywhere / "app/mine.txt").write_text("mine")
    refused = node().command("publish", str(locks.old), "app", f"--to={everywhere}")
    assert (refused.returncode, "not a published environment" in refused.stderr) == (5, True)
    assert (everywhere / "app/mine.txt").read_text() == "mine"
    assert [path.name for path in everywhere.iterdir()] == ["app"]
