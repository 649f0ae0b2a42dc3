"""Test which older versions of an environment are deleted after a rollout."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tfenv_lab import serde
from tfenv_lab.conda.prefix import digests
from tfenv_lab.nodes import pruning
from tfenv_lab.nodes.apply import until_finished
from tfenv_lab.nodes.configuration import NodeConfiguration
from tfenv_lab.nodes.lockfile import LockFile
from tfenv_lab.nodes.orders import Answer, Order
from tfenv_lab.services import Services

LOCK = LockFile("a lock")
V1, V2, V3, V4 = (f"app-{number:08x}" for number in range(1, 5))


class Here:
    """This machine, with environments that rollouts created."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.envs = services.envs_dir

    def version(self, name: str, age: int, *, is_marked: bool = True) -> Path:
        """Create a version; ``age`` says how many rollouts ago."""
        prefix = self.envs / name
        (prefix / "conda-meta").mkdir(parents=True)
        (prefix / "conda-meta" / "history").touch()
        digests.write(prefix, "digest", LOCK.mark)
        if is_marked:
            pruning.mark(prefix, LOCK)
            when = 1_700_000_000 - age
            os.utime(prefix / "conda-meta" / "tfenv_lab" / "rollout.json", (when, when))
        return prefix

    def pruned(self, *kept: str, name: str = V4) -> list[str]:
        """Return the versions that are deleted after a rollout of a version."""
        finished = partial(until_finished, self.services)
        deleted = asyncio.run(pruning.prune(self.services, name, kept, finished))
        assert not [each for each in deleted if (self.envs / each).exists()]
        return deleted

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.envs.iterdir() if not path.name.startswith("."))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Here]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / ".condarc").write_text(f"envs_dirs: ['{tmp_path / 'envs'}']\n")
    monkeypatch.setattr(pruning, "_LOCAL", {*pruning._LOCAL, _kind(tmp_path)})
    yield Here(Services(NodeConfiguration()))


def _kind(folder: Path) -> str:
    """Return the kind of file system, so that the tests also run on one that is not listed."""
    return subprocess.run(
        ["findmnt", "--noheadings", "--output=FSTYPE", f"--target={folder}"], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_new_version_and_the_one_before_it_stay(here: Here) -> None:
    for age, name in enumerate((V4, V3, V2, V1)):
        here.version(name, age)
    assert here.pruned() == [V2, V1]
    assert here.names == [V3, V4]
    assert here.pruned() == []


def test_what_workers_run_or_can_go_back_to_stays(here: Here) -> None:
    for age, name in enumerate((V4, V3, V2, V1)):
        here.version(name, age)
    assert here.pruned(V4, V1) == [V3, V2]


def test_a_version_from_which_a_process_runs_stays(here: Here) -> None:
    for age, name in enumerate((V4, V3, V2)):
        here.version(name, age)
    program = here.version(V1, 3) / "bin" / "wait"
    program.parent.mkdir()
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as process:
        assert here.pruned() == [V2]
        process.kill()
    assert here.pruned() == [V1]


def test_what_somebody_else_made_or_changed_stays(here: Here) -> None:
    here.version(V4, 0)
    here.version(V3, 1)
    here.version(V2, 2, is_marked=False)
    # Another program has changed its packages since.
    (here.version(V1, 3) / "conda-meta" / "other-1.0-0.json").write_text("{}")
    # The copy of a version, another environment, and a link.
    shutil.copytree(here.envs / V3, here.envs / "app-0000000a")
    here.version("apple-00000001", 4)
    here.version("app", 5)
    (here.envs / "app-0000000b").symlink_to(V3)
    before = here.names
    assert here.pruned() == []
    assert here.names == before


def test_nothing_is_deleted_where_other_machines_may_run_it(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    for age, name in enumerate((V4, V3, V2)):
        here.version(name, age)
    monkeypatch.setattr(pruning, "_LOCAL", frozenset())
    assert here.pruned() == []


@pytest.mark.parametrize("name", ["app", "app-1", "../app-00000004", "app-0000000g"])
def test_a_name_without_a_digest_deletes_nothing(here: Here, name: str) -> None:
    for age, version in enumerate((V3, V2, V1)):
        here.version(version, age)
    assert here.pruned(name=name) == []


def test_an_order_to_a_machine_of_a_cluster_names_what_was_deleted(here: Here) -> None:
    for age, name in enumerate((V4, V3, V2, V1)):
        here.version(name, age)
    order = Order("prune", LockFile(""), V4, "", kept=(V4, V2))
    with subprocess.Popen(
        [sys.executable, "-m", "tfenv_lab.nodes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(serde.dumps(order) + b"\n")
        process.stdin.flush()
        answer: Answer = serde.loads(process.stdout.readline(), Answer)
    assert (answer.error, answer.note) == (None, f"Older versions were deleted: {V3}, {V1}.")
    assert here.names == [V2, V4]
