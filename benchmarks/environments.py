"""How long the list of environments takes: cold, warm, and beside the floor of looking at the directories at all.

    python benchmarks/environments.py [--environments 1000] [--packages 65] [--dir DIR]

Makes that many environments of empty files in the shape of real ones, lists them as the server does
(through JSON), and prints milliseconds and ratios. The floor is one ``os.scandir`` of each ``conda-meta``;
conda's own ``conda env list`` takes 370 ms for three environments.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

NAMES = ("tensorflow-2.19.1-cpu_py311h1_0", "keras-3.5.0-pyh_0", "python-3.11.9-h1_0_cpython", "ipykernel-6.29.5-pyh_0")
SITE = "lib/python3.11/site-packages"
#: Packages of which more than the name is read.
READ = ("tensorflow-", "keras-")
COLD, WARM = "list, cold", "list, warm"
#: Milliseconds that a thousand environments may take.
LIMITS = {COLD: 400.0, WARM: 30.0}


def generate(folder: Path, environments: int, packages: int) -> None:
    """Write ``environments`` directories with ``packages`` records and as many Python packages each.

    A list looks at names, so each file is a hard link to one of its name: quick to write, and small.
    """
    stems = [*NAMES, *(f"library{number}-1.{number}-py311h1_0" for number in range(packages - len(NAMES)))]
    split = [stem.rsplit("-", 2) for stem in stems]
    shapes = {
        "conda-meta": ["history", *(f"{stem}.json" for stem in stems)],
        SITE: [entry for name, version, _ in split for entry in (name, f"{name}-{version}.dist-info")],
        "bin": ["python"],
        "share/jupyter/kernels/python3": ["kernel.json"],
    }
    template = folder.with_name("template")
    for place, names in shapes.items():
        (template / place).mkdir(parents=True)
        for name in names:
            (template / place / name).touch(mode=0o755)
    for number in range(environments):
        prefix = folder / f"env{number:04}"
        for place, names in shapes.items():
            (prefix / place).mkdir(parents=True)
            for name in names:
                if place != SITE or not name.startswith(READ):
                    os.link(template / place / name, prefix / place / name)
        for name in (name for name in shapes[SITE] if name.startswith(READ) and name.endswith(".dist-info")):
            (prefix / SITE / name).mkdir()
            (prefix / SITE / name / "INSTALLER").write_text("conda\n")


def floor(folder: Path) -> int:
    """Look into every ``conda-meta`` and nothing else."""
    return sum(len(list(os.scandir(prefix / "conda-meta"))) for prefix in folder.iterdir())


def main() -> int:
    """Run the benchmark; the exit status is 1 where the list is slower than it may be for 1,000 environments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environments", type=int, default=1000)
    parser.add_argument("--packages", type=int, default=65)
    parser.add_argument("--dir", type=Path, help="where to write them (default: a temporary directory)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir) as name:
        folder, home = Path(name) / "envs", Path(name) / "home"
        home.mkdir()
        os.environ["HOME"] = str(home)
        generate(folder, options.environments, options.packages)

        from tfenv_lab.conda import condarc
        from tfenv_lab.environments.service import EnvironmentService
        from tfenv_lab.kernels.service import KernelService

        settings = condarc.load({"CONDA_ENVS_DIRS": str(folder)}, home)
        kernels = KernelService(settings, prefixes=lambda: [])

        def service() -> EnvironmentService:
            return EnvironmentService(settings, envs_dir=folder, kernels_of=kernels.registered)

        async def answer(environments: EnvironmentService) -> str:
            listed = await environments.list()
            assert len(listed) >= options.environments
            return json.dumps({"environments": [environment.to_json() for environment in listed]})

        async def measure() -> dict[str, list[float]]:
            taken: dict[str, list[float]] = {"floor (scandir of each conda-meta)": [], COLD: [], WARM: []}
            for _ in range(5):
                environments = service()
                begun = time.perf_counter()
                floor(folder)
                taken["floor (scandir of each conda-meta)"].append((time.perf_counter() - begun) * 1000)
                for kind in (COLD, *[WARM] * 5):
                    begun = time.perf_counter()
                    await answer(environments)
                    taken[kind].append((time.perf_counter() - begun) * 1000)
            return taken

        taken = asyncio.run(measure())
    lowest = statistics.median(next(iter(taken.values())))
    print(f"{options.environments} environments of {options.packages} packages, milliseconds")
    for kind, values in taken.items():
        middle = statistics.median(values)
        print(f"{kind:36} median {middle:7.1f}  best {min(values):7.1f}  {middle / lowest:5.1f} x floor")
    share = max(options.environments / 1000, 0.1)
    return int(any(statistics.median(taken[kind]) > limit * share for kind, limit in LIMITS.items()))


if __name__ == "__main__":
    sys.exit(main())
