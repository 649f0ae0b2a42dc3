"""Read where a lock has a Python package from: files of an index, an archive, a repository, or a directory."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from ...errors import InvalidRequest
from ...pypi.models import Distribution, Locked
from ...pypi.names import normalize
from ...pypi.places import without_credentials
from ...sentences import say

_SHA256 = re.compile(r"(?:sha256[:=])?([0-9a-f]{64})", re.IGNORECASE)
_ARCHIVE = re.compile(r"\.(?:whl|zip|tar\.(?:gz|bz2|xz))$")
_HASH_OPTION = re.compile(r"--hash[= ]sha256:([0-9a-fA-F]{64})(?=\s|$)")


def locked(
    name: str,
    version: str,
    where: str,
    digest: object = None,
    *,
    requires: Iterable[str] = (),
    size: int | None = None,
) -> Locked:
    """Return a package that a lock has from one place: a file's URL, a repository (``git+…``) or a path.

    Without a place (an empty text or ``-``), only its version is locked.
    """
    project, needs = normalize(name), tuple(requires)
    if where in ("", "-"):
        return Locked(project, version, requires=needs)
    if where.startswith("git+"):
        return Locked(project, version, direct=git_url(where), requires=needs)
    if not _ARCHIVE.search(split(where).path):
        return Locked(project, version, direct=clean(where), requires=needs)
    return Locked(project, version, (file(project, version, where, digest, size),), requires=needs)


def file(project: str, version: str, where: str, digest: object = None, size: int | None = None) -> Distribution:
    """Return one wheel or source archive of a package. ``digest`` is its hash as the lock has it."""
    found = _SHA256.fullmatch(digest) if isinstance(digest, str) else None
    return Distribution(project, version, clean(where.partition("#")[0]), found[1].lower() if found else None, size)


def git_url(where: str) -> str:
    """Return the URL of a commit as pip writes it (``git+…@commit#subdirectory=…``); uv and pixi write it otherwise."""
    # The functions for URLs know the scheme without “git+” only.
    parts = split(where.removeprefix("git+"))
    query = parse_qs(parts.query)
    fragment = parse_qs(parts.fragment)
    inside = (fragment.get("subdirectory") or query.get("subdirectory") or [""])[0]
    # uv and pixi have the commit as the fragment, and what it was found by in the query.
    commit = parts.fragment if re.fullmatch(r"[0-9a-f]+", parts.fragment) else ""
    rev = commit or next((query[key][0] for key in ("rev", "tag", "branch") if key in query), "")
    base = clean(parts._replace(query="", fragment="").geturl())
    return f"git+{base}{f'@{rev}' if rev else ''}{f'#subdirectory={inside}' if inside else ''}"


def split(url: str) -> SplitResult:
    """Return the parts of a URL or a path. Raises InvalidRequest for a text that cannot be one."""
    try:
        parts = urlsplit(url)
        # The port is verified only when it is read.
        _ = parts.port
        return parts
    except ValueError as error:
        raise InvalidRequest(say("“{url}” is not a URL.", url=url[:80]), str(error)) from error


def clean(url: str) -> str:
    """Return a URL without a password; the user of a repository over SSH stays."""
    parts = split(url)
    return url if "ssh" in parts.scheme and not parts.password else without_credentials(url) if parts.netloc else url


def hashes(line: str) -> tuple[str, ...]:
    """Return the SHA-256 that a line of a requirements.txt permits."""
    return tuple(found.lower() for found in _HASH_OPTION.findall(line))


def without_hashes(line: str) -> str:
    """Return a line of a requirements.txt without the hashes that :func:`hashes` returns."""
    return " ".join(_HASH_OPTION.sub("", line).split())


def from_comment(line: str) -> Locked | None:
    """Return the package of a line ``name @ place`` in an explicit list, or None if the line is another one.

    conda-lock writes ``--hash=sha256:…`` after it, and pip ``#sha256=…``.
    """
    found = re.fullmatch(r"([A-Za-z0-9][\w.-]*) @ (\S+)(.*)", line.strip())
    if found is None:
        return None
    where, _, fragment = found[2].partition("#")
    digests = hashes(found[3]) or tuple(match[1] for match in [_SHA256.fullmatch(fragment)] if match)
    if where.startswith("git+"):
        where, digests = found[2], ()
    return locked(found[1], _version(where), where, digests[0] if digests else None)


def _version(where: str) -> str:
    """Return the version in the name of a file, or nothing."""
    name = unquote(split(where).path.rpartition("/")[2])
    wheel = re.fullmatch(r"[^-]+-([^-]+)-.*\.whl", name)
    source = re.fullmatch(r".+-([^-]+?)\.(?:tar\.\w+|zip)", name)
    return (wheel or source or ["", ""])[1]
