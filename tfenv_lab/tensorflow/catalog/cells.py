"""Arrange the TensorFlow builds on the channels in a table: release by variant by Python."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ...conda.solving.specs import version_key
from ...variants import python_of, variant_of
from ...versions import minor_of

if TYPE_CHECKING:
    from ...conda.solving.candidates import Node, Pool

_PRERELEASE = re.compile(r"\d\.?(?:a|b|rc|dev|alpha|beta)\d*(?:[._]|$)")
#: Start of the build strings of each variant.
_KIND = re.compile(r"cpu_|cuda\d*|mkl_|eigen_|gpu_|py(?=\d)")


@dataclass
class Cell:
    """The builds of one release for one variant and one Python, best first."""

    version: str
    variant: str
    python: str
    nodes: list[Node] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.version, self.variant, self.python)

    @property
    def cuda(self) -> bool:
        return self.variant.startswith("cuda")

    def needs(self, name: str) -> bool:
        """Return whether every build depends directly on ``name``."""
        return all(any(spec.name == name for spec in node.depends) for node in self.nodes)

    def forget_builds(self) -> None:
        """Release the records, each of which refers to the whole pool, after every build is tested."""
        # Compute it while the builds are there.
        _ = self.exact_pin
        self.nodes.clear()

    @property
    def pin(self) -> str:
        """Build pattern that makes later updates keep CPU or CUDA, as in ``cpu_*`` or ``cuda*``."""
        return "cuda*" if self.exact_pin.startswith("cuda") else self.exact_pin

    @cached_property
    def exact_pin(self) -> str:
        """Build pattern of exactly this variant, as in ``cuda126*``."""
        found = _KIND.match(str(self.nodes[0].record.build))
        return f"{found[0]}*" if found else "*"


def is_prerelease(version: str) -> bool:
    """Return whether a version is a prerelease, such as a release candidate."""
    return bool(_PRERELEASE.search(version))


def python_key(python: str) -> tuple[int, ...]:
    """Return a key that sorts Python versions from old to new."""
    return tuple(int(part) for part in python.split("."))


def cells_of(pool: Pool) -> list[Cell]:
    """Return every cell of ``tensorflow`` in a pool: newest release first, CPU first, newest CUDA and Python first.

    A build that works with any Python gets a cell for each Python on the channels.
    """
    found: dict[tuple[str, str, str], Cell] = {}
    for node in pool.named("tensorflow"):
        build, depends = str(node.record.build), node.record.depends
        only = python_of(build, depends)
        for python in [only] if only else _pythons(pool.named("python")):
            cell = Cell(str(node.record.version), variant_of(build, depends), python)
            found.setdefault(cell.key, cell).nodes.append(node)
    return sorted(found.values(), key=_order, reverse=True)


def _order(cell: Cell) -> tuple[object, ...]:
    cuda = tuple(int(part) for part in cell.variant[4:].split(".") if part) if cell.cuda else (999,)
    return (version_key(cell.version), cuda, python_key(cell.python))


def _pythons(nodes: Iterable[Node]) -> list[str]:
    return list({minor_of(node.record.version) for node in nodes})
