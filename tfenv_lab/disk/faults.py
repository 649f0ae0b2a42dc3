"""Say why a directory cannot be used, and turn the operating system's errors into sentences that name the path."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import sys
from pathlib import Path

from ..errors import NoSpace, TfenvError, UnusableDirectory

#: Errors of a file system that cannot make a hard link: other devices, no links, too many links, no permission.
CANNOT_LINK = (
    errno.EXDEV,
    errno.EPERM,
    errno.EMLINK,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.ENOSYS,
    errno.EACCES,
    errno.EINVAL,
)
_FULL = (errno.ENOSPC, errno.EDQUOT)
#: What rattler, uv, pip and other programs say of these errors.
_FULL_TEXT = re.compile(
    rf"No space left|quota exceeded|os error ({errno.ENOSPC}|{errno.EDQUOT})\b|Errno ({errno.ENOSPC}|{errno.EDQUOT})\b",
    re.IGNORECASE,
)
_QUOTA_TEXT = re.compile(rf"quota exceeded|(os error|Errno) {errno.EDQUOT}\b", re.IGNORECASE)
#: Errors that have their cause in the directories of the user or the administrator.
_OF_THE_PLACE = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENOLCK,
    errno.EIO,
    getattr(errno, "ESTALE", errno.EIO),
)


def fault(folder: Path) -> str | None:
    """Return why no file can be written into a directory, as the end of a sentence, or None if it can.

    A directory that does not exist can be written if it can be created.
    """
    place = nearest(folder)
    if place.is_symlink() and not os.path.exists(place):  # noqa: PTH110 - Path.exists can raise an error
        return f"{place} is a link to a directory that does not exist"
    if not os.path.isdir(place):  # noqa: PTH112 - as above
        return f"{place} is not a directory"
    if os.access(place, os.W_OK | os.X_OK):
        return None
    if has_mount_flag(place, "ST_RDONLY"):
        return f"{place} is on a read-only file system"
    return f"{place} belongs to {_owner(place)}, and you do not have permission to write to it"


def fault_of_file(path: Path) -> str | None:
    """Return why an existing file cannot be written, as the end of a sentence, or None if it can."""
    if not os.path.lexists(path) or os.access(path, os.W_OK):
        return None
    return f"{path} belongs to {_owner(path)}, and you do not have permission to write to it"


def nearest(folder: Path) -> Path:
    """Return a directory, or the first of its parents that exists: a new directory would be created there."""
    return next((place for place in (folder, *folder.parents) if os.path.lexists(place)), folder)


def has_mount_flag(folder: Path, flag: str) -> bool:
    """Return whether the file system of a directory, which need not exist, has a flag such as ``ST_NOEXEC``."""
    for place in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            return bool(os.statvfs(place).f_flag & getattr(os, flag)) if hasattr(os, flag) else False
    return False


def can_link(source: Path, folder: Path) -> bool:
    """Return whether ``source``, or a file in it, can be hard-linked into ``folder``. Directories need not exist."""
    name = f".tfenv-probe-{secrets.token_hex(8)}"
    source, folder = nearest(source), nearest(folder)
    is_folder = source.is_dir()
    one, other = source / f"{name}-a" if is_folder else source, folder / f"{name}-b"
    try:
        if is_folder:
            one.touch()
    except OSError:
        return _is_one_device(source, folder)
    try:
        os.link(one, other)
    except OSError as error:
        # Without permission to write there, only the devices are known.
        return not os.access(folder, os.W_OK) and error.errno != errno.EXDEV
    finally:
        for path in (one, other) if is_folder else (other,):
            with contextlib.suppress(OSError):
                path.unlink()
    return True


def _is_one_device(one: Path, other: Path) -> bool:
    try:
        return os.stat(one).st_dev == os.stat(other).st_dev  # noqa: PTH116
    except OSError:
        return False


def _owner(path: Path) -> str:
    try:
        owner = path.stat().st_uid
    except OSError:
        return "another user"
    if sys.platform == "win32" or owner == os.getuid():
        return "you"
    import pwd

    try:
        return f"the user {pwd.getpwuid(owner).pw_name}"
    except KeyError:
        return f"the user with the number {owner}"


def is_full(error: BaseException | str) -> bool:
    """Return whether an error, or what a program said, means that a disk or a quota is full."""
    if isinstance(error, str):
        return bool(_FULL_TEXT.search(error))
    return any(getattr(each, "errno", None) in _FULL or _FULL_TEXT.search(str(each)) for each in chain(error))


def chain(error: BaseException) -> list[BaseException]:
    """Return an error and its causes."""
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in found:
        found.append(current)
        current = current.__cause__ or current.__context__
    return found


def no_space(error: BaseException | str, end: str = "") -> NoSpace:
    """Return the domain error for a full disk or quota. ``end`` is a sentence that ends the message."""
    errors = [] if isinstance(error, str) else chain(error)
    text = error if isinstance(error, str) else "\n".join(dict.fromkeys(map(str, errors)))
    path = next((str(e.filename) for e in errors if isinstance(e, OSError) and e.filename and e.errno in _FULL), None)
    if _QUOTA_TEXT.search(text) or any(getattr(each, "errno", None) == errno.EDQUOT for each in errors):
        message, hint = "Your disk quota is used up", "Delete files of yours or ask for a larger quota, then try again."
    else:
        message, hint = "The disk is full", None
    return NoSpace(f"{message}{f' ({path})' if path else ''}. {end}".strip(), text, hint)


def translated(error: OSError) -> TfenvError | None:
    """Return the domain error for an error that the directories of a user or administrator cause, or None."""
    if is_full(error):
        return no_space(error)
    if error.errno not in _OF_THE_PLACE or error.filename is None:
        return None
    # A rename has two paths, and both of their directories must be writable.
    paths = [Path(os.fsdecode(name)) for name in (error.filename, error.filename2) if name is not None]
    path = next((path for path in paths if fault(path.parent)), paths[0])
    is_writable = len(paths) == 1 and os.path.lexists(path) and os.access(path, os.W_OK)
    reason = None if is_writable else fault(path.parent)
    return UnusableDirectory(f"{path} cannot be used: {reason or error.strerror}.", str(error))
