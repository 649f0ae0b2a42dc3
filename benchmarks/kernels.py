"""Registering the kernels of a thousand environments: at first, and when nothing changed since.

A new service stands for a new server: it finds the kernelspecs that an earlier one wrote.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from tfenv_lab.conda.settings import condarc
from tfenv_lab.environments.service import EnvironmentService
from tfenv_lab.kernels.service import KernelService

from .environments import generate
from .measure import Measure, milliseconds

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
            scandir = "scandir of each conda-meta"
            new = milliseconds(lambda: asyncio.run(service().reconcile()))
            yield Measure("nothing changed, new server", new, limit=2000, floor=floor, floor_name=scandir)
            known = service()
            asyncio.run(known.reconcile())
            same = milliseconds(lambda: asyncio.run(known.reconcile()))
            yield Measure("nothing changed, same server", same, limit=300, floor=floor, floor_name=scandir)
            outdated = milliseconds(lambda: (known.registered(), known.outdated()))
            yield Measure("look for changed variables", outdated, limit=300, floor=floor, floor_name=scandir)
