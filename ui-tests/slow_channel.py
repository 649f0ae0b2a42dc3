"""A channel that takes its time: a small TensorFlow of conda-forge's shape, its packages served over HTTP slowly."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.tiny_channel import TinyChannel

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
    channel = TinyChannel(folder / "channel")
    channel.add("python", "3.11.9", build="h1_0_cpython", constrains=["python_abi 3.11.* *_cp311"])
    channel.add("python_abi", "3.11", build="1_cp311", noarch="generic", depends=["python 3.11.*"])
    for name, version in (("ipykernel", "7.0.0"), ("pip", "26.0"), ("keras", "3.10.0")):
        channel.add(name, version, build="pyh1_0", noarch="python", depends=["python >=3.10"])
    build = "cpu_py311h1_0"
    needs = ["python >=3.11,<3.12.0a0", "python_abi 3.11.* *_cp311"]
    channel.add(
        "tensorflow-base", "2.20.0", build=build, depends=[*needs, "keras >=3.5"],
        files={"share/weights": os.urandom(SIZE)},
    )  # fmt: skip
    channel.add("tensorflow", "2.20.0", build=build, depends=[*needs, f"tensorflow-base ==2.20.0 {build}"])
    channel.index()
    handler = partial(SlowHandler, directory=str(channel.root))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
