"""Measure trees of files that share files by hard links, and read again only what changed.

A file belongs to a tree alone if all its hard links are in the tree. The links of each file are known for all trees
together, so that a new copy of an environment changes the numbers of its original, whose files are not read again.
"""

from __future__ import annotations

import functools
import os
import stat
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..disk.reads import BoundedReads

#: Seconds that one tree may take; a TensorFlow environment takes 0.3 s on a local disk.
LIMIT = 60.0

#: Device and inode of a file.
Inode = tuple[int, int]


class Stopped(Exception):
    """Raised in the thread that reads trees after its caller has stopped waiting."""


class Root(NamedTuple):
    """A tree to measure. ``skip`` are directories in it that are trees themselves.

    ``is_fixed`` says that its files never change after it was created, as in a cache; its directories are then not
    looked at again.
    """

    path: str
    skip: frozenset[str] = frozenset()
    is_fixed: bool = False


@dataclass
class _Linked:
    """A file that may have several hard links: its bytes, and the number of links on the disk."""

    bytes: int
    links: int


@dataclass
class Tree:
    """What is known of a tree: ``single`` are the bytes of directories and files that cannot be shared unnoticed.

    ``here`` counts the links in the tree of every other file. ``marks`` are the modification time, size and, for a
    file, the number of links of the paths that show a change.
    """

    single: int = 0
    here: dict[Inode, int] = field(default_factory=dict)
    marks: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def is_missing(self) -> bool:
        """Whether there is no such directory."""
        return not self.marks


def allocated(status: os.stat_result) -> int:
    """Return the bytes that a file takes on the disk."""
    # POSIX counts blocks of 512 bytes; Windows has no block count.
    blocks = getattr(status, "st_blocks", None)
    return status.st_size if blocks is None else int(blocks) * 512


class Trees:
    """The trees that were measured; every call takes turns with those of other threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Root, Tree] = {}
        self._files: dict[Inode, _Linked] = {}
        self._scans: BoundedReads[Root, tuple[Tree, dict[Inode, _Linked]]] = BoundedReads(self._scan, LIMIT)
        self._looks: BoundedReads[Root, bool] = BoundedReads(self._is_unchanged)
        self._answers: BoundedReads[str, bool] = BoundedReads(os.path.lexists)
        self._stop = threading.Event()

    def look(self, roots: Collection[Root], stop: threading.Event | None = None) -> Measured:
        """Measure trees, and forget all others. Blocks; raises Stopped soon after ``stop`` is set.

        Directories are not followed to other file systems. What cannot be read, or does not answer in time, is not
        among the trees that are returned.
        """
        with self._lock:
            self._stop = stop or threading.Event()
            looks = self._looks.run(self._known.keys() & set(roots))
            unchanged = {root for root, found in looks.items() if found is True}
            for root in self._known.keys() - unchanged:
                # Before the others are read: what they say of a file's links is newer.
                self._forget(self._known.pop(root))
            # Reading a tree may take long, but a drive that does not answer at all is known soon.
            fresh = [root for root in roots if root not in unchanged]
            answers = self._answers.run([root.path for root in fresh])
            for root, found in self._scans.run([root for root in fresh if answers[root.path] is True]).items():
                if isinstance(found, Stopped):
                    raise found
                if isinstance(found, tuple) and not found[0].is_missing:
                    self._known[root] = found[0]
                    self._files.update(found[1])
            return Measured({root.path: self._known[root] for root in roots if root in self._known}, dict(self._files))

    def _forget(self, tree: Tree) -> None:
        for inode, links in tree.here.items():
            if inode in self._files:
                self._files[inode].links -= links
                if self._files[inode].links <= 0:
                    del self._files[inode]

    def _is_unchanged(self, root: Root) -> bool:
        return all(_mark(os.lstat(path)) == mark for path, mark in self._known[root].marks.items())

    def _scan(self, root: Root) -> tuple[Tree, dict[Inode, _Linked]]:
        stop = self._stop
        tree, files = Tree(), dict[Inode, _Linked]()
        try:
            top = os.lstat(root.path)
        except FileNotFoundError:
            return tree, files
        waiting = [(root.path, top)]
        while waiting:
            if stop.is_set():
                raise Stopped
            folder, status = waiting.pop()
            tree.single += allocated(status)
            if not (root.is_fixed and tree.marks):
                tree.marks[folder] = _mark(status)
            for entry, found in _entries(folder):
                if stat.S_ISDIR(found.st_mode):
                    if entry.path not in root.skip and found.st_dev == top.st_dev:
                        waiting.append((entry.path, found))
                elif found.st_nlink > 1 or root.is_fixed:
                    inode = (found.st_dev, found.st_ino)
                    files[inode] = _Linked(allocated(found), found.st_nlink)
                    tree.here[inode] = tree.here.get(inode, 0) + 1
                else:
                    tree.single += allocated(found)
                    tree.marks[entry.path] = _mark(found)
        return tree, files


def _entries(folder: str) -> list[tuple[os.DirEntry[str], os.stat_result]]:
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    found.append((entry, entry.stat(follow_symlinks=False)))
                except OSError:
                    continue
    except OSError:
        return []
    return found


def _mark(status: os.stat_result) -> tuple[int, ...]:
    # The links of a directory are its subdirectories, which are looked at themselves.
    is_folder = stat.S_ISDIR(status.st_mode)
    return (status.st_mtime_ns,) if is_folder else (status.st_mtime_ns, status.st_size, status.st_nlink)


@dataclass(frozen=True)
class Measured:
    """Trees by path, as they were measured together."""

    trees: Mapping[str, Tree]
    files: Mapping[Inode, _Linked]

    def __contains__(self, path: object) -> bool:
        return path in self.trees

    def own(self, paths: Iterable[str]) -> int:
        """Return the bytes that only these trees hold together: deleting them frees that much."""
        trees = [self.trees[path] for path in dict.fromkeys(paths) if path in self.trees]
        here = Counter[Inode]()
        for tree in trees:
            here.update(tree.here)
        linked = ((self.files[inode], links) for inode, links in here.items() if inode in self.files)
        return sum(tree.single for tree in trees) + sum(file.bytes for file, links in linked if links >= file.links)

    def total(self, paths: Iterable[str]) -> int:
        """Return the bytes of these trees, with each file counted once."""
        trees = [self.trees[path] for path in dict.fromkeys(paths) if path in self.trees]
        files = set[Inode]().union(*(tree.here for tree in trees))
        linked = (self.files[inode].bytes for inode in files if inode in self.files)
        return sum(tree.single for tree in trees) + sum(linked)

    @functools.cached_property
    def _known(self) -> Mapping[Inode, int]:
        """The links of each file in all trees together."""
        known = Counter[Inode]()
        for tree in self.trees.values():
            known.update(tree.here)
        return known

    def is_linked_outside(self, path: str) -> bool:
        """Return whether a file of a tree has a hard link in a place that was not measured."""
        here = self.trees[path].here
        if all(self.files[inode].links <= self._known[inode] for inode in here if inode in self.files):
            return False
        # The link may be gone since the tree was read, which changes nothing in it.
        return any(
            status.st_nlink > self._known.get((status.st_dev, status.st_ino), 0)
            for folder, _, _ in os.walk(path)
            for _, status in _entries(folder)
            if not stat.S_ISDIR(status.st_mode)
        )

    def is_linked_elsewhere(self, path: str, beside: Iterable[str] = ()) -> bool:
        """Return whether a file of a tree has a hard link outside the tree, and outside the trees ``beside``."""
        others = [self.trees[each].here for each in beside if each in self.trees]
        return any(
            links + sum(other.get(inode, 0) for other in others) < self.files[inode].links
            for inode, links in self.trees[path].here.items()
            if inode in self.files
        )
