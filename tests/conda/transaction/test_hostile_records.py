"""Test that nothing is written outside a prefix, whatever its records and other files in ``conda-meta`` say."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tfenv_lab.conda.transaction import staging

from ..conftest import Lab, run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a right on Windows")


def test_a_copy_writes_nothing_outside_whatever_records_say(lab: Lab, home: Path) -> None:
    run(lab.change("app 1.0"))
    texts = [home / ".profile", lab.root / "envs/beside.txt", home / "linked.txt"]
    for text in texts:
        text.write_text(f"PATH={lab.prefix}/bin")
    (lab.prefix / "out").symlink_to(home)
    record = lab.prefix / "conda-meta/app-1.0-0.json"
    stored = json.loads(record.read_text())
    for path in (str(texts[0]), "../beside.txt", "out/linked.txt", "share/../../beside.txt"):
        stored["files"].append(path)
        stored["paths_data"]["paths"].append(
            {"_path": path, "path_type": "hardlink", "prefix_placeholder": "/P", "file_mode": "text"}
        )
    record.write_text(json.dumps(stored))
    copy = lab.prefix.with_name("copy")
    run(lab.change("app 1.0", job="1job", prefix=copy, origin="copy", source=lab.prefix))
    assert (copy / "bin/app").read_text().startswith(f"#!{copy}/bin/sh")
    assert [text.read_text() for text in texts] == [f"PATH={lab.prefix}/bin"] * 3


def test_a_removal_deletes_nothing_outside(lab: Lab, home: Path) -> None:
    run(lab.change("app 1.0", "tool"))
    record = lab.prefix / "conda-meta/tool-1.0-0.json"
    stored = json.loads(record.read_text())
    stored["files"] += ["../../home/.mybashrc", str(home / ".ssh/id_rsa")]
    record.write_text(json.dumps(stored))
    run(lab.change("app 1.0", job="1job"))
    assert (home / ".mybashrc").read_text() == "mine"
    assert (home / ".ssh/id_rsa").read_text() == "private"


@pytest.mark.parametrize(
    "name",
    [
        "history",
        "app-2.0-0.tmp",
        "lib-1.0-0.tmp",
        "tfenv_lab/00001.lock",
        "tfenv_lab/00001.json",
        "tfenv_lab",
    ],
)
def test_no_file_of_ours_is_written_through_a_link(lab: Lab, home: Path, name: str) -> None:
    run(lab.change("app 1.0"))
    target = home / ("kept" if name == "tfenv_lab" else ".mybashrc")
    if name == "tfenv_lab":
        target.mkdir()
        staging.discard(lab.prefix / "conda-meta/tfenv_lab")
    else:
        (lab.prefix / "conda-meta" / name).unlink(missing_ok=True)
    (lab.prefix / "conda-meta" / name).symlink_to(target)
    run(lab.change("app 2.0", job="1job"))
    assert (home / ".mybashrc").read_text() == "mine"
    assert name != "tfenv_lab" or list(target.iterdir()) == []


def test_a_record_that_is_a_link_becomes_a_file(lab: Lab, home: Path) -> None:
    run(lab.change("app 1.0", "tool"))
    record = lab.prefix / "conda-meta/tool-1.0-0.json"
    record.rename(home / "tool.json")
    record.symlink_to(home / "tool.json")
    text = (home / "tool.json").read_text()
    run(lab.change("app 2.0", "tool >=1", job="1job"))
    assert json.loads(record.read_text())["requested_specs"] == ["tool >=1"]
    assert not record.is_symlink()
    assert (home / "tool.json").read_text() == text
