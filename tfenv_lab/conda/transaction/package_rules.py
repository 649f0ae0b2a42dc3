"""Rules for the paths and links of packages: what leaves the prefix, what is reserved, and how it is reported."""

# Paths are strings because tens of thousands of them are validated.
# ruff: noqa: PTH111, PTH118
from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...disk.writes import is_within
from ...errors import JobFailed
from ...sentences import say
from ...versions import minor_of
from ..prefix.records import record_stem
from .staging import MARK, META

if TYPE_CHECKING:
    from rattler import RepoDataRecord

#: Directory in which rattler puts files that several packages have (rattler's ``clobber_registry.rs``).
_CLOBBERS = "__clobbers__"
#: How the paths of files begin that another package covers.
COVERED = f"{_CLOBBERS}/"
#: Directories of the system. A link into them does not expose a user's private files.
SYSTEM = (
    *("/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr", "/var/lib", "/var/run"),
    *("/Library", "/System"),
)
_DRIVE = re.compile(r"[A-Za-z]:")
#: File name that is valid on every platform and not one of ours.
PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*[A-Za-z0-9_]")
#: Maximum number of links that are followed in a row; the limit of Linux.
_MAX_HOPS = 40
_SHOWN = 200

OUTSIDE = say("would be written outside the environment")
RESERVED = say("would be written to a reserved path")


def fault(path: str) -> str | None:
    """Return the end of a sentence on why a path is refused, or None. Links are not considered."""
    # A backslash is a separator on Windows. Elsewhere a file name can contain it, but no honest package has one.
    plain = path.replace("\\", "/")
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    if not parts or "\0" in path:
        return say("has an invalid path")
    if plain.startswith("/") or ".." in parts or _DRIVE.match(plain):
        return OUTSIDE
    if os.name == "nt" and (":" in plain or any(not part.rstrip(" .") for part in parts)):
        return OUTSIDE
    if key(parts[0].rstrip(" .")) in (META, _CLOBBERS):
        return RESERVED
    # Testing every part takes most of the time for tens of thousands of paths, so test the whole path first.
    if MARK in key(plain) and any(key(part).startswith(MARK) for part in parts):
        return RESERVED
    return None


def key(path: str) -> str:
    """Return a key that is equal for all spellings of a path that some file system treats as the same."""
    if path.isascii():
        return path.lower()
    # HFS+ ignores invisible characters, such as a zero-width joiner.
    visible = "".join(char for char in path if unicodedata.category(char) != "Cf")
    return unicodedata.normalize("NFC", visible).casefold()


def refusal(package: str, what: str, details: str = "") -> JobFailed:
    """Return the error for a package that is refused; ``what`` is the end of the sentence."""
    message = say("The package {package} was refused: {what}. Nothing was changed.", package=shown(package), what=what)
    return JobFailed(message, details or None, say("Leave the package out, and report it to its channel."))


def placed(path: str, site: str) -> str:
    """Return the path at which rattler puts a file of a ``noarch: python`` package (CEP 20); ``site`` is that in it."""
    first, _, rest = path.partition("/")
    if first == "site-packages" and rest:
        return f"{site}/{rest}"
    if first == "python-scripts" and rest:
        return f"{'Scripts' if os.name == 'nt' else 'bin'}/{rest}"
    return path


def shown(text: str) -> str:
    """Return a text from a package as one printable line of limited length."""
    plain = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"


def through(path: str | None, link: str) -> str:
    if path is None:
        return say(
            "its link “{link}” leads out of the environment, and files behind it would be written there",
            link=shown(link),
        )
    return say(
        "its file “{path}” {outside}, through the link “{link}”", path=shown(path), outside=OUTSIDE, link=shown(link)
    )


def shows(link: str, outside: str) -> str:
    return say("its link “{link}” leads out of the environment, to {outside}", link=shown(link), outside=shown(outside))


class Link(NamedTuple):
    """Symbolic link: its path inside the prefix and its target."""

    place: str
    target: str


def is_absolute(target: str) -> bool:
    return target.startswith("/") or (os.name == "nt" and bool(target.startswith("\\") or _DRIVE.match(target)))


def leads_out(link: Link, at: Callable[[str], Link | None]) -> bool:
    """Return whether a link leads out of the prefix; ``at`` returns the link at a path inside it, or None."""
    return way_out(link, at) is not None


def way_out(link: Link, at: Callable[[str], Link | None]) -> str | None:
    """Return the path, absolute or relative to the prefix, by which a link leaves the prefix, or None if it does not.

    ``at`` returns the link at a path inside the prefix, or None. Nothing outside the prefix is read.
    """
    waiting = link.target.split("/")[::-1]
    here = link.place.split("/")[:-1]
    if is_absolute(link.target):
        return link.target
    hops = 0
    while waiting:
        part = waiting.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not here:
                return "/".join(["..", *waiting[::-1]])
            here.pop()
            continue
        here.append(part)
        found = at("/".join(here))
        if found is not None:
            hops += 1
            if hops > _MAX_HOPS:
                return "/".join([*here, *waiting[::-1]])
            if is_absolute(found.target):
                return "/".join([found.target, *waiting[::-1]])
            here.pop()
            waiting += found.target.split("/")[::-1]
    return None


def found_outside(link: Link, at: Callable[[str], Link | None], prefix: Path) -> str | None:
    """Return the existing path outside the prefix that a link leads to, or None; the system's files do not count."""
    way = way_out(link, at)
    if way is None:
        return None
    # The text alone is not enough: the meaning of “..” depends on the links before it.
    outside = os.path.realpath(os.path.join(prefix, way))
    if not os.path.lexists(outside) or is_within(outside, prefix) or is_system(outside):
        return None
    return outside


def is_system(real: str) -> bool:
    """Return whether a real path is the system's. A home directory in /var/lib, as a service has, is not."""
    home = os.path.realpath(os.path.expanduser("~"))
    return is_below_system(real) and not (is_below_system(home) and is_within(real, home))


def is_below_system(real: str) -> bool:
    return any(real == folder or real.startswith(f"{folder}/") for folder in SYSTEM)


def site_packages(records: Iterable[RepoDataRecord]) -> str:
    """Return the directory for ``noarch: python`` packages, as a path inside the prefix.

    Raises JobFailed if the Python package declares a directory outside the prefix.
    """
    python = next((record for record in records if record.name.normalized == "python"), None)
    if python is None:
        return "lib/python/site-packages"
    if python.python_site_packages_path:
        if fault(python.python_site_packages_path):
            what = say(
                "its site-packages directory “{python_site_packages_path}” is outside the environment",
                python_site_packages_path=shown(python.python_site_packages_path),
            )
            raise refusal(record_stem(python), what)
        return python.python_site_packages_path
    return "Lib/site-packages" if os.name == "nt" else f"lib/python{minor_of(python.version)}/site-packages"
