"""What went wrong in a transaction, in words: the bindings raise bare exceptions whose text is all there is."""

from __future__ import annotations

import errno
import re

from ...errors import ChannelUnreachable, JobFailed, NoSpace, TfenvError
from .package_paths import refusal, shown

_DOWNLOAD = re.compile(
    r"error sending request|failed to fetch|could not fetch|HTTP status|status code|dns error|connection|"
    r"failed to download|download",
    re.IGNORECASE,
)
_MISSING = re.compile(r"No such file or directory|os error 2\b")
#: What rattler says of a member of an archive that leads out of the folder it is unpacked into.
_UNPACKED = re.compile(
    r"failed to unpack `(?P<path>[^`]+)`: "
    r"(?P<is_outside>trying to unpack outside|hard link source escapes)?(?P<is_missing>No such file or directory)?"
)
_FETCHED = re.compile(r"failed to fetch (?P<name>\S+?)(\.conda|\.tar\.bz2)\b")
_HASH = re.compile(r"hash|checksum|sha256|md5", re.IGNORECASE)


def translate(error: Exception) -> TfenvError:
    """Return the domain error for whatever ended a transaction; the original text becomes the details."""
    if isinstance(error, TfenvError):
        return error
    chain: list[str] = []
    current: BaseException | None = error
    while current is not None:
        chain.append(str(current) or type(current).__name__)
        current = current.__cause__ or current.__context__
    text = "\n".join(dict.fromkeys(chain))
    if (
        getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        or "os error 28" in text
        or "No space left" in text
    ):
        return NoSpace("The disk is full; nothing was changed.", text)
    if getattr(error, "errno", None) in (errno.EACCES, errno.EPERM, errno.EROFS):
        return JobFailed("The folder of this environment cannot be written.", text)
    package, member = _FETCHED.search(text), _UNPACKED.search(text)
    if package and member and (member["is_outside"] or member["is_missing"]):
        what = "would be written outside the environment" if member["is_outside"] else "is a link to no file of it"
        return refusal(package["name"], f"its file “{shown(member['path'])}” {what}", text)
    if _HASH.search(text) and "mismatch" in text.lower():
        return JobFailed("A downloaded package is not what the channel promised; nothing was changed.", text)
    if _DOWNLOAD.search(text) or _MISSING.search(text):
        return ChannelUnreachable("A package could not be downloaded; nothing was changed.", text)
    return JobFailed("The packages could not be installed; nothing was changed.", text)
