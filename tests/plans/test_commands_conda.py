"""Test that a real conda, given the commands of a plan, arrives at the packages of the plan.

The conda comes from ``TFENV_CONDA``, ``CONDA_EXE`` or the search path. Most tests let it only say what it would do.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.prefix.records import stem_of

from .. import python_package
from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON, SITE, TAG, fill
from ..wheelchannel.tiny_wheel import make_wheel

#: Read at import, before a test's clean home hides the variables.
CONDA = os.environ.get("TFENV_CONDA") or os.environ.get("CONDA_EXE") or shutil.which("conda")

pytestmark = pytest.mark.skipif(CONDA is None, reason="there is no conda here (TFENV_CONDA names one)")

Packages = set[tuple[str, str, str]]


@pytest.fixture
def tensorflow_channel(channel: TinyChannel) -> TinyChannel:
    """The usual channel, with a CUDA build of each release in addition to the CPU build."""
    for version in ("2.19.1", "2.20.0"):
        build = f"cuda126py{TAG}h{version.replace('.', '')}_200"
        abi = f"python_abi {PYTHON}.* *_cp{TAG}"
        depends = ["python", abi, "keras >=3.5", "__cuda", "cuda-version >=12.6,<13"]
        channel.add("tensorflow-base", version, build=build, depends=depends)
        channel.add("tensorflow", version, build=build, depends=[f"tensorflow-base {version} {build}", "python", abi])
    channel.add("cuda-version", "12.6", noarch="generic", constrains=["__cuda >=12"])
    return fill(channel)


@pytest.fixture
def shell(tmp_path: Path, clean_home: Path) -> Any:
    """Run a plan's command line in a shell; return the packages that conda links and unlinks, or would."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "conda").symlink_to(Path(str(CONDA)).absolute())

    environment = {
        "HOME": str(clean_home),
        "PATH": f"{programs}:/usr/bin:/bin",
        "CONDA_PKGS_DIRS": str(tmp_path / "pkgs"),
        "CONDA_ENVS_DIRS": str(clean_home / ".conda/envs"),
    }

    async def run(line: str, how: str = "--dry-run --json") -> tuple[Packages, Packages]:
        command = ["sh", "-c", f"{line} {how}"]
        done = await asyncio.to_thread(
            subprocess.run, command, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        actions = json.loads(done.stdout).get("actions", {}) if "--dry-run" in how else {}
        return _packages(actions.get("LINK", [])), _packages(actions.get("UNLINK", []))

    return run


def _packages(found: list[dict[str, Any]]) -> Packages:
    return {(each["name"], each["version"], each["build_string"]) for each in found}


def _sides(plan: Any) -> tuple[Packages, Packages]:
    """Return the packages that a plan adds to the prefix and those that it removes."""
    comes, goes = (
        {(each["name"], each[side]["version"], each[side]["build"]) for each in plan["entries"] if each[side]}
        for side in ("to", "from")
    )
    return comes, goes


CREATE = {"kind": "create", "name": "new", "tensorflow": "2.19.*", "python": PYTHON}


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"tensorflow": "2.19.1", "variant": "cpu"},
        {"tensorflow": None, "packages": ["numpy >=2.0,<2.2", "pandas!=1.0"]},
        {"variant": "cuda", "cuda": "12.6"},
        {"variant": "auto", "cuda": "12.8"},
        {"packages": ["numpy=2.1", "pandas 2.*"]},
        {"packages": ["numpy >=2.0,<2.2 0"]},
    ],
    ids=str,
)
async def test_create(api: Api, shell: Any, wanted: dict[str, Any]) -> None:
    plan = await api.plan(**{**CREATE, **wanted})
    [line] = plan["commands"]
    assert await shell(line) == _sides(plan), line


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "install", "specs": ["pandas"]},
        {"kind": "install", "specs": ["numpy >=2.2"]},
        {"kind": "install", "specs": ["tensorflow=2.20"]},
        {"kind": "update", "packages": ["tensorflow"]},
        {"kind": "update", "packages": ["numpy"]},
        {"kind": "update", "packages": "all"},
        {"kind": "remove", "packages": ["keras"]},
        {"kind": "remove", "packages": ["numpy", "pip"]},
    ],
    ids=str,
)
async def test_a_change(api: Api, made: Any, shell: Any, change: dict[str, Any]) -> None:
    plan = await api.plan(environment=made["id"], **change)
    [line] = plan["commands"]
    assert await shell(line) == _sides(plan), line


@pytest.mark.parametrize(
    "variables",
    [{"CUDA": "12.6"}, {"CUDA": "12.6", "GLIBC": "2.17"}, {"ARCHSPEC": "x86_64_v3", "LINUX": ""}],
    ids=str,
)
async def test_create_under_variables_that_the_shell_lacks(
    api: Api, shell: Any, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"CONDA_OVERRIDE_{name}", value)
    plan = await api.plan(**CREATE)
    [line] = plan["commands"]
    assert await shell(line) == _sides(plan), line


async def test_only_requested_packages_are_updated(
    api: Api, made: Any, shell: Any, tensorflow_channel: TinyChannel
) -> None:
    tensorflow_channel.add("certifi", "1.0", noarch="generic")
    tensorflow_channel.add("needs-certificates", "1.0", noarch="generic", depends=["certifi"])
    await asyncio.to_thread(tensorflow_channel.index)
    await api.apply(kind="install", environment=made["id"], specs=["needs-certificates"])
    tensorflow_channel.add("certifi", "2.0", noarch="generic")
    await asyncio.to_thread(tensorflow_channel.index)
    plan = await api.plan(kind="install", environment=made["id"], specs=["pandas"])
    [line] = plan["commands"]
    assert await shell(line) == _sides(plan), line


async def test_a_change_without_pip_does_not_install_pip(api: Api, made: Any, shell: Any) -> None:
    await api.apply(kind="remove", environment=made["id"], packages=["pip"])
    plan = await api.plan(kind="install", environment=made["id"], specs=["pandas"])
    [line] = plan["commands"]
    assert await shell(line) == _sides(plan), line


async def test_a_change_in_a_copy(api: Api, made: Any, shell: Any) -> None:
    plan = await api.plan(kind="update", environment=made["id"], packages=["tensorflow"], into="copy")
    [line] = plan["commands"]
    assert await shell(line) == _sides(plan), line


def _installed(prefix: str) -> Packages:
    stems = (stem_of(path.name) for path in Path(prefix, "conda-meta").glob("*.json"))
    return {(stem.name, stem.version, stem.build) for stem in stems if stem}


class TestForReal:
    """Commands that really run, because conda has no dry run for changes without a solve."""

    async def test_a_copy(self, api: Api, made: Any, shell: Any) -> None:
        plan = await api.plan(kind="clone", environment=made["id"], name="copy")
        [line] = plan["commands"]
        await shell(line, "--yes")
        assert _installed(plan["prefix"]) == _sides(plan)[0]

    @pytest.mark.parametrize("query", ["explicit", "conda-lock", "pixi-lock"])
    async def test_a_lock(self, api: Api, made: Any, shell: Any, query: str) -> None:
        _, text = await api.call("GET", f"environments/{made['id']}/export?format={query}")
        plan = await api.plan(kind="import", name="new", content=text)
        [line] = plan["commands"]
        await shell(line, "--yes")
        assert _installed(plan["prefix"]) == _sides(plan)[0] == _installed(made["prefix"])

    async def test_a_change_removes_packages_that_nothing_needs_anymore(
        self, api: Api, made: Any, shell: Any, tensorflow_channel: TinyChannel
    ) -> None:
        for version, depends in (("1.0", ["python", "only-for-one"]), ("2.0", ["python"])):
            tensorflow_channel.add("plugin", version, noarch="generic", depends=depends)
        tensorflow_channel.add("only-for-one", "1.0", noarch="generic")
        await asyncio.to_thread(tensorflow_channel.index)
        await api.apply(kind="install", environment=made["id"], specs=["plugin 1.*"])
        plan = await api.plan(kind="install", environment=made["id"], specs=["plugin 2.*"])
        before = _installed(made["prefix"])
        for line in plan["commands"]:
            await shell(line, "--yes")
        comes, goes = _sides(plan)
        assert ("only-for-one", "1.0", "0") in goes
        assert _installed(made["prefix"]) == before - goes | comes

    async def test_a_revert(self, api: Api, made: Any, shell: Any) -> None:
        before = _installed(made["prefix"])
        await api.apply(kind="update", environment=made["id"], packages=["tensorflow"])
        await api.apply(kind="install", environment=made["id"], specs=["pandas"])
        await api.apply(kind="remove", environment=made["id"], packages=["pip"])
        plan = await api.plan(kind="revert", environment=made["id"], revision=0)
        remove, install = plan["commands"]
        await shell(remove, "--yes")
        await shell(install, "--yes")
        assert _installed(made["prefix"]) == before


class TestRevertToAnotherPython:
    @pytest.fixture
    def tensorflow_channel(self, channel: TinyChannel) -> TinyChannel:
        """Two Pythons, and a package whose directory contains the version of Python."""
        for version in ("3.10", "3.11"):
            interpreter = {"bin/python": f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'}
            channel.add("python", f"{version}.9", build="0_cpython", files=interpreter, executable=["bin/python"])
        channel.add("ipykernel", "7.0.0", noarch="generic", depends=["python"])
        channel.add("pure", "1.0", noarch="python", depends=["python"], files={"site-packages/pure.py": ""})
        channel.index()
        return channel

    async def test_noarch_packages_move_to_the_directory_of_the_other_python(self, api: Api, shell: Any) -> None:
        await api.apply(kind="create", name="tf", tensorflow=None, python="3.10", packages=["pure"])
        environment = await api.environment("tf")
        job = await api.apply(kind="install", environment=environment["id"], specs=["python 3.11.*"])
        assert job["state"] == "succeeded", job
        prefix = Path(environment["prefix"])
        assert [path.parts[-3] for path in prefix.glob("lib/*/*/pure.py")] == ["python3.11"]
        plan = await api.plan(kind="revert", environment=environment["id"], revision=0)
        for line in plan["commands"]:
            await shell(line, "--yes")
        assert ("python", "3.10.9", "0_cpython") in _installed(environment["prefix"])
        assert [path.parts[-3] for path in prefix.glob("lib/*/*/pure.py")] == ["python3.10"]


@pytest.mark.parametrize("channels", ["", "channels: [{url}]\n"])
async def test_a_file_of_specs(api: Api, shell: Any, tensorflow_channel: TinyChannel, channels: str) -> None:
    text = channels.format(url=tensorflow_channel.url)
    plan = await api.plan(
        kind="import", name="new", content=f"{text}dependencies: ['numpy >=2,<2.2', python={PYTHON}, tensorflow]\n"
    )
    [line] = plan["commands"]
    assert await shell(line) == _sides(plan), line


class TestAFileWithAPipSection:
    @pytest.fixture
    def tensorflow_channel(self, channel: TinyChannel, tmp_path: Path) -> TinyChannel:
        python_package.add(channel, tmp_path / "pip")
        channel.index()
        make_wheel(tmp_path / "wheels", "greet", "2.0")
        return channel

    async def test_pip_runs_in_the_environment(self, api: Api, shell: Any, tmp_path: Path) -> None:
        text = "dependencies:\n- python\n- pip:\n  - greet>=1\n"
        plan = await api.plan(kind="import", name="new", content=text)
        create, install = plan["commands"]
        await shell(create, "--yes")
        await shell(install, f"--no-index --find-links {tmp_path / 'wheels'}")
        assert _installed(plan["prefix"]) == _sides(plan)[0]
        assert (Path(plan["prefix"]) / SITE / "greet-2.0.dist-info").is_dir()


class TestAPathThatMustBeQuoted:
    @pytest.fixture
    def settings(self, tmp_path: Path) -> dict[str, Any]:
        return {"envs_dir": str(tmp_path / "Ada's environments")}

    async def test_create(self, api: Api, shell: Any) -> None:
        plan = await api.plan(**CREATE)
        [line] = plan["commands"]
        assert await shell(line) == _sides(plan), line
