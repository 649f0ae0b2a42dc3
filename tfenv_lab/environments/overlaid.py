"""Read the facts about an environment together with those of its base, if it is an overlay."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from ..conda.prefix import overlays
from ..models import Advice
from ..plan_requests import Repair
from ..sentences import say
from . import facts
from .facts import Reading
from .models import Over


def read(prefix: str, real: str) -> Reading | None:
    """Return the facts about the environment at ``prefix`` as ``facts.read`` does; an overlay has its base's, too."""
    base = overlays.read(Path(prefix))
    if base is None:
        return facts.read(prefix, real)
    reading = facts.read(prefix, real, base.python)
    beneath = facts.read(base.prefix, os.path.realpath(base.prefix))
    if reading is None:
        return None
    own = reading.facts
    below = beneath.facts if beneath is not None else own
    found = replace(
        own,
        packages={**below.packages, **own.packages},
        tensorflow=own.tensorflow or below.tensorflow,
        keras=own.keras or below.keras,
        tf_keras=own.tf_keras or below.tf_keras,
        pypi=(*own.pypi, *(each for each in below.pypi if each not in own.pypi)),
        over=Over(below.id if beneath is not None else "", base.name, base.prefix),
        problems=(*(each for each in own.problems if each.code != "no-interpreter"), *_problems(own.id, base)),
    )
    changed = {base.prefix: facts.time_of(base.prefix), base.path: facts.time_of(base.path)}
    changed |= {f"{base.path}{os.sep}conda-meta": facts.time_of(f"{base.path}{os.sep}conda-meta")}
    return Reading(found, {**changed, **(beneath.changed if beneath else {}), **reading.changed}, reading.written)


def _problems(identifier: str, base: overlays.Base) -> tuple[Advice, ...]:
    is_there = Path(base.prefix, "conda-meta").is_dir()
    if base.is_gone:
        message = (
            say("{path} no longer exists, over which this environment was built. It works as before.", path=base.path)
            if is_there
            else say("{path} no longer exists, over which this environment was built.", path=base.path)
        )
        return (Advice("base-missing", "warning" if is_there else "error", message),)
    if base.is_outdated:
        message = say(
            "“{name}”, over which this environment was built, changed since. Rebuild it over the new packages.",
            name=base.name,
        )
        return (Advice("base-changed", "warning" if is_there else "error", message, Repair(identifier)),)
    return ()
