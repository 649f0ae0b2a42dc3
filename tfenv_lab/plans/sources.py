"""Decide whether a requested package comes from a channel or from a package index."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from ..errors import InvalidSpec
from ..pypi import requirements
from ..pypi.models import MARK


@dataclass(frozen=True)
class Split:
    """Requested packages by source.

    ``specs`` are conda's, in canonical form; ``requirements`` are by project. ``moved`` has the specs, by project, that
    become requirements because no channel has the package, and ``fixed`` the names of packages that must come from a
    channel, because the request names the channel.
    """

    specs: list[str] = field(default_factory=list)
    requirements: dict[str, str] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()


def is_for_index(text: str) -> bool:
    """Return whether a requested package must come from a package index."""
    return text.strip()[: len(MARK)].lower() == MARK


def specs_of(texts: Iterable[str], parse: Callable[[str], str]) -> list[str]:
    """Return the requested packages that need not come from an index, as conda specs. Raises what ``parse`` raises."""
    return [parse(text) for text in texts if not is_for_index(text)]


def split(
    texts: Iterable[str], parse: Callable[[str], str], offered: Collection[str], from_index: Collection[str] = ()
) -> Split:
    """Split requested packages by source.

    ``parse`` returns a conda spec in canonical form. ``offered`` are the names of the packages on the channels. The
    projects ``from_index`` are already installed from an index, so they stay there. Raises InvalidSpec and what
    ``parse`` raises.
    """
    specs: list[str] = []
    wanted: list[str] = []
    moved: dict[str, str] = {}
    fixed: set[str] = set()
    for text in texts:
        if is_for_index(text):
            wanted.append(requirements.parse(text))
            continue
        spec = parse(text)
        name = spec.split(" ", 1)[0]
        project = requirements.normalize(name)
        if "::" in text:
            fixed.add(name)
            specs.append(spec)
        elif project in from_index:
            wanted.append(as_requirement(spec))
        elif name in offered:
            specs.append(spec)
        else:
            try:
                wanted.append(as_requirement(spec))
                moved[project] = spec
            except InvalidSpec:
                # A build, which only a channel can have: the solver says that no channel has the package.
                specs.append(spec)
    return Split(specs, requirements.by_name(wanted), moved, frozenset(fixed))


def as_requirement(spec: str) -> str:
    """Return the requirement that means the same as a canonical conda spec. Raises InvalidSpec."""
    name, version, build, *_ = [*spec.split(" "), "", ""]
    return requirements.from_spec(name, version, build)


def all_from_index(found: Split) -> Split | None:
    """Return the same request with every package from the index that need not come from a channel.

    None if there is no such package, or if an index cannot have one: Python, or a certain build.
    """
    stays = [spec for spec in found.specs if spec.split(" ", 1)[0] in found.fixed]
    moving = {requirements.normalize(spec.split(" ", 1)[0]): spec for spec in found.specs if spec not in stays}
    try:
        others = requirements.by_name(as_requirement(spec) for spec in moving.values())
    except InvalidSpec:
        return None
    if not others or "python" in others:
        return None
    return Split(stays, {**found.requirements, **others}, {**found.moved, **moving}, found.fixed)
