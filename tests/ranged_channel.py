"""Serve a channel with parts of its files, count the bytes that it sends, and limit them per second."""

from __future__ import annotations

import contextlib
import http.server
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_CHUNK = 1 << 16


class RangedChannel:
    """Server of a directory. ``sent`` has the bytes of packages by path; ``pace`` is a limit for all in bytes a second.

    ``altered`` may change the bytes of a part, from the path and whether a part was requested.
    """

    def __init__(self, root: Path, pace: float = 0) -> None:
        self.root = root
        self.pace = pace
        self.sent: Counter[str] = Counter()
        self.altered: Callable[[str, bool, bytes], bytes] = lambda path, is_part, content: content
        self.url = ""
        self._lock = threading.Lock()
        self._free_at = 0.0

    def take(self, path: str, count: int) -> None:
        """Count bytes of a package, and wait until they may be sent."""
        with self._lock:
            self.sent[path] += count
            if not self.pace:
                return
            now = time.monotonic()
            self._free_at = max(now, self._free_at) + count / self.pace
            wait = self._free_at - now
        time.sleep(max(0.0, wait))


@contextlib.contextmanager
def serving(root: Path, pace: float = 0) -> Iterator[RangedChannel]:
    """Serve a directory on a free port of this machine."""
    channel = RangedChannel(root, pace)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = root / self.path.lstrip("/")
            if not path.is_file():
                self.send_error(404)
                return
            found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            size = path.stat().st_size
            start, end = (int(found[1]), int(found[2]) + 1) if found else (0, size)
            self.send_response(206 if found else 200)
            self.send_header("Content-Length", str(end - start))
            self.end_headers()
            with path.open("rb") as file, contextlib.suppress(OSError):
                file.seek(start)
                while start < end:
                    piece = file.read(min(_CHUNK, end - start))
                    start += len(piece)
                    if path.suffix == ".conda":
                        channel.take(self.path, len(piece))
                        piece = channel.altered(self.path, bool(found), piece)
                    self.wfile.write(piece)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        channel.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield channel
        finally:
            server.shutdown()
