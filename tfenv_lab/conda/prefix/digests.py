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
    """A digest, and the mark of the packages that it identifies."""

    digest: str
    packages: str


def write(prefix: Path, digest: str) -> None:
    """Remember the digest of the packages that are in a prefix now."""
    site = site_packages(prefix)
    mark = _mark(names_in(prefix / "conda-meta"), names_in(site) if site else ())
    path = prefix / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    writes.replace(path, serde.dumps(_Stored(digest, mark)))


def read(prefix: Path, meta: Iterable[str], site: Iterable[str]) -> str | None:
    """Return the digest, or None if no change wrote one, or another program changed the packages since.

    ``meta`` are the names in conda-meta, and ``site`` those in site-packages.
    """
    try:
        stored: _Stored = serde.loads((prefix / _FILE).read_bytes(), _Stored)
    except (OSError, serde.Unreadable):
        return None
    return stored.digest if stored.packages == _mark(meta, site) else None


def _mark(meta: Iterable[str], site: Iterable[str]) -> str:
    records = sorted(name for name in meta if name.endswith(".json"))
    packages = sorted(name for name in site if name.endswith((".dist-info", ".egg-info")))
    return blake2b("\n".join([*records, "", *packages]).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
