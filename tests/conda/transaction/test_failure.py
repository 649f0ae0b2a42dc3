"""Test that the error of a package that cannot be used says what failed, and names the package."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.errors import ChannelUnreachable, JobFailed

from ..conftest import Lab, run
from ..http_channel import HttpChannel


def _spoil(lab: Lab, path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change a package, and give its channel the right hashes of what it has become."""
    content = change(path.read_bytes())
    path.write_bytes(content)
    listed = path.with_name("repodata.json")
    repodata = json.loads(listed.read_text())
    for packages in (repodata["packages"], repodata["packages.conda"]):
        if path.name in packages:
            packages[path.name].update(
                sha256=hashlib.sha256(content).hexdigest(), md5=hashlib.md5(content).hexdigest(), size=len(content)
            )
    listed.write_text(json.dumps(repodata))


@pytest.mark.parametrize("suffix", [".conda", ".tar.bz2"])
@pytest.mark.parametrize(
    "change", [lambda content: b"garbage" * 99, lambda content: b"", lambda content: content[: len(content) // 2]]
)
def test_a_damaged_archive_is_not_called_unreachable(
    lab: Lab, url: str, suffix: str, change: Callable[[bytes], bytes]
) -> None:
    path = lab.channel.add("broken", "1.0", suffix=suffix)
    lab.channel.index()
    _spoil(lab, path, change)
    records = run(lab.solve("broken", url=url))
    with pytest.raises(JobFailed, match=r"The package broken-1\.0-0 could not be unpacked"):
        run(lab.change("broken", records=records))
    assert lab.beside() == []


@pytest.mark.parametrize(
    "listed",
    [
        {"_path": "share/missing", "size_in_bytes": 3},
        {"_path": "share", "size_in_bytes": 3},
        {"_path": "share/a", "path_type": "strange"},
        {"_path": "share/a", "size_in_bytes": -1},
    ],
    ids=["missing", "directory", "type", "size"],
)
def test_a_package_that_cannot_be_linked_is_not_called_unreachable(lab: Lab, url: str, listed: dict[str, Any]) -> None:
    lab.channel.add("broken", "1.0", files={"share/a": "a"}, listed=[listed])
    lab.channel.index()
    records = run(lab.solve("broken", url=url))
    with pytest.raises(JobFailed, match=r"The package broken-1\.0-0 could not be linked"):
        run(lab.change("broken", records=records))
    assert lab.beside() == []


def test_a_package_that_the_server_does_not_have_is_named(lab: Lab) -> None:
    served = HttpChannel(lab.channel.root)
    served.up()
    records = run(lab.solve("tool", url=served.url))
    (lab.channel.root / "noarch/tool-1.0-0.conda").unlink()
    with pytest.raises(ChannelUnreachable, match=r"The package tool-1\.0-0 could not be downloaded"):
        run(lab.change("tool", records=records))
    served.down()
