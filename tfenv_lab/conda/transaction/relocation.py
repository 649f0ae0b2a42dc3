"""Replace the old prefix with the new one in text files: scripts of packages and pip, ``.pth`` files, notes.

A copy must not run the original environment through them. Packages declare which of their files contain the prefix. For
other files the rule is that of conda's own clone: the old prefix becomes the new one in every text file.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from ...disk import writes
from ...pypi import installed
from ..prefix.pypi import site_packages
from .staging import META

#: Number of first bytes that are searched for a zero byte; a file with one is not text.
_HEAD = 1024
#: Number of bytes that are read at once: data of users can have gigabytes.
PART = 1 << 20
#: Longest first line of a script that every Linux runs (``BINPRM_BUF_SIZE`` before 5.1).
_FIRST_LINE = 127
#: Path of a Python interpreter, without options.
_PYTHON = re.compile(rb"/.*/pythonw?[\d.]*t?")


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
                record = record.replace(before, after)
            writes.replace(place, record)


def rewrite(tree: Path, old: Path, new: Path, files: Iterable[str]) -> None:
    """Replace the prefix ``old`` with ``new`` in these text files of ``tree``, and update pip's RECORD files.

    ``files`` are paths inside the tree (``/`` separators) that conda does not own.
    """
    changed = _rewrite(tree, old, new, files)
    if changed:
        _record(tree, changed.keys())


def _rewrite(tree: Path, old: Path, new: Path, files: Iterable[str]) -> dict[str, tuple[bytes, bytes]]:
    """Replace ``old`` with ``new``, and return the old and new hashes of the changed files by path.

    Only regular files inside ``tree`` are changed, not those outside by their path or behind a link: the records that
    name the files are untrusted. A new file replaces each one, so that its other hard links do not change.
    """
    prefix = _Prefix(os.fsencode(old), os.fsencode(new))
    changed = {}
    folders: dict[Path, bool] = {}
    for inside in files:
        path = tree / inside
        if path.parent not in folders:
            folders[path.parent] = writes.is_within(path.parent, tree)
        if not folders[path.parent] or not path.is_file() or path.is_symlink():
            continue
        hashes = prefix.replace_in(path)
        if hashes is not None:
            changed[inside] = hashes
    return changed


class _Prefix:
    """The prefix ``old``, to be replaced with ``new`` in files of any size."""

    def __init__(self, old: bytes, new: bytes) -> None:
        # The prefix must not match the beginning of a longer name: /envs/tf is not in /envs/tf2.
        self._pattern = re.compile(re.escape(old) + rb"(?![\w.-])")
        self._old, self._new = old, new

    def replace_in(self, path: Path) -> tuple[bytes, bytes] | None:
        """Replace the prefix in a file; return the hashes before and after. None if it is not text or not changed."""
        with path.open("rb") as file:
            if b"\0" in file.read(_HEAD):
                return None
            file.seek(0)
            if not any(is_changed for _, _, is_changed in self._parts(file)):
                return None
            file.seek(0)
            before, after = hashlib.sha256(), hashlib.sha256()
            with writes.replacing(path) as target:
                is_first = True
                for part, replaced, _ in self._parts(file):
                    text = _runnable(replaced) if is_first else replaced
                    is_first = False
                    before.update(part)
                    after.update(text)
                    target.write(text)
        return before.hexdigest().encode(), after.hexdigest().encode()

    def _parts(self, file: BinaryIO) -> Iterator[tuple[bytes, bytes, bool]]:
        """Yield the parts of a file, each with its replacement and whether the prefix was replaced in it."""
        text = file.read(PART)
        while text:
            more = file.read(PART)
            # The prefix, or what follows it, may continue in the next part.
            end = len(text) - len(self._old) if more else len(text)
            pieces, done = [], 0
            for found in self._pattern.finditer(text):
                if found.start() >= end:
                    break
                pieces += [text[done : found.start()], self._new]
                done = found.end()
            end = max(end, done)
            yield text[:end], b"".join([*pieces, text[done:end]]), done > 0
            text = text[end:] + more


def _runnable(script: bytes) -> bytes:
    """Return a Python script so that it can be run although its path is too long, or has spaces, for a first line.

    A shell then runs Python with it. This is how pip and uv write such scripts (distlib's ``scripts.py``).
    """
    line, _, rest = script.partition(b"\n")
    program = line[2:].strip()
    is_plain = len(line) <= _FIRST_LINE and not re.search(rb"\s", program)
    if not line.startswith(b"#!/") or not _PYTHON.fullmatch(program) or is_plain or b"'" in program:
        return script
    return b"#!/bin/sh\n'''exec' '" + program + b"' \"$0\" \"$@\"\n' '''\n" + rest


def _record(tree: Path, changed: Collection[str]) -> None:
    """Update the hashes and sizes in the RECORD files that list a changed file (PEP 376)."""
    folder = site_packages(tree)
    names = [os.fsencode(path.rpartition("/")[2]) for path in changed]
    for dist_info in installed.dist_infos(folder).values() if folder else ():
        with contextlib.suppress(OSError):
            text = (dist_info / "RECORD").read_bytes()
            if any(name in text for name in names):
                installed.update_record(tree, dist_info, changed=changed)
