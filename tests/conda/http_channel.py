"""Serve a channel over HTTP that tests can take down or make hang, and that records its requests."""

from __future__ import annotations

import contextlib
import http.server
import os
import ssl
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import zstandard


class HttpChannel:
    """Server of a directory on a free port of this machine. ``requests`` has ``(path, Authorization)``.

    Every answer waits for ``hold``, if that is set. ``pace`` is a number of bytes and the seconds after each of these
    pieces; ``cut`` is the number of bytes after which a body waits for ``hold``. The file ``endless`` never ends.
    ``logins`` has the header ``Authorization`` that the paths below a directory need.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.requests: list[tuple[str, str | None]] = []
        self.hold: threading.Event | None = None
        self.pace: tuple[int, float] | None = None
        self.cut: int | None = None
        self.endless: str | None = None
        self.logins: dict[str, str] = {}
        #: Returns the status and the header Retry-After with which a path is refused, or None.
        self.busy: Callable[[str], tuple[int, str] | None] = lambda path: None
        self._server: http.server.ThreadingHTTPServer | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def up(self, tls: ssl.SSLContext | None = None) -> None:
        """Start to answer, over HTTPS with ``tls``; after ``down`` at the same address."""
        handler: Callable[..., Any] = partial(_Handler, self, directory=str(self.root))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self._port), handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def down(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, channel: HttpChannel, *args: Any, **kwargs: Any) -> None:
        self._channel = channel
        super().__init__(*args, **kwargs)

    def send_head(self) -> Any:
        self._channel.requests.append((self.path, self.headers.get("Authorization")))
        if self._channel.hold is not None and self._channel.cut is None:
            self._channel.hold.wait()
        refused = self._channel.busy(self.path)
        if refused is not None:
            self.send_response(refused[0])
            self.send_header("Retry-After", refused[1])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        wanted = next((login for folder, login in self._channel.logins.items() if self.path.startswith(folder)), None)
        if wanted is not None and self.headers.get("Authorization") != wanted:
            self.send_error(401)
            return None
        if self.path.startswith("/t/"):
            self.path = "/" + self.path.split("/", 3)[3]
        if self.path == self._channel.endless:
            self._send_endlessly()
            return None
        return super().send_head()

    def _send_endlessly(self) -> None:
        self.send_response(200)
        self.end_headers()
        packer = zstandard.ZstdCompressor().compressobj()
        with contextlib.suppress(OSError):
            self.wfile.write(packer.compress(b'{"packages": {') if self.path.endswith(".zst") else b'{"packages": {')
            while True:
                entries = os.urandom(1 << 16).hex().encode()
                self.wfile.write(packer.compress(entries) if self.path.endswith(".zst") else entries)

    def copyfile(self, source: Any, outputfile: Any) -> None:
        content = source.read()
        size, pause = self._channel.pace or (len(content) or 1, 0.0)
        with contextlib.suppress(OSError):
            if self._channel.hold is not None:
                outputfile.write(content[: self._channel.cut])
                outputfile.flush()
                self._channel.hold.wait()
                content = content[self._channel.cut :]
            for start in range(0, len(content), size):
                outputfile.write(content[start : start + size])
                outputfile.flush()
                time.sleep(pause)

    def log_message(self, format: str, *args: Any) -> None:
        pass
