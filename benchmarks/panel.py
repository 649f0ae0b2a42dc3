"""The panel in a browser, with 1,000 environments, one of which has 1,000 packages: paint, scrolling and requests.

The times are those of the browser's own trace. That of a task is its processor time, which other programs on the
machine hardly change. TFENV_BROWSER names a Chromium; without it, Playwright uses its own. The server is that of
JupyterLab, with the front end that is installed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.tiny_channel import TinyChannel
from tests.tiny_tensorflow import fill

from . import page
from .environments import generate
from .measure import Measure, Skipped
from .peers.channels import Contents
from .peers.servers import Rest

_SCRIPT = Path(__file__).with_suffix(".mjs")
_PLAYWRIGHT = _SCRIPT.parents[1] / "ui-tests" / "node_modules" / "playwright-core"
#: Seconds for which the requests are counted, in each of three situations: twice the longest pause between two.
IDLE = 120
_PACKAGES = 1000
#: The limits in milliseconds, and of requests a minute.
LIMITS = {
    "list, first opened": 100.0,
    "list, opened again": 100.0,
    "list, longest task while scrolling": 50.0,
    "details of 1,000 packages": 100.0,
    "details, longest task while scrolling": 50.0,
    "requests a minute, panel open": 4.0,
    "requests a minute, panel closed": 0.0,
    "requests a minute, page hidden": 0.0,
}


class _Lab(Rest):
    """JupyterLab, whose application the page offers to scripts."""

    program = (
        "-m", "jupyterlab", "--LabApp.expose_app_in_browser=True",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url=",
    )  # fmt: skip

    @property
    def lab(self) -> str:
        return f"{self.url.removesuffix(f'{self.endpoints}/')}lab?token={self.token}"


def _fill(folder: Path) -> None:
    """Create the environments, among them “large”."""
    generate(folder)
    records = folder / "large" / "conda-meta"
    records.mkdir(parents=True)
    (records / "history").touch()
    for number in range(_PACKAGES):
        record = {
            "name": f"package-{number}", "version": f"1.{number}", "build": "h0_0", "build_number": 0,
            "channel": "conda-forge", "subdir": "noarch", "fn": f"package-{number}-1.{number}-h0_0.conda",
            "url": f"https://conda.anaconda.org/conda-forge/noarch/package-{number}-1.{number}-h0_0.conda",
            "depends": [], "files": [], "size": 1000 * number,
        }  # fmt: skip
        (records / f"package-{number}-1.{number}-h0_0.json").write_text(json.dumps(record))


def measures(markdown: bool = False) -> Iterator[Measure]:
    """Yield what the browser measured."""
    if not _PLAYWRIGHT.is_dir():
        raise Skipped("ui-tests/node_modules has no playwright-core; run “jlpm install” in ui-tests")
    folder = Path(tempfile.mkdtemp(prefix="tfenv-panel-"))
    try:
        channel = fill(TinyChannel(folder / "channel"))
        with closing(_Lab(folder / "home", Contents(channel.url, (), (), "tensorflow", "tiny"))) as server:
            _fill(server.envs)
            server.list()
            large, browser = server.identify("large"), os.environ.get("TFENV_BROWSER", "")
            command = ["node", str(_SCRIPT), server.lab, large, str(IDLE), browser]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=sys.stderr, text=True, check=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found: dict[str, float] = json.loads(done.stdout)
    measured = [
        Measure(name, found[name], "" if "requests" in name else "ms", limit=limit) for name, limit in LIMITS.items()
    ]
    yield from measured
    if markdown:
        page.write("panel", f"Measured {page.circumstances()}.\n\n{page.table(measured)}")
