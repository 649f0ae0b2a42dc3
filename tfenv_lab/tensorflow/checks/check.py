"""The check: run TensorFlow in its environment, activated as its kernel is, and say what is wrong and why.

What TensorFlow does is the environment's business: a crash, a hang or a missing library is a result.
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
from ...tensorflow_packages import CHECKED, PACKAGES
from .evidence import Observed, Subject
from .models import Check
from .problems import find

#: Seconds: a first import from a cold network disk takes a minute, and a hang must end some day.
LIMIT = 300.0
#: The program that is run inside. It is no module of this package to whoever runs it.
PROBE = Path(__file__).with_name("probe.py")
#: Characters of the program's own output that are kept, from its end.
OUTPUT = 20_000


async def check(subject: Subject, limit: float = LIMIT) -> Check:
    """Check an environment. Takes seconds; raises nothing for what an environment can do wrong."""
    observed = await run(subject, limit)
    problems = list(find(subject, observed))
    stages = observed.stages
    return Check(
        ok=not problems,
        python=stages.get("interpreter", {}).get("version"),
        tensorflow=stages.get("tensorflow", {}).get("version"),
        keras=stages.get("keras", {}).get("version"),
        devices=[_device(device) for device in stages.get("devices", {}).get("found", [])],
        seconds=round(observed.seconds, 1),
        problems=problems,
        output=observed.output,
    )


def _device(found: Mapping[str, Any]) -> dict[str, str]:
    model = found.get("model")
    return {"name": f"{found['name']} ({model})" if model else found["name"], "type": found["type"]}


async def run(subject: Subject, limit: float) -> Observed:
    """Run the probe in the environment and gather what it left, however it ended."""
    from ...conda.prefix.state import interpreter

    # A notebook may be computing on the same GPU: take of its memory only what the check needs.
    environ = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", **with_kernel_variables(subject.variables)}
    source = await asyncio.to_thread(PROBE.read_text, "utf-8")
    start = time.monotonic()
    # An empty directory: what lies about where a server was started must not be imported.
    with tempfile.TemporaryDirectory(prefix="tfenv-lab-check-") as folder:
        result = Path(folder) / "result"
        result.touch()
        work = Path(folder) / "work"
        work.mkdir()
        status, output = await _execute(
            [str(interpreter(subject.prefix)), "-c", source, str(result)], environ, work, limit
        )
        stages, reached = _read(result)
    conda = await asyncio.to_thread(_records, subject.prefix)
    return Observed(stages, reached, status, output[-OUTPUT:], environ, conda, time.monotonic() - start)


async def _execute(
    command: list[str], environ: Mapping[str, str], folder: Path, limit: float
) -> tuple[int | None, str]:
    """Return the exit status (None: stopped for time) and the output of a command and all it started."""
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
    """Return the stages that were written, and the one that was begun and not ended."""
    stages: dict[str, dict[str, Any]] = {}
    begun: str | None = "interpreter"
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            # Cut off in the middle of a write.
            continue
        if "begin" in line:
            begun = line["begin"]
        else:
            stages[line["stage"]] = line
    return stages, begun


def _records(prefix: Path) -> dict[str, dict[str, Any]]:
    """Return version and dependencies of the conda packages that TensorFlow's own dependencies are judged by."""
    from ...conda.prefix.pypi import normalize
    from ...conda.prefix.records import load_json, package_names

    found = {}
    for stem in package_names(prefix):
        if stem.name in PACKAGES or normalize(stem.name) in CHECKED:
            record = load_json(prefix / "conda-meta" / stem.file)
            found[stem.name] = {"version": stem.version, "build": stem.build, "depends": record.get("depends", [])}
    return found
