"""Read requirements as PEP 508 defines them, and turn conda's specs into requirements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from ..errors import InvalidSpec
from ..sentences import say
from ..versions import minor_of
from .models import MARK
from .names import normalize as normalize
from .places import is_url

_MAX = 500
#: Endings of files that pip installs. To pip, a name with one of them is the path of a file.
_FILES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tlz", ".tar.lz")


def is_requirement(text: str) -> bool:
    """Return whether a text is a valid requirement, as packages should declare their dependencies."""
    try:
        Requirement(text)
    except InvalidRequirement:
        return False
    return True


def names_file(requirement: Requirement) -> bool:
    """Return whether the name in a requirement is that of a file, although it could be that of a project."""
    return requirement.name.lower().endswith(_FILES)


def is_same_version(one: str, other: str) -> bool:
    """Return whether two texts are the same version. In file names, ``_`` stands for ``-`` (PEP 427)."""
    try:
        return Version(one.replace("_", "-")) == Version(other.replace("_", "-"))
    except InvalidVersion:
        return one == other


def name_of(requirement: str) -> str:
    """Return the normalized name of the project in a canonical requirement."""
    return normalize(Requirement(requirement).name)


def parse(text: str) -> str:
    """Return a requirement in its canonical form, with a normalized name. It may begin with ``pypi:``.

    A URL in it (``name @ https://…``) is kept. Raises InvalidSpec.
    """
    bare = text.strip()
    if bare[: len(MARK)].lower() == MARK:
        bare = bare[len(MARK) :].strip()
    try:
        if not bare.isprintable() or len(bare) > _MAX:
            raise InvalidRequirement(say("it is too long or has invisible characters"))
        found = Requirement(bare)
        if names_file(found):
            raise InvalidRequirement(say("it is the name of a file"))
    except InvalidRequirement as error:
        raise InvalidSpec(
            say("“{text}” is not a requirement for a package index.", text=text.strip()[:60]),
            str(error),
            hint=say("Write it as pip does, for example “pypi:pandas>=2” or “pypi:pandas==2.2.*”."),
        ) from error
    found.name = normalize(found.name)
    if found.url and "://" in found.url and not is_url(found.url):
        # It is not quoted, because a password in it could not be recognized.
        raise InvalidSpec(say("The URL of “{name}” is not valid.", name=found.name), hint=say("Correct the URL."))
    return str(found)


def from_spec(name: str, version: str = "", build: str = "") -> str:
    """Return the requirement that means the same as a conda spec. ``version`` is as in conda's ``MatchSpec``.

    Raises InvalidSpec if a package index has nothing like it: a build, or alternatives (``1.2|1.4``).
    """
    wanted = "" if version == "*" else version
    try:
        if build and build != "*":
            raise InvalidSpecifier(say("a package index has no builds"))
        parts = [_specifier(part.strip()) for part in wanted.split(",") if part.strip()]
        return str(Requirement(f"{normalize(name)}{SpecifierSet(','.join(parts))}"))
    except (InvalidSpecifier, InvalidRequirement) as error:
        raise InvalidSpec(
            say(
                "“{value}” cannot be requested from a package index.",
                value=" ".join(part for part in (name, version, build) if part),
            ),
            str(error),
            hint=say(
                "Write “{mark}{name}” with versions as pip writes them, for example “{mark}{name}==1.2.*”.",
                mark=MARK,
                name=name,
            ),
        ) from error


def _specifier(part: str) -> str:
    found = re.fullmatch(r"(===|==|~=|!=|>=|<=|=|>|<)?\s*(.+)", part)
    if found is None:
        raise InvalidSpecifier(part)
    operator, version = found[1] or "", found[2]
    if operator in ("", "="):
        # conda's "=1.2" and "1.2.*" admit 1.2.7; "1.2" alone is exactly 1.2, as is "==1.2".
        is_open = operator == "=" and not version.endswith("*")
        return f"=={version}.*" if is_open else f"=={version}"
    if operator in (">=", "<=", ">", "<"):
        return f"{operator}{version.removesuffix('.*')}"
    return f"{operator}{version}"


def as_project(spec: str) -> str:
    """Return a conda spec such as ``keras=2.15.*`` or ``keras>=3`` as a request for the same project of an index."""
    return MARK + re.sub(r"(?<![=<>!~])=(?!=)", "==", spec, count=1)


def satisfied(requirement: str, version: str) -> bool:
    """Return whether a version meets a canonical requirement. One with a URL is met by every version."""
    try:
        return Requirement(requirement).specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False


def simplest(specifier: str) -> str:
    """Return a specifier that admits the same releases, without the parts that others make unnecessary.

    A text that is not a specifier of pip's form, such as one of conda's, is returned unchanged.
    """
    try:
        versions = {part: Version(part.version.removesuffix(".*")) for part in SpecifierSet(specifier)}
    except (InvalidSpecifier, InvalidVersion):
        return specifier
    lower = [part for part in versions if part.operator in (">=", ">")]
    upper = [part for part in versions if part.operator in ("<=", "<")]
    # Of two limits with the same version, the one that excludes it is narrower.
    least = max(lower, key=lambda part: (versions[part], part.operator == ">"), default=None)
    most = min(upper, key=lambda part: (versions[part], part.operator == "<="), default=None)

    def is_outside(part: Specifier) -> bool:
        excluded = versions[part]

        def start(limit: Specifier) -> tuple[int, ...]:
            return (versions[limit].epoch, *versions[limit].release[: len(excluded.release)])

        own = (excluded.epoch, *excluded.release)
        return (least is not None and start(least) > own) or (most is not None and start(most) < own)

    limits = [part for part in (least, most) if part is not None]
    others = [part for part in versions if part not in lower and part not in upper]
    kept = [part for part in others if part.operator != "!=" or not is_outside(part)]
    return ",".join([*map(str, limits), *sorted(map(str, kept))])


def without_version(requirement: str) -> str:
    """Return a requirement that admits every version, with the same extras; a URL is left out."""
    found = Requirement(requirement)
    found.specifier, found.url = SpecifierSet(), None
    return str(found)


def at_minor(requirement: str, version: str) -> str:
    """Return a requirement with its versions replaced by the minor version of ``version``, if it names versions."""
    found = Requirement(requirement)
    if found.specifier:
        found.specifier = SpecifierSet(f"=={minor_of(version)}.*")
    return str(found)


def both(one: str, other: str) -> str:
    """Return the requirement that combines two of one project. Raises InvalidSpec if both name a URL."""
    first, second = Requirement(one), Requirement(other)
    if first.url and second.url and first.url != second.url:
        raise InvalidSpec(say("“{name}” is requested from two places.", name=first.name))
    first.extras |= second.extras
    first.url = first.url or second.url
    first.specifier &= second.specifier
    if first.url:
        first.specifier = SpecifierSet()
    return str(first)


def by_name(requirements: Iterable[str]) -> dict[str, str]:
    """Return canonical requirements by the name of their project; several of one project are combined."""
    found: dict[str, str] = {}
    for text in requirements:
        name = name_of(text)
        found[name] = both(found[name], text) if name in found else text
    return found


def markers(python: str) -> dict[str, str]:
    """Return the environment of markers for a version of Python on this machine (PEP 508)."""
    return {**default_environment(), "python_version": minor_of(python), "python_full_version": python}  # type: ignore[dict-item]


def needs(requires: Iterable[str], environment: Mapping[str, Any], extras: Iterable[str] = ()) -> list[Requirement]:
    """Return the dependencies (``Requires-Dist``) that count in an environment of markers, with these extras.

    Entries that cannot be read do not count.
    """
    found = []
    for text in requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        marker = requirement.marker
        if marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in ("", *extras)):
            found.append(requirement)
    return found
