"""Carry over what users change in a prefix while its new tree is prepared, and in the last moment before the swap."""

# Paths are strings because tens of thousands of them are compared.
# ruff: noqa: PTH116
from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Callable, Collection
from pathlib import Path

from .cloning import Placing, Snapshot, is_kept
from .staging import MARK, META

#: Inode and modification time of a file, or None if there is none.
_Mark = tuple[int, int]


def carry_over(
    tree: Path,
    staged: Path,
    snapshot: Snapshot,
    owned: Collection[str],
    new: Path | None = None,
    named: Path | None = None,
) -> list[str]:
    """Carry over to ``staged`` what users changed in ``tree`` since ``snapshot``, except conda's own files.

    A notebook that was saved or a package that pip installed during the preparation must not be lost with the old tree.
    ``owned`` are the paths (``/`` separators) in conda's records, before and after the change. ``named`` is the prefix
    that links in the tree name, if it is not ``tree``, and ``new`` the one that they name then. Returns the paths that
    were carried over, and brings the snapshot up to date.
    """
    brought = []
    placing = Placing(named or tree, new or tree)

    def bring(inside: str, _before: _Mark | None) -> None:
        target = staged / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):  # deleted just now
            placing.place(f"{tree}{os.sep}{inside}", os.fspath(target), inside)
            brought.append(inside)

    def drop(inside: str, _before: _Mark) -> None:
        (staged / inside).unlink(missing_ok=True)

    _compare(tree, snapshot, owned, bring, drop)
    return brought


def rescue(
    old: Path, prefix: Path, snapshot: Snapshot, owned: Collection[str], before: Path | None = None
) -> list[str]:
    """Bring to ``prefix`` what users wrote between ``carry_over`` and the swap, which is in the tree ``old`` now.

    ``snapshot`` is that of ``carry_over``. Users write to the new tree meanwhile, so a file that they changed there
    later stays. ``before`` is the old prefix of a renamed environment. Returns the paths that were brought.
    """
    brought = []
    placing = Placing(before or prefix, prefix)

    def bring(inside: str, known: _Mark | None) -> None:
        target = prefix / inside
        fresh = target.with_name(f"{MARK}{secrets.token_hex(8)}")
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # deleted just now
            placing.place(f"{old}{os.sep}{inside}", os.fspath(fresh), inside)
            if _is_older(target, fresh, known):
                fresh.replace(target)
                brought.append(inside)
            else:
                fresh.unlink()

    def drop(inside: str, known: _Mark) -> None:
        mark = _mark(prefix / inside)
        if mark is not None and mark[1] == known[1]:
            (prefix / inside).unlink(missing_ok=True)

    _compare(old, snapshot, owned, bring, drop)
    return brought


def _is_older(target: Path, fresh: Path, known: _Mark | None) -> bool:
    """Return whether ``fresh`` may replace a file: it is as it was when the snapshot was made, or older."""
    there, here = _mark(target), _mark(fresh)
    if there is None or here is None:
        return here is not None and not os.path.lexists(target)
    if there[0] == here[0]:
        return False  # the same file by a hard link
    return (known is not None and there[1] == known[1]) or there[1] < here[1]


def _mark(path: Path | str) -> _Mark | None:
    """Return the mark of a file or link; None if it is missing or a directory."""
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return None if stat.S_ISDIR(status.st_mode) else (status.st_ino, status.st_mtime_ns)


def _compare(
    tree: Path,
    snapshot: Snapshot,
    owned: Collection[str],
    bring: Callable[[str, _Mark | None], None],
    drop: Callable[[str, _Mark], None],
) -> None:
    """Call ``bring`` for each file that changed in ``tree`` since the snapshot, and ``drop`` for each that is gone.

    The snapshot is then that of this comparison. Whatever was changed counts as changing, so it is looked at each time:
    the time of a directory may stay the same if it changes again at once.
    """
    root = f"{tree}{os.sep}"

    def look(beginning: str) -> None:
        """Bring what is new in a directory."""
        snapshot.folders[beginning] = -1
        with contextlib.suppress(FileNotFoundError), os.scandir(root + beginning) as entries:
            for entry in entries:
                inside = beginning + entry.name
                if inside.startswith(MARK) or inside == META or entry.name == "__pycache__":
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if f"{inside}/" not in snapshot.folders:
                        look(f"{inside}/")
                elif (inside not in owned and inside not in snapshot.files) and is_kept(entry):
                    mark = _mark(entry.path)
                    bring(inside, None)
                    if mark is not None:
                        snapshot.files[inside] = mark

    for inside, known in list(snapshot.files.items()):
        if inside in owned:
            continue
        mark = _mark(root + inside)
        if mark is None:
            drop(inside, known)
            del snapshot.files[inside]
        elif mark != known:
            bring(inside, known)
            snapshot.files[inside] = mark
    for folder, time in list(snapshot.folders.items()):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if os.stat(root + folder).st_mtime_ns != time:
                look(folder)
