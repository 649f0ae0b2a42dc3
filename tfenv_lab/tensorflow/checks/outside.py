"""Find modules and programs of a check that come from outside the environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...sentences import say
from . import failures
from .evidence import Finding, Observed, Subject
from .models import Problem, Remedy


def kernel(subject: Subject, observed: Observed) -> Iterator[Finding]:
    """Find a kernel that starts another Python."""
    if subject.kernel is None:
        return
    program = Path(subject.kernel)
    if program.is_absolute() and not program.is_relative_to(subject.prefix):
        message = say("The kernel of this environment starts another Python: {program}.", program=program)
        yield Finding(Problem("kernel-python", message, Remedy(say("Register the kernel again."), kernelspec={})))


def shadowed(subject: Subject, observed: Observed) -> Iterator[Finding]:
    """Find modules from PYTHONPATH or the user site that TensorFlow imports instead of the environment's."""
    user = observed.stages.get("interpreter", {}).get("user_site")
    entries = [entry for entry in observed.environ.get("PYTHONPATH", "").split(":") if entry]
    for name, place in _places(subject, observed, entries if user is None else [*entries, user]):
        if _within(place, str(subject.prefix)):
            continue
        if user is not None and _same(place, user):
            message = say(
                "{name} does not come from this environment but from {user}, where “pip install --user” put it.",
                name=name,
                user=user,
            )
            remedy = Remedy(
                say("Let the kernel ignore the packages in that directory."), kernelspec={"ignore_user_site": True}
            )
            yield Finding(Problem("user-site", message, remedy), (str(user), name))
        elif any(_within(place, entry) for entry in entries):
            message = say(
                "{name} does not come from this environment but from {place}, which is in PYTHONPATH.",
                name=name,
                place=place,
            )
            yield Finding(Problem("pythonpath", message, failures.ignore_pythonpath()), (place, name))


def _places(subject: Subject, observed: Observed, elsewhere: list[str]) -> Iterator[tuple[str, str]]:
    """Yield names of modules and packages with the directories that they come from."""
    for name in ("tensorflow", "keras"):
        file = observed.stages.get(name, {}).get("file")
        if file:
            yield name, str(Path(file).parent.parent)
    first: dict[str, str] = {}
    for found in observed.distributions:
        if found["needed"]:
            first.setdefault(found["name"], found["location"])
    yield from first.items()
    texts = "".join(failures.text_of(error) for error in observed.errors)
    for module in observed.stages.get("modules", {}).get("found", []):
        # A module that only exists elsewhere may be wanted there.
        if module["hides"] or module["file"] in texts:
            yield module["name"], module["place"]
    for error in observed.errors:
        # A module that cannot be imported is not among the imported ones.
        for file in (error.get("path"), *error.get("files", ())):
            if not file or _within(file, str(subject.prefix)):
                continue
            place = next((place for place in elsewhere if _within(file, place)), None)
            if place is not None:
                yield Path(file).resolve().relative_to(Path(place).resolve()).parts[0].removesuffix(".py"), place


def _same(place: str, other: str) -> bool:
    return Path(place).resolve() == Path(other).resolve()


def _within(path: str, place: str) -> bool:
    return Path(path).resolve().is_relative_to(Path(place).resolve())
