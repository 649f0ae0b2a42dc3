"""Divide an install or update between the channels and a package index."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .. import plan_requests as requests
from ..pypi import requirements
from ..pypi.models import MARK
from ..tensorflow_packages import DISTRIBUTIONS, LEADS
from . import index_state, installed_state, sources
from .index_solver import combined
from .installed import FoundEnvironment

if TYPE_CHECKING:
    from .solver import ChannelSolver


@dataclass(frozen=True)
class Division:
    """What a request asks of the channels and of the index.

    ``new`` are conda specs by name, ``freed`` the conda packages that may move, ``stuck`` those that no channel has,
    and ``held`` constraints. ``requested`` are all requirements after the change, ``changed`` those that the request
    names, and ``upgrade`` the projects that may move (None: all). ``moved`` has the specs that became requirements, by
    project, and ``replaced`` names conda packages that give way to the index. ``left`` are the projects from the index
    that give way to other packages with the same files, or to those of a channel.
    """

    new: Mapping[str, str] = field(default_factory=dict)
    freed: Collection[str] = ()
    stuck: Collection[str] = ()
    held: Sequence[str] = ()
    requested: Mapping[str, str] = field(default_factory=dict)
    changed: Mapping[str, str] = field(default_factory=dict)
    upgrade: Collection[str] | None = ()
    moved: Mapping[str, str] = field(default_factory=dict)
    replaced: Collection[str] = ()
    left: Collection[str] = ()


def as_installed(text: str, found: FoundEnvironment, channels: ChannelSolver) -> str:
    """Return a request for TensorFlow as one for the project that the environment has it from."""
    project = found.index.tensorflow
    if project is None or sources.is_for_index(text) or "::" in text:
        return text
    spec = channels.spec(text)
    name, *rest = spec.split(" ")
    if found.index.project(name) != project or name == project:
        return text
    return MARK + sources.as_requirement(" ".join([project, *rest[:1]]))


def of_install(split: sources.Split, found: FoundEnvironment, moved: Mapping[str, str]) -> Division:
    """Divide an install, of which ``moved`` are the specs that became requirements."""
    from ..conda.solving import specs

    state = found.state
    new = installed_state.same_variant(state, specs.by_name(split.specs))
    replaced: Collection[str] = ()
    if not LEADS.isdisjoint(state.names) and not set(split.requirements).isdisjoint(DISTRIBUTIONS):
        # TensorFlow moves to the index: conda's packages of it give way, with all that only they need.
        replaced = LEADS.intersection(state.names)
    former = {name: text for name, text in found.index.former.items() if name in split.requirements}
    left = _left(split, found)
    earlier = {name: text for name, text in {**found.index.requirements, **former}.items() if name not in left}
    requested = combined(earlier, split.requirements)
    return Division(
        new=new,
        requested=requested,
        changed=split.requirements,
        upgrade={name for name in split.requirements if name in found.index.names},
        moved=moved,
        replaced=replaced,
        left=left,
    )


def _left(split: sources.Split, found: FoundEnvironment) -> set[str]:
    """Return the projects from the index that an install gives up.

    They are those that it requests of a certain channel, and each other TensorFlow, which has the same files.
    """
    left = {requirements.normalize(name) for name in split.fixed}
    if not LEADS.isdisjoint(split.fixed) or not split.requirements.keys().isdisjoint(DISTRIBUTIONS):
        left.update(DISTRIBUTIONS)
    return (left & found.index.names) - split.requirements.keys()


async def of_update(request: requests.Update, found: FoundEnvironment, channels: ChannelSolver) -> Division:
    """Divide an update."""
    state, index = found.state, found.index
    if request.packages == requests.ALL:
        moving = named = set(index.requirements)
        new, freed = installed_state.loosened(state, requests.ALL)
        upgrade: Collection[str] | None = None
        of_conda: tuple[str, ...] | str = requests.ALL
    else:
        both = [(name, index.project(name)) for name in request.packages]
        named = {project for name, project in both if name not in state.names and project in index.names}
        conda_names = tuple(name for name, project in both if project not in named)
        new, freed = installed_state.loosened(state, conda_names) if conda_names else ({}, set())
        # If conda's TensorFlow moves, what belongs to it on the index moves with it, such as tf-keras.
        moving = named | LEADS.intersection(conda_names)
        upgrade = index_state.freed(index, moving)
        of_conda = conda_names
    held = installed_state.tensorflow_pin(state, of_conda) if freed else []
    stuck: set[str] = set()
    if freed:
        # A package that no channel has, such as one from a file, has no candidate but the installed one.
        unlisted = (freed & state.names).difference(await channels.repodata.names())
        freed -= unlisted
        stuck = unlisted if of_conda == requests.ALL else unlisted.intersection(of_conda)
    return Division(
        new=new,
        freed=freed,
        stuck=stuck,
        held=held,
        requested=index_state.loosened(index, moving),
        changed={name: index.requirements.get(name, name) for name in named},
        upgrade=upgrade,
    )
