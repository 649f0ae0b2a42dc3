"""Read and write the lines of conda's explicit list (CEP 23)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rattler import RepoDataRecord

from ...errors import InvalidRequest
from .model import Contents, Pinned, addressed


def other_platform(platforms: Iterable[str], subdir: str) -> InvalidRequest:
    names = ", ".join(sorted({platform[:40] for platform in platforms})[:10]) or "none"
    return InvalidRequest(f"This lock is not for this machine's platform ({subdir}). Its platforms: {names}.")


def explicit_list(lines: Iterable[str], subdir: str) -> tuple[Pinned, ...]:
    """Return the packages of conda's explicit list (CEP 23). Raises InvalidRequest."""
    pinned = []
    for line in lines:
        platform = re.fullmatch(r"#\s*platform:\s*(\S+)", line)
        if platform and platform[1] != subdir:
            raise other_platform([platform[1]], subdir)
        if not line or line.startswith("#") or line == "@EXPLICIT":
            continue
        # A line is a URL, and optionally an md5, a sha256, or a sha256 with a prefix.
        found = re.fullmatch(r"([^#\s]+)(?:#(?:([0-9a-f]{32})|(?:sha256:)?([0-9a-f]{64})))?", line)
        if found is None:
            raise InvalidRequest(f"“{line[:80]}” is not a line of an explicit list.")
        pinned.append(Pinned(found[1], found[3], found[2]))
    return tuple(pinned)


def explicit_lines(contents: Contents) -> list[str]:
    """Return one line per package with its URL and hash."""
    lines = []
    for record in RepoDataRecord.sort_topologically(list(addressed(contents))):
        found = contents.by_name[record.name.normalized]
        digest = f"#sha256:{found.sha256.hex()}" if found.sha256 else f"#{found.md5.hex()}" if found.md5 else ""
        lines.append(f"{found.url}{digest}\n")
    return lines
