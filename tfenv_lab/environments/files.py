"""Describe the files of an environment that differ from the records of its packages, as in the REST contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from ..conda.prefix.files import Damage, compare

_KINDS: tuple[Literal["missing", "altered", "overwritten"], ...] = ("missing", "altered", "overwritten")


def differences(prefix: Path, contents: bool) -> dict[str, Any]:
    """Return the missing, altered and overwritten files, each by package. ``contents`` reads every file."""
    found = compare(prefix, contents=contents)
    return {kind: [_listed(damage, kind) for damage in found if getattr(damage, kind)] for kind in _KINDS}


def _listed(damage: Damage, kind: str) -> dict[str, Any]:
    by = damage.overwritten_by
    return {
        "name": damage.name,
        "version": damage.version,
        "source": damage.source,
        "files": list(getattr(damage, kind)),
        "overwritten_by": {"name": by.name, "version": by.version} if by else None,
    }
