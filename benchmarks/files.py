"""The comparison of an environment's files with their records: as many files as TensorFlow brings, conda's and wheels'.

The files are hard links to a few contents, so that the environment is made in a moment and only times are measured.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tfenv_lab.environments.files import differences

from .measure import Measure, milliseconds, processor

#: TensorFlow 2.20 with Keras, Jupyter's kernel and what they need has 23,000 files in 66 packages.
_FILES, _PACKAGES = 23_000, 66
_TEXT = "x = 1\n"
_SITE = "lib/python3.11/site-packages"


def measures() -> Iterator[Measure]:
    with tempfile.TemporaryDirectory() as name:
        for kind in ("conda", "wheels", "both"):
            prefix = Path(name) / kind
            paths = list(_generate(prefix, kind))
            os.sync()
            floor = milliseconds(partial(_look, paths))
            found = differences(prefix, contents=False)
            assert found == {"missing": [], "altered": [], "overwritten": []}, str(found)[:300]

            work = partial(differences, prefix, contents=False)
            title = f"compare {len(paths):,} files of {kind}"
            yield Measure(title, milliseconds(work), limit=1000, floor=floor, floor_name="lstat of each file")
            yield Measure(f"{title}, processor", processor(work), limit=1000)


def _generate(prefix: Path, kind: str) -> Iterator[str]:
    """Create an environment with the packages of one kind, or of both by turns, and yield the paths of its files."""
    (prefix / "conda-meta").mkdir(parents=True)
    content = prefix / "content"
    content.write_text(_TEXT)
    digest = hashlib.sha256(_TEXT.encode()).digest()
    for number in range(_PACKAGES):
        name = f"library{number}"
        files = [f"{_SITE}/{name}/part{each // 40}/module{each}.py" for each in range(_FILES // _PACKAGES)]
        for folder in {os.path.dirname(path) for path in files}:  # noqa: PTH120 - thousands of paths
            (prefix / folder).mkdir(parents=True)
        for path in files:
            os.link(content, prefix / path)
        if kind == "wheels" or (kind == "both" and number % 2):
            _record_wheel(prefix / _SITE / f"{name}-1.0.dist-info", files, digest)
        else:
            _record_conda(prefix / "conda-meta" / f"{name}-1.0-0.json", files, digest)
        yield from (f"{prefix}/{path}" for path in files)


def _record_conda(path: Path, files: list[str], digest: bytes) -> None:
    entries = [
        {
            "_path": file,
            "path_type": "hardlink",
            "sha256": digest.hex(),
            "sha256_in_prefix": digest.hex(),
            "size_in_bytes": len(_TEXT),
        }
        for file in files
    ]
    path.write_text(json.dumps({"files": files, "paths_data": {"paths": entries, "paths_version": 1}}))


def _record_wheel(info: Path, files: list[str], digest: bytes) -> None:
    info.mkdir()
    (info / "INSTALLER").write_text("uv\n")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {info.name.partition('-')[0]}\nVersion: 1.0\n")
    hashed = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    rows = [f"{file.removeprefix(_SITE + '/')},sha256={hashed},{len(_TEXT)}" for file in files]
    (info / "RECORD").write_text("\n".join([*rows, f"{info.name}/RECORD,,", ""]))


def _look(paths: list[str]) -> None:
    for path in paths:
        os.lstat(path)
