"""Find damaged packages in the package cache, and throw them away so that they are fetched again, never linked."""

# Paths are strings because tens of thousands of them are compared.
# ruff: noqa: PTH118, PTH123
from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...sentences import say
from ..prefix.records import record_stem
from . import staging
from .package_rules import shown

if TYPE_CHECKING:
    from rattler import RepoDataRecord

#: Number of attempts to rename a directory, and the seconds between them.
_ATTEMPTS, _PAUSE = 200, 0.05
#: File in an unpacked package whose own list does not fit its files. It says why, so that the package is not fetched
#: again each time.
_OWN_FAULT = f"info/{staging.MARK}fault"


def discard_damaged(records: Iterable[RepoDataRecord], cache: Path) -> list[Path]:
    """Throw away the unpacked packages of these records that are damaged, and return their paths."""
    damaged = []
    for unpacked in (cache / record_stem(record) for record in records):
        fault = damage(unpacked) if os.path.lexists(unpacked) else None
        if fault is not None and fault != _own_fault(unpacked):
            # Standard error goes to the job's log.
            print(
                f"The copy of {unpacked.name} in the package cache is damaged: {fault}. It is fetched again.",
                file=sys.stderr,
                flush=True,
            )
            throw_away(unpacked)
            damaged.append(unpacked)
    return damaged


def remember_own_faults(fetched: Iterable[Path]) -> None:
    """Note which of these packages, whose archives were verified just now, do not fit their own lists of files."""
    for unpacked in fetched:
        fault = damage(unpacked)
        if fault is not None:
            with contextlib.suppress(OSError):
                (unpacked / _OWN_FAULT).write_text(fault, encoding="utf-8")


def throw_away(unpacked: Path) -> None:
    """Remove an unpacked package from the cache, since rattler must not link it. Raises OSError if it stays."""
    aside = unpacked.with_name(f"{staging.MARK}refused-{secrets.token_hex(8)}")
    for attempt in range(_ATTEMPTS):
        if not os.path.lexists(unpacked):
            break
        try:
            unpacked.rename(aside)
        except OSError:
            # Windows does not rename a directory while another process reads it.
            if attempt == _ATTEMPTS - 1 or sys.platform != "win32":
                raise
            time.sleep(_PAUSE)
    with contextlib.suppress(OSError):
        staging.discard(aside)


def damage(unpacked: Path) -> str | None:
    """Return how the files of an unpacked package differ from its ``info/paths.json``, or None.

    Sizes are always compared. Hashes are compared if a file was modified after the package was unpacked: archives keep
    the times of their files. A package from before ``paths.json`` has only names.
    """
    root = os.fspath(unpacked)
    try:
        # Only unpacking sets the time at which the status of this file changed, because it is never linked.
        unpacked_at = os.lstat(os.path.join(root, "info", "index.json")).st_ctime_ns
        entries = _entries(root)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return say("its list of files cannot be read")
    for entry in entries:
        path = str(entry.get("_path"))
        if path.startswith("/") or ".." in path.split("/"):
            continue  # the package will be refused
        try:
            status = os.lstat(os.path.join(root, path))
        except (OSError, ValueError):
            return say("its file “{path}” is missing", path=shown(path))
        if entry.get("path_type") in ("softlink", "directory") or stat.S_ISLNK(status.st_mode):
            continue
        if not stat.S_ISREG(status.st_mode):
            return say("its “{path}” is not a file", path=shown(path))
        size, digest = entry.get("size_in_bytes"), entry.get("sha256")
        if isinstance(size, int) and status.st_size != size:
            return say(
                "its file “{path}” has {st_size} bytes instead of {size}",
                path=shown(path),
                st_size=status.st_size,
                size=size,
            )
        if isinstance(digest, str) and status.st_mtime_ns > unpacked_at and _sha256(root, path) != digest:
            return say("its file “{path}” was altered", path=shown(path))
    return None


def _own_fault(unpacked: Path) -> str | None:
    try:
        return (unpacked / _OWN_FAULT).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def _entries(root: str) -> list[Mapping[str, Any]]:
    """Return the entries of ``info/paths.json``, or the names in ``info/files`` of an older package.

    Raises OSError or ValueError if neither can be read.
    """
    listed = os.path.join(root, "info", "paths.json")
    if not os.path.lexists(listed):
        return [{"_path": line.strip()} for line in _text(root, "files").split("\n") if line.strip()]
    entries = json.loads(_text(root, "paths.json"))["paths"]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("no list")
    return entries


def _text(root: str, name: str) -> str:
    path = os.path.join(root, "info", name)
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise OSError("not a file")  # reading a pipe would never end
    return Path(path).read_text(encoding="utf-8")


def _sha256(root: str, path: str) -> str | None:
    digest = hashlib.sha256()
    try:
        with open(os.path.join(root, path), "rb") as file:
            for chunk in iter(lambda: file.read(1 << 20), b""):
                digest.update(chunk)
    except OSError:
        return None
    return digest.hexdigest()
