"""Test that files name the prefix that they are in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
