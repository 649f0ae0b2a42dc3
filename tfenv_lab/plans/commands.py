"""Write a plan as equivalent conda command lines, for users who want to see or keep them."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .. import plan_requests
from ..conda.prefix.records import by_name, names_of
from ..versions import minor_of
from .difference import same

if TYPE_CHECKING:
    from ..conda.engine import RepoDataRecord
    from ..conda.settings.channels import ChannelRef
    from ..conda.settings.condarc import CondaSettings
    from .solved import Solved

#: Packages that conda updates in every change of an environment that has them
#: (``DEFAULT_AGGRESSIVE_UPDATE_PACKAGES`` in conda/base/constants.py).
_UNASKED = {"ca-certificates", "certifi", "openssl"}


def commands(solved: Solved, settings: CondaSettings) -> list[str]:
    """Return the equivalent command lines, to be run in order.

    ``--override-channels`` and leading variables make them independent of the user's own configuration. They name an
    environment in one of the ``envs_dirs`` by name, and any other by path.
    """
    envs_dirs = settings.envs_dirs
    place = _place(solved.prefix, envs_dirs)
    channels = solved.channels or settings.channels
    source = ["--override-channels", *(part for ref in channels for part in ("--channel", _channel(ref)))]
    specs = _specs(solved.specs)
    # conda would add condarc's packages to every "create", even next to URLs, which is an error.
    create = ["conda", "create", *place, *(["--no-default-packages"] if settings.create_default_packages else [])]
    solving: list[list[str]] = []
    lines: list[list[str]] = []
    if solved.over is not None and solved.origin != "move":
        python = f"{solved.over.prefix}/bin/python"
        anew = (
            []
            if solved.origin == "in_place"
            else [[python, "-m", "venv", "--system-site-packages", str(solved.prefix)]]
        )
        return list(map(shlex.join, [*anew, *_of_index(solved)]))
    match solved.request:
        case plan_requests.Create():
            solving = [[*create, *source, *specs]]
        case plan_requests.Install(into=into) | plan_requests.Update(into=into) if into:
            # After "create --clone" conda treats every package of the copy as requested and refuses to change it.
            exact = (f"{r.name.normalized}={r.version}={r.build}" for r in solved.after)
            solving = [[*create, *source, *exact]]
        case plan_requests.Update(packages=plan_requests.ALL):
            solving = [["conda", "update", *place, *source, "--all"]]
        case plan_requests.Install(remove=packages) if packages:
            lines = _exactly(solved, place)
        case plan_requests.Install() | plan_requests.Update():
            # Without specs, conda changes nothing, and refuses the command.
            solving = [["conda", "install", *place, *source, *specs]] if specs else []
            # conda keeps packages that nothing needs anymore, so remove them explicitly.
            lines = _away(_gone(solved), place)
        case plan_requests.Remove():
            lines = _exactly(solved, place)
        case plan_requests.Clone():
            lines = [["conda", "create", *place, "--clone", str(solved.source)]]
        case plan_requests.Rename(name=name):
            lines = [["conda", "rename", *_place(solved.source or solved.prefix, envs_dirs), name]]
        case plan_requests.Import() if solved.specs:
            solving = [[*create, *source, *specs]]
        case plan_requests.Import():
            lines = [[*create, *_addresses(solved.after)]]
        case plan_requests.Match() if solved.origin == "new":
            lines = [[*create, *_addresses(solved.after)]]
        case plan_requests.Match():
            lines = _exactly(solved, place)
        case plan_requests.Revert(into=into) if into:
            lines = [[*create, *_addresses(solved.after)]]
        case plan_requests.Revert():
            lines = _exactly(solved, place)
        case plan_requests.Repair():
            # uv removes files that are conda's, too, so conda comes last.
            before = {record.url for record in solved.before}
            names = solved.relinked
            again = [record for record in solved.after if record.name.normalized in names or record.url not in before]
            lines = [*_of_index(solved), *([["conda", "install", *place, *_addresses(again)]] if again else [])]
    if not isinstance(solved.request, plan_requests.Repair):
        lines += _of_index(solved)
    if solved.variables:
        values = (f"{name}={value}" for name, value in solved.variables.items())
        lines.append(["conda", "env", "config", "vars", "set", *place, *values])
    variables = "".join(f"{name}={shlex.quote(value)} " for name, value in _variables(solved, settings).items())
    return [*(variables + shlex.join(line) for line in solving), *map(shlex.join, lines)]


def _of_index(solved: Solved) -> list[list[str]]:
    """Return uv's command lines for the packages from an index."""
    if solved.origin == "move" or isinstance(solved.request, plan_requests.Clone):
        return []  # a copy and a renamed environment have their files
    python = ["--python", str(solved.prefix)]
    old = {each.name: each for each in solved.distributions_before}
    new = {each.name: each for each in solved.distributions}
    lines = []
    gone = sorted({*(old.keys() - new.keys()), *solved.others_removed} - new.keys())
    if gone and solved.origin == "in_place":
        lines.append(["uv", "pip", "uninstall", *python, *gone])
    come = [f"{name}=={each.version}" if each.sha256 else f"{name} @ {each.url}"
            for name, each in new.items()
            if old.get(name) != each or solved.origin == "copy" or name in solved.reinstalled]  # fmt: skip
    if come:
        anew = ["--reinstall"] if solved.reinstalled else []
        lines.append(["uv", "pip", "install", *python, "--no-deps", *anew, *come])
    return lines


def _exactly(solved: Solved, place: list[str]) -> list[list[str]]:
    """Return lines that remove and install exactly a plan's packages: conda contacts no channel and solves nothing."""
    before = by_name(solved.before)
    after = by_name(solved.after)
    gone = _gone(solved)
    come = [record for name, record in after.items() if name not in before or not same(before[name], record)]
    if _minor(before) != _minor(after):
        # conda considers them installed, but their files are in the other Python's site-packages.
        moved = [name for name, record in after.items() if record.noarch.python and record not in come]
        gone |= before.keys() & moved
        come += [after[name] for name in moved]
    return [*_away(gone, place), *([["conda", "install", *place, *_addresses(come)]] if come else [])]


def _gone(solved: Solved) -> set[str]:
    return names_of(solved.before) - names_of(solved.after)


def _away(names: Collection[str], place: list[str]) -> list[list[str]]:
    return [["conda", "remove", *place, "--force", *sorted(names)]] if names else []


def _minor(records: Mapping[str, RepoDataRecord]) -> str | None:
    return minor_of(records["python"].version) if "python" in records else None


def _addresses(records: Sequence[RepoDataRecord]) -> list[str]:
    """Return URLs with hashes, which conda verifies; dependencies come before their dependents."""
    from ..conda.prefix.records import in_order

    return [
        f"{r.url}#sha256:{r.sha256.hex()}" if r.sha256 else f"{r.url}#{r.md5.hex()}" if r.md5 else r.url
        for r in in_order(records)
    ]


def _variables(solved: Solved, settings: CondaSettings) -> dict[str, str]:
    """Return the variables that make conda solve as the plan was solved; empty if the plan needed no solve."""
    from ..conda.machine import virtual_packages

    if not solved.virtual:
        return {}
    found = virtual_packages.in_force(virtual_packages.overrides(settings))
    if solved.cuda:
        found["CONDA_OVERRIDE_CUDA"] = solved.cuda
    if solved.origin == "in_place" and _UNASKED & names_of(solved.before):
        found["CONDA_AGGRESSIVE_UPDATE_PACKAGES"] = ""
    names = names_of(solved.after)
    if "python" in names and "pip" not in names:
        # By default, conda adds pip to every Python.
        found["CONDA_ADD_PIP_AS_PYTHON_DEPENDENCY"] = "false"
    return found


def _specs(specs: Sequence[str]) -> list[str]:
    from ..conda.solving.specs import command_text

    return [command_text(spec) for spec in specs]


def _channel(ref: ChannelRef) -> str:
    return ref.url if ref.url.startswith("file:") or "/" in ref.name else ref.name


def _place(prefix: Path, envs_dirs: Sequence[Path]) -> list[str]:
    if prefix.parent in envs_dirs:
        return ["--name", prefix.name]
    return ["--prefix", str(prefix)]
