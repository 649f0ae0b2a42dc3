"""Measure a pip download by the size of its files (pip reports progress only to a terminal)."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

#: Seconds between two measurements.
INTERVAL = 0.25


@contextmanager
def watched(folder: Path, tell: Callable[[int, int], None]) -> Iterator[None]:
    """Call ``tell``, from a thread, with the number of wheels begun below ``folder`` and their bytes so far.

    Wheels that are moved away still count.
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
