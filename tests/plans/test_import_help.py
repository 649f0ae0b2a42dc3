"""Test what an import says and offers: missing names, absent builds, another Python, channels and variables."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON


async def _refused(api: Api, content: str, **more: Any) -> dict[str, Any]:
    status, error = await api.call("POST", "plans", {"kind": "import", "name": "new", "content": content, **more})
    assert status >= 400, error
    return dict(error)


def _ways(error: Any) -> dict[str, Any]:
    """Return the plan requests that an error offers, by their labels."""
    return {alternative["label"]: alternative["plan_request"] for alternative in error["alternatives"]}


def _told(plan: Any) -> str:
    return "\n".join(warning["message"] for warning in plan["warnings"])


class TestMissing:
    async def test_all_missing_packages_are_named_at_once_with_similar_names(
        self, api: Api, simple_index: SimpleIndex
    ) -> None:
        error = await _refused(api, "dependencies: [tensorfow, nunpy, foo-bar-xyz, python]")
        assert error["reason"] == "unsatisfiable"
        assert error["message"] == (
            "No channel has “tensorfow”; did you mean “tensorflow”? No channel has “nunpy”; did you mean “numpy”? "
            "No channel has “foo-bar-xyz”."
        )

    async def test_a_file_of_another_platform_says_so_and_offers_its_names(self, api: Api) -> None:
        error = await _refused(api, "dependencies: [appnope, libcxx=14.0.6=h0_0, numpy=2.1.0=0]")
        assert "written on macOS" in error["message"]
        requests = [alternative["plan_request"] for alternative in error["alternatives"]]
        assert [request["builds"] for request in requests] == ["versions", "names"]
        plan = await api.plan(**requests[0])
        assert {"numpy": "2.1.0"}.items() <= {e["name"]: e["to"]["version"] for e in plan["entries"]}.items()
        assert "left out: appnope, libcxx." in _told(plan)

    async def test_exact_builds_that_are_gone_are_counted_and_can_be_dropped(self, api: Api) -> None:
        error = await _refused(api, "dependencies: [numpy=2.1.0=old_0, pandas=2.2.0=old_1, pip=26.0=0]")
        assert error["message"].startswith("No channel has 2 of the 3 exact builds in the file, such as “numpy ==2.1.0")
        versions, names = (alternative["plan_request"] for alternative in error["alternatives"])
        found = [await api.plan(**request) for request in (versions, names)]
        numpy = [next(e["to"]["version"] for e in plan["entries"] if e["name"] == "numpy") for plan in found]
        assert numpy == ["2.1.0", "2.2.0"]

    async def test_a_python_that_would_work_is_named(self, api: Api, tensorflow_channel: TinyChannel) -> None:
        tensorflow_channel.add("python", "3.99.0", build="h0_0_cpython", constrains=["python_abi 3.99.*"])
        await asyncio.to_thread(tensorflow_channel.index)
        error = await _refused(api, "dependencies: [python=3.99, tensorflow]")
        assert f"Python {PYTHON} works instead of “python 3.99.*”." in error["message"]

    async def test_a_lock_of_another_platform_can_be_solved_again(self, api: Api) -> None:
        lock = (
            "# platform: osx-64\n@EXPLICIT\nhttps://c/osx-64/numpy-2.1.0-0.conda\nhttps://c/osx-64/appnope-1-0.conda\n"
        )
        error = await _refused(api, lock)
        assert "Its platforms: osx-64." in error["message"]
        plan = await api.plan(**error["alternatives"][0]["plan_request"])
        assert "appnope" in _told(plan)
        assert ("numpy", "2.1.0") in [(entry["name"], entry["to"]["version"]) for entry in plan["entries"]]


class TestChannels:
    FILE = "channels: [pytorch, nvidia, defaults]\ndependencies: [numpy]\n"

    async def test_all_channels_that_are_not_allowed_are_named_with_a_way_on(
        self, api: Api, tensorflow_channel: TinyChannel
    ) -> None:
        error = await _refused(api, self.FILE)
        assert error["reason"] == "channel-not-allowed"
        assert error["message"] == "These channels are not allowed: “pytorch”, “nvidia”, “defaults”."
        assert f"Allowed: {tensorflow_channel.url}." in error["hint"]
        plan = await api.plan(**_ways(error)["Import without these channels"])
        assert f"left out: pytorch, nvidia, defaults. The packages come from {tensorflow_channel.url}." in _told(plan)

    async def test_a_second_channel_that_is_not_allowed_is_left_out_and_named(
        self, api: Api, tensorflow_channel: TinyChannel
    ) -> None:
        plan = await api.plan(
            kind="import",
            name="new",
            content=f"channels: ['{tensorflow_channel.url}', defaults]\ndependencies: [numpy]",
        )
        assert "left out: defaults." in _told(plan)
        [warning] = [each for each in plan["warnings"] if each["code"] == "channels-left-out"]
        assert warning["items"] == ["defaults"]
        assert warning["plan_request"]["channels"] == "all"

    async def test_the_same_channel_in_twenty_specs_needs_no_word(
        self, api: Api, tensorflow_channel: TinyChannel
    ) -> None:
        url = tensorflow_channel.url
        plan = await api.plan(kind="import", name="new", content=f"dependencies: ['{url}::numpy', '{url}::pip']\n")
        assert [warning["code"] for warning in plan["warnings"]] == ["no-kernel"]


class TestAddedChannels:
    """Channels that are not configured can be added for one import, unless an administrator restricts them."""

    @pytest.fixture
    def other(self, tmp_path: Path) -> TinyChannel:
        other = TinyChannel(tmp_path / "other")
        other.add("special", "1.0", noarch="generic")
        other.add("numpy", "9.9", noarch="generic")
        other.index()
        return other

    async def test_their_packages_are_installed(
        self, api: Api, tensorflow_channel: TinyChannel, other: TinyChannel
    ) -> None:
        content = f"channels: ['{other.url}']\ndependencies: [special]\n"
        error = await _refused(api, content)
        assert error["message"] == f"The channel “{other.url}” is not allowed."
        assert f"Allowed: {tensorflow_channel.url}. Import the file without this channel, or add it" in error["hint"]
        request = _ways(error)["Import with these channels added"]
        assert request == {"kind": "import", "name": "new", "content": content, "channels": "all"}
        plan = await api.plan(**request)
        assert [entry["to"]["channel"] for entry in plan["entries"]] == [other.url]
        assert f"channels that are not configured: {other.url}." in _told(plan)
        assert (await api.apply(**request))["state"] == "succeeded"

    async def test_the_file_decides_their_order(
        self, api: Api, tensorflow_channel: TinyChannel, other: TinyChannel
    ) -> None:
        for urls, version in (
            ([other.url, tensorflow_channel.url], "9.9"),
            ([tensorflow_channel.url, other.url], "2.2.0"),
        ):
            content = f"channels: {json.dumps(urls)}\ndependencies: [numpy]\n"
            plan = await api.plan(kind="import", name="new", content=content, channels="all")
            assert plan["entries"][0]["to"]["version"] == version

    async def test_a_spec_can_name_one(self, api: Api, other: TinyChannel) -> None:
        content = f"dependencies: ['{other.url}::special']\n"
        plan = await api.plan(**_ways(await _refused(api, content))["Import with these channels added"])
        assert [entry["name"] for entry in plan["entries"]] == ["special"]

    async def test_a_package_of_one_that_was_left_out_is_missing_and_the_way_on_is_offered(
        self, api: Api, tensorflow_channel: TinyChannel, other: TinyChannel, simple_index: SimpleIndex
    ) -> None:
        content = f"channels: ['{tensorflow_channel.url}', '{other.url}']\ndependencies: [special, numpy]\n"
        error = await _refused(api, content)
        assert error["message"] == (
            f"No channel has “special”. These channels of the file are not allowed and were left out: {other.url}."
        )
        plan = await api.plan(**_ways(error)["Import with these channels added"])
        assert {entry["name"] for entry in plan["entries"]} >= {"numpy", "special"}

    async def test_those_of_exact_packages_are_all_named(self, api: Api, other: TinyChannel) -> None:
        content = f"@EXPLICIT\n{other.url}/noarch/special-1.0-0.conda\nhttps://c.example/d/noarch/b-1-0.conda\n"
        error = await _refused(api, content)
        assert error["message"] == f"These channels are not allowed: “{other.url}”, “https://c.example/d”."
        labels = ["Keep the versions, drop the builds", "Keep only the names", "Import with these channels added"]
        assert list(_ways(error)) == labels
        only = f"@EXPLICIT\n{other.url}/noarch/special-1.0-0.conda\n"
        plan = await api.plan(**_ways(await _refused(api, only))["Import with these channels added"])
        assert [entry["to"]["channel"] for entry in plan["entries"]] == [other.url]

    @pytest.mark.parametrize("builds", ["exact", "names"])
    async def test_no_answer_has_their_credentials(
        self, api: Api, tensorflow_channel: TinyChannel, builds: str
    ) -> None:
        secret = "https://ada:s3cret@c.example/t/tk-123/d"
        for channels in ([secret], [tensorflow_channel.url, secret]):
            content = f"channels: {json.dumps(channels)}\ndependencies: [numpy=2.1.0=0]\n"
            body = {"kind": "import", "name": "new", "content": content, "builds": builds}
            _, answer = await api.call("POST", "plans", body)
            told = json.dumps(
                {
                    **answer,
                    "alternatives": [],
                    "warnings": [{**each, "plan_request": None} for each in answer.get("warnings", ())],
                }
            )
            assert "c.example" in told
            assert "s3cret" not in told
            assert "tk-123" not in told

    async def test_what_is_no_channel_is_refused(self, api: Api) -> None:
        error = await _refused(api, "channels: ['https://[']\ndependencies: [numpy]\n", channels="all")
        assert error["reason"] == "channel-not-allowed"
        assert "cannot be used as a channel" in error["message"]


class TestRestrictedChannels:
    @pytest.fixture
    def settings(self, tensorflow_channel: TinyChannel) -> dict[str, Any]:
        return {"allowed_channels": [tensorflow_channel.url]}

    async def test_no_channel_is_left_out_without_a_request(self, api: Api, tensorflow_channel: TinyChannel) -> None:
        content = f"channels: ['{tensorflow_channel.url}', defaults]\ndependencies: [numpy]"
        error = await _refused(api, content)
        assert error["message"] == "The channel “defaults” is not allowed."
        assert list(_ways(error)) == ["Import without these channels"]
        assert "ask the administrator" in error["hint"]
        plan = await api.plan(**error["alternatives"][0]["plan_request"])
        assert "left out: defaults." in _told(plan)
        assert [each["plan_request"] for each in plan["warnings"] if each["code"] == "channels-left-out"] == [None]

    @pytest.mark.parametrize(
        "content",
        ["channels: [defaults]\ndependencies: [numpy]\n", "@EXPLICIT\nhttps://c.example/d/noarch/numpy-1-0.conda\n"],
    )
    async def test_no_request_adds_a_channel(self, api: Api, content: str) -> None:
        error = await _refused(api, content, channels="all")
        assert error["reason"] == "channel-not-allowed"
        assert "Import with these channels added" not in _ways(error)


async def test_a_plan_without_a_kernel_offers_ipykernel(api: Api) -> None:
    plan = await api.plan(kind="import", name="new", content="dependencies: [python, numpy]\n")
    [warning] = plan["warnings"]
    assert warning["code"] == "no-kernel"
    again = await api.plan(**warning["plan_request"])
    assert "ipykernel" in [entry["name"] for entry in again["entries"]]
    assert again["warnings"] == []


async def test_ipykernel_is_added_to_exact_packages_by_solving_again(api: Api, tensorflow_channel: TinyChannel) -> None:
    file = next(
        path.name for path in Path(url2pathname(urlsplit(tensorflow_channel.url).path)).glob("linux-64/python-*")
    )
    lock = f"@EXPLICIT\n{tensorflow_channel.url}/linux-64/{file}\n"
    plan = await api.plan(kind="import", name="new", content=lock)
    warning = next(each for each in plan["warnings"] if each["code"] == "no-kernel")
    assert "solved again" in warning["message"]
    again = await api.plan(**warning["plan_request"])
    assert {"python", "ipykernel"} <= {entry["name"] for entry in again["entries"]}


@pytest.mark.parametrize("query", ["environment-yml", "explicit", "conda-lock", "pixi-lock", "notebook"])
async def test_variables_are_set_and_survive_every_format(api: Api, clean_home: Path, query: str) -> None:
    content = "dependencies: [python, ipykernel]\nvariables: {KERAS_BACKEND: jax, XLA_FLAGS: '--a=1 --b'}\n"
    assert (await api.apply(kind="import", name="first", content=content))["state"] == "succeeded"
    state = json.loads((clean_home / ".conda/envs/first/conda-meta/state").read_text())
    assert state == {"env_vars": {"KERAS_BACKEND": "jax", "XLA_FLAGS": "--a=1 --b"}}
    environment = await api.environment("first")
    _, text = await api.call("GET", f"environments/{environment['id']}/export?format={query}")
    exported = json.dumps(text) if isinstance(text, dict) else text
    plan = await api.plan(kind="import", name="second", content=exported)
    assert "The environment sets these variables: KERAS_BACKEND=jax, XLA_FLAGS=--a=1 --b." in _told(plan)


async def test_a_local_package_of_a_notebook_is_left_out_and_named(api: Api, made: Any) -> None:
    _, record = await api.call("GET", f"environments/{made['id']}/export?format=notebook")
    plan = await api.plan(kind="import", name="again", content=json.dumps({**record, "local": ["mylib==0.1.0"]}))
    assert "left out: mylib==0.1.0." in _told(plan)
    assert "pip-installs" not in [warning["code"] for warning in plan["warnings"]]


async def test_the_environment_of_a_pixi_lock_is_chosen(api: Api, tensorflow_channel: TinyChannel) -> None:
    url = tensorflow_channel.url
    packages = {"default": "numpy-2.1.0-0", "next": "numpy-2.2.0-0"}
    lock = "version: 6\nenvironments:\n" + "".join(
        f"  {name}:\n    channels: [{{url: '{url}/'}}]\n    packages:\n      linux-64:\n"
        f"      - conda: {url}/noarch/{file}.conda\n"
        for name, file in packages.items()
    )
    lock += "packages:\n" + "".join(
        f"- conda: {url}/noarch/{file}.conda\n  name: numpy\n  version: {file.split('-')[1]}\n  build: '0'\n"
        "  subdir: noarch\n  noarch: generic\n"
        for file in packages.values()
    )
    for chosen, version in ((None, "2.1.0"), ("next", "2.2.0")):
        plan = await api.plan(kind="import", name="new", content=lock, lock_environment=chosen)
        assert plan["entries"][0]["to"]["version"] == version
        assert "The lock has 2 environments: default, next." in _told(plan)
    error = await _refused(api, lock, lock_environment="none")
    assert error["message"] == "The file has no environment “none”. It has: default, next."


async def test_the_categories_of_a_conda_lock_file_are_chosen(api: Api, tensorflow_channel: TinyChannel) -> None:
    url = tensorflow_channel.url
    item = "- {name: %s, version: '%s', manager: conda, platform: linux-64, category: %s, url: '%s/noarch/%s.conda'}\n"
    lock = "version: 1\nmetadata: {}\npackage:\n" + "".join(
        item % (name, version, category, url, f"{name}-{version}-0")
        for name, version, category in (("numpy", "2.1.0", "main"), ("pip", "26.0", "dev"))
    )
    for chosen, names in ((None, ["numpy"]), (["main", "dev"], ["numpy", "pip"])):
        plan = await api.plan(kind="import", name="new", content=lock, categories=chosen)
        assert sorted(entry["name"] for entry in plan["entries"]) == names
    error = await _refused(api, lock, categories=["test"])
    assert error["message"] == "The file has no category “test”. It has: main, dev."
