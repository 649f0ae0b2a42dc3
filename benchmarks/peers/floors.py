"""The floors: what no tool can save."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .tools import Tool


def copy_seconds(tool: Tool) -> float:
    """Return the seconds of a copy of the environment “origin” with hard links."""
    copy = tool.envs / "hard-links"
    start = time.perf_counter()
    subprocess.run(["cp", "-al", tool.envs / "origin", copy], check=True)
    seconds = time.perf_counter() - start
    shutil.rmtree(copy)
    return seconds


def unpack_seconds(tool: Tool) -> float:
    """Return the seconds that rattler takes to unpack the archives of the cache, with a thread for each processor."""
    from rattler.package_streaming import extract

    archives = [path for path in tool.packages.rglob("*") if path.name.endswith((".conda", ".tar.bz2"))]
    with tempfile.TemporaryDirectory(dir=tool.home) as folder, ThreadPoolExecutor(os.cpu_count()) as threads:
        start = time.perf_counter()
        list(threads.map(lambda path: extract(path, Path(folder) / path.name), archives))
        return time.perf_counter() - start


def python_seconds(tool: Tool) -> float:
    """Return the seconds in which Python starts and ends."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - start
