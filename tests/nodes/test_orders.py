"""Test the orders that a machine of a cluster carries out: ``python -m tfenv_lab.nodes``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tfenv_lab.conda.prefix import lock as locks_of

from ..tiny_channel import TinyChannel
from .conftest import Locks, Machine, NewMachine, write_lock


def _answer(here: Machine, verb: str, lock: Path | None, name: str = "app-1", digest: str = "0") -> Any:
    content = lock.read_text() if lock else ""
    order = {"verb": verb, "lock": {"content": content}, "name": name, "digest": digest}
    with subprocess.Popen(
        [sys.executable, "-m", "tfenv_lab.nodes"], env=here.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.read())
        process.stdin.close()
    return answer


def test_a_lock_with_other_packages_than_where_the_rollout_began_is_impossible(node: NewMachine, locks: Locks) -> None:
    answer = _answer(node(), "plan", locks.old)
    assert answer["plan"]["action"] == "impossible"
    assert "other packages" in answer["plan"]["error"]["message"]


def test_a_package_without_a_hash_is_refused_by_its_name(
    node: NewMachine, channel: TinyChannel, tmp_path: Path
) -> None:
    channel.add("lib", "1.0")
    channel.add("app", "1.0", depends=["lib"])
    channel.index()
    file = channel.root / channel.subdir / "repodata.json"
    repodata = json.loads(file.read_text())
    for name, record in repodata["packages.conda"].items():
        if name.startswith("lib"):
            del record["sha256"]
    file.write_text(json.dumps(repodata))
    for other in file.parent.glob("repodata.json.*"):
        other.unlink()
    lock = write_lock(channel, tmp_path, "app ==1.0")
    here = node()
    digest = locks_of.digest(locks_of.loads(lock.read_text())[channel.subdir])
    answer = _answer(here, "plan", lock, digest=digest)
    assert answer["plan"]["error"]["message"] == "The lock has no SHA-256 for these packages: lib."
    assert not (here.envs / "app-1").exists()


def test_a_probe_of_an_environment_without_python_says_so(node: NewMachine, locks: Locks) -> None:
    here = node()
    here.install(locks.old, "app")
    answer = _answer(here, "probe", None, "app")
    assert (answer["error"]["reason"], "no Python" in answer["error"]["message"]) == ("not-found", True)


def test_a_name_is_never_a_path(node: NewMachine) -> None:
    for name in ("../app", "/etc", ""):
        answer = _answer(node(f"node{len(name)}"), "activate", None, name)
        assert answer["error"]["reason"] == "invalid-name"
        assert answer["variables"] == {}
