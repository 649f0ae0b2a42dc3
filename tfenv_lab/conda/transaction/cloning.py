"""A prefix again, by hard links: what a change begins with, and what people do to the prefix meanwhile."""

# Paths stay text where tens of thousands of them are made in a second.
# ruff: noqa: PTH101, PTH102, PTH116
from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from ..prefix.records import stem_of
from .staging import MARK, META

#: A hard link is made to a symbolic link itself, which Windows does without being asked.
_ITSELF = {"follow_symlinks": False} if os.link in os.supports_follow_symlinks else {}
#: Nanoseconds between two changes that a file system may date alike (network file systems count in seconds).
_GRAIN = 2_000_000_000


@dataclass
class Snapshot:
    """What people had in a prefix when it was cloned, conda's own files excepted: by path inside it, with ``/``.

    ``files`` have their inode and modification time (ns), ``folders`` their modification time, or -1 where
    something may have come into one without another time.
    """

    files: dict[str, tuple[int, int]] = field(default_factory=dict)
    folders: dict[str, int] = field(default_factory=dict)


def _is_kept(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry that is no directory is part of an environment; sockets and pipes are not."""
    return entry.is_file(follow_symlinks=False) or entry.is_symlink()


def _place(source: str, target: str) -> None:
    """Hard-link one file or symbolic link, or copy it where it cannot be shared."""
    try:
        os.link(source, target, **_ITSELF)
    except OSError as error:
        # Other device, file system without links, too many links, or a file we may read but not link.
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES):
            raise
        shutil.copy2(source, target, follow_symlinks=False)


class ClonedTree:
    """A prefix again, in two steps: what must be there before packages are linked into it, and all the rest.

    ``without`` are files and folders of ``source``, as paths inside it (``/`` separators), that are left out: with
    their bytecode, and with the directories that held nothing else. ``owned`` are the files that conda's records
    claim. Inside, a folder is a path that ends with ``/``; that of the prefix itself is empty.
    """

    def __init__(
        self,
        source: Path,
        target: Path,
        without: Collection[str] = (),
        owned: Collection[str] = (),
    ) -> None:
        self._source, self._target = f"{source}{os.sep}", f"{target}{os.sep}"
        self._without, self._owned = without, owned
        self._folders: list[tuple[str, os.stat_result, list[os.DirEntry[str]]]] = []
        self._made: dict[str, os.stat_result] = {}
        self._snapshot = Snapshot()
        self._plain = 0

    def begin(self) -> None:
        """Make the tree, with its records and its symbolic links.

        Records are copied, as they are edited where they lie. Links come first so that what is linked behind one to a
        directory is laid there, not in its place.
        """
        with contextlib.suppress(FileExistsError):
            os.mkdir(self._target)
        status = os.stat(self._target)
        self._plain = stat.S_IMODE(status.st_mode)
        self._copy_records()
        # The file system's own time: a directory that changed since a moment before it may change again unnoticed.
        recent = status.st_mtime_ns - _GRAIN
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            try:
                status = os.stat(self._source + folder)
                with os.scandir(self._source + folder) as found:
                    entries = [entry for entry in found if folder or not _is_apart(entry.name)]
            except FileNotFoundError:
                continue
            self._folders.append((folder, status, entries))
            if not _is_cache(folder):
                self._snapshot.folders[folder] = status.st_mtime_ns if status.st_mtime_ns < recent else -1
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{folder}{entry.name}/")
                elif entry.is_symlink():
                    self._add(folder, status, entry)

    def complete(self, done: Callable[[int], None] = lambda files: None) -> Snapshot:
        """Make all the rest by hard links; modes and times are kept.

        What is in the tree already stays: packages may be linked into it meanwhile. ``done`` is told how many files
        were placed, for each directory. Returns what was seen of the files that are not ``owned``.
        """
        for folder, status, entries in self._folders:
            files = [entry for entry in entries if entry.is_file(follow_symlinks=False)]
            done(sum(self._add(folder, status, entry) for entry in files))
            if not entries:
                with contextlib.suppress(FileNotFoundError):  # deleted just now
                    self._make(folder, status)
        for folder, status in self._made.items():
            _like(status, self._source + folder, self._target + folder, self._plain)
        return self._snapshot

    def _copy_records(self) -> None:
        source, target = Path(self._source), Path(self._target)
        for here, folders, names in os.walk(source / META):
            place = Path(here).relative_to(source)
            folders[:] = [name for name in folders if (place / name).as_posix() not in self._without]
            (target / place).mkdir()
            for name in names:
                # What is written here later must not be written through a link: a record becomes a file.
                here_is_link = (source / place / name).is_symlink()
                if (place / name).as_posix() in self._without or (here_is_link and name == "history"):
                    continue
                is_record = stem_of(name) is not None
                shutil.copy2(source / place / name, target / place / name, follow_symlinks=is_record)
            shutil.copystat(source / place, target / place)

    def _add(self, folder: str, status: os.stat_result, entry: os.DirEntry[str]) -> bool:
        """Place a file or a symbolic link, unless it is left out; return whether it was."""
        inside = folder + entry.name
        try:
            if inside not in self._owned and not _is_cache(folder):
                own = entry.stat(follow_symlinks=False)
                self._snapshot.files[inside] = (own.st_ino, own.st_mtime_ns)
            if self._is_left_out(inside):
                return False
            self._make(folder, status)
            _place(entry.path, self._target + inside)
        except FileExistsError:
            return False  # a package's file that was linked meanwhile
        except FileNotFoundError:
            if os.path.lexists(entry.path):
                raise
            return False  # somebody deleted it just now
        return True

    def _make(self, folder: str, status: os.stat_result) -> None:
        if folder in self._made:
            return
        if folder:
            parent = folder[:-1].rpartition("/")[0]
            parent = f"{parent}/" if parent else ""
            if parent not in self._made:
                self._make(parent, os.stat(self._source + parent))
            with contextlib.suppress(FileExistsError):
                os.mkdir(self._target + folder)
        self._made[folder] = status

    def _is_left_out(self, inside: str) -> bool:
        if not inside.endswith(".pyc"):
            return inside in self._without
        # Bytecode that outlived its source would keep a directory importable, or run in place of a newer source
        # of the same size and time (reproducible builds).
        folder, _, name = inside.rpartition("__pycache__/")
        return inside in self._without or f"{folder}{name.split('.', 1)[0]}.py" in self._without


def _is_apart(name: str) -> bool:
    """Tell whether an entry of a prefix is not cloned with the rest: conda's records, and what is ours."""
    return name == META or name.startswith(MARK)


def _is_cache(folder: str) -> bool:
    return folder.endswith("__pycache__/")


def _like(status: os.stat_result, here: str, there: str, plain: int) -> None:
    """Give a new directory (its mode is ``plain`` so far) the mode, times and extended attributes of another."""
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):
            for name in os.listxattr(here):
                os.setxattr(there, name, os.getxattr(here, name))
    os.utime(there, ns=(status.st_atime_ns, status.st_mtime_ns))
    if stat.S_IMODE(status.st_mode) != plain:
        os.chmod(there, stat.S_IMODE(status.st_mode))


def carry_over(prefix: Path, staged: Path, snapshot: Snapshot, owned: Collection[str]) -> list[str]:
    """Bring into ``staged`` what people changed in ``prefix`` since ``snapshot``, conda's own files excepted.

    A notebook saved or a package installed by pip while a change is being prepared must not be lost with the
    old tree. ``owned`` are the paths (``/`` separators) that conda's records claim, before and after. Returns the
    paths that were brought.
    """
    brought = []
    root = f"{prefix}{os.sep}"

    def bring(inside: str) -> None:
        target = staged / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):  # deleted just now
            _place(root + inside, os.fspath(target))
            brought.append(inside)

    def look(beginning: str) -> None:
        """Bring what is new in a directory."""
        with contextlib.suppress(FileNotFoundError), os.scandir(root + beginning) as entries:
            for entry in entries:
                inside = beginning + entry.name
                if inside.startswith(MARK) or inside == META or entry.name == "__pycache__":
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if f"{inside}/" not in snapshot.folders:
                        look(f"{inside}/")
                elif (inside not in owned and inside not in snapshot.files) and _is_kept(entry):
                    bring(inside)

    for inside, mark in snapshot.files.items():
        if inside in owned:
            continue
        status = None
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            status = os.lstat(root + inside)
        if status is None or stat.S_ISDIR(status.st_mode):
            (staged / inside).unlink(missing_ok=True)
        elif (status.st_ino, status.st_mtime_ns) != mark:
            bring(inside)
    for folder, time in snapshot.folders.items():
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if os.stat(root + folder).st_mtime_ns != time:
                look(folder)
    return brought
