"""The conda command lines that do what a plan does, for people who want to see or keep them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import requests

if TYPE_CHECKING:
    from ..conda.condarc import ChannelRef, CondaSettings
    from .planner import Draft


def commands(draft: Draft, settings: CondaSettings) -> list[str]:
    """Return the equivalent command lines; none for a change that conda has no command for.

    ``--override-channels`` and variables in front make them independent of the reader's own configuration. An
    environment in one of the ``envs_dirs`` is given by name, any other by path.
    """
    envs_dirs = settings.envs_dirs
    place = _place(draft.prefix, envs_dirs)
    source = ["--override-channels", *(part for ref in settings.channels for part in ("--channel", _channel(ref)))]
    specs = _specs(draft.specs)
    match draft.request:
        case requests.Create():
            lines = [["conda", "create", *place, *source, *specs]]
        case requests.Install(into=into) | requests.Update(into=into) if into:
            # After "create --clone" conda holds on to every package of the copy, and refuses to change it.
            exact = (f"{r.name.normalized}={r.version}={r.build}" for r in draft.after)
            lines = [["conda", "create", *place, *source, *exact]]
        case requests.Update(packages=requests.ALL):
            lines = [["conda", "update", *place, *source, "--all"]]
        case requests.Install() | requests.Update():
            lines = [["conda", "install", *place, *source, *specs]]
        case requests.Remove(packages=packages):
            lines = [["conda", "remove", *place, *packages]]
        case requests.Clone():
            lines = [["conda", "create", *place, "--clone", str(draft.copy_of)]]
        case requests.Rename(name=name):
            lines = [["conda", "rename", *_place(draft.copy_of or draft.prefix, envs_dirs), name]]
        case _:
            lines = []
    override = "".join(f"{name}={shlex.quote(value)} " for name, value in _overrides(draft, settings).items())
    return [override + shlex.join(line) for line in lines]


def _overrides(draft: Draft, settings: CondaSettings) -> dict[str, str]:
    """Return the variables under which the plan was solved; none where nothing was."""
    from ..conda import virtual_packages

    if not draft.virtual:
        return {}
    found = virtual_packages.in_force(virtual_packages.overrides(settings))
    return {**found, **({"CONDA_OVERRIDE_CUDA": draft.cuda} if draft.cuda else {})}


def _specs(specs: Sequence[str]) -> list[str]:
    from ..conda.specs import command_text

    return [command_text(spec) for spec in specs]


def _channel(ref: ChannelRef) -> str:
    return ref.url if ref.url.startswith("file:") or "/" in ref.name else ref.name


def _place(prefix: Path, envs_dirs: Sequence[Path]) -> list[str]:
    if prefix.parent in envs_dirs:
        return ["--name", prefix.name]
    return ["--prefix", str(prefix)]
