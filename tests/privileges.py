"""Run tests of permissions as root too: root gives files to another user, and then obeys their permissions itself."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

#: A user who is not root (nobody).
OTHER = 65534
_PR_SET_SECUREBITS = 28
#: securebits.h: programs that root starts get no capabilities, and access(2) asks for the effective ones.
_NO_ROOT = 0b101
#: capability.h: dac_override, dac_read_search and fowner, with which root passes over permissions.
_PASS_OVER = 1 << 1 | 1 << 2 | 1 << 3
_VERSION_3 = 0x20080522


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def give_away(path: Path) -> Path:
    """Give a file or directory to another user, or skip the test. Returns the path."""
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("only root can give files to another user")
    os.chown(path, OTHER, OTHER)
    return path


def new_threads() -> None:
    """Start new threads for the rest of a test: only a thread that starts ``as_ordinary_user`` obeys permissions."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())


@contextlib.contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Obey the permissions of files even if root runs the tests, in this thread, new threads and child processes."""
    if sys.platform != "linux" or os.getuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    data = (_Data * 2)()
    if libc.capget(header, data) != 0 or libc.prctl(_PR_SET_SECUREBITS, _NO_ROOT, 0, 0, 0) != 0:
        pytest.skip("root cannot lay down its capabilities here")
    before = data[0].effective
    data[0].effective = before & ~_PASS_OVER
    assert libc.capset(header, data) == 0
    try:
        yield
    finally:
        data[0].effective = before
        libc.capset(header, data)
        libc.prctl(_PR_SET_SECUREBITS, 0, 0, 0, 0)
