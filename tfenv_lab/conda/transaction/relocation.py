"""Files that name the prefix they were written for: packages' scripts, pip's, ``.pth``, notes.

A copied environment must not run the original through them. Packages say which of their files are written for a
prefix. Of the others the rule is that of conda's own clone: in every text file the old prefix becomes the new one.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from ...disk import writes
from ..prefix.pypi import site_packages
from .staging import META

#: A file with a zero among its first bytes is no text.
_HEAD = 1024


def relocate(tree: Path, old: Path, new: Path, packages: Mapping[str, Iterable[str]]) -> None:
    """Write texts of packages for another prefix, and enter their hashes in the records, whose names ``packages`` has.

    The records are changed where they lie: ``tree`` must not share them. Hashes alone change in them, so they are
    changed as text: some have megabytes. A text that somebody edited goes on having another hash than its record says.
    """
    for name, files in packages.items():
        changed = _rewrite(tree, old, new, files)
        if changed:
            place = tree / META / name
            record = place.read_bytes()
            for before, after in changed.values():
                record = record.replace(_digest(before), _digest(after))
            writes.replace(place, record)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def rewrite(tree: Path, old: Path, new: Path, files: Iterable[str]) -> None:
    """Replace the prefix ``old`` by ``new`` in these text files of ``tree``, and keep pip's RECORDs true.

    ``files`` are paths inside it (``/`` separators) that conda does not own.
    """
    changed = _rewrite(tree, old, new, files)
    if changed:
        _record(tree, {tree / inside for inside in changed})


def _rewrite(tree: Path, old: Path, new: Path, files: Iterable[str]) -> dict[str, tuple[bytes, bytes]]:
    """Replace ``old`` by ``new``; return both contents by path. What is no regular file is passed over.

    So is what lies outside of ``tree``, by its path or behind a link: the records that name the files can be anybody's.
    A file is written anew, so that one it shares its contents with is not touched.
    """
    # Not the beginning of a longer name: /envs/tf is not in /envs/tf2.
    pattern = re.compile(re.escape(os.fsencode(old)) + rb"(?![\w.-])")
    changed = {}
    folders: dict[Path, bool] = {}
    for inside in files:
        path = tree / inside
        if path.parent not in folders:
            folders[path.parent] = writes.is_within(path.parent, tree)
        if not folders[path.parent] or not path.is_file() or path.is_symlink():
            continue
        content = _text(path)
        if content is not None and pattern.search(content):
            changed[inside] = content, pattern.sub(lambda _: os.fsencode(new), content)
            writes.replace(path, changed[inside][1])
    return changed


def not_owned(tree: Path, owned: Collection[str]) -> Iterator[str]:
    """Yield the paths inside ``tree`` of the files that conda's records (``owned``) do not claim."""
    for here, folders, names in os.walk(tree):
        folders[:] = [
            name for name in folders if name != "__pycache__" and not (here == str(tree) and name == "conda-meta")
        ]
        inside = Path(here).relative_to(tree)
        yield from (path for name in names if (path := (inside / name).as_posix()) not in owned)


def _text(path: Path) -> bytes | None:
    with path.open("rb") as file:
        head = file.read(_HEAD)
        return None if b"\0" in head else head + file.read()


def _record(tree: Path, changed: set[Path]) -> None:
    """Enter the new hashes and sizes into the RECORDs that list a changed file (PEP 376)."""
    folder = site_packages(tree)
    for path in folder.glob("*.dist-info/RECORD") if folder else ():
        rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
        stale = False
        for row in rows:
            file = Path(os.path.normpath(path.parent.parent / row[0])) if row else None
            if file in changed and len(row) == 3 and row[1]:
                content = file.read_bytes()
                digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                row[1:] = [f"sha256={digest}", str(len(content))]
                stale = True
        if stale:
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(rows)
            writes.replace(path, text.getvalue())
