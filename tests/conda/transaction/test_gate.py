"""Test that packages in the package cache are validated as well before they are linked."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from rattler.package_streaming import extract

from tfenv_lab.errors import JobFailed

from ..conftest import Lab, run
from ..http_channel import HttpChannel
from .hostile_packages import HOSTILE, add_evil, everything

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a right on Windows")


@pytest.mark.parametrize("case", ["up", "absolute", "behind-a-link-up", "records"])
def test_packages_that_another_tool_unpacked_are_validated_too(lab: Lab, home: Path, case: str) -> None:
    """rattler reads the paths of a cached package before it reports that it links it."""
    fields, _ = HOSTILE[case]
    add_evil(lab.channel, home, fields)
    extract(lab.channel.root / "linux-64/evil-1.0-0.conda", lab.root / "pkgs/evil-1.0-0")
    before = everything(lab.root)
    with pytest.raises(JobFailed, match=r"The package evil-1.0-0 was refused: "):
        run(lab.change("evil"))
    assert everything(lab.root) == before
    assert not (lab.root / "pkgs/evil-1.0-0").exists()


@pytest.mark.parametrize("name", ["info/paths.json", "share/app.txt"])
def test_a_pipe_in_the_cache_is_not_waited_for(lab: Lab, home: Path, name: str) -> None:
    unpacked = lab.root / "pkgs/app-1.0-0"
    extract(lab.channel.root / "linux-64/app-1.0-0.conda", unpacked)
    (unpacked / name).unlink()
    os.mkfifo(unpacked / name)
    run(lab.change("app 1.0"))
    assert (lab.prefix / "share/app.txt").read_text() == "1.0"


def test_a_package_that_was_altered_in_the_cache_is_downloaded_again(lab: Lab, home: Path) -> None:
    unpacked = lab.root / "pkgs/app-1.0-0"
    extract(lab.channel.root / "linux-64/app-1.0-0.conda", unpacked)
    paths = json.loads((unpacked / "info/paths.json").read_bytes())
    paths["paths"].append({"_path": "../../home/new/x", "path_type": "hardlink"})
    (unpacked / "info/paths.json").write_text(json.dumps(paths))
    run(lab.change("app 1.0"))
    assert (lab.prefix / "share/app.txt").read_text() == "1.0"
    assert not (home / "new").exists()
    assert [path for path in (lab.root / "pkgs").iterdir() if path.name.startswith(".tfenv")] == []


def test_a_refusal_is_told_even_where_the_channel_is_away(lab: Lab, home: Path) -> None:
    add_evil(lab.channel, home, HOSTILE["up"][0])
    extract(lab.channel.root / "linux-64/evil-1.0-0.conda", lab.root / "pkgs/evil-1.0-0")
    served = HttpChannel(lab.channel.root)
    served.up()
    records = run(lab.solve("evil", url=served.url))
    served.down()
    with pytest.raises(JobFailed, match=r"The package evil-1.0-0 was refused: "):
        run(lab.change("evil", records=records))
