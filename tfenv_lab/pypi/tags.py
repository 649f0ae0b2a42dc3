"""Choose wheels by their compatibility tags (PEP 425), for this machine or for another platform."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms, platform_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from ..versions import minor_numbers

#: conda's platforms with the names that uv gives them (``uv pip compile --help``). The manylinux version is the oldest
#: that all current distributions support; TensorFlow's wheels need 2_17, and 2_27 since 2.21.
_UV = {
    "linux-64": "x86_64-manylinux_2_28",
    "linux-aarch64": "aarch64-manylinux_2_28",
    "osx-64": "x86_64-apple-darwin",
    "osx-arm64": "aarch64-apple-darwin",
    "win-64": "x86_64-pc-windows-msvc",
}
#: The macOS version of the tags that are accepted for a Mac that is not this machine.
_MACOS = (14, 0)
_GLIBC = 28
#: Older names of manylinux tags by the version of glibc (PEP 600); the first two are only for Intel.
_OLDER = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}


@lru_cache
def native_subdir() -> str:
    """Return conda's name of this machine's platform."""
    system, _, machine = sysconfig.get_platform().partition("-")
    if system == "win":
        return {"amd64": "win-64", "arm64": "win-arm64"}.get(machine, "win-32")
    arm = machine.endswith(("aarch64", "arm64"))
    if system == "macosx":
        return "osx-arm64" if arm else "osx-64"
    return "linux-aarch64" if arm else "linux-64" if machine.endswith("x86_64") else f"linux-{machine}"


def uv_platform(subdir: str) -> str | None:
    """Return uv's name of a platform, or None for this machine's, which uv knows better."""
    return None if subdir == native_subdir() else _UV.get(subdir)


def platforms(subdir: str) -> list[str]:
    """Return the platform tags that a machine of this platform accepts, best first."""
    if subdir == native_subdir():
        return list(platform_tags())
    system, _, machine = subdir.partition("-")
    if system == "linux":
        arch = "x86_64" if machine == "64" else machine
        found = []
        for minor in range(_GLIBC, 4, -1):
            found.append(f"manylinux_2_{minor}_{arch}")
            if minor in _OLDER and (minor == 17 or arch == "x86_64"):
                found.append(f"{_OLDER[minor]}_{arch}")
        return [*found, f"linux_{arch}"]
    if system == "osx":
        return list(mac_platforms(_MACOS, "arm64" if machine == "arm64" else "x86_64"))
    return ["win_amd64" if subdir == "win-64" else subdir.replace("-", "_")]


@lru_cache(maxsize=64)
def supported(python: str, subdir: str) -> tuple[Tag, ...]:
    """Return the tags that CPython of a version accepts on a platform, best first."""
    version = minor_numbers(python)[:2]
    places = platforms(subdir)
    return tuple(_tags(version, places))


def _tags(version: tuple[int, ...], places: list[str]) -> Iterator[Tag]:
    interpreter = f"cp{version[0]}{version[1]}"
    yield from cpython_tags(version, [interpreter], places)
    yield from compatible_tags(version, interpreter, places)


#: Platform tags with the version of the system that they need.
_SYSTEM = re.compile(r"(?:(?P<glibc>manylinux)|(?P<mac>macosx))_(?P<major>\d+)_(?P<minor>\d+)_(?P<arch>\w+)")


def needed_system(filename: str, python: str, subdir: str) -> str | None:
    """Return the oldest system that a wheel needs, as in “glibc 2.28”, or None if its Python or platform is another.

    It is for the messages about wheels that this machine cannot install.
    """
    system, _, machine = subdir.partition("-")
    architectures = {
        "linux": ("x86_64" if machine == "64" else machine,),
        "osx": ("arm64" if machine == "arm64" else "x86_64", "universal2"),
    }.get(system, ())
    written = {python, "".join(map(str, minor_numbers(python)[:2]))}
    try:
        found = parse_wheel_filename(filename)[3]
    except InvalidWheelFilename:
        return None
    needed = []
    for tag in found:
        place = _SYSTEM.fullmatch(tag.platform)
        is_ours = place is not None and place["arch"] in architectures and bool(place["glibc"]) == (system == "linux")
        if place and is_ours and tag.interpreter.removeprefix("cp") in written:
            needed.append((int(place["major"]), int(place["minor"])))
    if not needed:
        return None
    return f"{'glibc' if system == 'linux' else 'macOS'} {'.'.join(map(str, min(needed)))}"


class Chooser:
    """Chooses, among the wheels of a package in a ``pylock.toml``, the one that an installer would take."""

    def __init__(self, python: str, subdir: str) -> None:
        self._rank = {tag: number for number, tag in enumerate(supported(python, subdir))}

    def best(self, wheels: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """Return the best wheel, or None if none fits. Each wheel has a ``url`` or a ``path``."""
        ranked = [(rank, wheel) for wheel in wheels if (rank := self.rank(file_name(wheel))) is not None]
        return min(ranked, key=lambda pair: pair[0])[1] if ranked else None

    def rank(self, filename: str) -> int | None:
        """Return the rank of a wheel's best tag (0 is best), or None if the wheel does not fit or has no valid name."""
        try:
            found = parse_wheel_filename(filename)[3]
        except InvalidWheelFilename:
            return None
        return min((self._rank[tag] for tag in found if tag in self._rank), default=None)


def file_name(wheel: Mapping[str, Any]) -> str:
    """Return the file name of a wheel in a ``pylock.toml``."""
    if wheel.get("name"):
        return str(wheel["name"])
    path = urlsplit(wheel["url"]).path if wheel.get("url") else re.sub(r"\\", "/", wheel["path"])
    return unquote(path.rsplit("/", 1)[-1])
