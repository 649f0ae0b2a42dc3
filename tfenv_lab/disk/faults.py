"""Say why a directory cannot be used, and turn the operating system's errors into sentences that name the path."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import sys
from pathlib import Path

from ..errors import NoSpace, TfenvError, TooManyFiles, UnusableDirectory
from ..sentences import joined, megabytes, say
from . import space

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
_FILES = (errno.EMFILE, errno.ENFILE)
#: What rattler, uv, pip and other programs say of errors of the operating system.
_NUMBER = re.compile(rf"{'Errno' if sys.platform == 'win32' else '(?:os error|Errno)'} (?P<number>\d+)\b")
_PHRASES = {
    "no space left": errno.ENOSPC,
    # Windows
    "os error 112": errno.ENOSPC,
    "quota exceeded": errno.EDQUOT,
    "input/output error": errno.EIO,
    "read-only file system": errno.EROFS,
    "too many open files": errno.EMFILE,
}
#: Paths that these programs name.
_PATH = re.compile(r"['\"`](/[^'\"`\n]+)['\"`]|(?<= to )(/[^\s:]+)(?=:)")
#: Free bytes below which a file system counts as full. If it has more, a quota or another limit was met.
_NEARLY_FULL = 100_000_000
#: What to do about a drive that does not work.
_DRIVES = {
    errno.EIO: say("The drive may be damaged or disconnected. Ask the administrator of this machine, then try again."),
    errno.EROFS: say("Make the file system writable, then try again. A system often makes it read-only after errors."),
}
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
        return say("{place} is a link to a directory that does not exist", place=place)
    if not os.path.isdir(place):  # noqa: PTH112 - as above
        return say("{place} is not a directory", place=place)
    if os.access(place, os.W_OK | os.X_OK):
        return None
    if has_mount_flag(place, "ST_RDONLY"):
        return say("{place} is on a read-only file system", place=place)
    return say(
        "{place} belongs to {owner}, and you do not have permission to write to it", place=place, owner=_owner(place)
    )


def fault_of_file(path: Path) -> str | None:
    """Return why an existing file cannot be written, as the end of a sentence, or None if it can."""
    if not os.path.lexists(path) or os.access(path, os.W_OK):
        return None
    return say(
        "{path} belongs to {owner}, and you do not have permission to write to it", path=path, owner=_owner(path)
    )


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
        return say("another user")
    if sys.platform == "win32" or owner == os.getuid():
        return "you"
    import pwd

    try:
        return say("the user {pw_name}", pw_name=pwd.getpwuid(owner).pw_name)
    except KeyError:
        return say("the user with the number {owner}", owner=owner)


def is_full(error: BaseException | str) -> bool:
    """Return whether an error, or what a program said, means that a disk or a quota is full."""
    return number(error) in _FULL


def number(error: BaseException | str) -> int | None:
    """Return the first of ``of_system``'s errors among an error, its causes and what a program said, or None."""
    found = []
    for each in [error] if isinstance(error, str) else chain(error):
        code = getattr(each, "errno", None)
        text = str(each)
        found += [code] if isinstance(code, int) else []
        found += [int(match["number"]) for match in _NUMBER.finditer(text)]
        found += [code for phrase, code in _PHRASES.items() if phrase in text.lower()]
    return next((code for code in (*_FULL[::-1], *_FILES, *_DRIVES) if code in found), None)


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
    path, text = _path(error), _text(error)
    place = f" ({path})" if path else ""
    if number(error) == errno.EDQUOT:
        hint = say("Delete files of yours or ask for a larger quota, then try again.")
        return NoSpace(joined(" ", (say("Your disk quota is used up{place}.", place=place), end)), text, hint)
    if path is not None and space.free_files(Path(path)) == 0:
        hint = say("Delete files on this file system, which limits their number, then try again.")
        return NoSpace(
            joined(" ", (say("The file system has no room for another file{place}.", place=place), end)), text, hint
        )
    free = space.free_bytes(Path(path)) if path is not None else None
    told = (
        say("{place}, {size} free)", place=place[:-1], size=megabytes(free))
        if free is not None and free < _NEARLY_FULL
        else place
    )
    return NoSpace(joined(" ", (say("The disk is full{told}.", told=told), end)), text)


def of_system(error: BaseException | str, end: str = "") -> TfenvError | None:
    """Return the domain error for an error that says more about a drive or the system than about our work, or None.

    These are full disks and quotas, drives that fail or have become read-only, and too many open files. ``error`` may
    be what a program said. ``end`` is a sentence that ends the message.
    """
    code = number(error)
    if code in _FULL:
        return no_space(error, end)
    if code in _FILES:
        return TooManyFiles(joined(" ", (say("There are too many open files."), end)), _text(error))
    if code is None:
        return None
    message = say(
        "{path} cannot be used: {strerror}.",
        path=_path(error) or say("A directory"),
        strerror=os.strerror(code),
    )
    return UnusableDirectory(joined(" ", (message, end)), _text(error), _DRIVES[code])


def translated(error: OSError) -> TfenvError | None:
    """Return the domain error for an error that the directories of a user or administrator cause, or None."""
    if is_full(error):
        return no_space(error)
    if error.errno not in _OF_THE_PLACE or error.filename is None:
        return of_system(error)
    # A rename has two paths, and both of their directories must be writable.
    paths = [Path(os.fsdecode(name)) for name in (error.filename, error.filename2) if name is not None]
    path = next((path for path in paths if fault(path.parent)), paths[0])
    is_writable = len(paths) == 1 and os.path.lexists(path) and os.access(path, os.W_OK)
    reason = None if is_writable else fault(path.parent)
    return UnusableDirectory(
        say("{path} cannot be used: {reason}.", path=path, reason=reason or error.strerror),
        str(error),
        _DRIVES.get(error.errno or 0),
    )


def _text(error: BaseException | str) -> str:
    return error if isinstance(error, str) else "\n".join(dict.fromkeys(str(each) for each in chain(error)))


def _path(error: BaseException | str) -> str | None:
    """Return the path that an error names."""
    if not isinstance(error, str):
        for each in chain(error):
            if isinstance(each, OSError) and each.filename is not None:
                return os.fsdecode(each.filename)
    named = _PATH.findall(_text(error))
    # The last one is in the cause.
    return next(filter(None, named[-1])) if named else None
