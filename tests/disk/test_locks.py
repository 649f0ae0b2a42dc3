"""Test locks on file systems that can lock, and on those that cannot, where a claim takes the lock's place."""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import Timeout

from tfenv_lab.disk import locks

from ..shims import built

#: NFS without its lock service, Lustre without flock, FUSE, NFS 4 (ENOTSUPP of the kernel), and a refusal by an export.
ERRORS = [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, 524, errno.EACCES, errno.EINVAL]

_HOLD = """
import fcntl, sys, time
from pathlib import Path
from tfenv_lab.disk import locks
def refuse(*_):
    raise OSError(37, "No locks available")
fcntl.flock = refuse
with locks.hold(Path(sys.argv[1]), 0):
    print("held", flush=True)
    time.sleep(600)
"""

_WITHOUT_LOCKS = """
import os, subprocess, sys
from pathlib import Path
from filelock import Timeout
from tfenv_lab.disk import locks
path = Path(sys.argv[1])
for error in sys.argv[2:]:
    os.environ["NOLOCK_ERRNO"] = error
    assert not locks.can_lock(path.parent), error
    with locks.hold(path, 0):
        try:
            locks.hold(path, 0).__enter__()
        except Timeout:
            continue
        raise AssertionError(error)
print("held for each error")
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder / "lock"


def _refuse(error: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    # The edge: what the operating system says of a lock on such a file system.
    monkeypatch.setattr(fcntl, "flock", refuse)


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    _refuse(errno.ENOLCK, monkeypatch)


@pytest.fixture
def other(path: Path, no_locks: None) -> Iterator[subprocess.Popen[bytes]]:
    """Start another process that holds the lock, without locks of the file system."""
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_a_file_system_with_locks_is_asked_for_one_and_keeps_no_other_file(path: Path) -> None:
    with locks.hold(path, 0), pytest.raises(Timeout):
        locks.hold(path, 0).__enter__()
    with locks.hold(path, 0):
        pass
    assert {found.name for found in path.parent.iterdir()} <= {path.name}


@pytest.mark.parametrize("error", ERRORS)
def test_without_locks_of_the_file_system_there_is_still_only_one_holder(
    path: Path, error: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _refuse(error, monkeypatch)
    assert not locks.can_lock(path.parent)
    with locks.hold(path, 0), pytest.raises(Timeout):
        locks.hold(path, 0).__enter__()
    with locks.hold(path, 0):
        pass
    assert list(path.parent.iterdir()) == []


def test_a_lock_that_another_process_holds_is_not_taken(path: Path, other: subprocess.Popen[bytes]) -> None:
    with pytest.raises(Timeout):
        locks.hold(path, 0.2).__enter__()


def test_a_holder_that_was_killed_is_in_nobodys_way(path: Path, other: subprocess.Popen[bytes]) -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()
    with locks.hold(path, 0), pytest.raises(Timeout):
        locks.hold(path, 0).__enter__()
    assert list(path.parent.iterdir()) == []


def _claim_of(path: Path, **owner: object) -> Path:
    """Leave the claim of a process elsewhere."""
    claim = path.with_name(f"{path.name}.held") / "1234"
    claim.parent.mkdir()
    claim.write_text(json.dumps({"host": "elsewhere", "boot": "b", "namespace": 1, "pid": 1, "started": 0, **owner}))
    return claim


def _age(claim: Path, seconds: float) -> None:
    now = claim.stat().st_mtime
    os.utime(claim, (now - seconds, now - seconds))


def test_the_claim_of_another_machine_is_kept_while_it_is_touched(path: Path, no_locks: None) -> None:
    _age(_claim_of(path), locks.STALE / 2)
    with pytest.raises(Timeout):
        locks.hold(path, 0).__enter__()


@pytest.mark.parametrize("content", [None, "", "[]", "{"])
def test_an_abandoned_claim_of_another_machine_is_taken_over_by_one(
    path: Path, no_locks: None, content: str | None
) -> None:
    claim = _claim_of(path)
    if content is not None:  # the owner died while it wrote its claim
        claim.write_text(content)
    _age(claim, locks.STALE * 2)
    with locks.hold(path, 0), pytest.raises(Timeout):
        locks.hold(path, 0).__enter__()
    assert not claim.exists()


def test_the_claim_of_another_container_with_the_same_host_name_is_kept(path: Path, no_locks: None) -> None:
    with locks.hold(path, 0):
        [file] = path.with_name(f"{path.name}.held").iterdir()
        owner = json.loads(file.read_text())
    _claim_of(path, **{**owner, "namespace": 1, "pid": 999_999_999})
    with pytest.raises(Timeout):
        locks.hold(path, 0).__enter__()


@pytest.mark.parametrize("shift", [-1e6, 1e6])
def test_a_claim_is_kept_if_the_clock_is_set_to_another_time(path: Path, no_locks: None, shift: float) -> None:
    with locks.hold(path, 0):
        [file] = path.with_name(f"{path.name}.held").iterdir()
        owner = json.loads(file.read_text())
    _age(_claim_of(path, **{**owner, "started": owner["started"] + shift}), shift)
    with pytest.raises(Timeout):
        locks.hold(path, 0).__enter__()


def test_a_holder_whose_lock_was_taken_over_does_not_free_it(path: Path, no_locks: None) -> None:
    with locks.hold(path, 0):
        place = path.with_name(f"{path.name}.held")
        next(place.iterdir()).unlink()
        place.rmdir()
        _claim_of(path)
    with pytest.raises(Timeout):
        locks.hold(path, 0).__enter__()


def test_a_claim_is_touched_while_it_is_held(path: Path, no_locks: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "BEAT", 0.01)
    with locks.hold(path, 0):
        [claim] = path.with_name(f"{path.name}.held").iterdir()
        _age(claim, 1000)
        before = claim.stat().st_mtime
        for _ in range(1000):
            if claim.stat().st_mtime > before:
                break
            time.sleep(0.01)
        assert claim.stat().st_mtime > before


def test_missing_locks_are_said_once_for_each_directory(
    path: Path, no_locks: None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            with locks.hold(path, 0):
                pass
    assert [record.message for record in caplog.records] == [locks.without_locks(path.parent)]


def test_locks_that_the_system_refuses_are_replaced_too(path: Path) -> None:
    library = built("no_locks.c", path.parents[1])
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_LOCKS, str(path), *map(str, ERRORS)],
        env={**os.environ, "LD_PRELOAD": library, "NOLOCK_ERRNO": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "held for each error\n", done.stderr
