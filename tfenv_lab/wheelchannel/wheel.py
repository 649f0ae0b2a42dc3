"""Read a wheel, and arrange its files as in a conda package."""

from __future__ import annotations

import base64
import calendar
import configparser
import csv
import re
import shutil
import zipfile
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from functools import partial
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from .package import PLACEHOLDER, File

_LARGE = 1 << 20


class Layout:
    """The directories of a package for the parts of a wheel, for any Python (``noarch``) or one (``3.11``)."""

    def __init__(self, minor: str | None) -> None:
        self.noarch = minor is None
        self.site_packages = "site-packages" if minor is None else f"lib/python{minor}/site-packages"
        self.scripts = "python-scripts" if minor is None else "bin"
        self.headers = "include" if minor is None else f"include/python{minor}"


class Wheel:
    """A wheel file. Raises ValueError if the file is not a wheel."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.distribution, self.version, _, self.tags = parse_wheel_filename(path.name)
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            found = [name.split("/")[0] for name in names if re.fullmatch(r"[^/]+\.dist-info/WHEEL", name)]
            if len(found) != 1:
                raise ValueError(f"{path.name} contains {len(found)} dist-info directories instead of one")
            self.info = found[0]
            self.metadata = self._message(archive.read(f"{self.info}/METADATA"))
            root = self._message(archive.read(f"{self.info}/WHEEL")).get("Root-Is-Purelib", "false")
            entries = f"{self.info}/entry_points.txt"
            text = archive.read(entries).decode() if entries in names else ""
            newest = max(member.date_time for member in archive.infolist())
        self.entry_points = _scripts(text)
        platforms = {(tag.abi, tag.platform) for tag in self.tags}
        self.pure = root.lower() == "true" and platforms == {("none", "any")}
        self.any_python = any(tag.interpreter == "py3" for tag in self.tags)
        self.timestamp = calendar.timegm((*newest, 0, 0, 0)) * 1000

    @staticmethod
    def _message(content: bytes) -> Message:
        return BytesParser(policy=compat32).parsebytes(content)

    @property
    def name(self) -> str:
        """The normalized name (PEP 503), which is also the name of the conda package."""
        return str(canonicalize_name(self.distribution))

    @property
    def glibc(self) -> str | None:
        """The oldest glibc that its manylinux tags support, as in ``2.17``, or None."""
        old = {"manylinux1": "2.5", "manylinux2010": "2.12", "manylinux2014": "2.17"}
        found = []
        for tag in self.tags:
            if match := re.match(r"manylinux_(\d+)_(\d+)_", tag.platform):
                found.append(f"{match[1]}.{match[2]}")
            elif match := re.match(r"(manylinux\d+)_", tag.platform):
                found.append(old[match[1]])
        return min(found, key=Version, default=None)

    def unpack(self, archive: zipfile.ZipFile, tree: Path, layout: Layout) -> tuple[set[str], dict[str, File]]:
        """Unpack the files below ``tree``, except large files, which need no copy on disk.

        ``archive`` is this wheel, opened. Return the paths of files that contain PLACEHOLDER, and the large files by
        path, which can be read while ``archive`` is open. Raises ValueError for a member outside ``tree``.
        """
        prefixed, large = set(), {}
        hashes = self._recorded(archive)
        for member in archive.infolist():
            place = None if member.is_dir() else self._place(member.filename, layout)
            if place is None:
                continue
            executable = bool(member.external_attr >> 16 & 0o111)
            script = place.startswith(f"{layout.scripts}/")
            if member.file_size > _LARGE and member.filename in hashes and not script:
                opener = partial(archive.open, member)
                large[place] = File(member.file_size, hashes[member.filename], executable, opener)
                continue
            target = tree / place
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
            target.chmod(0o755 if executable or script else 0o644)
            if script and _point_at_placeholder(target):
                prefixed.add(place)
        return prefixed, large

    def _recorded(self, archive: zipfile.ZipFile) -> dict[str, str]:
        """Return the hexadecimal SHA-256 of each member in the wheel's ``RECORD``."""
        rows = csv.reader(archive.read(f"{self.info}/RECORD").decode().splitlines())
        found = {}
        for name, digest, *_ in (row for row in rows if len(row) >= 2):
            kind, _, value = digest.partition("=")
            if kind == "sha256":
                found[name] = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex()
        return found

    def _place(self, member: str, layout: Layout) -> str | None:
        """Return the path of a member in the package, or None for a file that installers write. Raises ValueError."""
        path = PurePosixPath(member)
        if path.is_absolute() or ".." in path.parts or "\\" in member:
            raise ValueError(f"{self.path.name} contains an unsafe path: {member}")
        if path.parent.name == self.info and path.name in ("RECORD", "RECORD.jws", "RECORD.p7s", "INSTALLER"):
            return None
        if path.parts[0] != f"{self.info.removesuffix('.dist-info')}.data":
            return f"{layout.site_packages}/{path}"
        kind, rest = path.parts[1], "/".join(path.parts[2:])
        roots = {
            "purelib": layout.site_packages,
            "platlib": layout.site_packages,
            "scripts": layout.scripts,
            "headers": f"{layout.headers}/{self.distribution}",
        }
        if kind == "data":
            return rest
        if kind not in roots:
            raise ValueError(f"{self.path.name} contains data of an unknown kind: {member}")
        return f"{roots[kind]}/{rest}"


def _scripts(text: str) -> dict[str, str]:
    """Return ``module:attribute`` of each console and GUI script in ``entry_points.txt``, by command name."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    found = {}
    for section in ("console_scripts", "gui_scripts"):
        if parser.has_section(section):
            for name, reference in parser.items(section):
                found[name] = reference.split("[")[0].replace(" ", "")
    return found


def _point_at_placeholder(script: Path) -> bool:
    """Point the first line of a wheel's script (``#!python``) to PLACEHOLDER. Return False if it has none."""
    content = script.read_bytes()
    first, newline, rest = content.partition(b"\n")
    if not re.match(rb"#!pythonw?\b", first):
        return False
    arguments = first.partition(b" ")[2].strip()
    line = f"#!{PLACEHOLDER}/bin/python".encode() + (b" " + arguments if arguments else b"")
    script.write_bytes(line + newline + rest)
    return True
