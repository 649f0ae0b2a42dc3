"""Wait for channel data as long as they arrive, but neither for ever nor for data without end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

import psutil

from ...errors import ChannelUnreachable
from ...sentences import megabytes, say

#: Seconds that a remote channel may take to answer or to send more data, and in total.
PATIENCE, LONGEST = 30.0, 600.0
#: Bytes that count as more data.
LEAST = 30_000
#: Maximum bytes of one file of channel data on disk, and of the memory that data may take while they are loaded.
#: The largest files of conda-forge have about 500 MB.
LARGEST, MEMORY = 2_000_000_000, 2_000_000_000
#: Seconds between two looks at the data.
_PAUSE = 0.25

_Result = TypeVar("_Result")


async def wait(
    query: Awaitable[_Result], folder: Path, subject: str = say("A channel"), solving: float = 0.0
) -> _Result:
    """Return the result of a query that rattler downloads into the directory ``folder``.

    ``solving`` are the seconds that the query may take in addition, without any data. Cancelling a query ends its
    download. Raises ChannelUnreachable, whose sentences begin with ``subject``, if no more data arrive for PATIENCE
    seconds, or if there are too many.
    """
    running = asyncio.ensure_future(query)
    memory = psutil.Process().memory_info().rss
    begun = moved = time.monotonic()
    # A server that was killed may have left such files.
    before = frozenset(await asyncio.to_thread(_arriving, folder))
    most = 0
    try:
        while not (await asyncio.wait({running}, timeout=min(_PAUSE, PATIENCE)))[0]:
            sizes = await asyncio.to_thread(_arriving, folder)
            arriving = [size for name, size in sizes.items() if name not in before]
            total, largest = sum(arriving), max(arriving, default=0)
            now = time.monotonic()
            if total < most or total - most >= LEAST:
                most, moved = total, now
            if largest > LARGEST or psutil.Process().memory_info().rss - memory > MEMORY:
                raise ChannelUnreachable(
                    say(
                        "{subject} sends too much channel data: more than {size}.",
                        subject=subject,
                        size=megabytes(min(LARGEST, MEMORY), 0),
                    ),
                    hint=say(
                        "Check the URL of the channel, or configure other channels (TfenvLab.channels or condarc)."
                    ),
                )
            if now - moved > PATIENCE + solving:
                silence = say("did not answer") if total == 0 else say("sent no more data")
                raise ChannelUnreachable(
                    say(
                        "{subject} {silence} within {patience} seconds.",
                        subject=subject,
                        silence=silence,
                        patience=f"{PATIENCE:.0f}",
                    )
                )
            if now - begun > LONGEST:
                raise ChannelUnreachable(
                    say(
                        "{subject} did not send all its data within {longest} seconds.",
                        subject=subject,
                        longest=f"{LONGEST:.0f}",
                    )
                )
        return running.result()
    finally:
        running.cancel()


def _arriving(folder: Path) -> dict[str, int]:
    """Return the sizes of the files that rattler is writing, by name."""
    sizes = {}
    for path in folder.glob(".tmp*"):
        with contextlib.suppress(OSError):  # it was completed just now
            sizes[path.name] = path.stat().st_size
    return sizes
