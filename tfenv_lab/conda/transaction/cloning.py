"""Copy a prefix with hard links."""

# Paths are strings because tens of thousands of them are linked in a second.
# ruff: noqa: PTH101, PTH102, PTH114, PTH115, PTH116, PTH117, PTH120, PTH211
from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from ...disk import faults
from ..prefix.records import stem_of
from .staging import MARK, META

#: Options for hard-linking a symbolic link itself and not its target, as Windows does by default.
_ITSELF = {"follow_symlinks": False} if os.link in os.supports_follow_symlinks else {}
#: What the owner of a directory may do with it while the tree is built.
_OPEN = stat.S_IRWXU
#: Nanoseconds within which a file system may give two changes the same time (network file systems count in seconds).
_GRAIN = 2_000_000_000


@dataclass
class Snapshot:
    """State of the files that conda does not own when a prefix was cloned, by path inside it (``/`` separators).

    ``files`` has their inodes and modification times (ns). ``folders`` has the directories' modification times, or -1
    if a later change in the directory might not change its time.
    """

    files: dict[str, tuple[int, int]] = field(default_factory=dict)
    folders: dict[str, int] = field(default_factory=dict)


def is_kept(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a file or a symbolic link; sockets and pipes are not copied."""
    return entry.is_file(follow_symlinks=False) or entry.is_symlink()


def _place(source: str, target: str) -> None:
    """Hard-link a file or symbolic link, or copy it if it cannot be linked."""
    try:
        os.link(source, target, **_ITSELF)
    except OSError as error:
        if error.errno not in faults.CANNOT_LINK:
            raise
        shutil.copy2(source, target, follow_symlinks=False)


class Placing:
    """Puts files of the prefix ``old`` into a tree that will be moved to ``new``."""

    def __init__(self, old: Path, new: Path) -> None:
        self._old, self._new = os.fspath(old), os.fspath(new)
        self._names = () if old == new else tuple(dict.fromkeys((self._old, os.path.realpath(old))))

    def place(self, source: str, target: str, inside: str) -> None:
        """Link or copy the file or symbolic link at ``inside``, a path in the prefix (``/`` separators)."""
        link = self._retargeted(source, inside) if self._names and os.path.islink(source) else None
        if link is None:
            _place(source, target)
        else:
            os.symlink(link, target)

    def _retargeted(self, source: str, inside: str) -> str | None:
        """Return the new target of a symbolic link that names the old prefix, or None if it stays as it is.

        It names the prefix by an absolute path, or by a relative one that leaves the prefix and comes back.
        """
        link, folder = os.readlink(source), os.path.dirname(inside)
        if not os.path.isabs(link) and _stays_inside(folder, link):
            return None
        full = os.path.normpath(f"{self._old}/{folder}/{link}" if not os.path.isabs(link) else link)
        for name in self._names:
            if full == name or full.startswith(name + os.sep):
                there = self._new + full[len(name) :]
                return there if os.path.isabs(link) else os.path.relpath(there, f"{self._new}/{folder}")
        return None


def _stays_inside(folder: str, link: str) -> bool:
    """Return whether no part of a relative link, seen from a directory of the prefix, leaves the prefix."""
    depth = len([part for part in folder.split("/") if part])
    for part in link.split("/"):
        depth += -1 if part == ".." else 0 if part in ("", ".") else 1
        if depth < 0:
            return False
    return True


class ClonedTree:
    """Copy of a prefix with hard links, made in two steps: before packages are linked into it, and meanwhile.

    The tree will be moved to ``prefix``: links that name ``source`` lead into ``prefix`` then. ``named`` is the prefix
    that they name if ``source`` is where an environment was set aside.

    ``without`` are the files and directories of ``source`` to leave out, as paths inside it (``/`` separators). Their
    bytecode, and the directories that contain nothing else, are left out too. ``owned`` are the files that conda's
    records list. In this class a directory is a path that ends with ``/``; the prefix itself is the empty path.
    """

    def __init__(
        self,
        source: Path,
        target: Path,
        without: Collection[str] = (),
        owned: Collection[str] = (),
        prefix: Path | None = None,
        named: Path | None = None,
    ) -> None:
        self._placing = Placing(named or source, prefix or source)
        self._source, self._target = f"{source}{os.sep}", f"{target}{os.sep}"
        self._without, self._owned = without, owned
        self._folders: list[tuple[str, os.stat_result, list[os.DirEntry[str]]]] = []
        self._made: dict[str, os.stat_result] = {}
        self._snapshot = Snapshot()
        self._plain = 0

    def begin(self) -> None:
        """Create the tree with its records, symbolic links and empty directories.

        The records are copied because they are edited in place. Symbolic links come first, so that files behind a link
        to a directory go to its target and do not replace the link. Empty directories come first, so that a package can
        replace one by a file.
        """
        with contextlib.suppress(FileExistsError):
            os.mkdir(self._target)
        status = os.stat(self._target)
        self._plain = stat.S_IMODE(status.st_mode)
        self._copy_records()
        # By the file system's clock, a directory that changed so recently can change again without a new time.
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
            if not entries:
                with contextlib.suppress(FileNotFoundError):  # deleted just now
                    self._make(folder, status)

    def complete(self, done: Callable[[int], None] = lambda files: None) -> Snapshot:
        """Hard-link all other files, and give the directories their modes and times.

        Packages may be linked into the tree meanwhile. So files that are already there stay, and each directory is
        writable until ``close``. ``done`` is called for each directory with the number of linked files. Returns the
        snapshot of the files that are not ``owned``.
        """
        for folder, status, entries in self._folders:
            files = [entry for entry in entries if entry.is_file(follow_symlinks=False)]
            done(sum(self._add(folder, status, entry) for entry in files))
        for folder, status in self._made.items():
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):  # a package has a file there
                _like(status, self._source + folder, self._target + folder, self._plain)
        return self._snapshot

    def close(self) -> None:
        """Take away the permission to write to directories that were not writable; nothing is added after that."""
        for folder, status in self._made.items():
            mode = stat.S_IMODE(status.st_mode)
            if mode | _OPEN != mode:
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    os.chmod(self._target + folder, mode)

    def _copy_records(self) -> None:
        source, target = Path(self._source), Path(self._target)
        for here, folders, names in os.walk(source / META):
            place = Path(here).relative_to(source)
            folders[:] = [name for name in folders if (place / name).as_posix() not in self._without]
            (target / place).mkdir()
            for name in names:
                # Later writes must not go through a link, so a record that is a link becomes a file.
                here_is_link = (source / place / name).is_symlink()
                if (place / name).as_posix() in self._without or (here_is_link and name == "history"):
                    continue
                is_record = stem_of(name) is not None
                shutil.copy2(source / place / name, target / place / name, follow_symlinks=is_record)
            shutil.copystat(source / place, target / place)
            (target / place).chmod(stat.S_IMODE((target / place).stat().st_mode) | _OPEN)

    def _add(self, folder: str, status: os.stat_result, entry: os.DirEntry[str]) -> bool:
        """Link a file or symbolic link unless it is left out; return whether it was linked."""
        inside = folder + entry.name
        try:
            if inside not in self._owned and not _is_cache(folder):
                own = entry.stat(follow_symlinks=False)
                self._snapshot.files[inside] = (own.st_ino, own.st_mtime_ns)
            if self._is_left_out(inside):
                return False
            self._make(folder, status)
            self._placing.place(entry.path, self._target + inside, inside)
        except FileExistsError:
            return False  # a package's file was linked meanwhile
        except FileNotFoundError:
            if os.path.lexists(entry.path):
                raise
            return False  # deleted just now
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
        # Bytecode without its source would keep a directory importable, or would run instead of a newer source with
        # the same size and time (reproducible builds).
        folder, _, name = inside.rpartition("__pycache__/")
        return inside in self._without or f"{folder}{name.split('.', 1)[0]}.py" in self._without


def _is_apart(name: str) -> bool:
    """Return whether an entry of a prefix is not cloned with the others: conda's records, and our own files."""
    return name == META or name.startswith(MARK)


def _is_cache(folder: str) -> bool:
    return folder.endswith("__pycache__/")


def _like(status: os.stat_result, here: str, there: str, plain: int) -> None:
    """Copy mode, times and extended attributes from ``here`` to the new directory ``there`` with the mode ``plain``."""
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):
            for name in os.listxattr(here):
                os.setxattr(there, name, os.getxattr(here, name))
    os.utime(there, ns=(status.st_atime_ns, status.st_mtime_ns))
    mode = stat.S_IMODE(status.st_mode) | _OPEN
    if mode != plain:
        os.chmod(there, mode)
