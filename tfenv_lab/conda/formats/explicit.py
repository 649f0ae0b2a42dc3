"""Read and write the lines of conda's explicit list (CEP 23)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rattler import RepoDataRecord

from ...errors import InvalidRequest
from ...pypi.models import Distribution, IndexLock
from ...sentences import say
from . import origins
from .model import Contents, Pinned, addressed, other_platform


def explicit_list(
    lines: Iterable[str], subdir: str, *, any_platform: bool = False
) -> tuple[tuple[Pinned, ...], list[str]]:
    """Return the packages of conda's explicit list (CEP 23), and the requirements in its ``# pip`` comments.

    conda-lock writes such comments; conda itself ignores them. Raises InvalidRequest.
    """
    pinned, by_pip = [], []
    for line in lines:
        platform = re.fullmatch(r"#\s*platform:\s*(\S+)", line)
        if platform and platform[1] != subdir and not any_platform:
            raise other_platform([platform[1]], subdir)
        if line.startswith("# pip "):
            by_pip.append(line.removeprefix("# pip "))
        if not line or line.startswith("#") or line == "@EXPLICIT":
            continue
        # A line is a URL, and optionally an md5, a sha256, or a sha256 with a prefix.
        found = re.fullmatch(r"([^#\s]+)(?:#(?:([0-9a-f]{32})|(?:sha256:)?([0-9a-f]{64})))?", line)
        if found is None:
            raise InvalidRequest(say("“{line}” is not a line of an explicit list.", line=line[:80]))
        pinned.append(Pinned(found[1], found[3], found[2]))
    return tuple(pinned), by_pip


def index_lines(distributions: Iterable[Distribution]) -> list[str]:
    """Return one comment per package from an index. conda ignores these lines; conda-lock writes and installs them."""
    return [
        f"# pip {each.name} @ {each.url}{f'#sha256={each.sha256}' if each.sha256 else ''}\n" for each in distributions
    ]


def index_lock(by_pip: Iterable[str]) -> tuple[IndexLock, list[str]]:
    """Return what the ``# pip`` comments lock, and the lines that name no place."""
    found = [(line, origins.from_comment(line)) for line in by_pip]
    return (
        IndexLock(tuple(locked for _, locked in found if locked is not None)),
        [line for line, locked in found if locked is None],
    )


def explicit_lines(contents: Contents) -> list[str]:
    """Return one line per package with its URL and hash."""
    lines = []
    for record in RepoDataRecord.sort_topologically(list(addressed(contents))):
        found = contents.by_name[record.name.normalized]
        digest = f"#sha256:{found.sha256.hex()}" if found.sha256 else f"#{found.md5.hex()}" if found.md5 else ""
        lines.append(f"{found.url}{digest}\n")
    return lines
