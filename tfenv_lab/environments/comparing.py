"""Compare the packages of two environments, or of two revisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import NotFound
from ..plan_requests import Source
from ..pypi.names import normalize
from ..sentences import say
from ..tensorflow_packages import rank
from .packages import packages_of


@dataclass(frozen=True)
class Build:
    """What one side has of a package; ``build`` is the tag of the wheel for a package of an index."""

    version: str
    build: str | None
    source: Source


@dataclass(frozen=True)
class Differing:
    """A package that differs; None on a side says that it is not there."""

    name: str
    left: Build | None
    right: Build | None


@dataclass(frozen=True)
class Side:
    """An environment, as it is (``revision`` is None) or at a revision."""

    name: str
    prefix: Path
    revision: int | None = None


@dataclass(frozen=True)
class Comparison:
    """The packages that differ between two sides, and the number of those that do not."""

    left: Side
    right: Side
    differences: tuple[Differing, ...]
    same: int

    def to_json(self) -> dict[str, Any]:
        """Return the contract's object."""
        return {
            "left": {"name": self.left.name, "revision": self.left.revision},
            "right": {"name": self.right.name, "revision": self.right.revision},
            "differences": [asdict(each) for each in self.differences],
            "same": self.same,
        }


def compare(left: Side, right: Side) -> Comparison:
    """Compare two sides: TensorFlow, Keras and Python come first, then the others by name. Raises NotFound."""
    ours, theirs = _contents(left), _contents(right)
    found = [
        Differing((ours.get(key) or theirs[key])[0], _build(ours, key), _build(theirs, key))
        for key in ours.keys() | theirs.keys()
    ]
    differing = [each for each in found if each.left != each.right]
    differing.sort(key=lambda each: (rank(each.name), each.name))
    return Comparison(left, right, tuple(differing), len(found) - len(differing))


_Contents = Mapping[str, tuple[str, Build]]


def _build(contents: _Contents, key: str) -> Build | None:
    return contents[key][1] if key in contents else None


def _contents(side: Side) -> _Contents:
    """Return the packages of a side, by the name that both sources give one, with their own names."""
    if side.revision is None:
        # Of two with one name, pip's comes last, and Python loads that.
        return {
            normalize(package.name): (package.name, Build(package.version, package.build, package.source))
            for package in packages_of(side.prefix)
        }
    from ..conda.machine.virtual_packages import current_subdir
    from ..conda.prefix import lock, revisions

    path = revisions.lock_of(side.prefix, side.revision)
    is_known = any(revision.number == side.revision for revision in revisions.read(side.prefix))
    if not is_known:
        raise NotFound(say("“{name}” has no revision {revision}.", name=side.name, revision=side.revision))
    try:
        records = lock.load(path).get(current_subdir(), [])
        distributions = lock.distributions(path.read_text("utf-8"), current_subdir())
    except (OSError, ValueError) as error:
        message = say(
            "The lock of revision {revision} of “{name}” is missing or damaged.", revision=side.revision, name=side.name
        )
        raise NotFound(message, f"{path}: {error}") from error
    found: dict[str, tuple[str, Build]] = {}
    for record in records:
        name = record.name.normalized
        found[normalize(name)] = (name, Build(str(record.version), str(record.build), "conda"))
    for each in distributions:
        found[each.name] = (each.name, Build(each.version, each.tag, "pypi"))
    return found
