"""Search while the user types, over as many names as conda-forge has."""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tfenv_lab.conda.repodata.repodata import Repodata
from tfenv_lab.conda.settings.channels import ChannelRef
from tfenv_lab.conda.settings.condarc import CondaSettings

from .measure import Measure, milliseconds

_NAMES = 30_000
_TYPED = "tensorflow-probability"


def measures() -> Iterator[Measure]:
    with tempfile.TemporaryDirectory() as folder:
        names = _channel(Path(folder))
        settings = CondaSettings((ChannelRef("big", Path(folder).as_uri()),), (), ())
        repodata = Repodata(settings, "linux-64", Path(folder) / "cache")
        asyncio.run(repodata.search("x"))
        floor = milliseconds(lambda: [name for name in names if "tensor" in name], repeat=20)
        times = asyncio.run(_type(repodata))
        yield Measure("a keystroke, median", times[len(times) // 2], floor=floor, floor_name="a look at every name")
        yield Measure("a keystroke, slowest", times[-1], floor=floor, floor_name="a look at every name", limit=20)


async def _type(repodata: Repodata) -> list[float]:
    """Return the sorted times in ms of the searches while a few names are typed."""
    times = []
    for text in (_TYPED, "numpy", "python-dateutil", "scikit_learn", "qqq"):
        for end in range(1, len(text) + 1):
            start = time.perf_counter()
            await repodata.search(text[:end])
            times.append((time.perf_counter() - start) * 1000)
    return sorted(times)


def _channel(root: Path) -> list[str]:
    """Write a channel with invented names, ten versions each, and return the names."""
    chance = random.Random(1)
    parts = ["py", "tensor", "flow", "lib", "r-", "data", "scikit", "num", "core", "plot", "net", "bio", "-test", "x"]
    names = {_TYPED, "numpy", "python-dateutil", "scikit-learn"}
    while len(names) < _NAMES:
        names.add("".join(chance.choices(parts, k=chance.randint(2, 6))).strip("-"))
    records = {
        f"{name}-1.{number}-0.conda": {
            "name": name,
            "version": f"1.{number}",
            "build": "0",
            "build_number": 0,
            "depends": [],
            "subdir": "noarch",
            "sha256": f"{index * 10 + number:064x}",
        }
        for index, name in enumerate(sorted(names))
        for number in range(10)
    }
    for subdir, packages in (("noarch", records), ("linux-64", {})):
        (root / subdir).mkdir()
        data = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": packages}
        (root / subdir / "repodata.json").write_text(json.dumps(data))
    return sorted(names)
