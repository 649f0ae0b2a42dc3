"""Uninstalling leaves what the page about it lists, and nothing else; environments keep working."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from ..tiny_channel import TinyChannel
from .conftest import PYTHONS, ROOT, Installation

PAGE = (ROOT / "docs" / "administer" / "uninstall.md").read_text(encoding="utf-8")


def test_only_the_listed_places_stay_and_the_environment_works(
    tmp_path: Path, wheel: Path, tensorflow_channel: TinyChannel
) -> None:
    installation = Installation(tmp_path / "uninstalled", next(reversed(PYTHONS.values())), wheel, "pip")
    before = {path for path in installation.prefix.rglob("*") if "tfenv" in path.name.lower()}
    assert before
    installation.run(
        "jupyter", "tfenv", "create", "kept", "--tensorflow=2.19.*", f"--TfenvLab.channels={tensorflow_channel.url}"
    )
    installation.run("pip", "uninstall", "--yes", "tfenv_lab")

    assert [path for path in installation.prefix.rglob("*") if "tfenv" in path.name.lower()] == []
    home = installation.home
    rows = re.findall(r"^\| `~/(.+?)` \|", PAGE, re.MULTILINE)
    ours = [path for pattern in rows for path in home.glob(pattern)]
    assert len(ours) >= 3
    left = [path for path in home.rglob("*") if path.is_file() and not {path, *path.parents} & set(ours)]
    prefix = home / ".conda" / "envs" / "kept"
    others = [path for path in left if prefix not in path.parents]
    # The list of environments belongs to conda.
    assert others == [home / ".conda" / "environments.txt"]
    for path in ours:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    shutil.rmtree(prefix / "conda-meta" / "tfenv_lab")
    done = subprocess.run([prefix / "bin" / "python", "-c", "import tensorflow"], check=False)
    assert done.returncode == 0
