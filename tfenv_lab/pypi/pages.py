"""Read the pages of package indexes: the Simple API as JSON (PEP 691) and HTML (PEP 503), and lists of files.

Whoever runs an index wrote them, so entries that cannot be read are left out.
"""

from __future__ import annotations

import html.parser
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import msgspec
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from .. import serde
from .names import normalize

#: The forms that are asked for, best first.
ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"

_SHA256 = re.compile(r"[0-9a-f]{64}")


class ProjectFile(msgspec.Struct, frozen=True):
    """A wheel or a source archive of a project.

    ``url`` has no credentials. ``size`` is in bytes, ``uploaded`` is ISO 8601, and ``sha256`` are hexadecimal digits;
    None if the index does not say.
    """

    filename: str
    url: str
    version: Version
    requires_python: str = ""
    yanked: bool = False
    size: int | None = None
    uploaded: str | None = None
    sha256: str | None = None

    @property
    def is_wheel(self) -> bool:
        """Whether it can be installed without a build."""
        return self.filename.endswith(".whl")


class _Entry(msgspec.Struct, rename="kebab"):
    filename: str
    url: str
    requires_python: str | None = None
    yanked: bool | str = False
    size: int | None = None
    upload_time: str | None = None
    hashes: dict[str, str] = {}


class _Page(msgspec.Struct):
    files: list[msgspec.Raw]


def from_json(content: bytes, address: str, name: str) -> Iterator[ProjectFile]:
    """Yield the files of the project ``name`` on a page. Raises ValueError if it is not a page."""
    for raw in serde.loads(content, _Page).files:
        try:
            entry = serde.loads(raw, _Entry)
        except (msgspec.ValidationError, ValueError):
            continue
        yield from _file(name, address, entry)


def from_html(content: bytes, address: str, name: str) -> Iterator[ProjectFile]:
    """Yield the files of the project ``name`` among the links of a page."""
    parser = _Links()
    parser.feed(content.decode("utf-8", "replace"))
    base = urljoin(address, parser.base)
    for link in parser.found:
        url, _, fragment = (link.get("href") or "").partition("#")
        filename = unquote(url.partition("?")[0].rsplit("/", 1)[-1])
        kind, _, digest = fragment.partition("=")
        hashes = {kind: digest}
        entry = _Entry(filename, url, link.get("data-requires-python"), "data-yanked" in link, hashes=hashes)
        yield from _file(name, base, entry)


def from_folder(folder: Path, name: str) -> list[ProjectFile]:
    """Return the files of the project ``name`` in a directory of files (``find-links``)."""
    found: list[ProjectFile] = []
    start = name[:1]
    for path in folder.iterdir():
        # Parsing a name takes longer than reading it, and a directory can have thousands.
        if path.name[:1].lower() == start:
            for file in _file(name, "", _Entry(path.name, path.as_uri())):
                found.append(msgspec.structs.replace(file, size=path.stat().st_size))
    return found


class _Links(html.parser.HTMLParser):
    """Collector of the attributes of links, and of the address that they are relative to."""

    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append(dict(attrs))
        elif tag == "base" and not self.base:
            self.base = dict(attrs).get("href") or ""


def _file(name: str, base: str, entry: _Entry) -> Iterator[ProjectFile]:
    """Yield the file of an entry, if it is one of the project. Its URL may be relative to ``base``."""
    try:
        parse = parse_wheel_filename if entry.filename.endswith(".whl") else parse_sdist_filename
        project, version = parse(entry.filename)[:2]
        parts = urlsplit(urljoin(base, entry.url))
    except (InvalidWheelFilename, InvalidSdistFilename, ValueError):
        return
    if normalize(project) != name:
        return
    clean = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    requires = (entry.requires_python or "").strip()
    # An index may write a reason, of which an empty one counts in HTML only.
    yanked = entry.yanked is True or bool(entry.yanked)
    digest = entry.hashes.get("sha256", "").lower()
    sha256 = digest if _SHA256.fullmatch(digest) else None
    yield ProjectFile(entry.filename, clean, version, requires, yanked, entry.size, entry.upload_time, sha256)
