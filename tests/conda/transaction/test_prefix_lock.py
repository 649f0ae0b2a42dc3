"""Test that a prefix has one writer: the error names the other process, and a dead process blocks nobody."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tfenv_lab.conda.transaction import prefix_lock
from tfenv_lab.errors import PrefixBusy

_HOLD = """
import sys, time
from pathlib import Path
from tfenv_lab.conda.transaction import prefix_lock
with prefix_lock.hold(Path(sys.argv[1]), "0other"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    path = tmp_path / "envs/tf"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def other(prefix: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start another process that holds the prefix lock."""
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(prefix)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_the_holder_is_recorded_next_to_it_and_removed_afterwards(prefix: Path) -> None:
    with prefix_lock.hold(prefix, "0job"):
        note = json.loads((prefix.parent / ".tfenv-holder-tf").read_text())
        assert note == {"host": socket.gethostname(), "pid": os.getpid(), "job": "0job"}
    assert [path.name for path in prefix.parent.iterdir()] == ["tf"]


def test_another_process_is_refused_by_the_holders_name(prefix: Path, other: subprocess.Popen[bytes]) -> None:
    with pytest.raises(PrefixBusy, match=f"process {other.pid} on {socket.gethostname()}"):
        prefix_lock.hold(prefix, "0job").__enter__()


def test_a_holder_that_was_killed_is_in_nobodys_way(prefix: Path, other: subprocess.Popen[bytes]) -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()
    with prefix_lock.hold(prefix, "0job"):
        assert (prefix_lock.holder(prefix) or {})["job"] == "0job"
    assert [path.name for path in prefix.parent.iterdir()] == ["tf"]


def test_other_prefixes_are_free(prefix: Path, other: subprocess.Popen[bytes]) -> None:
    with prefix_lock.hold(prefix.with_name("tf2"), "0job"):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a right on Windows")
@pytest.mark.parametrize("name", [".tfenv-holder-tf", ".tfenv-lock-tf"])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_planted_link_is_not_written_through(prefix: Path, tmp_path: Path, name: str, is_there: bool) -> None:
    mine = tmp_path / "mine"
    if is_there:
        mine.write_text("mine")
    (prefix.parent / name).symlink_to(mine)
    with prefix_lock.hold(prefix, "0job"):
        assert (prefix_lock.holder(prefix) or {})["job"] == "0job"
    assert mine.exists() == is_there
    assert not is_there or mine.read_text() == "mine"
    assert [path.name for path in prefix.parent.iterdir()] == ["tf"]


def test_the_lock_file_of_another_user_is_named(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    # The edge: what the operating system says of a file that another user left.
    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    with pytest.raises(PrefixBusy, match=r"\.tfenv-lock-tf belongs to another user"), prefix_lock.hold(prefix, "0job"):
        pass
