"""Translate a transaction's exceptions into domain errors; rattler's exceptions have only their text to go by."""

from __future__ import annotations

import errno
import re

from ...errors import ChannelUnreachable, JobFailed, NoSpace, TfenvError
from .package_rules import refusal, shown

_DOWNLOAD = re.compile(
    r"error sending request|failed to fetch|could not fetch|HTTP status|status code|dns error|connection|"
    r"failed to download|download",
    re.IGNORECASE,
)
_MISSING = re.compile(r"No such file or directory|os error 2\b")
#: rattler's message for an archive member that would be unpacked outside its directory.
_UNPACKED = re.compile(
    r"failed to unpack `(?P<path>[^`]+)`: "
    r"(?P<is_outside>trying to unpack outside|hard link source escapes)?(?P<is_missing>No such file or directory)?"
)
_FETCHED = re.compile(r"failed to fetch (?P<name>\S+?)(\.conda|\.tar\.bz2)\b")
_HASH = re.compile(r"hash|checksum|sha256|md5", re.IGNORECASE)


def translate(error: Exception) -> TfenvError:
    """Return the domain error for an exception from a transaction; the original text becomes the details."""
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
        return NoSpace("The disk is full. Nothing was changed.", text)
    if getattr(error, "errno", None) in (errno.EACCES, errno.EPERM, errno.EROFS):
        return JobFailed("The directory of this environment is not writable. Nothing was changed.", text)
    package, member = _FETCHED.search(text), _UNPACKED.search(text)
    if package and member and (member["is_outside"] or member["is_missing"]):
        what = "would be written outside the environment" if member["is_outside"] else "is a link to a missing file"
        return refusal(package["name"], f"its file “{shown(member['path'])}” {what}", text)
    if _HASH.search(text) and "mismatch" in text.lower():
        return JobFailed("The hash of a downloaded package differs from the channel's. Nothing was changed.", text)
    if _DOWNLOAD.search(text) or _MISSING.search(text):
        return ChannelUnreachable("A package could not be downloaded. Nothing was changed.", text)
    return JobFailed("The packages could not be installed. Nothing was changed.", text)
