"""Plans that are made at the same time disturb each other in nothing, and only their user can read them."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Api


def folder() -> Path:
    """Return the directory of the plans."""
    return next(path for path in Path.home().rglob("plans") if path.is_dir())


async def make(api: Api, made: Any, number: int) -> int:
    """Make one of several kinds of plans, and return the status."""
    kinds = (
        {"kind": "clone", "environment": made["id"], "name": f"copy{number}"},
        {"kind": "install", "environment": made["id"], "specs": ["numpy 2.2.*"]},
        {"kind": "clean", "what": ["cache"]},
    )
    status, _ = await api.call("POST", "plans", kinds[number % 3])
    return status


async def test_many_plans_at_once_are_all_made(api: Api, made: Any) -> None:
    assert set(await asyncio.gather(*(make(api, made, number) for number in range(24)))) == {201}


async def test_several_requests_may_delete_the_same_old_plans(api: Api, made: Any) -> None:
    await make(api, made, 0)
    old = [folder() / f"{number:016x}.json" for number in range(200)]
    for path in old:
        path.write_text("{}")
        os.utime(path, (0, 0))
    assert set(await asyncio.gather(*(make(api, made, number) for number in range(12)))) == {201}
    assert not any(path.exists() for path in old)


@pytest.mark.parametrize("kind", ["file", "link to nothing", "directory"])
async def test_entries_that_come_and_go_meanwhile_are_passed_over(api: Api, made: Any, kind: str) -> None:
    """Another server writes its plans into the same directory."""
    await make(api, made, 0)
    path, is_ended = folder() / ".other.tmp", threading.Event()

    def come_and_go() -> None:
        while not is_ended.is_set():
            if kind == "directory":
                path.mkdir()
                path.rmdir()
            else:
                path.symlink_to("nothing") if kind == "link to nothing" else path.touch()
                path.unlink()

    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        assert {await make(api, made, number) for number in range(9)} == {201}
    finally:
        is_ended.set()
        other.join()


async def test_only_the_user_can_read_a_plan(api: Api, made: Any) -> None:
    await make(api, made, 0)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder().iterdir()}
    assert modes == {0o600}
