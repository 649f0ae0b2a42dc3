"""Directories beside a prefix, or inside one that cannot be replaced: where changes are built, what is left to collect.

Everything of ours is named ``.tfenv-<role>-<id>-<name>`` (role ``new`` or ``old``), so that it
can be told from what belongs to anybody else. ``new`` holds an environment being built, ``old`` one that was replaced
or removed and waits to be deleted.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

MARK = ".tfenv-"
#: In these places inside a prefix, files are rewritten where they lie: a clone must not share them.
COPIED = ("conda-meta",)


def real(prefix: Path) -> Path:
    """Return the directory of a prefix: what it leads to where it is a symbolic link itself."""
    return prefix.resolve() if prefix.is_symlink() else prefix


def is_fixed(prefix: Path) -> bool:
    """Tell whether an existing prefix cannot be replaced as a whole: a mount point, or a parent not to be written."""
    place = real(prefix)
    return place.is_dir() and (os.path.ismount(place) or not os.access(place.parent, os.W_OK | os.X_OK))


def home(prefix: Path) -> Path:
    """Return the directory that holds what is ours of a prefix: the one beside it, or itself where that cannot be."""
    return real(prefix) if is_fixed(prefix) else real(prefix).parent


def staging_path(prefix: Path, token: str) -> Path:
    """Return where the environment that will become ``prefix`` is built by the job ``token``."""
    return home(prefix) / f"{MARK}new-{token}-{real(prefix).name}"


def trash_path(prefix: Path, token: str) -> Path:
    """Return where what ``prefix`` held is put before it is deleted."""
    return home(prefix) / f"{MARK}old-{token}-{real(prefix).name}"


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
            if inside.startswith(MARK):
                continue
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
                if inside.startswith(MARK):
                    continue
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


def leftovers(prefixes: Iterable[Path]) -> set[tuple[str, Path]]:
    """Return ``(token, prefix)`` of everything of this user's that jobs left beside or inside of prefixes."""
    found = set()
    for folder in {home(prefix) for prefix in prefixes}:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            parts = entry.name[len(MARK) :].split("-", 2)
            if not entry.name.startswith(MARK) or len(parts) != 3 or parts[0] not in ("new", "old"):
                continue
            if hasattr(os, "getuid") and entry.stat(follow_symlinks=False).st_uid != os.getuid():
                continue
            inside = folder.name == parts[2] and is_fixed(folder)
            found.add((parts[1], folder if inside else folder / parts[2]))
    return found
