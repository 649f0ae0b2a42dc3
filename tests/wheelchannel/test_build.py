"""A channel with the real interpreter: built, found again and replaced."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from rattler.index import index_fs

from tfenv_lab.errors import InvalidRequest, JobFailed, NoSpace
from tfenv_lab.wheelchannel.build import build
from tfenv_lab.wheelchannel.interpreter import Interpreter
from tfenv_lab.wheelchannel.request import BuildProgress, BuildRequest

from ..conftest import Mount
from .conftest import Built
from .fake_python import facts, program


def records(channel: Path, subdir: str) -> dict[str, dict[str, Any]]:
    repodata = json.loads((channel / subdir / "repodata.json").read_text())
    found: dict[str, dict[str, Any]] = repodata["packages.conda"]
    return found


def test_two_builds_at_once_make_one_channel(built: Built) -> None:
    assert built.outputs == [f"{built.directory.as_uri()}\n"] * 2, built.errors
    packed = ["pack" in text for text in built.errors]
    assert sorted(packed) == [False, True], built.errors
    beside = {path.name for path in built.directory.parent.iterdir()}
    assert not [name for name in beside if name.endswith((".building", ".former"))]


def test_progress_counts_interpreters_and_names_those_that_are_left_out(built: Built, interpreter: Interpreter) -> None:
    text = "".join(built.errors)
    assert f": python {interpreter.version}\n" in text
    assert "pack 2/2" in text
    assert "Python 3.99.1 (" in text
    [reason] = json.loads((built.directory / "wheelchannel.json").read_text())["left_out"]
    assert "cannot be packed" in reason


def test_the_channel_has_only_python(built: Built, interpreter: Interpreter) -> None:
    [python] = records(built.directory, "linux-64").values()
    [abi] = records(built.directory, "noarch").values()
    assert (python["name"], python["version"]) == ("python", interpreter.version)
    assert python["constrains"] == [f"python_abi {interpreter.minor}.* *_{interpreter.tag}"]
    flavor = python["build"].rsplit("_", 1)[-1]
    assert (abi["name"], abi["version"], abi["build"]) == ("python_abi", interpreter.minor, f"0_{interpreter.tag}")
    assert abi["constrains"] == [f"python {interpreter.minor}.* *_{flavor}"]


def test_a_second_build_finds_the_first(built: Built) -> None:
    manifest = (built.directory / "wheelchannel.json").stat()
    answer = built.command(str(built.directory))
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, f"{built.directory.as_uri()}\n", "")
    assert (built.directory / "wheelchannel.json").stat().st_mtime_ns == manifest.st_mtime_ns


async def _index(channel: Path) -> None:
    await index_fs(channel, write_zst=False, write_shards=False)


def test_the_index_says_what_the_packages_say(built: Built, tmp_path: Path) -> None:
    """Our records equal those that the indexer reads from the package files."""
    for subdir in ("noarch", "linux-64"):
        (tmp_path / subdir).mkdir()
        for package in (built.directory / subdir).glob("*.conda"):
            os.link(package, tmp_path / subdir / package.name)
    asyncio.run(_index(tmp_path))
    for subdir in ("noarch", "linux-64"):
        read = records(tmp_path, subdir)
        for record in read.values():
            record.pop("indexed_timestamp", None)
        assert records(built.directory, subdir) == read


def test_every_form_of_the_index_is_there(built: Built) -> None:
    for subdir in ("noarch", "linux-64"):
        names = {path.name for path in (built.directory / subdir).iterdir()}
        assert {"repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst", "shards"} < names


def test_a_channel_of_an_earlier_version_is_replaced_as_a_whole(tmp_path: Path, interpreter: Interpreter) -> None:
    """Version 0.1.0 also packed TensorFlow. Only a build into the same directory replaces its channel."""
    steps: list[BuildProgress] = []
    former = tmp_path / "channel"
    (former / "noarch").mkdir(parents=True)
    (former / "noarch" / "keras-3.5.0-pyh0_0.conda").touch()
    (former / "wheelchannel.json").write_text('{"digest": "0", "recipe": 3, "tensorflow": ["2.19"]}')
    assert build(BuildRequest((interpreter.executable,), former), steps.append) == former
    assert [path.name for path in (former / "noarch").glob("*.conda")] == [
        f"python_abi-{interpreter.minor}-0_{interpreter.tag}.conda"
    ]
    assert [(step.phase, step.done, step.total) for step in steps] == [("pack", 1, 1), ("index", 0, 0), ("check", 0, 0)]


def test_a_build_that_fails_leaves_nothing_and_the_old_channel(tmp_path: Path) -> None:
    target = tmp_path / "channel"
    target.mkdir()
    (target / "wheelchannel.json").write_text("{}")
    broken = program(tmp_path / "bin/python3.98", facts("3.98"))
    with pytest.raises(JobFailed, match=r"^No Python on this machine can be packed\.$") as failed:
        build(BuildRequest((broken,), target))
    assert str(broken) in str(failed.value.details)
    assert [path.name for path in target.iterdir()] == ["wheelchannel.json"]
    assert {path.name for path in tmp_path.iterdir()} == {"bin", "channel", "channel.lock", "home"}


def test_a_named_interpreter_is_never_left_out(tmp_path: Path, interpreter: Interpreter) -> None:
    broken = program(tmp_path / "bin/python3.98", facts("3.98"))
    with pytest.raises(JobFailed, match=rf"Python 3.98.1 \({broken}\) cannot be packed"):
        build(BuildRequest((broken, interpreter.executable), tmp_path / "channel"))
    assert not (tmp_path / "channel").exists()


def test_a_full_disk_is_named(mount: Mount, tmp_path: Path, interpreter: Interpreter) -> None:
    small = mount(tmp_path / "disk", "24m")
    with pytest.raises(NoSpace, match=str(small)):
        build(BuildRequest((interpreter.executable,), small / "channel"))
    assert [path.name for path in small.iterdir()] == ["channel.lock"]


def test_leftovers_of_a_killed_build_are_deleted(tmp_path: Path) -> None:
    (tmp_path / "channel.building" / "channel" / "noarch").mkdir(parents=True)
    with pytest.raises(JobFailed):
        build(BuildRequest((program(tmp_path / "bin/python3.98", facts("3.98")),), tmp_path / "channel"))
    assert not (tmp_path / "channel.building").exists()


def test_a_directory_that_holds_something_else_is_left_alone(tmp_path: Path, interpreter: Interpreter) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InvalidRequest, match=str(tmp_path)):
        build(BuildRequest((interpreter.executable,), tmp_path))
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_the_error_names_an_invalid_interpreter(built: Built, tmp_path: Path) -> None:
    answer = built.command("--python", "/bin/true", str(tmp_path / "channel"))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == "/bin/true cannot be packed: it does not start.\n"


def test_two_interpreters_of_one_minor_version_are_refused(built: Built, tmp_path: Path) -> None:
    answer = built.command("--python", sys.executable, "--python", sys.executable, str(tmp_path / "channel"))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "more than once" in answer.stderr


def test_a_script_that_asks_for_tensorflow_gets_the_channel_and_a_warning(built: Built) -> None:
    answer = built.command("--tensorflow", "2.19", "--package", "pandas", str(built.directory))
    assert (answer.returncode, answer.stdout) == (0, f"{built.directory.as_uri()}\n")
    assert answer.stderr == (
        "--tensorflow and --package have no effect: environments get these packages from the package index.\n"
    )
