"""Test that files name the prefix that they are in."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.transaction import relocation


def test_only_text_that_names_this_prefix_is_rewritten(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    files: dict[str, Any] = {
        "bin/a": b"#!/envs/tf/bin/python\n",
        "etc/b": b"/envs/tf2/bin and /envs/tf.bak and '/envs/tf'",
        "etc/binary": b"\0/envs/tf",
    }
    for name, content in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content)
    shared = tmp_path / "shared"
    shared.hardlink_to(tree / "bin/a")
    (tree / "bin/a").chmod(0o750)
    relocation.rewrite(tree, Path("/envs/tf"), Path("/envs/new"), files)
    assert {name: (tree / name).read_bytes() for name in files} == {
        "bin/a": b"#!/envs/new/bin/python\n",
        "etc/b": b"/envs/tf2/bin and /envs/tf.bak and '/envs/new'",
        "etc/binary": b"\0/envs/tf",
    }
    assert (tree / "bin/a").stat().st_mode & 0o777 == 0o750
    assert shared.read_bytes() == files["bin/a"], "what shared its contents is not touched"


@pytest.mark.parametrize("part", [9, 10, 11, 17, 64, 1 << 20])
def test_the_prefix_is_found_wherever_the_file_is_cut(
    tmp_path: Path, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A part is longer than the prefix.
    monkeypatch.setattr(relocation, "PART", part)
    text = "".join(
        f"{'x' * (number % 13)}/envs/tf{end}" for number, end in enumerate(["/bin", "2/bin", "'", "", " /envs/tf"] * 9)
    )
    (tmp_path / "a.txt").write_text(text)
    relocation.rewrite(tmp_path, Path("/envs/tf"), Path("/somewhere/else"), ["a.txt"])
    assert (tmp_path / "a.txt").read_text() == re.sub(r"/envs/tf(?![\w.-])", "/somewhere/else", text)


def test_the_hashes_in_a_record_follow_the_files(tmp_path: Path) -> None:
    before, after = b"#!/envs/tf/bin/python\n" * 10, b"#!/envs/new/bin/python\n" * 10
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/app").write_bytes(before)
    (tmp_path / "conda-meta/app-1.0-0.json").write_text(hashlib.sha256(before).hexdigest())
    relocation.relocate(tmp_path, Path("/envs/tf"), Path("/envs/new"), {"app-1.0-0.json": ["bin/app"]})
    assert (tmp_path / "bin/app").read_bytes() == after
    assert (tmp_path / "conda-meta/app-1.0-0.json").read_text() == hashlib.sha256(after).hexdigest()


_REWRITE = """
import resource, sys
from pathlib import Path
from tfenv_lab.conda.transaction import relocation
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
relocation.rewrite(Path(sys.argv[1]), Path("/envs/tf"), Path("/envs/new"), ["data.csv"])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is measured in another way")
@pytest.mark.parametrize("line", [b"1,2,3\n", b"1,2,3 "])
def test_a_large_text_is_not_read_into_memory(tmp_path: Path, line: bytes) -> None:
    with (tmp_path / "data.csv").open("wb") as file:
        for _ in range(40):
            file.write(line * 500_000)
        file.write(b"/envs/tf")
    size = (tmp_path / "data.csv").stat().st_size
    done = subprocess.run([sys.executable, "-c", _REWRITE, str(tmp_path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) * 1024 < size / 4
    assert (tmp_path / "data.csv").stat().st_size == size + 1
