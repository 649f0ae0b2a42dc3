"""Directories beside a prefix: where a change is built, how it takes the prefix's place, and what is left to collect.

Everything of ours beside a prefix is named ``.tfenv-<role>-<id>-<name>`` (role ``new`` or ``old``), so that it
can be told from what belongs to anybody else. ``new`` holds an environment being built, ``old`` one that was replaced
or removed and waits to be deleted.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

MARK = ".tfenv-"
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # linux/fs.h
_RENAME_SWAP = 2  # macOS sys/stdio.h

#: How a system says that it cannot exchange directories, or that this file system cannot.
CANNOT_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)

#: In these places inside a prefix, files are rewritten where they lie: a clone must not share them.
COPIED = ("conda-meta",)


def staging_path(prefix: Path, token: str) -> Path:
    """Return where the environment that will become ``prefix`` is built by the job ``token``."""
    return prefix.parent / f"{MARK}new-{token}-{prefix.name}"


def trash_path(prefix: Path, token: str) -> Path:
    """Return where what ``prefix`` held is put before it is deleted."""
    return prefix.parent / f"{MARK}old-{token}-{prefix.name}"


def _rename2(first: Path, second: Path) -> None:
    """Exchange two directories in one step, or raise OSError (ENOSYS where the system cannot)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin":
        call, arguments = (
            getattr(libc, "renamex_np", None),
            (os.fsencode(first), os.fsencode(second), _RENAME_SWAP),
        )
    else:
        call = getattr(libc, "renameat2", None)
        arguments = (_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE)
    if call is None:
        raise OSError(errno.ENOSYS, "this system cannot exchange two directories")
    if call(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(first), None, str(second))


def exchange(staged: Path, prefix: Path) -> None:
    """Let two directories change places in one atomic system call, or raise OSError where the system cannot."""
    if sys.platform == "win32":
        raise OSError(errno.ENOSYS, "this system cannot exchange two directories")
    _rename2(staged, prefix)


def swap(staged: Path, prefix: Path, trash: Path) -> None:
    """Put ``staged`` in the place of ``prefix``, whose tree becomes ``trash``.

    Where directories cannot be exchanged (Windows, some network file systems) there are two renames instead. A process
    that dies between them leaves no prefix, and both trees under names that tell ``mend`` what to do.
    """
    try:
        exchange(staged, prefix)
    except OSError as error:
        if error.errno not in CANNOT_EXCHANGE:
            raise
    else:
        staged.rename(trash)
        return
    prefix.rename(trash)
    try:
        staged.rename(prefix)
    except OSError:
        trash.rename(prefix)
        raise


def mend(staged: Path, prefix: Path, trash: Path) -> None:
    """Finish a swap that ended between its two renames; nothing happens where there was none."""
    if not prefix.exists() and not prefix.is_symlink() and trash.is_dir():
        (staged if staged.is_dir() else trash).rename(prefix)


@dataclass
class Snapshot:
    """What a clone was made from: inode and modification time (ns) of every file, by path inside the prefix."""

    files: dict[str, tuple[int, int]] = field(default_factory=dict)


def _place(entry: os.DirEntry[str], target: str, share: bool) -> None:
    """Hard-link one file, or copy it where it must not or cannot be shared."""
    if share:
        try:
            os.link(entry.path, target, follow_symlinks=False)
        except OSError as error:
            # Other device, file system without links, too many links, or a file we may read but not link.
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES):
                raise
        else:
            return
    shutil.copy2(entry.path, target, follow_symlinks=False)


def clone(source: Path, target: Path, without: Collection[str] = ()) -> Snapshot:
    """Copy the tree ``source`` to the new directory ``target``, sharing file contents by hard links.

    Symbolic links stay links, modes and times are kept, and what is edited in place (``COPIED``) is copied.
    ``without`` are paths inside the tree (``/`` separators) that are left out, with their bytecode and the directories
    that held nothing else. Returns what was seen.
    """
    snapshot = Snapshot()
    files = snapshot.files
    root = os.fspath(source)
    start = len(root) + 1

    def left_out(inside: str) -> bool:
        if not inside.endswith(".pyc"):
            return inside in without
        # Bytecode that outlived its source would keep a directory importable, or run in place of a newer source
        # of the same size and time (reproducible builds).
        folder, _, name = inside.rpartition("__pycache__/")
        return inside in without or f"{folder}{name.split('.', 1)[0]}.py" in without

    def walk(here: str, there: str, share: bool, make_parent: Callable[[], None]) -> None:
        made = False

        def make() -> None:
            nonlocal made
            if not made:
                make_parent()
                Path(there).mkdir()
                made = True

        with os.scandir(here) as found:
            entries = list(found)
        for entry in entries:
            inside, destination = entry.path[start:], f"{there}{os.sep}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                walk(entry.path, destination, share and inside not in COPIED, make)
                continue
            skipped = left_out(inside.replace(os.sep, "/"))
            if not skipped:
                make()
            if entry.is_symlink():
                if not skipped:
                    Path(destination).symlink_to(Path(entry.path).readlink())
            elif entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                files[inside] = (status.st_ino, status.st_mtime_ns)
                if not skipped:
                    _place(entry, destination, share)
            # Sockets and pipes are not part of an environment.
        if not entries:
            make()
        if made:
            shutil.copystat(here, there)

    walk(root, os.fspath(target), True, lambda: None)
    target.mkdir(exist_ok=True)
    return snapshot


def carry_over(prefix: Path, staged: Path, snapshot: Snapshot, owned: set[str]) -> None:
    """Bring into ``staged`` what people changed in ``prefix`` since ``snapshot``, conda's own files excepted.

    A notebook saved or a package installed by pip while a change is being prepared must not be lost with the
    old tree. ``owned`` are the paths (``/`` separators) that conda's records claim, before and after.
    """
    root = len(os.fspath(prefix)) + 1
    seen: set[str] = set()

    def walk(here: str) -> None:
        with os.scandir(here) as entries:
            for entry in entries:
                inside = entry.path[root:]
                if entry.is_dir(follow_symlinks=False):
                    if inside != "conda-meta" and entry.name != "__pycache__":
                        walk(entry.path)
                    continue
                seen.add(inside)
                if entry.is_symlink() or inside.replace(os.sep, "/") in owned:
                    continue
                status = entry.stat(follow_symlinks=False)
                if snapshot.files.get(inside) != (status.st_ino, status.st_mtime_ns):
                    target = staged / inside
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.unlink(missing_ok=True)
                    _place(entry, os.fspath(target), share=True)

    walk(os.fspath(prefix))
    for inside in snapshot.files.keys() - seen:
        normal = inside.replace(os.sep, "/")
        if normal not in owned and not normal.startswith("conda-meta/") and "__pycache__/" not in normal:
            (staged / inside).unlink(missing_ok=True)


def discard(path: Path) -> None:
    """Delete a tree of ours, whatever its permissions; nothing happens where it is gone already."""

    def retry(function: Callable[..., object], name: str, _info: object) -> None:
        # A read-only directory inside the tree refuses the removal of its entries.
        parent = Path(name).parent
        for place in (parent, Path(name)):
            if place.exists() and not place.is_symlink():
                place.chmod(place.stat().st_mode | 0o700)
        if Path(name).exists() or Path(name).is_symlink():
            function(name)

    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path, onerror=retry)


def leftovers(folder: Path) -> list[tuple[Path, str, str]]:
    """Return ``(path, token, name of the prefix)`` for every directory of ours in ``folder`` owned by this user."""
    found = []
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return []
    for entry in entries:
        parts = entry.name[len(MARK) :].split("-", 2)
        if not entry.name.startswith(MARK) or len(parts) != 3 or parts[0] not in ("new", "old"):
            continue
        if hasattr(os, "getuid") and entry.stat(follow_symlinks=False).st_uid != os.getuid():
            continue
        found.append((Path(entry.path), parts[1], parts[2]))
    return found
