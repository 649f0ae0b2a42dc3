"""Build a channel: find the interpreters, then pack, index, check and publish them."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from ..errors import InvalidRequest, JobFailed, NoSpace, TfenvError
from ..sentences import say
from .channel import building, is_built, locked, place, publish, refuse_foreign
from .interpreter import Interpreter, Unsuitable, candidates, probe
from .package import Package
from .relocation import OTHER
from .request import BuildProgress, BuildRequest, Report, recipe


def build(request: BuildRequest, report: Report = lambda progress: None) -> Path:
    """Build the channel of ``request``, unless it exists, and return its directory.

    This blocks until the channel is complete, so call it in a separate thread or process. Any number of builds may run
    at once. If the directory holds the channel of another recipe, it is replaced as a whole at the end. Raises
    JobFailed, NoSpace, or InvalidRequest if an interpreter or the directory cannot be used.
    """
    alternatives = _chosen(request.pythons)
    contents = recipe([each[0] for each in alternatives])
    directory = place(request, contents)
    if is_built(directory, contents):
        return directory
    refuse_foreign(directory)
    try:
        with locked(directory.with_name(f"{directory.name}.lock"), report):
            if not is_built(directory, contents):
                with building(directory) as work:
                    channel = work / "channel"
                    left_out = _build(alternatives, channel, work, report)
                    if left_out and request.pythons:
                        raise JobFailed(_first_line(left_out[0]), "\n".join(left_out), hint=OTHER)
                    publish(channel, directory, contents, {"left_out": left_out})
    except OSError as error:
        if _is_full(error):
            message = say(
                "{parent} is full. Packing Python needs about 200 MB there for each version.", parent=directory.parent
            )
            raise NoSpace(message, str(error)) from error
        raise JobFailed(
            say("Building the channel at {directory} failed: {error}", directory=directory, error=error), str(error)
        ) from error
    return directory


def _chosen(named: Sequence[Path]) -> list[list[Interpreter]]:
    """Return the interpreters of each minor version, the best first; of the named ones, there is only one each."""
    alternatives: dict[str, list[Interpreter]] = {}
    for path in named:
        try:
            found = probe(path)
        except Unsuitable as error:
            raise InvalidRequest(say("{path} cannot be packed: {error}.", path=path, error=error)) from error
        if found.minor in alternatives:
            raise InvalidRequest(
                say("--python names Python {minor} more than once.", minor=found.minor), hint=say("Name one of them.")
            )
        alternatives[found.minor] = [found]
    for found in () if named else candidates():
        alternatives.setdefault(found.minor, []).append(found)
    if not alternatives:
        raise JobFailed(say("This machine has no CPython that can be packed."), hint=OTHER)
    return list(alternatives.values())


def _build(alternatives: Sequence[Sequence[Interpreter]], channel: Path, work: Path, report: Report) -> list[str]:
    """Write the channel, and return why interpreters were left out."""
    # Import the engine only here: an existing channel is found without it.
    from .index import check, write_index

    packages, left_out = _pack_all(alternatives, channel, work, report)
    report(BuildProgress("index", say("{count} packages", count=len(packages))))
    asyncio.run(write_index(channel, packages))
    pythons = sorted(f"python =={package.version}" for package in packages if package.name == "python")
    report(BuildProgress("check", f"solving {', '.join(pythons)}"))
    asyncio.run(check(channel, alternatives[0][0].subdir, [[each] for each in pythons]))
    return left_out


def _pack_all(
    alternatives: Sequence[Sequence[Interpreter]], channel: Path, work: Path, report: Report
) -> tuple[list[Package], list[str]]:
    """Pack one interpreter of each minor version, in parallel on all cores.

    Return the packages, and why interpreters were left out. Raises JobFailed if none can be packed.
    """
    packages: list[Package] = []
    left_out: list[str] = []
    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        packing = [pool.submit(_pack, each, channel, work) for each in alternatives]
        try:
            for number, done in enumerate(as_completed(packing), 1):
                packed, refused = done.result()
                packages += packed
                left_out += refused
                for line in [*map(_first_line, refused), *(f"{each.name} {each.version}" for each in packed[:1])]:
                    report(BuildProgress("pack", line, number, len(packing)))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if not packages:
        raise JobFailed(say("No Python on this machine can be packed."), "\n".join(left_out), hint=OTHER)
    return packages, left_out


def _pack(alternatives: Sequence[Interpreter], channel: Path, work: Path) -> tuple[list[Package], list[str]]:
    """Pack the first interpreter that can be packed. Return its packages, and why others could not be packed."""
    from .python import pack_python

    refused: list[str] = []
    for interpreter in alternatives:
        tree = work / f"python-{interpreter.minor}"
        try:
            return pack_python(interpreter, channel, tree), refused
        # An unusual interpreter, whatever its fault, must not prevent that others are packed.
        except Exception as error:
            if isinstance(error, OSError) and _is_full(error):
                raise
            details = (error.details or "") if isinstance(error, TfenvError) else ""
            refused.append(
                say(
                    "{interpreter} cannot be packed: {error}\n{details}",
                    interpreter=interpreter,
                    error=error,
                    details=details,
                ).strip()
            )
            shutil.rmtree(tree, ignore_errors=True)
    return [], refused


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _is_full(error: OSError) -> bool:
    # An error of ``shutil.copytree`` has no number, only the texts of the errors that it collected.
    codes = (errno.ENOSPC, errno.EDQUOT)
    return error.errno in codes or any(os.strerror(code) in str(error) for code in codes)
