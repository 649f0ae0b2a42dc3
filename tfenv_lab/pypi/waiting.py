"""Wait for package indexes and uv in threads of their own, so that a slow index never delays the rest of the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Result = TypeVar("_Result")

# The event loop's own threads are few, and all other work of the server needs them.
_threads = ThreadPoolExecutor(32, "tfenv-index")


async def in_thread(work: Callable[[], _Result]) -> _Result:
    """Return the result of a function that may block for some minutes."""
    return await asyncio.get_running_loop().run_in_executor(_threads, work)
