"""Test that a lock comes to a machine once, whatever else happens there at the same time."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from tfenv_lab.nodes.apply import known
from tfenv_lab.nodes.lockfile import LockFile

from ..privileges import as_ordinary_user, give_away
from ..tiny_channel import TinyChannel
from .conftest import Locks, NewMachine, said


def test_the_environment_is_created_then_equal_then_changed(node: NewMachine, locks: Locks) -> None:
    here = node()
    first = here.install(locks.old, "app")
    assert (first["changed"], first["unwanted"]) == (True, [])
    assert Path(first["prefix"]) == here.envs / "app"
    inode = (here.envs / "app").stat().st_ino
    again = here.install(locks.old, "app")
    assert (again["changed"], again["digest"], again["unwanted"]) == (False, first["digest"], [])
    assert (here.envs / "app").stat().st_ino == inode
    other = here.install(locks.new, "app")
    assert (other["changed"], other["digest"] == first["digest"]) == (True, False)
    assert (here.envs / "app/share/app.txt").read_text() == "2.0"


def test_an_equal_environment_needs_no_channel(node: NewMachine, locks: Locks, channel: TinyChannel) -> None:
    here = node()
    first = here.install(locks.old, "app")
    channel.root.rename(channel.root.with_name("gone"))
    again = here.install(locks.old, "app")
    assert (again["changed"], again["digest"]) == (False, first["digest"])


def test_two_machines_get_the_same_digest(node: NewMachine, locks: Locks) -> None:
    digests = {node(name).install(locks.old, "app")["digest"] for name in ("one", "two")}
    assert len(digests) == 1


def test_of_ten_that_start_at_once_one_installs_and_all_succeed(node: NewMachine, locks: Locks) -> None:
    here = node()
    answers = [said(process) for process in [here.start(locks.old, "app") for _ in range(10)]]
    assert sorted(answer["changed"] for answer in answers) == [False] * 9 + [True]
    assert len({answer["digest"] for answer in answers}) == 1
    left = {path.name for path in here.envs.iterdir()}
    assert left == {"app"}


def test_two_locks_at_once_end_as_one_of_them(node: NewMachine, locks: Locks) -> None:
    here = node()
    both = [here.start(file, "app") for file in (locks.old, locks.new, locks.old, locks.new)]
    assert all("digest" in said(process) for process in both)
    version = (here.envs / "app/share/app.txt").read_text()
    file = locks.old if version == "1.0" else locks.new
    assert known(here.envs / "app", LockFile(file.read_text()))


def test_the_next_one_goes_on_after_a_kill(node: NewMachine, locks: Locks) -> None:
    here = node()
    for moment in (0.5, 1.0, 1.5):
        process = here.start(locks.old, "app")
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    answer = here.install(locks.old, "app")
    assert "digest" in answer
    assert (here.envs / "app/share/app.txt").read_text() == "1.0"
    assert [path.name for path in here.envs.iterdir() if path.name.startswith((".tfenv-new", ".tfenv-old"))] == []


def test_a_package_that_pip_installed_is_noticed(node: NewMachine, locks: Locks) -> None:
    here = node()
    here.install(locks.old, "app")
    record = next((here.envs / "app/conda-meta").glob("app-*.json"))
    record.rename(record.with_name("app-9-9.json"))
    assert known(here.envs / "app", LockFile(locks.old.read_text())) is None


def test_a_channel_that_the_machine_does_not_allow_is_refused(node: NewMachine, locks: Locks, tmp_path: Path) -> None:
    other = TinyChannel(tmp_path / "other")
    other.index()
    here = node("strict", url=other.url)
    answer = here.install(locks.old, "app")
    assert answer["reason"] == "channel-not-allowed"
    assert not (here.envs / "app").exists()


def test_what_is_no_lock_changes_nothing(node: NewMachine, tmp_path: Path, channel: TinyChannel) -> None:
    channel.index()
    file = tmp_path / "environment.yml"
    file.write_text("dependencies: [app]\n")
    here = node()
    answer = here.install(file, "app")
    assert answer["reason"] == "invalid-request"
    assert "not a lock" in answer["message"]
    assert not (here.envs / "app").exists()


def test_a_package_cache_that_cannot_be_written_is_replaced(node: NewMachine, locks: Locks) -> None:
    here = node()
    # Nothing can be written below a file, whoever runs the test.
    (here.home / "cache").mkdir()
    (here.home / "cache/tfenv_lab").write_text("no directory")
    assert here.install(locks.old, "app")["changed"]
    assert any((here.envs / ".tfenv-cache").iterdir())


def test_a_package_cache_of_another_user_is_replaced_and_the_job_says_so(node: NewMachine, locks: Locks) -> None:
    here = node()
    here.install(locks.old, "app")
    cache = here.home / "cache/tfenv_lab/pkgs"
    for path in (cache, *cache.rglob("*")):
        if not path.is_symlink():
            give_away(path)
    before = sorted(path.name for path in cache.iterdir())
    with as_ordinary_user():
        answer = here.install(locks.new, "other")
    assert answer.get("changed"), answer
    assert any(str(cache) in warning and ".tfenv-cache" in warning for warning in answer["warnings"])
    assert sorted(path.name for path in cache.iterdir()) == before
