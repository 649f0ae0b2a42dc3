"""Validate specs from users, and write them in one canonical form.

A spec here is a package name with an optional version, build and allowed channel, as in conda's ``MatchSpec`` (conda's
documentation, "Package match specifications"). Everything else that a MatchSpec can contain (URLs, files, hashes,
subdirs) is refused, so user input never becomes an option, a path or a channel that is not allowed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

from rattler import BuildString, MatchSpec, PackageName, PackageRecord, RepoDataRecord, Version
from rattler.exceptions import InvalidMatchSpecError, InvalidPackageNameError

from ...errors import ChannelNotAllowed, InvalidSpec
from ...versions import minor_of

_SHAPE = re.compile(r"(?:(?P<channel>[^:\[\]=<>!~ ]+)::)?(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*)(?P<rest>.*)", re.DOTALL)
_EXTRA = (
    "build_number",
    "channel",
    "condition",
    "extras",
    "file_name",
    "md5",
    "namespace",
    "sha256",
    "subdir",
)
_MAX = 300
#: What names one package file instead of a version: ``…/six-1.0-0.conda``, ``six @ https://…``, ``six[url=…]``.
_ADDRESS = re.compile(r"\.(?:conda|tar\.bz2)(?:[#?\[].*)?$|^[\w.-]+(?:\[[^\]]*\])?\s*@|[\[,]\s*url\s*=")


def parse(text: str, allowed_channels: Collection[str] | None = None) -> MatchSpec:
    """Parse one spec, for example ``tensorflow 2.19.*``, ``numpy>=1.26`` or ``conda-forge::keras=3.5``.

    ``allowed_channels`` holds the names that a ``channel::`` part may have; None refuses every channel. Raises
    InvalidSpec, or ChannelNotAllowed for any other channel. The result has no channel: the channel priority decides
    which of the configured channels a package comes from.
    """
    text = text.strip()
    shape = _SHAPE.fullmatch(text)
    if not text or len(text) > _MAX or shape is None or not text.isprintable():
        raise InvalidSpec(
            f"“{text[:60]}” is not a package spec.", hint="Write a package name, as in “numpy” or “numpy>=1.26”."
        )
    channel = shape["channel"]
    if channel is not None and channel not in (allowed_channels or ()):
        raise ChannelNotAllowed(
            f"The channel “{channel}” is not allowed.",
            hint="Request the package without a channel, or add the channel to `TfenvLab.allowed_channels`.",
        )
    bare = shape["name"] + shape["rest"]
    try:
        # Users write "numpy=1.26=py311*" and "numpy 1.26", which only conda's lenient grammar accepts.
        spec = MatchSpec(bare, strict=False)
    except (InvalidMatchSpecError, InvalidPackageNameError) as error:
        raise InvalidSpec(f"“{text}” is not a package spec.", str(error)) from error
    if spec.name is None or any(getattr(spec, field, None) for field in _EXTRA) or "url=" in str(spec):
        raise InvalidSpec(
            f"“{text}” is not a supported spec.", hint="Use only a name, a version and a build, as in “numpy>=1.26”."
        )
    return spec


def remembered(name: str, text: str) -> str | None:
    """Return what a recorded spec for the package ``name`` demands, as ``name version build``; None if unreadable.

    Other programs wrote the text, so everything is accepted. A package that was installed from a file or a URL counts
    by its name, because the solver would fetch the file. The channel is left out: it may have another address now, and
    the channel priority decides.
    """
    if _ADDRESS.search(text):
        return name
    try:
        spec = MatchSpec(text, strict=False)
        if spec.name is None or name_of(spec) != name:
            return None
        version = "" if spec.version is None or str(spec.version) == "*" else str(spec.version)
        build = str(spec.build or "")
        bare = " ".join(part for part in (name, version or ("*" if build else ""), build) if part)
        return bare if str(MatchSpec(bare, strict=False).build or "") == build else None
    except (InvalidMatchSpecError, InvalidPackageNameError):
        return None


def name_of(spec: MatchSpec | str) -> str:
    """Return the normalized package name of a spec."""
    parsed = MatchSpec(spec, strict=False) if isinstance(spec, str) else spec
    if parsed.name is None:
        raise InvalidSpec(f"“{spec}” does not name a package.")
    return str(getattr(parsed.name, "normalized", parsed.name))


def by_name(specs: Iterable[str]) -> dict[str, str]:
    """Return canonical specs by package name; several specs of one name are combined. Raises InvalidSpec."""
    found: dict[str, str] = {}
    for spec in specs:
        name = name_of(spec)
        found[name] = _both(found[name], spec) if name in found else spec
    return found


def _both(one: str, other: str) -> str:
    """Return the spec that combines two specs of one name. Raises InvalidSpec if their builds contradict."""
    parsed = [MatchSpec(text, strict=False) for text in (one, other)]
    versions = dict.fromkeys(str(spec.version) for spec in parsed if spec.version and str(spec.version) != "*")
    version = ",".join(f"({text})" if "|" in text and len(versions) > 1 else text for text in versions)
    build = ""
    for text in (str(spec.build) for spec in parsed if spec.build):
        if build and not fnmatchcase(text, build) and not fnmatchcase(build, text):
            raise InvalidSpec(f"“{name_of(parsed[0])}” is requested with two builds, “{build}” and “{text}”.")
        build = text if not build or fnmatchcase(text, build) else build
    parts = [name_of(parsed[0]), version or ("*" if build else ""), build]
    return " ".join(part for part in parts if part)


def command_text(spec: str) -> str:
    """Return a spec as one conda command-line argument without spaces: ``name=version=build`` or ``name[...]``."""
    parts = spec.split(" ")
    if len(parts) == 1:
        return spec
    name, version = parts[0], parts[1]
    build = parts[2] if len(parts) > 2 else None
    plain = version == "*" or re.fullmatch(r"[0-9A-Za-z.]+(\.\*)?", version)
    if build is not None:
        return f"{name}={version}={build}" if plain else f"{name}[version='{version}',build='{build}']"
    if plain:
        return f"{name}={version}"
    return f"{name}{version}" if version[0] in "<>=!~" else f"{name}[version='{version}']"


def satisfied(spec: str, record: RepoDataRecord) -> bool:
    """Return whether a record matches a spec."""
    return bool(MatchSpec(spec, strict=False).matches(record))


def at_minor(spec: str, version: str) -> str:
    """Return a spec with its version replaced by the minor version of ``version``.

    ``("tensorflow 2.19.* cpu_*", "2.20.0")`` gives ``"tensorflow 2.20.* cpu_*"``. A spec without a version is returned
    unchanged.
    """
    parsed = MatchSpec(spec, strict=False)
    if parsed.version is None or str(parsed.version) == "*":
        return spec
    return f"{name_of(parsed)} {minor_of(version)}.*" + (f" {parsed.build}" if parsed.build else "")


def version_key(version: str) -> Version:
    """Return a sort key for a version."""
    return Version(version)


def newer(version: str, other: str) -> bool:
    """Return whether ``version`` is newer than ``other``."""
    return bool(Version(version) > Version(other))


def meets(version: str, spec: str) -> bool:
    """Return whether a version satisfies a dependency (``numpy >=1.26,<2.2``); a build in it is ignored."""
    name, _, rest = spec.partition(" ")
    wanted = rest.split(" ")[0]
    if not wanted:
        return True
    record = PackageRecord(PackageName(name), version, BuildString("0"), build_number=0, subdir="noarch")
    return bool(MatchSpec(f"{name} {wanted}", strict=False).matches(record))
