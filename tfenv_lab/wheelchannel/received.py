"""How many bytes pip has received. It tells nobody but a terminal, so the files that it writes are looked at."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

#: Seconds between two looks.
INTERVAL = 0.25


@contextmanager
def watched(folder: Path, tell: Callable[[int, int], None]) -> Iterator[None]:
    """While inside, tell again and again how many wheels were begun below ``folder``, and their bytes so far.

    Wheels that are moved away go on counting. ``tell`` is called from a thread of its own.
    """
    sizes: dict[str, int] = {}
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(INTERVAL):
            before = sum(sizes.values())
            for path in _wheels(folder):
                try:
                    sizes[path] = max(sizes.get(path, 0), os.stat(path).st_size)  # noqa: PTH116
                except OSError:
                    continue
            if sum(sizes.values()) > before:
                tell(len(sizes), sum(sizes.values()))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _wheels(folder: Path) -> Iterator[str]:
    for directory, _, names in os.walk(folder):
        yield from (f"{directory}{os.sep}{name}" for name in names if name.endswith(".whl"))
