"""Decide which packages of a lock count for a Python, and which Pythons their wheels fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from packaging.markers import InvalidMarker, Marker, UndefinedEnvironmentName
from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ..errors import InvalidRequest
from ..sentences import say
from .models import IndexLock, Locked
from .names import normalize
from .requirements import is_same_version, markers, needs, satisfied
from .tags import Chooser

#: Minor versions of Python 3 that a lock is tried with.
_MINORS = range(8, 17)


def counted(lock: IndexLock, python: str) -> list[Locked]:
    """Return the packages of a lock that count for a Python, each project once. Raises InvalidRequest."""
    # PEP 751 adds the last two.
    environment = {**markers(python), "extras": set(lock.extras), "dependency_groups": set(lock.groups)}
    fitting = [each for each in lock.packages if _counts(each, environment)]
    found: dict[str, Locked] = {}
    for each in fitting:
        if not each.is_optional and found.setdefault(each.name, each).version != each.version:
            raise InvalidRequest(
                say(
                    "The file has “{name}” in several versions for this machine: {version} and {version_2}.",
                    name=each.name,
                    version=found[each.name].version,
                    version_2=each.version,
                )
            )
    if any(each.is_optional for each in fitting):
        todo: list[tuple[Sequence[str], frozenset[str]]] = [(lock.roots, frozenset())]
        todo += [(each.requires, frozenset()) for each in found.values()]
        seen: set[tuple[str, frozenset[str]]] = set()
        while todo:
            requires, wanted = todo.pop()
            for need in needs(requires, environment, wanted):
                name, extras = normalize(need.name), frozenset(need.extras)
                chosen = found.get(name) or _meant(need, fitting)
                if chosen is not None and (name, extras) not in seen:
                    seen.add((name, extras))
                    found[name] = chosen
                    todo.append((chosen.requires, extras))
    return sorted(found.values(), key=lambda each: each.name)


def _counts(package: Locked, environment: Mapping[str, Any]) -> bool:
    if not package.marker:
        return True
    try:
        return Marker(package.marker).evaluate(environment)
    except (InvalidMarker, UndefinedEnvironmentName, ValueError) as error:
        raise InvalidRequest(
            say("The marker of “{name}” in the file is not valid.", name=package.name), str(error)
        ) from error


def _meant(need: Requirement, packages: Iterable[Locked]) -> Locked | None:
    """Return the package that a dependency means; in a lock with forks, there are several of a name."""
    named = [each for each in packages if each.name == normalize(need.name)]
    exact = [part.version for part in need.specifier if part.operator in ("==", "===")]
    fitting = [each for each in named if not exact or is_same_version(each.version, exact[0])]
    return next(iter(fitting or named), None)


def requested(lock: IndexLock, packages: Sequence[Locked], python: str) -> dict[str, str]:
    """Return what was requested of these packages, by project: what the file says, as far as it is still true.

    If the file does not say it, the packages count that no other package requires; all of them, if the file has no
    dependencies.
    """
    environment = markers(python)
    versions = {each.name: each.version for each in packages}
    asked = {}
    for need in needs(lock.requested, environment):
        need.marker, need.name = None, normalize(need.name)
        name, text = need.name, str(need)
        if name in versions and (need.url or not versions[name] or satisfied(text, versions[name])):
            asked[name] = text
    if asked:
        return asked
    required: set[str] = set()
    for each in packages:
        required |= {normalize(need.name) for need in needs(each.requires, environment)} - {each.name}
    return {name: name for name in versions if name not in required}


def python_spec(lock: IndexLock, requires: str, subdir: str) -> str:
    """Return the conda spec for a Python that satisfies ``requires`` (PEP 440), and that the locked wheels fit."""
    try:
        base = SpecifierSet(requires)
    except InvalidSpecifier:
        base = SpecifierSet()
    tried = [f"3.{minor}" for minor in _MINORS if base.contains(f"3.{minor}.9") or base.contains(f"3.{minor}.0")]
    fitting = [minor for minor in tried if _fits(lock, minor, subdir)]
    parts = sorted(str(part) for part in base if part.operator in (">=", "<=", ">", "<", "!=") and "*" not in str(part))
    written = ",".join(parts)
    is_open = not any(part.operator in ("==", "~=", "===") or "*" in str(part) for part in base)
    if not fitting or (is_open and len(fitting) == len(tried)):
        return f"python {written}".strip()
    return "python " + "|".join(",".join([*parts, f"{minor}.*"]) for minor in fitting)


def _fits(lock: IndexLock, minor: str, subdir: str) -> bool:
    python = f"{minor}.9"
    chooser = Chooser(python, subdir)
    fitting: dict[str, bool] = {}

    def fits(tag: str) -> bool:
        # Thousands of wheels have the same few tags.
        if tag not in fitting:
            fitting[tag] = tag == "source" or chooser.rank(f"any-1-{tag}.whl") is not None
        return fitting[tag]

    return all(not each.files or any(fits(file.tag) for file in each.files) for each in counted(lock, python))


def as_requirements(lock: IndexLock, packages: Iterable[Locked]) -> dict[str, str]:
    """Return the requirements for packages whose files do not count, by project."""
    if lock.detail == "names":
        return {each.name: each.name for each in packages}
    return {each.name: f"{each.name}=={each.version}" for each in packages if each.version}
