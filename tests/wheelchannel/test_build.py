"""A channel of tiny wheels with the real interpreter: built, found again and replaced."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from rattler.index import index_fs

from tfenv_lab.errors import InvalidRequest, NoSpace
from tfenv_lab.wheelchannel import packing
from tfenv_lab.wheelchannel.build import build
from tfenv_lab.wheelchannel.interpreter import Interpreter
from tfenv_lab.wheelchannel.package import Package
from tfenv_lab.wheelchannel.request import BuildProgress, BuildRequest

from .conftest import Built
from .slow_index import served


def records(channel: Path, subdir: str) -> dict[str, dict[str, Any]]:
    repodata = json.loads((channel / subdir / "repodata.json").read_text())
    found: dict[str, dict[str, Any]] = repodata["packages.conda"]
    return found


def named(channel: Path, subdir: str, name: str) -> list[dict[str, Any]]:
    found = [record for record in records(channel, subdir).values() if record["name"] == name]
    return sorted(found, key=lambda record: record["version"])


def test_two_builds_at_once_make_one_channel(built: Built) -> None:
    assert built.outputs == [f"{built.directory.as_uri()}\n"] * 2, built.errors
    packed = ["repack" in text for text in built.errors]
    assert sorted(packed) == [False, True], built.errors
    beside = {path.name for path in built.directory.parent.iterdir()}
    assert not [name for name in beside if name.endswith((".building", ".former"))]


def test_the_interpreter_is_named_and_progress_is_counted(built: Built, interpreter: Interpreter) -> None:
    text = "".join(built.errors)
    assert str(interpreter) in text
    assert "repack 12/12" in text


def test_a_second_build_finds_the_first(built: Built) -> None:
    manifest = (built.directory / "wheelchannel.json").stat()
    answer = built.command(str(built.directory))
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, f"{built.directory.as_uri()}\n", "")
    assert (built.directory / "wheelchannel.json").stat().st_mtime_ns == manifest.st_mtime_ns


def test_tensorflow_has_conda_forges_shape(built: Built, interpreter: Interpreter) -> None:
    thin, base = (named(built.directory, "linux-64", name) for name in ("tensorflow", "tensorflow-base"))
    assert [record["version"] for record in thin] == ["2.19.1", "2.20.0"]
    for record, files in zip(thin, base, strict=True):
        assert record["build"] == files["build"]
        assert record["build"].startswith(f"cpu_py{interpreter.tag[2:]}h")
        assert record["build"].endswith("_0")
        assert f"tensorflow-base =={record['version']} {record['build']}" in record["depends"]
        assert f"python_abi {interpreter.minor}.* *_{interpreter.tag}" in record["depends"]


def test_each_release_keeps_its_own_dependencies(built: Built) -> None:
    base = named(built.directory, "linux-64", "tensorflow-base")
    assert ["math-kit <2" in base[0]["depends"], "math-kit >=2" in base[1]["depends"]] == [True, True]
    assert [record["version"] for record in named(built.directory, "linux-64", "math-kit")] == ["1.5", "2.5"]
    assert all("keras ~=3.5" in record["depends"] for record in base)
    assert [record["version"] for record in named(built.directory, "noarch", "keras")] == ["3.5.1"]
    assert "windows-only" not in json.dumps(base)


def test_python_and_its_abi_hold_each_other(built: Built, interpreter: Interpreter) -> None:
    (python,) = named(built.directory, "linux-64", "python")
    (abi,) = named(built.directory, "noarch", "python_abi")
    assert python["version"] == interpreter.version
    assert python["constrains"] == [f"python_abi {interpreter.minor}.* *_{interpreter.tag}"]
    flavor = python["build"].rsplit("_", 1)[-1]
    assert (abi["version"], abi["build"]) == (interpreter.minor, f"0_{interpreter.tag}")
    assert abi["constrains"] == [f"python {interpreter.minor}.* *_{flavor}"]


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


@pytest.fixture
def python_packed_already(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment variables of ``built``, with its Python packages, so that builds are quick."""
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    for name, value in built.environment.items():
        monkeypatch.setenv(name, value)

    def copy(interpreter: Interpreter, channel: Path, work: Path) -> list[Package]:
        packages = []
        for subdir, name in (("linux-64", "python"), ("noarch", "python_abi")):
            (record,) = named(built.directory, subdir, name)
            fields = ("name", "version", "build", "subdir", "timestamp", "depends", "constrains")
            package = Package(**{field: record[field] for field in fields}, noarch=record.get("noarch"))
            (channel / subdir).mkdir(parents=True, exist_ok=True)
            os.link(*(root / subdir / f"{package.stem}.conda" for root in (built.directory, channel)))
            packages.append(package)
        return packages

    monkeypatch.setattr(packing, "pack_python", copy)


@pytest.mark.usefixtures("python_packed_already")
def test_another_recipe_replaces_the_directory(tmp_path: Path) -> None:
    target = tmp_path / "channel"
    steps: list[BuildProgress] = []
    build(BuildRequest(("2.20",), directory=target), steps.append)
    assert [record["version"] for record in named(target, "linux-64", "tensorflow")] == ["2.20.0"]
    build(BuildRequest(("2.19.0",), ("later",), directory=target), steps.append)
    assert [record["version"] for record in named(target, "linux-64", "tensorflow")] == ["2.19.0"]
    assert named(target, "noarch", "later")
    assert {step.phase for step in steps} >= {"interpreter", "repack", "index", "check"}
    assert {path.name for path in tmp_path.iterdir()} == {"channel", "channel.lock", "home"}


@pytest.mark.usefixtures("python_packed_already")
def test_bytes_are_counted_while_wheels_are_downloaded(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    steps: list[BuildProgress] = []
    with served(Path(built.environment["PIP_FIND_LINKS"])) as url:
        monkeypatch.setenv("PIP_FIND_LINKS", url)
        build(BuildRequest(("2.20",), directory=tmp_path / "channel"), steps.append)
    counted = [step for step in steps if step.phase == "download" and step.bytes]
    assert len(counted) > 2
    assert [step.bytes for step in counted] == sorted(step.bytes for step in counted)
    # Some bytes were counted before the end. How many is a matter of chance.
    assert 0 < counted[0].bytes < counted[-1].bytes
    assert {step.total for step in counted} == {len(list((tmp_path / "cache/tfenv_lab/wheels").glob("*.whl")))}
    told = [step.fraction for step in steps if step.fraction]
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.usefixtures("python_packed_already")
def test_a_package_that_requires_tensorflow_gets_the_one_that_is_packed(tmp_path: Path) -> None:
    target = build(BuildRequest(("2.20",), ("tf-keras",), directory=tmp_path / "channel"))
    (record,) = named(target, "noarch", "tf-keras")
    assert record["depends"] == ["python", "tensorflow <2.21,>=2.20"]
    assert [each["version"] for each in named(target, "linux-64", "tensorflow")] == ["2.20.0"]


@pytest.mark.usefixtures("python_packed_already")
def test_a_failing_step_leaves_nothing_and_the_old_channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = build(BuildRequest(("2.20",), directory=tmp_path / "channel"))
    before = (target / "wheelchannel.json").read_text()
    monkeypatch.setattr(packing, "repack", _full)
    with pytest.raises(NoSpace, match=str(tmp_path)):
        build(BuildRequest(("2.19",), directory=target))
    assert (target / "wheelchannel.json").read_text() == before
    assert {path.name for path in tmp_path.iterdir()} == {"channel", "channel.lock", "home"}


def _full(*arguments: object) -> list[Package]:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.usefixtures("python_packed_already")
def test_leftovers_of_a_killed_build_are_deleted(tmp_path: Path) -> None:
    left = tmp_path / "channel.building" / "channel" / "noarch"
    left.mkdir(parents=True)
    target = build(BuildRequest(("2.20",), directory=tmp_path / "channel"))
    assert target.is_dir()
    assert not (tmp_path / "channel.building").exists()


@pytest.mark.usefixtures("python_packed_already")
def test_the_default_directory_is_the_users_cache_by_recipe(built: Built) -> None:
    one, other = (build(BuildRequest((release,))) for release in ("2.19", "2.20"))
    assert one != other
    cache = Path(built.environment["HOME"]) / ".cache" / "tfenv_lab" / "channel"
    assert one.parent == other.parent == cache
    assert one.name.startswith("tensorflow-2.19-")


@pytest.mark.usefixtures("python_packed_already")
def test_a_directory_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InvalidRequest, match=str(tmp_path)):
        build(BuildRequest(("2.20",), directory=tmp_path))
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_the_error_says_that_no_interpreter_has_wheels(built: Built, tmp_path: Path) -> None:
    answer = built.command("--tensorflow", "9.9", "--python", sys.executable, str(tmp_path / "channel"))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "No Python on this machine has wheels of TensorFlow 9.9" in answer.stderr
    assert "--python" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_package_that_does_not_exist_is_named(built: Built, tmp_path: Path) -> None:
    answer = built.command("--package", "no-such-thing", str(tmp_path / "channel"))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "no-such-thing" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_error_names_an_invalid_interpreter(built: Built, tmp_path: Path) -> None:
    answer = built.command("--python", "/bin/true", str(tmp_path / "channel"))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == "/bin/true cannot be packed: it does not start.\n"


def test_the_example_of_the_guide_prints_the_url_of_the_channel(built: Built, tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "wheelchannel.md").read_text(encoding="utf-8")
    [arguments] = re.findall(r"^    python -m tfenv_lab.wheelchannel build (.+)$", guide, re.MULTILINE)
    answer = built.command(*shlex.split(arguments), str(tmp_path / "channel"))
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == f"{(tmp_path / 'channel').as_uri()}\n"
    assert [record["version"] for record in named(tmp_path / "channel", "linux-64", "tensorflow")] == [
        "2.19.1",
        "2.20.0",
    ]
