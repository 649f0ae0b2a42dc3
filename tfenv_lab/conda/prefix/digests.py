"""Remember the digest of an environment's lock for as long as its packages are those of the lock.

``conda-meta/tfenv_lab/digest.json`` holds the digest and what the environment looked like then. It is read from names
alone, so a list of a thousand environments can show it.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from msgspec import Struct

from ... import serde
from ...disk import writes
from .pypi import site_packages
from .records import names_in
from .revisions import FOLDER

_FILE = f"{FOLDER}/digest.json"


class _Stored(Struct, frozen=True):
    """A digest, and the mark of the packages that it identifies; ``file`` is the mark of their lock file."""

    digest: str
    packages: str
    file: str | None = None


def write(prefix: Path, digest: str, file: str | None = None) -> None:
    """Remember the digest of the packages that are in a prefix now, and the mark of the file that they are from."""
    site = site_packages(prefix)
    mark = _mark(names_in(prefix / "conda-meta"), names_in(site) if site else ())
    path = prefix / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    writes.replace(path, serde.dumps(_Stored(digest, mark, file)))


def read(prefix: Path, meta: Iterable[str], site: Iterable[str]) -> str | None:
    """Return the digest, or None if no change wrote one, or another program changed the packages since.

    ``meta`` are the names in conda-meta, and ``site`` those in site-packages.
    """
    stored = _stored(prefix)
    return stored.digest if stored is not None and stored.packages == _mark(meta, site) else None


def from_file(prefix: Path, file: str) -> str | None:
    """Return the digest if the packages of a prefix are still those of a lock file, by its mark; otherwise None."""
    stored = _stored(prefix)
    if stored is None or stored.file != file:
        return None
    try:
        site = site_packages(prefix)
        return read(prefix, names_in(prefix / "conda-meta"), names_in(site) if site else ())
    except OSError:
        return None


def _stored(prefix: Path) -> _Stored | None:
    try:
        stored: _Stored = serde.loads((prefix / _FILE).read_bytes(), _Stored)
    except (OSError, serde.Unreadable):
        return None
    return stored


def _mark(meta: Iterable[str], site: Iterable[str]) -> str:
    records = sorted(name for name in meta if name.endswith(".json"))
    packages = sorted(name for name in site if name.endswith((".dist-info", ".egg-info")))
    return blake2b("\n".join([*records, "", *packages]).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
