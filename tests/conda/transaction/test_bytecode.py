"""Test that bytecode of noarch packages is compiled once, shared by hard links, and removed with its package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ...tiny_tensorflow import PYTHON, SITE, TAG, fill
from ..conftest import Lab
from .test_apply import run

PYC = f"{SITE}/pure/__pycache__/__init__.cpython-{TAG}.pyc"


@pytest.fixture
def pure(lab: Lab) -> Lab:
    """Add a Python and a noarch Python package, ``pure``, to the lab."""
    fill(lab.channel, releases=())
    for version in ("1.0", "2.0"):
        link = json.dumps({"noarch": {"type": "python"}, "package_metadata_version": 1})
        lab.channel.add(
            "pure",
            version,
            noarch="python",
            depends=[f"python {PYTHON}.*"],
            files={"site-packages/pure/__init__.py": f"VALUE = {version}\n"},
            info_files={"link.json": link},
        )
    lab.channel.index()
    return lab


def test_a_noarch_package_is_compiled_and_its_record_says_so(pure: Lab) -> None:
    run(pure.change("python", "pure 1.0"))
    assert (pure.prefix / PYC).exists()
    record = json.loads((pure.prefix / "conda-meta/pure-1.0-0.json").read_text())
    assert PYC in record["files"]


def test_the_next_environment_shares_the_same_file(pure: Lab) -> None:
    run(pure.change("python", "pure 1.0"))
    other: Path = pure.prefix.with_name("other")
    run(pure.change("python", "pure 1.0", job="1job", prefix=other))
    assert (other / PYC).stat().st_ino == (pure.prefix / PYC).stat().st_ino


def test_a_removed_package_leaves_no_bytecode_and_no_importable_folder(pure: Lab) -> None:
    run(pure.change("python", "pure 1.0"))
    run(pure.change("python", job="1job"))
    assert not (pure.prefix / SITE / "pure").exists()


def test_an_update_never_runs_the_old_bytecode(pure: Lab) -> None:
    run(pure.change("python", "pure 1.0"))
    before = (pure.prefix / PYC).read_bytes()
    run(pure.change("python", "pure 2.0", job="1job"))
    assert (pure.prefix / PYC).read_bytes() != before
