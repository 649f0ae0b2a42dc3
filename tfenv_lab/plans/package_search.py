"""Search packages by name, on the channels and on the package index."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from packaging.version import InvalidVersion, Version

from ..errors import ChannelUnreachable, IndexUnreachable, InvalidRequest
from ..pypi.index import IndexReader
from ..pypi.models import MARK, IndexSettings
from ..pypi.names import normalize
from ..pypi.settings import sources
from ..sentences import say

if TYPE_CHECKING:
    from ..conda.repodata.repodata import Repodata

#: Seconds to wait for the index after the channels have answered. A later search has what arrives then.
PATIENCE = 3.0
#: Maximum length of a query.
_LONGEST = 128
#: Maximum number of versions listed for one package, as for conda packages.
_VERSIONS = 20
#: A name that a project can have (PEP 508); shorter ones are the beginning of a longer one.
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*[a-z0-9]", re.IGNORECASE)


class PackageSearch:
    """Search for packages of both sources.

    Channels are searched for parts of a name. An index can only be asked for a whole name.
    """

    def __init__(self, repodata: Repodata, reader: IndexReader, index: Callable[[], IndexSettings]) -> None:
        """Create a search. ``index`` returns how package indexes are to be read; it may read the disk."""
        self._repodata = repodata
        self._reader = reader
        self._index = index

    async def find(
        self, query: str, repodata: Repodata | None = None, *, patience: float = PATIENCE
    ) -> list[dict[str, Any]]:
        """Return ``[{name, versions, source}]`` for packages that match, best first; ``versions`` are newest first.

        ``repodata`` are those of the channels to search; without it, the configured channels are searched.

        A project of the index is listed if its name is the query, and if no channel has a version that is as new. Of a
        query that begins with ``pypi:``, the channels are not searched. The index has ``patience`` seconds after the
        channels have answered. Raises InvalidRequest, ChannelUnreachable, and IndexUnreachable if nothing else is
        found.
        """
        if not query or len(query) > _LONGEST:
            raise InvalidRequest(say("“query” must be a string of 1 to {longest} characters.", longest=_LONGEST))
        text = query.strip()
        is_for_index = text[: len(MARK)].lower() == MARK
        name = text[len(MARK) :].strip() if is_for_index else text
        project = asyncio.ensure_future(self._project(name))
        try:
            if is_for_index:
                return [found] if (found := await project) else []
            return await self._find(name, repodata or self._repodata, project, patience)
        finally:
            # The reader goes on without a waiter, and remembers the answer.
            project.cancel()

    async def on_index(self, names: Iterable[str]) -> set[str]:
        """Return which of some projects the index has. One that does not answer in time does not have them."""
        return set(await self.versions_of(names))

    async def versions_of(self, names: Iterable[str]) -> dict[str, list[str]]:
        """Return the versions of those of some projects that the index has, newest first. Waits only PATIENCE."""
        asked = {name: asyncio.ensure_future(self._project(name)) for name in names}
        if asked:
            await asyncio.wait(asked.values(), timeout=PATIENCE)
        answers = {name: task.result() for name, task in asked.items() if task.done() and not task.exception()}
        for task in asked.values():
            task.cancel()
        return {name: found["versions"] for name, found in answers.items() if found is not None}

    async def _find(
        self, name: str, repodata: Repodata, project: asyncio.Future[dict[str, Any] | None], patience: float
    ) -> list[dict[str, Any]]:
        try:
            on_channels = [{**found, "source": "conda"} for found in await repodata.search(name)]
        except ChannelUnreachable as error:
            try:
                found = await project
            except IndexUnreachable:
                found = None
            if found is None:
                raise error
            return [found]
        try:
            found = await asyncio.wait_for(project, patience)
        except (asyncio.TimeoutError, IndexUnreachable) as error:
            if not on_channels:
                # Nothing is known about this name, which is not the same as that there is no such package.
                raise (error if isinstance(error, IndexUnreachable) else _late()) from error
            found = None
        if found is None:
            return on_channels
        same = next((item for item in on_channels if normalize(item["name"]) == found["name"]), None)
        if same is None:
            return [found, *on_channels]
        others = [item for item in on_channels if item is not same]
        return [same, *([found] if _is_newer(found["versions"], same["versions"]) else []), *others]

    async def _project(self, name: str) -> dict[str, Any] | None:
        """Return the project of this name, or None if the index does not have it. Raises IndexUnreachable."""
        if not _NAME.fullmatch(name):
            return None
        settings = await asyncio.to_thread(self._index)
        if not sources(settings):
            return None
        found = await self._reader.project(name, settings)
        if found is None:
            return None
        stable = [version for version in found.versions if not version.is_prerelease]
        versions = [str(version) for version in (stable or found.versions)[:_VERSIONS]]
        return {"name": found.name, "versions": versions, "source": "pypi"}


def _late() -> IndexUnreachable:
    return IndexUnreachable(say("The package index has not answered yet."), hint=say("Search again in a moment."))


def _is_newer(versions: list[str], others: list[str]) -> bool:
    """Return whether the newest version of an index is newer than that of a channel, which may be none of PEP 440."""
    try:
        return not others or Version(versions[0]) > Version(others[0])
    except InvalidVersion:
        return False
