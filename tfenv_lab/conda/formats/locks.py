"""Read the locks of conda-lock and pixi: choose an environment, a platform and categories, and say what is left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...errors import InvalidRequest
from ...pypi.models import IndexLock
from ...sentences import say, some
from . import categories, origins
from .categories import MAIN
from .model import CONDA_LOCK, PIXI_LOCK, Choice, Imported, Pinned, other_platform
from .untrusted import as_list, as_mapping, as_text, parse_yaml

_DEFAULT = "default"


def conda_lock(data: Mapping[str, Any], asked: tuple[str, ...], subdir: str, choice: Choice) -> Imported:
    """Return the packages of a conda-lock file, of its category main or of those in ``choice``."""
    if data.get("version", "1") != "1":
        raise InvalidRequest(say("Only version 1 of conda-lock files is supported."))
    packages = [as_mapping(item, "package") for item in as_list(data["package"], "package")]
    platforms = list(dict.fromkeys(as_text(package.get("platform"), "platform") for package in packages))
    if subdir not in platforms:
        if not (choice.any_platform and platforms):
            raise other_platform(platforms, subdir)
        subdir = platforms[0]
    mine = [package for package in packages if package["platform"] == subdir]
    found = {str(package.get("category", MAIN))[:40] for package in mine}
    known = sorted(found | {MAIN}, key=lambda name: (name != MAIN, name))
    wanted = categories.chosen(known, choice)
    pinned, from_index = [], []
    for package in mine:
        if package.get("category", MAIN) not in wanted:
            continue
        name, url = as_text(package.get("name"), "name"), package.get("url")
        if package.get("manager") == "pip":
            version, hashes = str(package.get("version") or ""), as_mapping(package.get("hash"), "hash")
            from_index.append(origins.locked(name, version, str(url or ""), hashes.get("sha256")))
            continue
        digest = as_mapping(package.get("hash"), "hash")
        needs = as_mapping(package.get("dependencies"), "dependencies").items()
        depends = tuple(f"{need} {_constraint(text)}".strip() for need, text in needs)
        pinned.append(Pinned(as_text(url, "url"), _hex(digest, "sha256", 64), _hex(digest, "md5", 32), depends))
    notes = tuple(categories.left_out(found, wanted))
    index = IndexLock(tuple(from_index))
    return Imported(CONDA_LOCK, specs=asked, pinned=tuple(pinned), notes=notes, index=index)


def pixi_lock(text: str, asked: tuple[str, ...], subdir: str, choice: Choice) -> Imported:
    """Return the packages of a pixi.lock, of its default environment or of that in ``choice``."""
    from ..prefix import lock

    known = [str(name) for name in as_mapping(parse_yaml(text)["environments"], "environments")]
    name = choice.environment or (_DEFAULT if _DEFAULT in known or len(known) != 1 else known[0])
    if choice.environment is not None and name not in known:
        raise InvalidRequest(
            say("The file has no environment “{name}”. It has: {known}.", name=name[:40], known=some(known, 20))
        )
    try:
        by_platform = lock.loads(text, name)
        if subdir not in by_platform:
            if not (choice.any_platform and by_platform):
                raise other_platform(by_platform, subdir)
            subdir = next(iter(by_platform))
        distributions = lock.distributions(text, subdir, name)
    except ValueError as error:
        raise InvalidRequest(say("The pixi.lock cannot be read."), str(error)) from error
    pinned = [
        Pinned(record.url, _digest(record.sha256), _digest(record.md5), tuple(record.depends), record)
        for record in by_platform[subdir]
    ]
    index = IndexLock(
        tuple(
            origins.locked(each.name, each.version, each.url, each.sha256, requires=each.requires)
            for each in distributions
        )
    )
    notes = []
    if len(known) > 1:
        notes.append(
            say(
                "The lock has {count} environments: {known}. Taken: {name}.",
                count=len(known),
                known=some(known, 20),
                name=name,
            )
        )
    return Imported(PIXI_LOCK, specs=asked, pinned=tuple(pinned), notes=tuple(notes), index=index)


def _constraint(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidRequest(say("“dependencies” must contain only strings."))
    return value


def _hex(digest: Mapping[str, Any], kind: str, length: int) -> str | None:
    value = digest.get(kind)
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not re.fullmatch(rf"[0-9a-f]{{{length}}}", value):
        raise InvalidRequest(say("“{kind}” must be {length} hexadecimal digits.", kind=kind, length=length))
    return value


def _digest(value: bytes | None) -> str | None:
    return value.hex() if value else None
