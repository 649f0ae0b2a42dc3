"""A channel that takes its time: the small channel, its packages served over HTTP slowly."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

from small_channel import small_channel

#: A test has this long, in seconds, to see the download, reload the page and cancel.
SECONDS = 60
SIZE = 6_000_000


class SlowHandler(SimpleHTTPRequestHandler):
    """Serves a directory; packages arrive evenly over SECONDS, repodata at once."""

    def copyfile(self, source: BinaryIO, outputfile: BinaryIO) -> None:  # type: ignore[override]
        """Send a file, slowly where it is a package."""
        if not self.path.endswith(".conda"):
            super().copyfile(source, outputfile)
            return
        # A cancelled download hangs up.
        with contextlib.suppress(ConnectionError):
            while piece := source.read(SIZE // (SECONDS * 5)):
                outputfile.write(piece)
                outputfile.flush()
                time.sleep(0.2)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def serve_slowly(folder: Path) -> str:
    """Make the channel below ``folder``, serve it until the process ends, and return its URL."""
    channel = small_channel(folder / "channel", ("2.20.0",), os.urandom(SIZE))
    handler = partial(SlowHandler, directory=str(channel.root))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
