"""Test that a package that would write outside its prefix is refused, and that nothing changes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from rattler import BuildString, PackageRecord, RepoDataRecord

from tfenv_lab.errors import JobFailed

from ..conftest import Lab, run
from .hostile_packages import HOSTILE, add_evil, everything, placed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a right on Windows")


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("suffix", [".conda", ".tar.bz2"])
def test_a_new_environment_is_not_made(lab: Lab, home: Path, url: str, case: str, suffix: str) -> None:
    fields, path = HOSTILE[case]
    add_evil(lab.channel, home, fields, suffix=suffix)
    before = everything(lab.root)
    records = run(lab.solve("evil", url=url))
    with pytest.raises(JobFailed) as caught:
        run(lab.change("evil", records=records))
    assert caught.value.message.startswith("The package evil-1.0-0 was refused: ")
    assert f"“{placed(path, home)}”" in caught.value.message or path in caught.value.message
    assert everything(lab.root) == before


@pytest.mark.parametrize("case", HOSTILE)
def test_an_environment_stays_as_it_was(lab: Lab, home: Path, case: str) -> None:
    run(lab.change("app 1.0"))
    fields, _ = HOSTILE[case]
    add_evil(lab.channel, home, fields)
    before = everything(lab.root)
    with pytest.raises(JobFailed, match=r"The package evil-1.0-0 was refused: "):
        run(lab.change("app 1.0", "evil", job="1job"))
    assert everything(lab.root) == before
    run(lab.change("app 2.0", job="2job"))


def test_a_package_from_before_paths_json(lab: Lab, home: Path) -> None:
    add_evil(lab.channel, home, {"listed": [{"_path": "../../home/x"}]}, has_paths=False, suffix=".tar.bz2")
    before = everything(lab.root)
    with pytest.raises(JobFailed, match=r"evil-1.0-0 was refused: its file “../../home/x”"):
        run(lab.change("evil"))
    assert everything(lab.root) == before


@pytest.mark.parametrize("where", ["../../../home", "HOME"])
def test_a_python_that_puts_packages_elsewhere(lab: Lab, home: Path, where: str) -> None:
    index = {"python_site_packages_path": placed(where, home)}
    lab.channel.add("python", "3.13.0", build="evil_0", files={"bin/python": ""}, extra_index=index)
    lab.channel.add("mod", "1.0", noarch="python", depends=["python"], files={"site-packages/x.py": ""})
    lab.channel.index()
    before = everything(lab.root)
    with pytest.raises(JobFailed, match=r"The package python-3.13.0-evil_0 was refused: "):
        run(lab.change("mod"))
    assert everything(lab.root) == before


@pytest.mark.parametrize("build", ["../../../home/x", "/x", "..\\\\x"])
def test_a_package_whose_record_would_lie_elsewhere(lab: Lab, home: Path, build: str) -> None:
    (tool,) = run(lab.solve("tool"))
    record = PackageRecord("tool", "1.0", BuildString.new_unchecked(build), 0, "noarch", sha256=tool.sha256)
    records = [RepoDataRecord(record, tool.file_name, tool.url, tool.channel)]
    before = everything(lab.root)
    with pytest.raises(JobFailed, match="its name cannot be a file name"):
        run(lab.change("tool", records=records))
    assert everything(lab.root) == before


def test_a_message_is_one_line(lab: Lab, home: Path) -> None:
    add_evil(lab.channel, home, {"listed": [{"_path": "../a\nb\x1b[31m" + "c" * 5000}]})
    with pytest.raises(JobFailed) as caught:
        run(lab.change("evil"))
    assert "\n" not in caught.value.message
    assert "\x1b" not in caught.value.message
    assert len(caught.value.message) < 400
