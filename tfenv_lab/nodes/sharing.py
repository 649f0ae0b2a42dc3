"""Take packages that the machines of a cluster share, and serve them to this machine's own transaction.

The archives of a rollout form a stream, one after another. Machines exchange pieces of it, and each keeps those that it
needs in a file at their positions. Another user of the machine cannot read it, and the server has a secret address.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http.server
import secrets
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ..errors import TfenvError

if TYPE_CHECKING:
    from ..services import Services

#: The file with the stream.
FILE = "archives"
#: Number of bytes in a piece of the stream.
RANGE = 16_000_000


class Archive(Struct, frozen=True):
    """An archive of a package on a channel: its clean URL, its hash in the lock, and where it begins in the stream."""

    url: str
    sha256: str
    size: int
    position: int


class Part(Struct, frozen=True):
    """``size`` bytes of an archive of ``total`` bytes, from the byte ``start`` on."""

    url: str
    start: int
    size: int
    total: int


def fetch(services: Services, parts: Sequence[Part]) -> bytes:
    """Return parts of archives from channels that this machine's settings allow. This blocks.

    Raises ChannelNotAllowed, InvalidRequest or ChannelUnreachable.
    """
    from ..conda.formats import exact
    from ..conda.settings.allowed import AllowedChannels
    from ..conda.settings.asking import part_of

    allowed = AllowedChannels(services.allowed_channels, services.conda).urls
    for part in parts:
        exact.address(part.url, allowed, services.repodata.subdir)
    return b"".join(part_of(part.url, part.start, part.size, part.total, services.conda) for part in parts)


class SharedArchives:
    """The archives in a directory of this machine."""

    def __init__(self, folder: Path, archives: Sequence[Archive]) -> None:
        self._file = folder / FILE
        self._archives = archives

    def repair(self, services: Services) -> int:
        """Download the archives again whose hash is wrong, and return their number. This blocks.

        Raises TfenvError or OSError.
        """
        damaged = [each for each in self._archives if not self._is_intact(each)]
        for each in damaged:
            for start in range(0, each.size, RANGE):
                part = Part(each.url, start, min(RANGE, each.size - start), each.size)
                self._write(each.position + start, fetch(services, [part]))
            if not self._is_intact(each):
                raise OSError(f"The hash of {each.url} is wrong.")
        return len(damaged)

    def _is_intact(self, archive: Archive) -> bool:
        digest = hashlib.sha256()
        for piece in self._pieces(archive):
            digest.update(piece)
        return digest.hexdigest() == archive.sha256

    def _write(self, position: int, content: bytes) -> None:
        with self._file.open("r+b") as file:
            file.seek(position)
            file.write(content)

    def _pieces(self, archive: Archive) -> Iterator[bytes]:
        with self._file.open("rb") as file:
            file.seek(archive.position)
            left = archive.size
            while left and (piece := file.read(min(left, 1 << 20))):
                left -= len(piece)
                yield piece

    @contextlib.contextmanager
    def served(self) -> Iterator[dict[str, str]]:
        """Serve the archives on this machine. Yield the URLs of their directories here, by those on the channels."""
        secret = secrets.token_urlsafe(24)
        folders = list(dict.fromkeys(each.url.rpartition("/")[0] for each in self._archives))
        paths = {
            f"/{secret}/{folders.index(folder)}/{file}": each
            for each in self._archives
            for folder, _, file in [each.url.rpartition("/")]
        }
        pieces = self._pieces

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                archive = paths.get(self.path)
                if archive is None:
                    # After 404, rattler would not ask the channel.
                    self.send_error(503)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(archive.size))
                self.end_headers()
                for piece in pieces(archive):
                    self.wfile.write(piece)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            try:
                start = f"http://127.0.0.1:{server.server_port}/{secret}"
                yield {f"{folder}/": f"{start}/{number}/" for number, folder in enumerate(folders)}
            finally:
                server.shutdown()


@contextlib.asynccontextmanager
async def mirrored(services: Services, folder: str, archives: Sequence[Archive]) -> AsyncIterator[str | None]:
    """Let the jobs of the services take these archives from a directory, unless it is "".

    Yield a sentence if some or all had to be downloaded nevertheless, otherwise None.
    """
    if not folder:
        yield None
        return
    shared = SharedArchives(Path(folder), archives)
    try:
        damaged, problem = await asyncio.to_thread(shared.repair, services), None
    except (TfenvError, OSError) as error:
        damaged, problem = (
            0,
            f"The worker downloaded its packages itself, because those from other workers are unusable: {error}",
        )
    if problem is not None:
        yield problem
        return
    with shared.served() as services.mirrors:
        yield (
            f"{damaged} packages from other workers were damaged, so this worker downloaded them." if damaged else None
        )
