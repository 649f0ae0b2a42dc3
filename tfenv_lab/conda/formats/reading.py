"""Recognize and read files that describe an environment, without trusting their contents.

The result is either specs and channels to solve (environment.yml) or exact packages (explicit list, conda-lock,
pixi.lock), with notes on what is not supported. :mod:`exact` and the planner decide whether the channels are allowed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import InvalidRequest
from ...sentences import megabytes, some
from ..settings.channels import NODEFAULTS
from ..solving import specs
from .encoding import repaired
from .explicit import explicit_list, other_platform
from .model import (
    CONDA_LOCK,
    ENVIRONMENT_YML,
    EXPLICIT,
    FORMATS,
    NOTEBOOK,
    PIXI_LOCK,
    REQUESTED,
    Imported,
    Pinned,
    requirements,
)
from .untrusted import MAX_BYTES, as_list, as_mapping, as_text, parse_json, parse_yaml

if TYPE_CHECKING:
    from ..solving.grammar import Parts

_NAMES = {
    ENVIRONMENT_YML: "an environment.yml",
    EXPLICIT: "an explicit list",
    CONDA_LOCK: "a conda-lock file",
    PIXI_LOCK: "a pixi.lock",
    NOTEBOOK: "a notebook that records its environment",
}
_COMMENT = re.compile(rf"#\s*{REQUESTED}\s*(.+)")
_KNOWN = {"name", "channels", "dependencies", "prefix"}


def read(text: str, format_: str | None, subdir: str) -> Imported:
    """Read a file for one platform. If ``format_`` is None, the format is detected.

    Raises InvalidRequest if the format is unknown or differs from ``format_``, or if the file is for another platform.
    """
    from . import notebook

    if format_ is not None and format_ not in FORMATS:
        raise InvalidRequest(f"“format” must be one of {', '.join(FORMATS)}.")
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise InvalidRequest(
            f"The file is larger than {megabytes(MAX_BYTES, 0)}, the limit for a file that describes an environment."
        )
    text = repaired(text)
    if not text.strip():
        raise InvalidRequest("The file is empty.")
    lines = [line.strip() for line in text.splitlines()]
    data: Any = notebook.find(parse_json(text))
    if data is not None:
        found = NOTEBOOK
    elif "@EXPLICIT" in lines:
        found = EXPLICIT
    else:
        data = parse_yaml(text)
        found = _recognize(data)
    if format_ is not None and found != format_:
        raise InvalidRequest(f"The file is {_NAMES[found]}, not {_NAMES[format_]}.")
    asked = tuple(match[1] for line in lines if (match := _COMMENT.fullmatch(line)))
    if found == ENVIRONMENT_YML:
        return _environment_yml(data)
    if found == NOTEBOOK:
        return notebook.read(data, subdir)
    if found == EXPLICIT:
        imported = Imported(EXPLICIT, specs=asked, pinned=explicit_list(lines, subdir))
    else:
        imported = _conda_lock(data, asked, subdir) if found == CONDA_LOCK else _pixi_lock(text, asked, subdir)
    if not imported.pinned:
        raise InvalidRequest("The file lists no conda packages.")
    return imported


def _recognize(data: Any) -> str:
    if isinstance(data, dict):
        if "package" in data and "metadata" in data:
            return CONDA_LOCK
        if "environments" in data and "packages" in data:
            return PIXI_LOCK
        if "dependencies" in data or "channels" in data:
            return ENVIRONMENT_YML
    raise InvalidRequest(
        "The file has none of the supported formats: environment.yml, explicit list, conda-lock.yml, pixi.lock, "
        "notebook that records its environment."
    )


# Formats


def _environment_yml(data: Mapping[str, Any]) -> Imported:
    wanted: list[str] = []
    by_pip: list[str] = []
    for item in as_list(data.get("dependencies"), "dependencies"):
        if isinstance(item, dict):
            for manager, lines in as_mapping(item, "dependencies").items():
                if manager != "pip":
                    raise InvalidRequest(f"“dependencies” has a section “{manager[:40]}”; only “pip” is supported.")
                by_pip += [as_text(line, "pip") for line in as_list(lines, "pip")]
        else:
            wanted.append(as_text(item, "dependencies"))
    pypi, notes = requirements(by_pip)
    for key in sorted(set(as_mapping(data, "file")) - _KNOWN):
        notes.append(f"The section “{key[:40]}” is ignored.")
    channels = tuple(as_text(channel, "channels") for channel in as_list(data.get("channels"), "channels"))
    if not wanted:
        raise InvalidRequest("The file requests no conda packages.")
    # A spec's channel is added to the channels; the channel priority decides where each package comes from.
    parts = [specs.parts_of(spec) for spec in wanted]
    named = [each.channel for each in parts if each.channel is not None]
    notes += _without_effect(parts, named, channels)
    # nodefaults means that conda's default channels are not added; here they never are.
    both = [channel for channel in dict.fromkeys((*channels, *named)) if channel != NODEFAULTS]
    return Imported(ENVIRONMENT_YML, tuple(both), tuple(wanted), pypi=pypi, notes=tuple(notes))


def _without_effect(parts: Sequence[Parts], named: Sequence[str], channels: Sequence[str]) -> list[str]:
    """Return sentences on what specs say that does not count."""
    notes = []
    if len({*named, *channels} - {NODEFAULTS}) > 1 and named:
        those = [each.name for each in parts if each.channel is not None]
        notes.append(
            f"The channels in the specs of {some(those, 5)} are not binding: the channel priority decides where a "
            "package comes from."
        )
    subdirs = [f"{each.name} ({each.subdir})" for each in parts if each.subdir is not None]
    if subdirs:
        notes.append(f"The platforms in these specs are ignored: {some(subdirs, 5)}.")
    ignored = [f"{each.name}{' ' if word[0] == 'i' else ''}{word}" for each in parts for word in each.ignored]
    if ignored:
        notes.append(
            f"As in conda, these parts of specs have no effect: {some(ignored, 10)}. Extras in brackets belong in the "
            "“pip:” section."
        )
    return notes


def _conda_lock(data: Mapping[str, Any], asked: tuple[str, ...], subdir: str) -> Imported:
    if data.get("version", "1") != "1":
        raise InvalidRequest("Only version 1 of conda-lock files is supported.")
    pinned, by_pip, platforms, others = [], [], set(), set()
    for item in as_list(data["package"], "package"):
        package = as_mapping(item, "package")
        platform, name = as_text(package.get("platform"), "platform"), as_text(package.get("name"), "name")
        platforms.add(platform)
        category = package.get("category", "main")
        if platform != subdir:
            continue
        if category != "main":
            others.add(str(category)[:40])
        elif package.get("manager") == "pip":
            by_pip.append(f"{name}=={package.get('version')}")
        else:
            digest = as_mapping(package.get("hash"), "hash")
            needs = as_mapping(package.get("dependencies"), "dependencies").items()
            depends = tuple(f"{need} {_constraint(text)}".strip() for need, text in needs)
            url = as_text(package.get("url"), "url")
            pinned.append(Pinned(url, _hex(digest, "sha256", 64), _hex(digest, "md5", 32), depends))
    if not pinned:
        raise other_platform(platforms, subdir)
    pypi, notes = requirements(by_pip)
    notes += [f"Packages in the category “{category}” are left out." for category in sorted(others)]
    return Imported(CONDA_LOCK, specs=asked, pinned=tuple(pinned), pypi=pypi, notes=tuple(notes))


def _constraint(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidRequest("“dependencies” must contain only strings.")
    return value


def _hex(digest: Mapping[str, Any], kind: str, length: int) -> str | None:
    value = digest.get(kind)
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not re.fullmatch(rf"[0-9a-f]{{{length}}}", value):
        raise InvalidRequest(f"“{kind}” must be {length} hexadecimal digits.")
    return value


def _pixi_lock(text: str, asked: tuple[str, ...], subdir: str) -> Imported:
    from ..prefix import lock

    try:
        by_platform = lock.loads(text)
    except ValueError as error:
        raise InvalidRequest("The pixi.lock cannot be read.", str(error)) from error
    if subdir not in by_platform:
        raise other_platform(by_platform, subdir)
    pinned = [
        Pinned(record.url, _digest(record.sha256), _digest(record.md5), tuple(record.depends), record)
        for record in by_platform[subdir]
    ]
    pypi, notes = requirements(lock.pypi_requirements(text, subdir))
    return Imported(PIXI_LOCK, specs=asked, pinned=tuple(pinned), pypi=pypi, notes=tuple(notes))


def _digest(value: bytes | None) -> str | None:
    return value.hex() if value else None
