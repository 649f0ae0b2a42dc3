"""Test what the next change of a prefix does with the remains of jobs that died."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tfenv_lab.conda.transaction import recovery, set_aside, staging

from ..conftest import Lab
from .killing import order, whole


@pytest.fixture
def tf(lab: Lab) -> Path:
    asyncio.run(lab.change("app ==1.0"))
    return lab.prefix


@pytest.mark.parametrize("role", ["new", "old", "trash"])
def test_the_next_change_deletes_what_dead_jobs_left(lab: Lab, tf: Path, role: str) -> None:
    left = tf.parent / f".tfenv-{role}-9dead-{tf.name}"
    (left / "share").mkdir(parents=True)
    (left / "share/half.txt").write_text("half")
    whole(order(lab, tf, "1job", "app ==2.0"))
    assert (tf / "share/app.txt").read_text() == "2.0"
    assert not left.exists()


def test_what_jobs_of_other_prefixes_left_stays(lab: Lab, tf: Path) -> None:
    others = [tf.parent / name for name in (".tfenv-new-9job-other", ".tfenv-trash-9job-tf-2")]
    for other in others:
        other.mkdir()
    assert recovery.collect(tf) == []
    assert all(other.is_dir() for other in others)


def test_a_deleted_environment_that_can_be_restored_stays(tf: Path) -> None:
    set_aside.put(tf, "9job")
    tf.mkdir()
    assert recovery.collect(tf) == []
    tf.rmdir()
    set_aside.restore(tf, "9job")
    assert (tf / "share/app.txt").read_text() == "1.0"


def test_an_interrupted_swap_is_finished(lab: Lab, tf: Path) -> None:
    staged, aside = staging.staging_path(tf, "9dead"), staging.aside_path(tf, "9dead")
    asyncio.run(lab.change("app ==2.0", prefix=tf.parent / "other", job="9dead"))
    (tf.parent / "other").rename(staged)
    tf.rename(aside)
    assert recovery.collect(tf) == []
    assert (tf / "share/app.txt").read_text() == "2.0"
    assert lab.beside() == ["tf"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right on Windows")
def test_a_prefix_that_is_a_link_is_cleaned_up_where_it_leads(lab: Lab, tf: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tf)
    left = tf.parent / f".tfenv-new-9dead-{tf.name}"
    left.mkdir()
    assert recovery.collect(link) == []
    assert not left.exists()
