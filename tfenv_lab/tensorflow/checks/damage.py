"""Find packages whose files differ from their records, as far as that can harm TensorFlow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...conda.prefix.files import Damage
from ...sentences import say, some
from . import requirements
from .evidence import Finding, Observed, Subject
from .models import Problem, Remedy

#: Files whose contents matter. Programs and users change others, such as settings and caches of fonts.
_CODE = re.compile(r"\.(?:py|pyd|dll|dylib|so)(?:\.[\d.]+)?$|^bin/|^Scripts/")
_SHOWN = 3


def find(subject: Subject, observed: Observed) -> Iterator[Finding]:
    """Find missing and altered files, and packages of TensorFlow that pip replaced."""
    if not observed.damages:
        return
    told = requirements.told(subject, observed)
    left = [damage for damage in observed.damages if damage.name not in told]
    needed = requirements.needed(subject, observed)
    replaced = [damage for damage in left if damage.overwritten_by is not None]
    missing = [damage for damage in left if damage.missing and damage not in replaced]
    altered = [d for d in left if d not in replaced and any(_CODE.search(path) for path in d.altered)]
    if missing:
        paths = [path for damage in missing for path in damage.missing]
        message = say("Files of {titles} are missing: {paths}.", titles=_titles(missing), paths=some(paths, _SHOWN))
        yield _found(subject, "files-missing", message, missing)
    if altered:
        paths = [path for damage in altered for path in damage.altered if _CODE.search(path)]
        message = say(
            "Files of {titles} were changed after the installation: {paths}.",
            titles=_titles(altered),
            paths=some(paths, _SHOWN),
        )
        yield _found(subject, "files-altered", message, altered)
    mixed = [damage for damage in replaced if damage.name in needed]
    if mixed:
        pairs = [
            say(
                "{name} {version} (conda's {name_2} is {version_2})",
                name=d.overwritten_by.name,
                version=d.overwritten_by.version,
                name_2=d.name,
                version_2=d.version,
            )
            for d in mixed
            if d.overwritten_by is not None
        ]
        message = say(
            "pip or uv installed packages over conda's, so their files are mixed: {pairs}.", pairs=some(pairs, _SHOWN)
        )
        yield _found(subject, "files-overwritten", message, mixed)


def _titles(damages: Sequence[Damage]) -> str:
    return some([f"{damage.name} {damage.version}" for damage in damages], _SHOWN)


def _found(subject: Subject, code: str, message: str, damages: Sequence[Damage]) -> Finding:
    marks = tuple(path for damage in damages for path in _traces(damage))
    return Finding(Problem(code, message, Remedy(say("Restore the files of the packages."), subject.repair())), marks)


def _traces(damage: Damage) -> Iterator[str]:
    """Yield how errors name a damaged file: its path, or its module."""
    for path in damage.files:
        name = path.rpartition("/")[2]
        if ".so" in name:
            yield name
        _, found, below = path.rpartition("site-packages/")
        if not found:
            yield path
        elif ".dist-info/" not in below:
            yield below
            module = below.split(".")[0].removesuffix("/__init__").replace("/", ".")
            yield f"'{module}'"
