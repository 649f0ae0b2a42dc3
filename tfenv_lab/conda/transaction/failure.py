"""Translate a transaction's exceptions into domain errors; rattler's exceptions have only their text to go by."""

from __future__ import annotations

import errno
import re
from pathlib import Path

from ...disk import faults
from ...errors import ChannelUnreachable, JobFailed, TfenvError, UnusableDirectory
from ...sentences import joined, say
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
#: rattler always locks its package cache.
_CACHE_LOCK = re.compile(r"global cache lock file: ['\"`]?(?P<folder>[^'\"`\n]+)/\.cache\.lock")
_REFUSED = re.compile(r"Permission denied|Operation not permitted|os error (1|13)\b")
_PATH = re.compile(r"['\"`](?P<path>/[^'\"`\n]+)['\"`]")
#: What is said of a package that has arrived but cannot be unpacked, and of one that has not arrived.
_DAMAGED = re.compile(
    r"zip archive|Invalid checksum|bz2 header|bzip2|decompression not finished|frame descriptor|fill whole buffer|"
    r"no data was read|failed to unpack|zstd|invalid gzip|unexpected end",
    re.IGNORECASE,
)
_NETWORK = re.compile(
    r"error sending request|decoding response|reading a body|HTTP status|status code|dns error|connection",
    re.IGNORECASE,
)
_LINKED = re.compile(r"failed to link (?P<name>\S+?)(\.conda|\.tar\.bz2)\b")
#: What to do about a package that is broken.
_REPORT = say("Try again. If it fails again, leave the package out, and report it to its channel.")
_UNCHANGED = say("Nothing was changed.")
#: Errors that do not come from locking.
_OF_DRIVES = (errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE)
_FETCHED = re.compile(r"failed to fetch (?P<name>\S+?)(\.conda|\.tar\.bz2)\b")
_HASH = re.compile(r"hash|checksum|sha256|md5", re.IGNORECASE)


def translate(error: Exception, staged: Path | None = None, prefix: Path | None = None) -> TfenvError:
    """Return the domain error for an exception from a transaction; the original text becomes the details.

    A message that would name a file of the tree ``staged``, which is deleted, names that of ``prefix``.
    """
    found = _translated(error)
    if staged is not None and prefix is not None and found is not error:
        found.message = found.message.replace(str(staged), str(prefix))
    return found


def _translated(error: Exception) -> TfenvError:
    if isinstance(error, TfenvError):
        return error
    chain = faults.chain(error)
    text = "\n".join(dict.fromkeys(str(each) or type(each).__name__ for each in chain))
    if faults.is_full(error):
        return faults.no_space(error, _UNCHANGED)
    cache = _CACHE_LOCK.search(text)
    if cache is not None and faults.number(error) not in _OF_DRIVES:
        return UnusableDirectory(
            say("The package cache {folder} cannot be locked. Nothing was changed.", folder=cache["folder"]),
            text,
            hint=say(
                "Set TfenvLab.package_cache to a directory on a file system that supports locks, and restart Jupyter."
            ),
        )
    refused = next((found for each in chain if isinstance(each, OSError) and (found := faults.translated(each))), None)
    if isinstance(refused, UnusableDirectory):
        return UnusableDirectory(joined(" ", (refused.message, _UNCHANGED)), text, refused.hint)
    refused = faults.of_system(error, _UNCHANGED)
    if refused is not None:
        return refused
    if _REFUSED.search(text):
        path = _PATH.search(text)
        if path is None:
            return JobFailed(say("The directory of this environment is not writable. Nothing was changed."), text)
        return UnusableDirectory(
            say("{path} cannot be used: permission denied. Nothing was changed.", path=path["path"]), text
        )
    package, member = _FETCHED.search(text), _UNPACKED.search(text)
    if package and member and (member["is_outside"] or member["is_missing"]):
        what = (
            say("would be written outside the environment")
            if member["is_outside"]
            else say("is a link to a missing file")
        )
        return refusal(package["name"], say("its file “{path}” {what}", path=shown(member["path"]), what=what), text)
    if _HASH.search(text) and "mismatch" in text.lower():
        return JobFailed(say("The hash of a downloaded package differs from the channel's. Nothing was changed."), text)
    linked = _LINKED.search(text)
    if linked is not None:
        name = shown(linked["name"])
        return JobFailed(say("The package {name} could not be linked. Nothing was changed.", name=name), text, _REPORT)
    if package and _DAMAGED.search(text) and not _NETWORK.search(text):
        name = shown(package["name"])
        return JobFailed(
            say("The package {name} could not be unpacked. Nothing was changed.", name=name), text, _REPORT
        )
    if _DOWNLOAD.search(text) or _MISSING.search(text):
        name = say("The package {name}", name=shown(package["name"])) if package else say("A package")
        return ChannelUnreachable(say("{name} could not be downloaded. Nothing was changed.", name=name), text)
    return JobFailed(say("The packages could not be installed. Nothing was changed."), text)
