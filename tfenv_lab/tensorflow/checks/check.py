"""Check an environment: run TensorFlow inside it, with its kernel's variables, and find the problems.

A crash, a hang or a missing library is a result of the check, not an error.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...processes import kill_group, with_kernel_variables
from ...tensorflow_packages import is_tf_keras
from .evidence import CondaPackage, Observed, Subject
from .models import Check, Device
from .problems import find

#: Seconds after which a check is stopped. A first import from a slow network disk can take a minute.
LIMIT = 300.0
#: Script that the environment's own Python runs; it must not import this package.
PROBE = Path(__file__).with_name("probe.py")
#: Number of characters to keep from the end of the script's output.
OUTPUT = 20_000


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
        status, output = await _execute(
            [str(interpreter(subject.prefix)), "-c", source, str(result)], environ, work, limit
        )
        stages, reached = _read(result)
    seconds = time.monotonic() - start
    conda, unowned = await asyncio.to_thread(_installed, subject.prefix)
    damages = await asyncio.to_thread(compare, subject.prefix)
    return Observed(stages, reached, status, output[-OUTPUT:], environ, conda, unowned, seconds, damages)


async def _execute(
    command: list[str], environ: Mapping[str, str], folder: Path, limit: float
) -> tuple[int | None, str]:
    """Run a command; return its exit status (None if it ran out of time) and the output of all its processes."""
    options: dict[str, Any] = {} if sys.platform == "win32" else {"start_new_session": True}
    with tempfile.TemporaryFile() as output:
        try:
            process = await asyncio.create_subprocess_exec(
                *command, env=environ, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options
            )
        except OSError as error:
            return 127, str(error)
        try:
            status: int | None = await asyncio.wait_for(process.wait(), limit)
        except asyncio.TimeoutError:
            status = None
        finally:
            kill_group(process)
            await process.wait()
        output.seek(0)
        return status, output.read().decode("utf-8", "replace")


def _read(path: Path) -> tuple[dict[str, dict[str, Any]], str | None]:
    """Return the stages in the probe's file, and the stage that began but did not end, or None."""
    stages: dict[str, dict[str, Any]] = {}
    begun: str | None = "interpreter"
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            # The probe ended in the middle of a write.
            continue
        if "begin" in line:
            begun = line["begin"]
        else:
            stages[line["stage"]] = line
    return stages, begun


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
