"""Test files with a pip section: planned, installed after conda's packages, and exported again."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tfenv_lab.conda.formats import reading

from .. import python_package
from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..wheelchannel.tiny_wheel import make_wheel

FILE = """
dependencies:
- python
- pip:
  - greet>=1
  - -r more.txt
  - x @ https://evil.example/x.whl
"""


@pytest.fixture
def tensorflow_channel(channel: TinyChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyChannel:
    """A channel whose Python has its own prefix, and a pip that is configured to install from a directory."""
    python_package.add(channel, tmp_path / "pip")
    channel.index()
    make_wheel(tmp_path / "wheels", "greet", "2.0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    return channel


async def test_the_plan_says_what_pip_will_install_and_what_is_skipped(api: Api) -> None:
    plan = await api.plan(kind="import", name="new", content=FILE)
    said = {warning["code"]: warning["message"] for warning in plan["warnings"]}
    assert "greet>=1" in said["pip-installs"]
    assert "revert" in said["pip-installs"]
    assert "-r more.txt, x @ https://evil.example/x.whl" in said["import-not-honoured"]
    assert "pip" in [entry["name"] for entry in plan["entries"] if entry["requested"]], "it is needed for the rest"


async def test_an_export_contains_the_pip_packages(api: Api) -> None:
    job = await api.apply(kind="import", name="new", content=FILE)
    assert job["state"] == "succeeded", job
    environment = await api.environment("new")
    _, found = await api.call("GET", f"environments/{environment['id']}/packages")
    assert [(p["name"], p["version"]) for p in found["packages"] if p["source"] == "pypi"] == [("greet", "2.0")]
    _, text = await api.call("GET", f"environments/{environment['id']}/export?format=environment-yml")
    assert yaml.safe_load(text)["dependencies"] == ["pip", "python", {"pip": ["greet==2.0"]}]
    assert reading.read(text, None, "linux-64").pypi == ("greet==2.0",)


async def test_a_failing_pip_fails_the_job_and_leaves_nothing(api: Api) -> None:
    job = await api.apply(kind="import", name="new", content=FILE.replace("greet", "nowhere"))
    assert job["state"] == "failed"
    assert "nowhere>=1" in job["error"]["message"]
    assert "No matching distribution" in job["error"]["details"]
    assert await api.environment("new") is None


async def test_the_pip_section_of_a_lock_without_pip_is_skipped(api: Api, tensorflow_channel: TinyChannel) -> None:
    url = next(tensorflow_channel.root.glob("linux-64/python-*.conda")).as_uri()
    package = "- {name: %s, version: '1', platform: linux-64, manager: %s, url: '%s'}\n"
    lock = f"version: 1\nmetadata: {{}}\npackage:\n{package % ('python', 'conda', url)}{package % ('x', 'pip', '-')}"
    plan = await api.plan(kind="import", name="new", content=lock)
    said = {warning["code"]: warning["message"] for warning in plan["warnings"]}
    assert said.keys() == {"import-not-honoured", "no-kernel"}
    assert "x==1" in said["import-not-honoured"]
