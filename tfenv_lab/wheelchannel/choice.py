"""Choose the interpreter that every wanted release has wheels for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..errors import InvalidRequest, JobFailed
from .interpreter import Interpreter, Unsuitable, candidates
from .pip import PipFailed
from .request import BuildProgress, BuildRequest, Report
from .resolve import Resolution, resolve


def first(request: BuildRequest) -> Interpreter:
    """Return the interpreter where the choice starts: the named one, the running one, or the best other.

    Raises InvalidRequest where the named one cannot be packed, JobFailed where there is none at all.
    """
    try:
        found = next(candidates(request.python), None)
    except Unsuitable as error:
        raise InvalidRequest(f"{request.python} cannot be packed: {error}.") from error
    if found is None:
        raise JobFailed("No CPython that can be packed was found here.", hint="Name one with --python.")
    return found


def choose(request: BuildRequest, work: Path, report: Report) -> tuple[Interpreter, list[Resolution]]:
    """Return the first interpreter that all releases resolve for, with their resolutions.

    Raises JobFailed or ChannelUnreachable; the details name every interpreter that was tried, and why not.
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
        report(BuildProgress("interpreter", f"{interpreter} goes into the channel"))
        return interpreter, resolutions
    raise JobFailed(
        f"No Python here has wheels of TensorFlow {wanted}.",
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
