"""Test what an import says about packages that its channels do not have, and how it can replace them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.plans.import_missing import label

from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON


async def _refused(api: Api, content: str, **more: Any) -> dict[str, Any]:
    status, error = await api.call("POST", "plans", {"kind": "import", "name": "new", "content": content, **more})
    assert status >= 400, error
    return dict(error)


def _replacements(error: dict[str, Any]) -> list[dict[str, str | None]]:
    return [each["plan_request"].get("replacements", {}) for each in error["alternatives"]]


def _versions(plan: Any) -> dict[str, str]:
    """Return the versions of the packages that a plan installs, without Python, which most of them need."""
    return {entry["name"]: entry["to"]["version"] for entry in plan["entries"] if entry["name"] != "python"}


class TestWhereItIs:
    async def test_a_misspelt_name_can_be_corrected_and_keeps_its_version(
        self, api: Api, simple_index: SimpleIndex
    ) -> None:
        error = await _refused(api, "dependencies: [nunpy=2.1]")
        assert error["message"] == "No channel has “nunpy”; did you mean “numpy”?"
        assert _replacements(error) == [{"nunpy": "numpy 2.1.*"}, {"nunpy": None}]
        plan = await api.plan(**error["alternatives"][0]["plan_request"])
        assert _versions(plan) == {"numpy": "2.1.0"}

    async def test_a_project_of_the_index_is_offered_but_never_taken_by_itself(
        self, api: Api, simple_index: SimpleIndex
    ) -> None:
        simple_index.add("greet", "1.0")
        simple_index.add("greet", "2.0")
        error = await _refused(api, "dependencies: [python, 'greet>=1,<2']")
        assert error["message"] == "No channel has “greet”. The package index (PyPI) has a package called “greet”."
        assert _replacements(error) == [{"greet": "pypi:greet<2,>=1"}, {"greet": None}]
        plan = await api.plan(**error["alternatives"][0]["plan_request"])
        entry = next(entry for entry in plan["entries"] if entry["name"] == "greet")
        assert (entry["source"], entry["to"]["version"]) == ("pypi", "1.0")

    async def test_a_name_that_is_on_the_index_can_still_be_misspelt(self, api: Api, simple_index: SimpleIndex) -> None:
        simple_index.add("nunpy", "6.6.6")
        error = await _refused(api, "dependencies: [python, nunpy]")
        assert "did you mean “numpy”?" in error["message"]
        assert _replacements(error) == [{"nunpy": "numpy"}, {"nunpy": "pypi:nunpy"}, {"nunpy": None}]

    async def test_another_allowed_channel_that_has_it_is_offered(
        self, api: Api, simple_index: SimpleIndex, tensorflow_channel: TinyChannel, other: TinyChannel
    ) -> None:
        error = await _refused(api, f"channels: ['{tensorflow_channel.url}']\ndependencies: [numpy, special=1.0]\n")
        assert error["message"] == (
            f"The channels of the file do not have “special”, but the channel “{other.url}” does."
        )
        plan = await api.plan(**error["alternatives"][0]["plan_request"])
        assert _versions(plan).keys() == {"numpy", "special"}

    @pytest.fixture
    def other(self, tmp_path: Path) -> TinyChannel:
        other = TinyChannel(tmp_path / "other")
        other.add("special", "1.0", noarch="generic")
        other.index()
        return other

    @pytest.fixture
    def settings(self, request: pytest.FixtureRequest, tensorflow_channel: TinyChannel) -> dict[str, Any]:
        if "other" not in request.fixturenames:
            return {}
        return {"channels": [tensorflow_channel.url, request.getfixturevalue("other").url]}

    async def test_several_kinds_are_answered_together(self, api: Api, simple_index: SimpleIndex) -> None:
        simple_index.add("greet", "1.0")
        simple_index.add("salute", "1.0")
        error = await _refused(api, "dependencies: [python, nunpy, greet, salute, nowhere-at-all]")
        assert error["message"].endswith("The package index (PyPI) has packages called “greet”, “salute”.")
        assert _replacements(error) == [
            {"nunpy": "numpy", "greet": None, "salute": None, "nowhere-at-all": None},
            {"nunpy": "numpy", "greet": "pypi:greet", "salute": "pypi:salute", "nowhere-at-all": None},
            {"nunpy": None, "greet": None, "salute": None, "nowhere-at-all": None},
        ]
        for alternative in error["alternatives"]:
            await api.plan(**alternative["plan_request"])

    async def test_the_names_of_an_old_export_are_not_looked_for_on_the_index(
        self, api: Api, simple_index: SimpleIndex
    ) -> None:
        simple_index.add("appnope", "1.0")
        error = await _refused(api, "dependencies: [appnope=1.0=py_0, numpy=2.1.0=0]")
        assert "index" not in error["message"]
        assert [each["plan_request"]["builds"] for each in error["alternatives"]] == ["versions", "names"]


class TestVersions:
    async def test_a_version_that_no_channel_has_is_named_with_the_newest(
        self, api: Api, simple_index: SimpleIndex
    ) -> None:
        error = await _refused(api, "dependencies: [numpy=99, nowhere-at-all]")
        assert error["message"] == "No channel has “nowhere-at-all”. No channel has “numpy 99.*”; the newest is 2.2.0."
        plan = await api.plan(**error["alternatives"][0]["plan_request"])
        assert _versions(plan) == {"numpy": "2.2.0"}

    async def test_the_python_that_works_is_said_together_with_what_is_missing(
        self, api: Api, simple_index: SimpleIndex, tensorflow_channel: TinyChannel
    ) -> None:
        tensorflow_channel.add("python", "3.99.0", build="h0_0_cpython", constrains=["python_abi 3.99.*"])
        await asyncio.to_thread(tensorflow_channel.index)
        error = await _refused(api, "dependencies: [python=3.99, tensorflow, nowhere-at-all]")
        assert error["message"] == (
            f"No channel has “nowhere-at-all”. Python {PYTHON} works instead of “python 3.99.*”."
        )
        [alternative] = error["alternatives"]
        assert alternative["label"] == f"Use Python {PYTHON} · Leave out nowhere-at-all"
        plan = await api.plan(**alternative["plan_request"])
        assert ("python", True) in [(entry["name"], entry["requested"]) for entry in plan["entries"]]

    async def test_a_python_that_works_is_not_replaced(self, api: Api, simple_index: SimpleIndex) -> None:
        error = await _refused(api, f"dependencies: [python={PYTHON}, tensorflow, nowhere-at-all]")
        assert error["message"] == "No channel has “nowhere-at-all”."


class TestReplacements:
    FILE = "dependencies: [numpy=2.1, pandas]\n"

    async def test_a_spec_is_solved_instead_of_that_of_the_file(self, api: Api) -> None:
        plan = await api.plan(
            kind="import", name="new", content=self.FILE, replacements={"numpy": "numpy=2.2", "pandas": None}
        )
        assert _versions(plan) == {"numpy": "2.2.0"}

    @pytest.mark.parametrize("builds", ["versions", "names"])
    async def test_they_count_without_builds_too(self, api: Api, builds: str) -> None:
        plan = await api.plan(
            kind="import", name="new", content=self.FILE, builds=builds, replacements={"pandas": None}
        )
        assert "pandas" not in _versions(plan)

    @pytest.mark.parametrize(
        ("content", "replacements", "words"),
        [
            (FILE, {"scipy": None}, "which the file does not request"),
            (FILE, {"numpy": "-e ."}, "-e ."),
            (FILE, {"numpy": "evil::numpy"}, "evil"),
            (FILE, {"numpy": "pypi:numpy @ git+https://evil.example/x"}, "numpy"),
            ("@EXPLICIT\nhttps://c/noarch/a-1-0.conda\n", {"a": None}, "exact packages"),
            (FILE, {"numpy": 1}, "must be an object of strings and null"),
            (FILE, ["numpy"], "must be an object of strings and null"),
        ],
    )
    async def test_others_are_refused(
        self, api: Api, simple_index: SimpleIndex, content: str, replacements: Any, words: str
    ) -> None:
        error = await _refused(api, content, replacements=replacements)
        assert words in f"{error['message']} {error['details']}"


@pytest.mark.parametrize(
    ("replacements", "text"),
    [
        ({"a": None}, "Leave out a"),
        ({"a": None, "b": None, "c": None, "d": None}, "Leave out 4 packages"),
        ({"tensorfow": "tensorflow 2.19.*"}, "Use tensorflow for tensorfow"),
        ({"a": "pypi:a>=1", "b": "pypi:b"}, "Take a, b from PyPI"),
        ({"a": "https://c.example/d::a"}, "Take a from https://c.example/d"),
        ({"python": "python 3.12.*", "a": None}, "Use Python 3.12 · Leave out a"),
        ({"a": "a"}, "Use any version of a"),
    ],
)
def test_a_button_says_what_is_replaced(replacements: dict[str, str | None], text: str) -> None:
    assert label(replacements) == text
