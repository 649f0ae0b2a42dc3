"""Validate specs from users, and write them in one canonical form.

A spec here is a package name with an optional version, build, build number and allowed channel, as in conda's
``MatchSpec`` (conda's documentation, "Package match specifications"; :mod:`grammar` reads it). URLs, files and hashes
are refused, so user input never becomes an option, a path or a channel that is not allowed.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import replace
from fnmatch import fnmatchcase

from rattler import BuildString, MatchSpec, PackageName, PackageRecord, RepoDataRecord, Version
from rattler.exceptions import InvalidMatchSpecError, InvalidPackageNameError

from ...errors import ChannelNotAllowed, InvalidSpec
from ...sentences import say
from ...versions import minor_of
from . import grammar

_MAX = 300
#: What names one package file instead of a version: ``…/six-1.0-0.conda``, ``six @ https://…``, ``six[url=…]``.
_ADDRESS = re.compile(r"\.(?:conda|tar\.bz2)(?:[#?\[].*)?$|^[\w.-]+(?:\[[^\]]*\])?\s*@|[\[,]\s*url\s*=")


def parse(text: str, allowed_channels: Container[str] | None = None) -> MatchSpec:
    """Parse one spec, for example ``tensorflow 2.19.*``, ``numpy>=1.26`` or ``conda-forge::keras=3.5``.

    ``allowed_channels`` holds the channels that a spec may name; None refuses every channel. Raises InvalidSpec, or
    ChannelNotAllowed for any other channel. The result has no channel: the channel priority decides which of the
    configured channels a package comes from.
    """
    parts = parts_of(text)
    if parts.channel is not None and parts.channel not in (allowed_channels or ()):
        raise ChannelNotAllowed(
            say("The channel “{channel}” is not allowed.", channel=parts.channel[:120]),
            hint=say("Request the package without a channel, or add the channel to `TfenvLab.allowed_channels`."),
        )
    return MatchSpec(parts.text, strict=False)


def parts_of(text: str) -> grammar.Parts:
    """Return the parts of one spec, with any channel. Raises InvalidSpec."""
    text = text.strip()
    if not text or len(text) > _MAX or not text.isprintable():
        raise InvalidSpec(
            say("“{text}” is not a package spec.", text=text[:60]),
            hint=say("Write a package name, as in “numpy” or “numpy>=1.26”."),
        )
    parts = grammar.read(text)
    try:
        MatchSpec(parts.text, strict=False)
    except (InvalidMatchSpecError, InvalidPackageNameError) as error:
        raise InvalidSpec(say("“{text}” is not a package spec.", text=text[:80]), str(error)) from error
    return parts


def remembered(name: str, text: str) -> str | None:
    """Return what a recorded spec for the package ``name`` demands, as ``name version build``; None if unreadable.

    Other programs wrote the text, so everything is accepted. A package that was installed from a file or a URL counts
    by its name, because the solver would fetch the file. The channel is left out: it may have another address now, and
    the channel priority decides.
    """
    if _ADDRESS.search(text):
        return name
    try:
        parts = parts_of(text)
    except InvalidSpec:
        return None
    return parts.text if parts.name == name else None


def name_of(spec: MatchSpec | str) -> str:
    """Return the normalized package name of a spec."""
    parsed = MatchSpec(spec, strict=False) if isinstance(spec, str) else spec
    if parsed.name is None:
        raise InvalidSpec(say("“{spec}” does not name a package.", spec=spec))
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
    parsed = [grammar.read(text) for text in (one, other)]
    versions = dict.fromkeys(spec.version for spec in parsed if spec.version not in ("", "*"))
    numbers = dict.fromkeys(spec.build_number for spec in parsed if spec.build_number)
    if len(numbers) > 1:
        raise InvalidSpec(
            say(
                "“{name}” is requested with two build numbers: {numbers}.",
                name=parsed[0].name,
                numbers=" and ".join(numbers),
            )
        )
    build = ""
    for text in (spec.build for spec in parsed if spec.build):
        if build and not fnmatchcase(text, build) and not fnmatchcase(build, text):
            raise InvalidSpec(
                say(
                    "“{name}” is requested with two builds, “{build}” and “{text}”.",
                    name=parsed[0].name,
                    build=build,
                    text=text,
                )
            )
        build = text if not build or fnmatchcase(text, build) else build
    return grammar.Parts(
        parsed[0].name,
        ",".join(f"({text})" if "|" in text and len(versions) > 1 else text for text in versions),
        build,
        "".join(numbers),
    ).text


def command_text(spec: str) -> str:
    """Return a spec as one conda command-line argument without spaces: ``name=version=build`` or ``name[...]``."""
    parts = grammar.read(spec)
    name, version = parts.name, parts.version
    plain = version == "*" or re.fullmatch(r"[0-9A-Za-z.]+(\.\*)?", version)
    if parts.build_number or (parts.build and not plain):
        keys = {"version": version, "build": parts.build, "build_number": parts.build_number}
        return f"{name}[{','.join(f'{key}={value!r}' for key, value in keys.items() if value not in ('', '*'))}]"
    if parts.build:
        return f"{name}={version}={parts.build}"
    if not version:
        return name
    if plain:
        return f"{name}={version}"
    return f"{name}{version}" if version[:1] in ("<", ">", "=", "!", "~") else f"{name}[version='{version}']"


def satisfied(spec: str, record: RepoDataRecord) -> bool:
    """Return whether a record matches a spec."""
    return bool(MatchSpec(spec, strict=False).matches(record))


def at_minor(spec: str, version: str) -> str:
    """Return a spec with its version replaced by the minor version of ``version``.

    ``("tensorflow 2.19.* cpu_*", "2.20.0")`` gives ``"tensorflow 2.20.* cpu_*"``. A spec without a version is returned
    unchanged.
    """
    parts = grammar.read(spec)
    if parts.version in ("", "*"):
        return spec
    return replace(parts, version=f"{minor_of(version)}.*").text


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
