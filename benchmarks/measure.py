"""Measures, which are the lines of the report, and their timing."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measure:
    """A ``value`` in ``unit``, with a ``floor`` and a promised ``limit`` in the same unit, if any.

    ``best`` is the smallest of the values that ``value`` is the median of.
    """

    name: str
    value: float
    unit: str = "ms"
    floor: float | None = None
    floor_name: str = ""
    limit: float | None = None
    best: float | None = None

    @property
    def over(self) -> bool:
        return self.limit is not None and self.value > self.limit

    def __str__(self) -> str:
        line = f"{self.name:<44} {self.value:9.2f} {self.unit}"
        if self.best is not None:
            line += f"  best {self.best:.2f}"
        if self.limit is not None:
            line += f"  limit {self.limit:g}{' OVER' if self.over else ''}"
        if self.floor:
            line += f"  {self.value / self.floor:.1f} x {self.floor_name} ({self.floor:.2f} {self.unit})"
        return line


def milliseconds(work: Callable[[], object], repeat: int = 7, prepare: Callable[[], object] | None = None) -> float:
    """Return the median time of ``work`` in milliseconds. ``prepare`` runs before each call and is not counted."""
    times = []
    for _ in range(repeat):
        if prepare is not None:
            prepare()
        gc.collect()
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def processor(work: Callable[[], object], repeat: int = 7) -> float:
    """Return the smallest processor time of ``work`` in milliseconds. Other programs do not change it."""
    times = []
    for _ in range(repeat):
        start = time.process_time()
        work()
        times.append((time.process_time() - start) * 1000)
    return min(times)


class Skipped(Exception):
    """A topic that cannot be measured on this machine; the message says why."""


def slice_dir() -> Path:
    """Return the directory with conda-forge metadata that TFENV_SLICE names. Raises Skipped if there is none."""
    path = Path(os.environ.get("TFENV_SLICE", "")).resolve()
    if not (path / "noarch" / "repodata.json").is_file():
        raise Skipped("TFENV_SLICE does not name a slice of conda-forge's metadata")
    return path
