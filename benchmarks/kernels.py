"""Registering the kernels of a thousand environments: at first, and when nothing changed since.

A new service stands for a new server: it finds the kernelspecs that an earlier one wrote.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

from tfenv_lab.conda.settings import condarc
from tfenv_lab.environments.service import EnvironmentService
from tfenv_lab.kernels.service import KernelService

from .environments import generate
from .measure import Measure, milliseconds, processor

_KERNEL = (
    '{"argv": ["python", "-m", "ipykernel_launcher"], "display_name": "Python 3 (ipykernel)", "language": "python"}'
)
_ENVIRONMENTS = 1000


def measures() -> Iterator[Measure]:
    with tempfile.TemporaryDirectory() as name:
        folder, home, data = (Path(name) / part for part in ("envs", "home", "data"))
        with patch.dict(os.environ, {"HOME": str(home), "JUPYTER_DATA_DIR": str(data)}):
            home.mkdir()
            generate(folder, kernel=_KERNEL)
            os.sync()
            settings = condarc.load({"CONDA_ENVS_DIRS": str(folder)}, home)

            def service() -> KernelService:
                environments = EnvironmentService(settings, envs_dir=folder)
                return KernelService(settings, prefixes=environments.known_prefixes, envs_dir=folder)

            yield Measure("register all kernels", milliseconds(lambda: asyncio.run(service().reconcile()), repeat=1))
            assert len(list((data / "kernels").iterdir())) == _ENVIRONMENTS
            floor = milliseconds(lambda: [list(os.scandir(prefix / "conda-meta")) for prefix in folder.iterdir()])

            def compared(name: str, limit: float, work: Callable[[], object]) -> Iterator[Measure]:
                """Measure the time on the clock, and the processor time, which other programs do not change."""
                value, used = milliseconds(work), processor(work)
                yield Measure(name, value, limit=limit, floor=floor, floor_name="scandir of each conda-meta")
                yield Measure(f"{name}, processor", used, limit=limit)

            # A new server also finds the environments and reads each kernelspec for the first time.
            yield from compared("nothing changed, new server", 300, lambda: asyncio.run(service().reconcile()))
            known = service()
            asyncio.run(known.reconcile())
            yield from compared("nothing changed, same server", 300, lambda: asyncio.run(known.reconcile()))
            yield from compared("look for changed variables", 300, lambda: (known.registered(), known.outdated()))
            written, prefixes = data / "kernels", sorted(folder.iterdir())
            before = {path.name: path.stat().st_mtime_ns for path in written.iterdir()}
            (prefixes[0] / "conda-meta" / "state").write_text('{"env_vars": {"A": "1"}}')
            one = milliseconds(lambda: asyncio.run(known.reconcile()), repeat=1)
            yield Measure("one of them changed", one)
            rewritten = [path for path in written.iterdir() if path.stat().st_mtime_ns != before[path.name]]
            # Only a kernelspec that is written again has its activation computed.
            assert len(rewritten) == 1, rewritten
