"""Test files with a pip section: their packages are planned with conda's, installed, and exported again."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tfenv_lab.conda.formats import reading

from .. import python_package
from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel

FILE = """
dependencies:
- python
- pip:
  - greet>=1
  - -r more.txt
  - x @ https://evil.example/x.whl
"""


@pytest.fixture
def tensorflow_channel(channel: TinyChannel, tmp_path: Path) -> TinyChannel:
    """A channel whose Python has its own prefix."""
    python_package.add(channel, tmp_path / "pip")
    channel.index()
    return channel


async def test_the_plan_has_the_pip_packages_and_says_what_is_skipped(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "2.0")
    plan = await api.plan(kind="import", name="new", content=FILE)
    said = {warning["code"]: warning["message"] for warning in plan["warnings"]}
    entry = next(entry for entry in plan["entries"] if entry["name"] == "greet")
    assert (entry["source"], entry["to"]["version"], entry["requested"]) == ("pypi", "2.0", True)
    assert "-r more.txt, x @ https://evil.example/x.whl" in said["import-not-honoured"]


async def test_an_export_contains_the_pip_packages(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "2.0")
    job = await api.apply(kind="import", name="new", content=FILE)
    assert job["state"] == "succeeded", job
    environment = await api.environment("new")
    _, found = await api.call("GET", f"environments/{environment['id']}/packages")
    assert [(p["name"], p["version"]) for p in found["packages"] if p["source"] == "pypi"] == [("greet", "2.0")]
    _, text = await api.call("GET", f"environments/{environment['id']}/export?format=environment-yml")
    assert yaml.safe_load(text)["dependencies"] == ["pip", "python", {"pip": ["greet==2.0"]}]
    assert reading.read(text, None, "linux-64").pypi == ("greet==2.0",)


async def test_a_pip_package_that_the_index_does_not_have_is_named_before_anything_is_installed(
    api: Api, simple_index: SimpleIndex
) -> None:
    status, error = await api.call("POST", "plans", {"kind": "import", "name": "new", "content": FILE})
    assert (status, error["reason"]) == (422, "unsatisfiable")
    assert "greet" in error["message"] + error["details"]


class TestOfAnotherIndex:
    """Packages that a file takes from an index that is not configured are refused by name, unless the user permits."""

    CONTENT = "--extra-index-url https://own.example/simple\ngreet\nwave==1.0\n"

    async def test_they_are_named_with_a_way_on(self, api: Api, simple_index: SimpleIndex) -> None:
        simple_index.add("greet", "2.0")
        simple_index.add("wave", "1.0")
        status, error = await api.call("POST", "plans", {"kind": "import", "name": "new", "content": self.CONTENT})
        assert (status, error["reason"]) == (403, "index-not-allowed")
        assert "(https://own.example/simple): greet, wave." in error["message"]
        (way,) = error["alternatives"]
        _, plan = await api.call("POST", "plans", way["plan_request"])
        assert {each["name"] for each in plan["entries"] if each["source"] == "pypi"} == {"greet", "wave"}
        (said,) = [each["message"] for each in plan["warnings"] if each["code"] == "import-not-honoured"]
        assert "https://own.example/simple" in said
        assert said.endswith("greet, wave.")

    async def test_a_configured_index_is_read(self, api: Api, simple_index: SimpleIndex) -> None:
        simple_index.add("greet", "2.0")
        plan = await api.plan(kind="import", name="new", content=f"--index-url {simple_index.url}/\ngreet\n")
        assert [each["name"] for each in plan["entries"] if each["source"] == "pypi"] == ["greet"]
        assert not [each for each in plan["warnings"] if each["code"] == "import-not-honoured"]

    async def test_a_hash_is_enough(self, api: Api, simple_index: SimpleIndex) -> None:
        digest = simple_index.distribution(simple_index.add("greet", "2.0")).sha256
        content = f"-i https://own.example/simple\ngreet==2.0 --hash=sha256:{digest}\n"
        plan = await api.plan(kind="import", name="new", content=content)
        assert [each["name"] for each in plan["entries"] if each["source"] == "pypi"] == ["greet"]

    @pytest.mark.parametrize(
        "content",
        [
            "dependencies:\n- python\n- pip:\n  - --index-url https://own.example/simple\n  - greet\n",
            "RUN pip install --index-url=https://own.example/simple greet\n",
            '[project]\ndependencies = ["greet"]\n[[tool.uv.index]]\nurl = "https://own.example/simple"\n',
            "--no-index\ngreet\n",
            "--find-links ./wheels\ngreet\n",
        ],
    )
    async def test_so_are_those_of_every_kind_of_file(self, api: Api, simple_index: SimpleIndex, content: str) -> None:
        simple_index.add("greet", "2.0")
        status, error = await api.call("POST", "plans", {"kind": "import", "name": "new", "content": content})
        assert (status, error["reason"]) == (403, "index-not-allowed")
        assert "greet" in error["message"]
