"""Read and edit the metadata of installed packages: which files belong to one, and what it says about itself.

Whoever built a package wrote the paths in RECORD, so none is trusted (PEP 376, PEP 627).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
from collections.abc import Collection
from importlib.metadata import PathDistribution
from pathlib import Path

from ..disk import writes
from .names import normalize

#: Directory of conda's metadata, which no package from an index has files in.
_NEVER = "conda-meta/"


def dist_infos(site_packages: Path) -> dict[str, Path]:
    """Return the ``.dist-info`` directories by normalized project name; none if the directory does not exist."""
    found = {}
    try:
        with os.scandir(site_packages) as entries:
            for entry in entries:
                written, dash, _ = entry.name.removesuffix(".dist-info").partition("-")
                if dash and entry.name.endswith(".dist-info"):
                    found[normalize(written)] = Path(entry.path)
    except OSError:
        return {}
    return found


def requires(dist_info: Path) -> tuple[str, ...]:
    """Return the dependencies that an installed package declares (``Requires-Dist``)."""
    return tuple(PathDistribution(dist_info).requires or ())


def size(dist_info: Path) -> int | None:
    """Return the bytes of a package's files according to RECORD, or None if it is missing."""
    rows = _rows(dist_info)
    return None if rows is None else sum(int(row[2]) for row in rows if len(row) == 3 and row[2].isdecimal())


def has_record(dist_info: Path) -> bool:
    """Return whether it is known which files an installed package has."""
    return _rows(dist_info) is not None


def files(prefix: Path, dist_info: Path) -> frozenset[str]:
    """Return the files of an installed package inside ``prefix``, with ``/``: those in RECORD, and its metadata.

    Files that RECORD claims but that no package can have are left out: outside the prefix, and conda's metadata.
    """
    return frozenset(path for path in claimed(prefix, dist_info) if not path.startswith(_NEVER))


def claimed(prefix: Path, dist_info: Path) -> frozenset[str]:
    """Return the files of an installed package as :func:`files` does, also conda's metadata if RECORD claims it."""
    inside = dist_info.relative_to(prefix).as_posix()
    try:
        own = {f"{inside}/{entry.name}" for entry in os.scandir(dist_info) if not entry.is_dir(follow_symlinks=False)}
    except OSError:
        own = set()
    folder = inside.rpartition("/")[0]
    paths = (_inside(row[0], folder, prefix) for row in _rows(dist_info) or () if row)
    return frozenset(own.union(path for path in paths if path is not None))


def hashes(prefix: Path, dist_info: Path) -> dict[str, str | None]:
    """Return the SHA-256 of the files of an installed package inside ``prefix``, as far as RECORD has them."""
    folder = dist_info.relative_to(prefix).parent.as_posix()
    found = {_inside(row[0], folder, prefix): _sha256(row) for row in _rows(dist_info) or () if row}
    return {path: digest for path, digest in found.items() if path is not None and not path.startswith(_NEVER)}


def hashes_of_wheel(unpacked: Path, site_packages: str) -> dict[str, str | None]:
    """Return the same for the files that an unpacked wheel will have; ``site_packages`` is a path inside the prefix."""
    found: dict[str, str | None] = {}
    for dist_info in dist_infos(unpacked).values():
        data = dist_info.name.removesuffix(".dist-info") + ".data/"
        for row in filter(None, _rows(dist_info) or ()):
            kind, _, rest = row[0].removeprefix(data).partition("/")
            place = f"{site_packages}/{row[0]}"
            if row[0].startswith(data):
                # The kinds of the wheel format; headers go to a directory with the name of the project.
                places = {"data": "", "scripts": "bin/", "purelib": f"{site_packages}/", "platlib": f"{site_packages}/"}
                place = f"{places[kind]}{rest}" if kind in places else ""
            if place:
                found[place] = _sha256(row)
    return found


def _sha256(row: list[str]) -> str | None:
    """Return the hash in a row of RECORD in hexadecimal form, or None if it has none."""
    kind, _, text = (row[1] if len(row) > 1 else "").partition("=")
    try:
        return base64.urlsafe_b64decode(f"{text}==").hex() if kind == "sha256" else None
    except ValueError:
        return None


def _rows(dist_info: Path) -> list[list[str]] | None:
    try:
        text = (dist_info / "RECORD").read_text("utf-8", "surrogateescape")
        return list(csv.reader(text.splitlines()))
    except (OSError, csv.Error):
        return None


def _inside(path: str, folder: str, prefix: Path) -> str | None:
    """Return a path in a RECORD relative to the prefix, or None; ``folder`` is ``site-packages``."""
    if "\0" in path or not path:
        return None
    if os.sep == "/" and path[0] not in "/." and path[-1] != "/" and "//" not in path and "/." not in path:
        # Nothing to normalize, as in nearly all lines.
        return f"{folder}/{path}"
    is_absolute = os.path.isabs(path)  # noqa: PTH117 - thousands of them
    path = os.path.relpath(path, prefix) if is_absolute else os.path.normpath(f"{folder}/{path}")
    path = path.replace(os.sep, "/")
    return None if path.startswith(("../", "/")) or path in ("..", ".") else path


def update_record(
    prefix: Path, dist_info: Path, *, changed: Collection[str] = (), only: Collection[str] | None = None
) -> None:
    """Update RECORD: new hashes and sizes for the ``changed`` files, and no lines of files that are not in ``only``.

    Paths are relative to ``prefix``. A new file replaces RECORD, because the old one may have other hard links.
    """
    rows, folder = _rows(dist_info), dist_info.relative_to(prefix).parent.as_posix()
    kept = []
    for row in rows or ():
        inside = _inside(row[0], folder, prefix) if row else None
        is_changed = inside in changed and len(row) == 3 and row[1]
        if only is None or inside in only:
            kept.append([row[0], *_hashed(prefix / (inside or ""))] if is_changed else row)
    if rows is not None and kept != rows:
        _write(dist_info, kept)


def set_requested(prefix: Path, dist_info: Path, requested: bool) -> None:
    """Add or remove the REQUESTED file, by which installers know what a user requested (PEP 376)."""
    marker = dist_info / "REQUESTED"
    rows = None if marker.exists() == requested else _rows(dist_info)
    if rows is None:
        return
    name = f"{dist_info.name}/REQUESTED"
    if requested:
        writes.replace(marker, b"")
        rows.append([name, *_hashed(marker)])
    else:
        marker.unlink()
        rows = [row for row in rows if not row or row[0] != name]
    _write(dist_info, rows)


def _hashed(path: Path) -> list[str]:
    content = path.read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return [f"sha256={digest}", str(len(content))]


def _write(dist_info: Path, rows: Collection[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    writes.replace(dist_info / "RECORD", text.getvalue().encode("utf-8", "surrogateescape"))
