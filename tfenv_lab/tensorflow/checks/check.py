"""Check an environment: run TensorFlow inside it, with its kernel's variables, and find the problems.

A crash, a hang or a missing library is a result of the check, not an error.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...conda.machine.nvml import gpus_soon
from ...processes import kill_group, with_kernel_variables
from ...tensorflow_packages import is_tf_keras
from . import lines
from .evidence import CondaPackage, Observed, Subject
from .models import Check, Device
from .problems import find

#: Seconds after which a check is stopped. A first import from a slow network disk can take a minute.
LIMIT = 300.0
#: Script that the environment's own Python runs; it must not import this package.
PROBE = Path(__file__).with_name("probe.py")
#: Number of characters to keep from the end of the script's output.
OUTPUT = 20_000
#: Number of bytes of output after which the script is stopped.
LARGEST = 64_000_000
#: Seconds to wait for the rest of the output of a script that has ended.
PATIENCE = 2.0


async def check(subject: Subject, limit: float = LIMIT) -> Check:
    """Check an environment, which takes seconds. Problems of the environment are results and never raise an error."""
    observed = await run(subject, limit)
    problems = list(find(subject, observed))
    stages = observed.stages
    tensorflow = stages.get("tensorflow", {}).get("version")
    keras = stages.get("keras", {}).get("version")
    return Check(
        ok=not problems,
        python=stages.get("interpreter", {}).get("version"),
        tensorflow=tensorflow,
        keras=keras,
        devices=[_device(device) for device in stages.get("devices", {}).get("found", [])],
        seconds=round(observed.seconds, 1),
        problems=problems,
        output=observed.output,
        tf_keras=is_tf_keras(tensorflow, keras),
        gpus=list(await gpus_soon()),
    )


def _device(found: Mapping[str, Any]) -> Device:
    model = found.get("model")
    return Device(f"{found['name']} ({model})" if model else found["name"], found["type"])


async def run(subject: Subject, limit: float) -> Observed:
    """Run the probe inside the environment, and collect its output and results however it ends."""
    from ...conda.prefix.files import compare
    from ...conda.prefix.state import interpreter

    # A notebook may use the same GPU, so allocate only as much of its memory as the check needs.
    environ = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", **with_kernel_variables(subject.variables)}
    source = await asyncio.to_thread(PROBE.read_text, "utf-8")
    start = time.monotonic()
    # Run in an empty directory, so that Python imports nothing from the directory that the server was started in.
    with tempfile.TemporaryDirectory(prefix="tfenv-lab-check-") as folder:
        result = Path(folder) / "result"
        result.touch()
        work = Path(folder) / "work"
        work.mkdir()
        ended = await _execute([str(interpreter(subject.prefix)), "-c", source, str(result)], environ, work, limit)
        stages, reached = await asyncio.to_thread(lines.read, result)
    seconds = time.monotonic() - start
    conda, unowned = await asyncio.to_thread(_installed, subject.prefix)
    damages = await asyncio.to_thread(compare, subject.prefix)
    output = ended.output[-OUTPUT:]
    return Observed(stages, reached, ended.status, output, environ, conda, unowned, seconds, damages, ended.is_endless)


@dataclass(frozen=True)
class _Ended:
    """The exit status of a command (None if it was stopped), its output, and whether it wrote too much of that."""

    status: int | None
    output: str
    is_endless: bool = False


async def _execute(command: list[str], environ: Mapping[str, str], folder: Path, limit: float) -> _Ended:
    """Run a command, and stop it if it runs out of time or writes without end."""
    options: dict[str, Any] = {} if sys.platform == "win32" else {"start_new_session": True}
    source, target = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *command, env=environ, cwd=folder, stdin=subprocess.DEVNULL, stdout=target, stderr=target, **options
        )
    except OSError as error:
        os.close(source)
        return _Ended(127, str(error))
    finally:
        os.close(target)
    reader = _Reader(source)
    try:
        waiting: set[asyncio.Future[Any]] = {asyncio.ensure_future(process.wait()), reader.is_endless}
        await asyncio.wait(waiting, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        status = process.returncode
    finally:
        kill_group(process)
        await process.wait()
    # A process that left the group may still have the pipe.
    await asyncio.to_thread(reader.thread.join, PATIENCE)
    is_endless = reader.is_endless.done()
    reader.is_endless.cancel()
    return _Ended(None if is_endless else status, bytes(reader.tail).decode("utf-8", "replace"), is_endless)


class _Reader:
    """A thread that reads a pipe to its end and keeps the end of what it reads.

    ``is_endless`` is done when more than LARGEST bytes have arrived.
    """

    def __init__(self, source: int) -> None:
        self._source = source
        self._loop = asyncio.get_running_loop()
        self.is_endless: asyncio.Future[None] = self._loop.create_future()
        self.tail = bytearray()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        size = 0
        with open(self._source, "rb", buffering=0) as pipe:  # noqa: PTH123 - a pipe has no path
            while part := pipe.read(1 << 16):
                self.tail += part
                del self.tail[: -4 * OUTPUT]
                is_more = size <= LARGEST < size + len(part)
                size += len(part)
                if is_more:
                    with contextlib.suppress(RuntimeError):  # the loop has ended
                        self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        if not self.is_endless.done():
            self.is_endless.set_result(None)


def _installed(prefix: Path) -> tuple[dict[str, CondaPackage], frozenset[str]]:
    """Return the conda packages by name, and the projects that pip or uv installed, also over conda packages."""
    from ...conda.prefix.pypi import pypi_packages
    from ...conda.prefix.records import load_json, package_names

    found = {}
    for stem in package_names(prefix):
        record = load_json(prefix / "conda-meta" / stem.file)
        depends, files = (tuple(map(str, record.get(key) or ())) for key in ("depends", "files"))
        found[stem.name] = CondaPackage(stem.version, stem.build, depends, files)
    return found, frozenset(package.name for package in pypi_packages(prefix))
