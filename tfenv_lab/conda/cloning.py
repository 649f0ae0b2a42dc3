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


def copy_records(source: Path, target: Path, without: Collection[str] = ()) -> None:
    """Copy ``conda-meta`` of the prefix ``source`` to the new tree ``target``; what is edited there is not shared.

    ``without`` are files and folders, as paths inside the prefix (``/`` separators), that are left out.
    """
    target.mkdir(exist_ok=True)
    for here, folders, names in os.walk(source / META):
        place = Path(here).relative_to(source)
        folders[:] = [name for name in folders if (place / name).as_posix() not in without]
        (target / place).mkdir()
        for name in names:
            if (place / name).as_posix() not in without:
                shutil.copy2(source / place / name, target / place / name, follow_symlinks=False)
        shutil.copystat(source / place, target / place)


def copy_links(source: Path, target: Path, without: Collection[str] = ()) -> None:
    """Give the new tree ``target`` the symbolic links of the prefix ``source``.

    They come before any package is linked: what lies behind a link to a directory is laid there, not in its place.
    """
    beginnings = [""]
    while beginnings:
        beginning = beginnings.pop()
        with contextlib.suppress(FileNotFoundError), os.scandir(f"{source}{os.sep}{beginning}") as entries:
            for entry in entries:
                inside = beginning + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if not inside.startswith(MARK) and inside != META:
                        beginnings.append(f"{inside}/")
                elif entry.is_symlink() and inside not in without:
                    (target / beginning).mkdir(parents=True, exist_ok=True)
                    _place(entry.path, f"{target}{os.sep}{inside}")


def clone(
    source: Path,
    target: Path,
    without: Collection[str] = (),
    owned: Collection[str] = (),
    done: Callable[[int], None] = lambda files: None,
) -> Snapshot:
    """Give the directory ``target`` the tree of the prefix ``source``, but for ``conda-meta``, by hard links.

    Symbolic links stay links, modes and times are kept. ``without`` are paths inside the tree (``/`` separators)
    that are left out, with their bytecode and the directories that held nothing else. What is in ``target`` already
    stays: packages may be linked into it meanwhile. ``done`` is told how many files were placed, for each directory.
    Returns what was seen of the files that are not ``owned``.
    """
    snapshot = Snapshot()
    target.mkdir(exist_ok=True)
    plain = stat.S_IMODE(target.stat().st_mode)
    #: The file system's own time: a directory that changed since a moment before it may change again unnoticed.
    recent = target.stat().st_mtime_ns - _GRAIN

    def left_out(inside: str) -> bool:
        if not inside.endswith(".pyc"):
            return inside in without
        # Bytecode that outlived its source would keep a directory importable, or run in place of a newer source
        # of the same size and time (reproducible builds).
        folder, _, name = inside.rpartition("__pycache__/")
        return inside in without or f"{folder}{name.split('.', 1)[0]}.py" in without

    def walk(here: str, there: str, beginning: str, make_parent: Callable[[], None]) -> None:
        made, placed = False, 0

        def make() -> None:
            nonlocal made
            if not made:
                make_parent()
                with contextlib.suppress(FileExistsError):
                    os.mkdir(there)
                made = True

        try:
            status = os.stat(here)
            with os.scandir(here) as found:
                entries = list(found)
        except FileNotFoundError:
            return
        seen = not beginning.endswith("__pycache__/")
        if seen:
            snapshot.folders[beginning] = status.st_mtime_ns if status.st_mtime_ns < recent else -1
        for entry in entries:
            inside, destination = beginning + entry.name, there + os.sep + entry.name
            if inside.startswith(MARK) or inside == META:
                continue
            if entry.is_dir(follow_symlinks=False):
                walk(entry.path, destination, f"{inside}/", make)
            elif _is_kept(entry):
                skipped = left_out(inside)
                try:
                    if seen and inside not in owned:
                        found_status = entry.stat(follow_symlinks=False)
                        snapshot.files[inside] = (found_status.st_ino, found_status.st_mtime_ns)
                    if not skipped:
                        make()
                        _place(entry.path, destination)
                        placed += 1
                except FileExistsError:
                    continue  # a package's file that was linked meanwhile
                except FileNotFoundError:
                    if os.path.lexists(entry.path):
                        raise  # not one that somebody deleted just now
        if not entries:
            make()
        if made:
            _like(status, here, there, plain)
            done(placed)

    walk(os.fspath(source), os.fspath(target), "", lambda: None)
    return snapshot


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
