"""Follow how far package files on this machine are read, which rattler reports only after such a file is unpacked."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rattler import RepoDataRecord

#: Seconds between two looks.
LOOK = 0.25
#: The directory of the open files of this process. Windows has none, and there nothing is found.
_OPEN = "/dev/fd"


class LocalPackages:
    """The package files of ``file://`` channels, and the positions at which this process reads them."""

    def __init__(self, records: Iterable[RepoDataRecord]) -> None:
        """Look up the files of ``records``. Reads the disk."""
        self._names: dict[tuple[int, int], str] = {}
        for record in records:
            split = urlsplit(record.url)
            if split.scheme == "file":
                with contextlib.suppress(OSError):
                    status = Path(url2pathname(split.path)).stat()
                    self._names[status.st_dev, status.st_ino] = record.name.normalized

    def positions(self) -> dict[str, int]:
        """Return the position in each file that is open now, by the name of its package."""
        found: dict[str, int] = {}
        if not self._names or not os.path.isdir(_OPEN):  # noqa: PTH112 - several times a second
            return found
        for text in os.listdir(_OPEN):  # noqa: PTH208 - only names are needed
            # Another thread may have closed it.
            with contextlib.suppress(OSError):
                status = os.fstat(int(text))
                name = self._names.get((status.st_dev, status.st_ino))
                if name is not None:
                    found[name] = os.lseek(int(text), 0, os.SEEK_CUR)
        return found


@contextlib.asynccontextmanager
async def followed(
    records: Iterable[RepoDataRecord], read: Callable[[str, int], None], look: Callable[[], None] = lambda: None
) -> AsyncIterator[None]:
    """Meanwhile call ``read`` several times a second with the name and the bytes of each package file that is read.

    ``look`` is called as often, on a thread.
    """
    packages = await asyncio.to_thread(LocalPackages, records)

    async def follow() -> None:
        while True:
            await asyncio.sleep(LOOK)
            for name, done in (await asyncio.to_thread(packages.positions)).items():
                read(name, done)
            await asyncio.to_thread(look)

    following = asyncio.ensure_future(follow())
    try:
        yield
    finally:
        following.cancel()
