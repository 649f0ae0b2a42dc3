"""Solve the part of an imported file that comes from a package index: its exact packages, and others beside them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import structs

from ..conda.prefix.records import by_name
from ..errors import BuildNeeded, IndexNotAllowed, IndexUnreachable, InvalidRequest, Unsatisfiable
from ..pypi import named_places
from ..pypi import requirements as texts
from ..pypi.models import IndexLock
from ..sentences import listing, redact, say, some
from . import import_help, sources

if TYPE_CHECKING:
    from ..conda.engine import RepoDataRecord
    from ..conda.formats.model import Imported
    from ..plan_requests import Import
    from .index_solver import FromIndex, IndexSolver


_CONFIGURED = (say("Take them from the configured indexes"), {"indexes": "configured"})


def require_python(request: Import, found: Imported) -> None:
    """Raise InvalidRequest if a file has exact packages from an index, but no Python that they could belong to."""
    from ..conda.formats import exact

    if not found.index.packages or any(exact.parts(each.url)[0] == "python" for each in found.pinned or ()):
        return
    names = [
        f"{each.label} (from {redact(each.direct)})" if each.direct else each.label for each in found.index.packages
    ]
    raise InvalidRequest(
        say("The file has Python packages, but no Python for them: {names}.", names=some(names, 5)),
        "\n".join(names),
        hint=say("Add Python to the packages of the file, or solve its packages again together with Python."),
        alternatives=import_help.alternatives(request, (say("Solve again, with Python"), {"builds": "versions"})),
    )


def added(request: Import, found: Imported, parse: Callable[[str], str]) -> tuple[list[str], list[str]]:
    """Return the packages that a request adds to a file, as specs for channels and as requirements for an index.

    With exact packages from an index, others come from there, too: those of a channel would bring their own versions of
    the same dependencies.
    """
    is_exact = bool(found.index.packages) and found.index.detail == "exact"
    specs: list[str] = []
    requirements: list[str] = []
    for text in request.packages:
        if sources.is_for_index(text):
            requirements.append(texts.parse(text))
            continue
        spec = parse(text)
        if is_exact and "::" not in text and spec.split(" ")[0] != "python":
            requirements.append(sources.as_requirement(spec))
        else:
            specs.append(spec)
    return specs, requirements


async def solve(
    request: Import,
    pypi: Sequence[str],
    lock: IndexLock,
    records: Sequence[RepoDataRecord],
    solver: IndexSolver,
    *,
    is_lenient: bool,
) -> FromIndex:
    """Solve the requirements and the exact packages of a file beside these conda ``records``.

    If exact files cannot be had, and the file ``is_lenient``, others of the same versions are taken, with a note.
    Raises what the solver raises, with the way on to take others.
    """
    requested = texts.by_name(map(texts.parse, _counting(pypi, records)))
    # What conda provides comes from no index; pip would find it installed, too.
    provided = await solver.provided(records) if lock.places else {}
    notes = await _from_configured(request, set(requested) - provided.keys(), lock, solver) if lock.places else []
    try:
        found = await solver.solve(requested, records, builds=request.source_builds, lock=lock)
        return replace(found, notes=(*found.notes, *notes))
    except (IndexUnreachable, Unsatisfiable) as error:
        is_exact = lock.detail == "exact" and (lock.packages or lock.hashes)
        if not is_exact or isinstance(error, BuildNeeded):
            raise
        if is_lenient:
            # As for conda's packages, the versions count if the exact files are not available.
            loose = structs.replace(lock, detail="versions")
            index = await solver.solve(requested, records, builds=request.source_builds, lock=loose)
            return replace(
                index,
                notes=(
                    *index.notes,
                    say("{message} Other files of the same versions are taken.", message=error.message),
                ),
            )
        ways = import_help.without_builds(request)
        raise type(error)(error.message, error.details, error.hint, ways) from error


async def _from_configured(
    request: Import, requested: Collection[str], lock: IndexLock, solver: IndexSolver
) -> list[str]:
    """Return a note on the packages that come from the configured indexes although the file names another one.

    Raises IndexNotAllowed if the request does not permit that: a package of the same name may be another one there.
    """
    settings = await solver.settings()
    others = {
        name: [named_places.label(place) for place in unknown]
        for name, places in sorted(lock.places.items())
        if name in requested and (unknown := named_places.unconfigured(places, settings))
    }
    if not others:
        return []
    where = some(list(dict.fromkeys(place for places in others.values() for place in places)), 3)
    if request.indexes == "configured":
        return [
            listing(
                "The file takes these packages from indexes that are not configured ({where}). They come from the "
                "configured ones instead: {items}.",
                others,
                where=where,
            )
        ]
    raise IndexNotAllowed(
        say(
            "The file takes packages from an index that is not configured ({where}): {list}.",
            where=where,
            list=some(list(others), 5),
        ),
        "\n".join(f"{name}: {', '.join(places)}" for name, places in others.items()),
        hint=say(
            "Add the index to the configuration of pip, or take the packages of the same names from "
            "the configured indexes if these are the right ones."
        ),
        alternatives=import_help.alternatives(request, _CONFIGURED),
    )


def _counting(pypi: Sequence[str], records: Sequence[RepoDataRecord]) -> list[str]:
    """Return the requirements that count for the Python of the environment, without their markers."""
    record = by_name(records).get("python")
    if record is None:
        return list(pypi)
    needs = texts.needs(pypi, texts.markers(str(record.version)))
    for need in needs:
        need.marker = None
    return [str(need) for need in needs]
