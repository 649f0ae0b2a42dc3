"""Choose an interpreter for which every requested release has wheels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..errors import InvalidRequest, JobFailed
from .interpreter import Interpreter, Unsuitable, candidates
from .pip import PipFailed
from .request import BuildProgress, BuildRequest, Report
from .resolve import Resolution, resolve


def first(request: BuildRequest) -> Interpreter:
    """Return the first candidate: the named interpreter, the running one, or the best other.

    Raises InvalidRequest if the named interpreter cannot be packed, and JobFailed if there is none at all.
    """
    try:
        found = next(candidates(request.python), None)
    except Unsuitable as error:
        raise InvalidRequest(f"{request.python} cannot be packed: {error}.") from error
    if found is None:
        raise JobFailed("This machine has no CPython that can be packed.", hint="Name one with --python.")
    return found


def choose(request: BuildRequest, work: Path, report: Report) -> tuple[Interpreter, list[Resolution]]:
    """Return the first interpreter for which all releases resolve, with their resolutions.

    Raises JobFailed or ChannelUnreachable. The details of JobFailed say why each interpreter was rejected.
    """
    wanted = " and ".join(request.tensorflow)
    refused: dict[str, str] = {}
    for interpreter in candidates(request.python):
        if interpreter.minor in refused:
            continue
        report(BuildProgress("interpreter", f"resolving TensorFlow {wanted} for {interpreter}"))
        try:
            resolutions = _resolve_all(interpreter, request, work, report)
        except Unsuitable as error:
            refused[interpreter.minor] = f"{interpreter}: {error}"
            report(BuildProgress("interpreter", refused[interpreter.minor]))
            continue
        except PipFailed as error:
            raise error.as_error(f"resolving TensorFlow {wanted}") from error
        report(BuildProgress("interpreter", f"packing {interpreter}"))
        return interpreter, resolutions
    raise JobFailed(
        f"No Python on this machine has wheels of TensorFlow {wanted}.",
        "\n".join(refused.values()),
        hint="Install another Python, or name one with --python.",
    )


def _resolve_all(interpreter: Interpreter, request: BuildRequest, work: Path, report: Report) -> list[Resolution]:
    def on_line(line: str) -> None:
        if line.startswith("Collecting "):
            report(BuildProgress("resolve", line.removeprefix("Collecting ").split(" (from")[0]))

    releases = sorted(set(request.tensorflow))
    with ThreadPoolExecutor(max_workers=len(releases)) as pool:
        return list(pool.map(lambda each: resolve(interpreter, each, request.packages, work, on_line), releases))
