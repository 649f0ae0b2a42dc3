"""Warn about what a plan does to the kernel of an environment, and to the notebooks that use it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..conda.prefix.records import load_json
from ..models import Advice
from ..sentences import say, say_n, some
from .models import Entry

if TYPE_CHECKING:
    from .solved import Solved

#: Directory of the kernelspecs in a prefix, as conda's records write it.
_KERNELS = "share/jupyter/kernels/"


def warnings(solved: Solved, lines: Iterable[Entry], running: Sequence[str]) -> Iterator[Advice]:
    """Yield the warnings. ``running`` names notebooks whose kernels use the prefix. Reads the disk."""
    lines = list(lines)
    yield from _removed(solved, lines)
    # Where nothing changes, no kernel has to restart.
    if lines or solved.origin == "move":
        yield from _running(solved, running)


def _removed(solved: Solved, lines: Iterable[Entry]) -> Iterator[Advice]:
    """Warn if the packages of kernels are removed."""
    prefix = solved.source or solved.prefix
    names = [entry.name for entry in lines if entry.action == "remove" and _has_kernel(prefix, entry)]
    if names:
        yield Advice(
            "kernel-removed",
            "warning",
            say_n(
                "{names} is removed. Notebooks cannot use this environment without it. Install it again to get the "
                "kernel back.",
                "{names} are removed. Notebooks cannot use this environment without them. Install one again to get "
                "the kernel back.",
                len(names),
                names=some(names, 3),
            ),
        )


def _has_kernel(prefix: Path, entry: Entry) -> bool:
    """Return whether an installed package is a kernel: ipykernel, or another package with a kernelspec."""
    if entry.name == "ipykernel":
        return True
    if entry.source != "conda" or entry.from_ is None:
        return False
    stem = f"{entry.name}-{entry.from_['version']}-{entry.from_['build']}"
    files = load_json(prefix / "conda-meta" / f"{stem}.json").get("files")
    return isinstance(files, list) and any(isinstance(file, str) and file.startswith(_KERNELS) for file in files)


def _running(solved: Solved, running: Sequence[str]) -> Iterator[Advice]:
    if running and solved.origin == "move":
        yield Advice(
            "running-kernels",
            "warning",
            say(
                "In use by {running}. Shut down these kernels first, then select the renamed kernel.",
                running=", ".join(running),
            ),
        )
    elif running:
        yield Advice(
            "running-kernels",
            "info",
            say("In use by {running}. Restart the kernels after the change.", running=", ".join(running)),
        )
