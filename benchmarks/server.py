"""What the extension adds to the start of a Jupyter server, and to its memory once the panel was used."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil

from .measure import Measure, Skipped, slice_dir

#: How often a server with the extension and one without are started in turn.
ROUNDS = 5
#: Seconds after the last request until the memory is read.
REST = 2
#: Calls of a panel that is opened and used for an installation.
CALLS = ("status", "environments", "tensorflow", "packages?query=num")


class _Server:
    """A Jupyter server in an empty home directory. ``seconds`` is the time from its start to its first answer."""

    def __init__(self, home: Path, channel: str, with_extension: bool) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        self._token = secrets.token_hex()
        self._url = f"http://127.0.0.1:{port}/"
        (home / ".jupyter").mkdir(parents=True, exist_ok=True)
        settings = {
            "ServerApp": {"jpserver_extensions": {"tfenv_lab": with_extension}},
            "TfenvLab": {"channels": [channel]},
        }
        (home / ".jupyter" / "jupyter_server_config.json").write_text(json.dumps(settings))
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "PYTHONPATH")}
        start = time.perf_counter()
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", f"--ServerApp.port={port}",
                f"--IdentityProvider.token={self._token}", f"--ServerApp.root_dir={home}",
            ],
            env={**kept, "HOME": str(home), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        while not self._answers():
            if self._process.poll() is not None or time.perf_counter() - start > 120:
                raise Skipped("a Jupyter server does not start")
            time.sleep(0.005)
        self.seconds = time.perf_counter() - start

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            self.get("api")
            return True
        return False

    def get(self, path: str) -> None:
        request = urllib.request.Request(
            urllib.parse.urljoin(self._url, path), headers={"Authorization": f"token {self._token}"}
        )
        with urllib.request.urlopen(request, timeout=120) as response:
            response.read()

    def megabytes(self) -> float:
        """Return the memory that belongs to the process alone, without what it maps from files."""
        return float(psutil.Process(self._process.pid).memory_full_info().uss) / 1e6

    def close(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def measures() -> Iterator[Measure]:
    """Yield the time and the memory, each as the difference to a server without the extension."""
    channel = slice_dir().as_uri()
    folder = Path(tempfile.mkdtemp(prefix="tfenv-server-"))
    seconds: dict[bool, list[float]] = {True: [], False: []}
    memory: dict[bool, float] = {}
    try:
        for number in range(ROUNDS):
            for with_extension in (False, True):
                server = _Server(folder / f"{with_extension}", channel, with_extension)
                seconds[with_extension].append(server.seconds)
                if number == ROUNDS - 1:
                    for call in CALLS if with_extension else ():
                        server.get(f"tfenv-lab/{call}")
                    time.sleep(REST)
                    memory[with_extension] = server.megabytes()
                server.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    base = statistics.median(seconds[False])
    added = statistics.median(seconds[True]) - base
    yield Measure("start of a server, added", added * 1000, "ms", base * 1000, "start without it", 50)
    yield Measure("memory of a used server, added", memory[True] - memory[False], "MB", memory[False], "without it", 60)
