"""Explain why a TensorFlow build cannot be installed on this machine, by testing it again on changed machines."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ...conda.solving.feasibility import virtual_record
from ...conda.solving.specs import version_key
from ...sentences import say

if TYPE_CHECKING:
    from ...conda.engine import PackageRecord
    from ...conda.solving.candidates import Pool
    from ...conda.solving.feasibility import Feasibility
    from .cells import Cell

Machine = Mapping[str, "PackageRecord | None"]
Ask = Callable[[Machine], "Feasibility"]

#: Virtual packages that differ between machines of one platform.
OPEN = ("__cuda", "__glibc", "__archspec")
_BOUND = re.compile(r">=\s*([0-9.]+)")
_LEVEL = "_x86_64-microarch-level"


def why_not(cell: Cell, machine: Machine, pool: Pool, anywhere: Feasibility, ask: Ask) -> str:
    """Return why ``cell`` is not feasible on ``machine``.

    ``ask`` tests it on another machine; dependencies on a virtual package that this machine omits count as met.
    ``anywhere`` is the result of that test for a machine without the packages in OPEN.
    """
    platform = {name: present for name, present in machine.items() if name not in OPEN}
    if not anywhere.feasible:
        asker, spec = anywhere.cause()
        return say("{asker} needs {spec}, which no channel has", asker=asker or "it", spec=spec)
    for name in OPEN:
        check = ask({**platform, name: machine.get(name)})
        if not check.feasible:
            asker = check.cause()[0] or "tensorflow"
            if name == "__cuda" and not cell.cuda and not asker.startswith("tensorflow"):
                return say("needs {asker}, and all builds of it on the channels need a CUDA driver", asker=asker)
            # A CUDA build needs a driver of its own major version, so without a driver no lowest version is searched.
            driverless = name == "__cuda" and machine.get(name) is None
            least = None if driverless else _least(name, machine.get(name), platform, check, ask)
            return _WORDS[name](cell, machine.get(name), least, check, pool)
    return say("needs a combination of driver, C library and processor that this machine does not have")


def no_driver(cell: Cell) -> str:
    """Return why a CUDA build cannot be installed without a driver."""
    major = cell.variant[4:].split(".")[0]
    return say("needs a driver for {major}, but this machine has none", major=f"CUDA {major}" if major else "CUDA")


def _least(name: str, present: PackageRecord | None, platform: Machine, check: Feasibility, ask: Ask) -> str | None:
    """Return the lowest version of a virtual package that is enough, or None if its version is not the reason."""
    bounds: set[str] = {bound for text in check.unmet(name) for bound in _BOUND.findall(text)}
    higher = sorted((b for b in bounds if present is None or version_key(b) > present.version), key=version_key)
    if len(higher) == 1:
        return higher[0]
    for bound in higher:
        if ask({**platform, name: virtual_record(name, bound)}).feasible:
            return bound
    return None


def _cuda(cell: Cell, present: PackageRecord | None, least: str | None, check: Feasibility, pool: Pool) -> str:
    if present is None:
        return no_driver(cell)
    major = (least or cell.variant[4:]).split(".")[0]
    wanted = say("CUDA {major} or newer", major=major) if major else say("a newer CUDA")
    return say(
        "needs a driver for {wanted}, but this machine's driver supports CUDA {version}",
        wanted=wanted,
        version=present.version,
    )


def _glibc(cell: Cell, present: PackageRecord | None, least: str | None, check: Feasibility, pool: Pool) -> str:
    wanted = say("glibc {least} or newer", least=least) if least else "glibc"
    return say(
        "needs {wanted}, but this machine has {version}", wanted=wanted, version=present.version if present else "none"
    )


def _archspec(cell: Cell, present: PackageRecord | None, least: str | None, check: Feasibility, pool: Pool) -> str:
    if present is None:
        return say("needs the type of the processor, which was not detected")
    known = pool.named(_LEVEL)
    levels = [
        node.record.version
        for node in known
        if all(spec.match.matches(present) for spec in node.depends if spec.name == "__archspec")
    ]
    if known and not levels:
        return say("the channels have no package for this machine's processor ({build})", build=present.build)
    wanted = {bound for text in check.unmet(_LEVEL) for bound in _BOUND.findall(text)}
    short = [bound for bound in wanted if not levels or version_key(bound) > max(levels)]
    if short:
        level = min(short, key=version_key)
        return say(
            "needs an x86-64-v{level} processor, but this machine's ({build}) is x86-64-v{levels}",
            level=level,
            build=present.build,
            levels=max(levels),
        )
    return say("is not built for this machine's processor ({build})", build=present.build)


_WORDS: dict[str, Callable[..., str]] = {
    "__cuda": _cuda,
    "__glibc": _glibc,
    "__archspec": _archspec,
}
