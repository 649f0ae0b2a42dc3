"""Read what package indexes have of a project: its files and versions."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import msgspec
from packaging.version import Version

from ..disk.reads import BoundedReads
from ..errors import IndexUnreachable
from ..sentences import say
from . import pages, waiting
from .models import IndexSettings, Source
from .names import normalize
from .pages import ProjectFile
from .places import path_of, without_credentials
from .settings import sources
from .uv import environment

log = logging.getLogger(__name__)

#: Seconds that an answer is used without asking again, and a failure.
FRESH, FAILED = 600.0, 60.0
#: Seconds that all indexes together may take to answer.
LONGEST = 60.0
#: Number of projects to remember.
_KEPT = 500


@dataclass(frozen=True)
class Project:
    """The files of a project.

    ``hidden`` are those that nobody gets without their hash: withdrawn (“yanked”), or with the name of a file in a
    place that comes first.
    """

    name: str
    files: tuple[ProjectFile, ...]
    hidden: tuple[ProjectFile, ...] = ()

    @property
    def versions(self) -> list[Version]:
        """The versions, newest first."""
        return sorted({file.version for file in self.files}, reverse=True)


@dataclass
class _Answer:
    """What the indexes had of a project, or why they could not be read, and until when to use it."""

    until: float
    project: Project | None = None
    error: IndexUnreachable | None = None


@dataclass
class IndexReader:
    """A reader of projects that remembers answers for some minutes."""

    _answers: dict[tuple[str, str], _Answer] = field(default_factory=dict)
    _running: dict[tuple[str, str], asyncio.Task[_Answer]] = field(default_factory=dict)
    #: The files on a page with its ETag, by address.
    _pages: dict[str, tuple[str, tuple[ProjectFile, ...]]] = field(default_factory=dict)

    async def project(self, name: str, settings: IndexSettings) -> Project | None:
        """Return a project, or None if no index has it, as uv would find it. Raises IndexUnreachable.

        An index that answered before, but does not answer now, counts as it was.
        """
        key = (normalize(name), _identity(settings))
        answer = self._answers.get(key)
        if answer is None or answer.until < time.monotonic():
            if key not in self._running:
                self._running[key] = asyncio.ensure_future(self._ask(key, settings))
                self._running[key].add_done_callback(lambda _: self._running.pop(key, None))
            # Another caller may wait for the same answer.
            answer = await asyncio.shield(self._running[key])
        if answer.error is not None:
            raise answer.error
        return answer.project

    async def _ask(self, key: tuple[str, str], settings: IndexSettings) -> _Answer:
        before = self._answers.pop(key, None)
        try:
            reading = waiting.in_thread(lambda: self._read(key[0], settings))
            answer = _Answer(time.monotonic() + FRESH, await asyncio.wait_for(reading, LONGEST))
        except asyncio.TimeoutError:
            error = IndexUnreachable(
                say("The package index did not answer within {longest} seconds.", longest=f"{LONGEST:g}")
            )
            answer = self._failed(key[0], error, before)
        except IndexUnreachable as error:
            answer = self._failed(key[0], error, before)
        self._answers[key] = answer
        while len(self._answers) > _KEPT:
            self._answers.pop(next(iter(self._answers)))
        while len(self._pages) > _KEPT:
            self._pages.pop(next(iter(self._pages)))
        return answer

    def _failed(self, name: str, error: IndexUnreachable, before: _Answer | None) -> _Answer:
        until = time.monotonic() + FAILED
        if before is None or before.error is not None:
            return _Answer(until, error=error)
        log.warning("%s What is known about “%s” is used.", error.message, name)
        return _Answer(until, before.project)

    def _read(self, name: str, settings: IndexSettings) -> Project | None:
        variables = environment(settings)
        is_first_only = variables.get("UV_INDEX_STRATEGY", "first-index") == "first-index"
        files: dict[str, ProjectFile] = {}
        hidden: list[ProjectFile] = []
        is_found = False
        for source in sources(settings):
            # Of the indexes, uv reads by default only the first one that has the project.
            if not source.is_flat and is_found and is_first_only:
                continue
            listed = self._files(source, name, variables)
            is_found = is_found or (bool(listed) and not source.is_flat)
            for file in listed:
                if files.setdefault(file.filename, file) is not file:
                    hidden.append(file)
        kept = tuple(file for file in files.values() if not file.yanked)
        withdrawn = (file for file in files.values() if file.yanked)
        return Project(name, kept, (*withdrawn, *hidden)) if kept else None

    def _files(self, source: Source, name: str, variables: Mapping[str, str]) -> tuple[ProjectFile, ...]:
        path = path_of(source.url)
        if path is not None:
            found = _on_disk.run([(path, name, source.is_flat)])[path, name, source.is_flat]
            if not isinstance(found, tuple):
                why = getattr(found, "strerror", None) or say("it does not answer")
                raise IndexUnreachable(say("The package index {url} cannot be read.", url=source.url), str(why))
            return found
        if variables.get("UV_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
            raise IndexUnreachable(
                say(
                    "The package index {url} is not read, because the server is offline.",
                    url=without_credentials(source.url),
                ),
                hint=say("Set TfenvLab.offline and offline in uv's configuration to False."),
            )
        address = source.url if source.is_flat else f"{source.url.rstrip('/')}/{quote(name)}/"
        return self._page(source, without_credentials(address), name, variables)

    def _page(self, source: Source, address: str, name: str, variables: Mapping[str, str]) -> tuple[ProjectFile, ...]:
        # This imports requests, which takes a while.
        from . import fetching

        # The list of a flat index is read for each project.
        key = f"{address}#{name}"
        etag, known = self._pages.get(key, (None, ()))
        page = fetching.fetch(source, address, variables, pages.ACCEPT, etag)
        if page.status == 304:
            return known
        if page.content is None:
            return ()
        read = pages.from_json if page.is_json else pages.from_html
        try:
            found = tuple(read(page.content, page.address, name))
        except (ValueError, msgspec.MsgspecError) as error:
            index = without_credentials(source.url)
            raise IndexUnreachable(
                say(
                    "{server} does not answer like a package index.",
                    server=say("The package index {first}", first=index),
                ),
                str(error),
            ) from error
        if page.etag:
            self._pages[key] = (page.etag, found)
        return found


def _identity(settings: IndexSettings) -> str:
    """Return what two settings that find the same have in common. It must not hold credentials."""
    text = repr((sorted(settings.variables.items()), settings.options))
    return sha256(text.encode()).hexdigest()


def _read_folder(place: tuple[Path, str, bool]) -> tuple[ProjectFile, ...]:
    folder, name, is_flat = place
    if is_flat:
        return tuple(pages.from_folder(folder, name))
    page = folder / name / "index.html"
    if not page.is_file():
        return ()
    return tuple(pages.from_html(page.read_bytes(), page.as_uri(), name))


#: A drive that does not answer must not hold a thread for long.
_on_disk = BoundedReads(_read_folder, limit=10.0)
