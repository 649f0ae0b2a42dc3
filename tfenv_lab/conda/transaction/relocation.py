"""Replace the old prefix with the new one in text files: scripts of packages and pip, ``.pth`` files, notes.

A copy must not run the original environment through them. Packages declare which of their files contain the prefix. For
other files the rule is that of conda's own clone: the old prefix becomes the new one in every text file.
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

#: Number of first bytes that are searched for a zero byte; a file with one is not text.
_HEAD = 1024


def relocate(tree: Path, old: Path, new: Path, packages: Mapping[str, Iterable[str]]) -> None:
    """Replace the prefix in packages' text files, and update the hashes in the packages' records.

    ``packages`` maps record names to text files. The records are edited in place, so ``tree`` must not share them with
    another prefix. Some have megabytes and only hashes change, so they are edited as text. A file that a user edited
    still differs from its recorded hash.
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
    """Replace the prefix ``old`` with ``new`` in these text files of ``tree``, and update pip's RECORD files.

    ``files`` are paths inside the tree (``/`` separators) that conda does not own.
    """
    changed = _rewrite(tree, old, new, files)
    if changed:
        _record(tree, {tree / inside for inside in changed})


def _rewrite(tree: Path, old: Path, new: Path, files: Iterable[str]) -> dict[str, tuple[bytes, bytes]]:
    """Replace ``old`` with ``new``, and return the old and new contents of the changed files by path.

    Only regular files inside ``tree`` are changed, not those outside by their path or behind a link: the records that
    name the files are untrusted. A new file replaces each one, so that its other hard links do not change.
    """
    # The prefix must not match the beginning of a longer name: /envs/tf is not in /envs/tf2.
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
    """Yield the paths inside ``tree`` of the files that are not in conda's records (``owned``)."""
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
    """Update the hashes and sizes in the RECORD files that list a changed file (PEP 376)."""
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
