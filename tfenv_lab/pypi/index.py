"""Read what a package index has of a project: its files, as the Simple API lists them (PEP 503, PEP 691)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from urllib.request import url2pathname

import requests
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from ..errors import IndexUnreachable
from ..sentences import redact
from .models import IndexSettings
from .requirements import normalize
from .settings import sources

#: Seconds that an answer is used without asking again, and after a failure.
FRESH, FAILED = 600.0, 60.0
#: Seconds to wait for an index. Plans do not depend on these answers, so it is short.
TIMEOUT = 15.0
#: Maximum number of bytes of a page. PyPI's largest have a few megabytes.
LIMIT = 50_000_000
_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"


@dataclass(frozen=True)
class ProjectFile:
    """A wheel or a source archive of a project. ``uploaded`` is ISO 8601, ``size`` in bytes; None if unknown."""

    filename: str
    url: str
    version: Version
    requires_python: str = ""
    yanked: bool = False
    size: int | None = None
    uploaded: str | None = None

    @property
    def is_wheel(self) -> bool:
        return self.filename.endswith(".whl")


@dataclass(frozen=True)
class Project:
    """The files of a project on all configured indexes, without yanked ones."""

    name: str
    files: tuple[ProjectFile, ...]

    @property
    def versions(self) -> list[Version]:
        """The versions, newest first."""
        return sorted({file.version for file in self.files}, reverse=True)


@dataclass
class _Known:
    until: float
    project: Project | None
    error: IndexUnreachable | None = None


@dataclass
class IndexReader:
    """A reader of projects that remembers answers for some minutes."""

    _known: dict[tuple[str, str], _Known] = field(default_factory=dict)

    async def project(self, name: str, settings: IndexSettings) -> Project | None:
        """Return a project, or None if no index has it. Raises IndexUnreachable if an index does not answer."""
        key = (normalize(name), json.dumps(settings.variables, sort_keys=True))
        known = self._known.get(key)
        if known is None or known.until < time.monotonic():
            try:
                found = await asyncio.to_thread(_read, key[0], settings)
                known = _Known(time.monotonic() + FRESH, found)
            except IndexUnreachable as error:
                known = _Known(time.monotonic() + FAILED, None, error)
            self._known[key] = known
        if known.error is not None:
            raise known.error
        return known.project


def _read(name: str, settings: IndexSettings) -> Project | None:
    files: dict[str, ProjectFile] = {}
    for place in () if settings.policy.offline else sources(settings):
        found = _flat(place.url) if place.is_flat else _page(place.url, name, settings)
        for file in found:
            files.setdefault(file.filename, file)
    own = tuple(file for file in files.values() if not file.yanked and _project_of(file.filename) == name)
    return Project(name, own) if own else None


def _page(index: str, name: str, settings: IndexSettings) -> Iterator[ProjectFile]:
    address = f"{index.rstrip('/')}/{name}/"
    parts = urlsplit(address)
    if parts.scheme == "file":
        path = Path(url2pathname(parts.path)) / "index.html"
        if path.is_file():
            yield from _from_html(path.read_text("utf-8", "replace"), address)
        return
    try:
        text, is_json, final = _fetch(address, settings)
    except requests.RequestException as error:
        host = parts.hostname or "the package index"
        raise IndexUnreachable(
            f"The package index at {host} did not answer.",
            redact(str(error)),
            hint="Check the server's network and proxy; “pip config list” shows the index.",
        ) from error
    if text is not None:
        yield from _from_json(text, final) if is_json else _from_html(text, final)


def _fetch(address: str, settings: IndexSettings) -> tuple[str | None, bool, str]:
    """Return a page, whether it is JSON, and its final address; no page if the index does not have the project.

    requests applies proxies and netrc as pip does, which itself is built on it.
    """
    variables = settings.variables
    certificates = variables.get("SSL_CERT_FILE")
    insecure = variables.get("UV_INSECURE_HOST", "").split()
    host = urlsplit(address).hostname or ""
    with requests.Session() as session:
        session.proxies = {
            scheme: value
            for scheme in ("http", "https")
            if (value := variables.get(f"{scheme.upper()}_PROXY") or variables.get("ALL_PROXY"))
        }
        with session.get(
            address,
            headers={"Accept": _ACCEPT},
            timeout=TIMEOUT,
            verify=False if host in insecure else certificates or True,
            stream=True,
        ) as answer:
            if answer.status_code in (404, 410):
                return None, False, address
            answer.raise_for_status()
            content = answer.raw.read(LIMIT, decode_content=True)
            return content.decode("utf-8", "replace"), "json" in answer.headers.get("Content-Type", ""), answer.url


def _from_json(text: str, address: str) -> Iterator[ProjectFile]:
    try:
        listed = json.loads(text)["files"]
    except (ValueError, KeyError, TypeError):
        return
    for item in listed:
        if isinstance(item, dict):
            yield from _file(item, urljoin(address, str(item.get("url", ""))))


def _from_html(text: str, address: str) -> Iterator[ProjectFile]:
    parser = _Anchors()
    parser.feed(text)
    for attributes in parser.found:
        url = urljoin(address, attributes.get("href") or "").partition("#")[0]
        yield from _file(
            {
                "filename": urlsplit(url).path.rsplit("/", 1)[-1].replace("%2B", "+"),
                "requires-python": attributes.get("data-requires-python"),
                "yanked": "data-yanked" in attributes,
            },
            url,
        )


class _Anchors(HTMLParser):
    """Collector of the attributes of links."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append(dict(attrs))


def _flat(place: str) -> Iterator[ProjectFile]:
    """Yield the files of a directory of wheels (``find-links``)."""
    parts = urlsplit(place)
    folder = Path(url2pathname(parts.path)) if parts.scheme == "file" else Path(place)
    if parts.scheme in ("http", "https") or not folder.is_dir():
        return
    for path in folder.iterdir():
        yield from _file({"filename": path.name, "size": None}, path.as_uri())


def _file(item: Mapping[str, Any], url: str) -> Iterator[ProjectFile]:
    name = str(item.get("filename", ""))
    try:
        version = parse_wheel_filename(name)[1] if name.endswith(".whl") else parse_sdist_filename(name)[1]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return
    size, uploaded = item.get("size"), item.get("upload-time")
    yield ProjectFile(
        name,
        url,
        version,
        str(item.get("requires-python") or ""),
        bool(item.get("yanked")),
        size if isinstance(size, int) else None,
        uploaded if isinstance(uploaded, str) else None,
    )


def _project_of(filename: str) -> str:
    if filename.endswith(".whl"):
        return normalize(parse_wheel_filename(filename)[0])
    return normalize(parse_sdist_filename(filename)[0])
