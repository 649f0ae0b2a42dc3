"""Test the search for packages on the channel and on the package index."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tfenv_lab.plans import package_search

from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel


@pytest.fixture
def tensorflow_channel(tensorflow_channel: TinyChannel) -> TinyChannel:
    """A channel with some names that resemble each other."""
    tensorflow_channel.add("alpha", "1.0", noarch="generic")
    tensorflow_channel.add("alpha-tools", "5.0", noarch="generic")
    tensorflow_channel.add("my_tool", "2024a", noarch="generic")
    tensorflow_channel.index()
    return tensorflow_channel


async def search(api: Api, query: str) -> list[tuple[str, list[str], str]]:
    status, found = await api.call("GET", f"packages?query={query}")
    assert status == 200, found
    return [(item["name"], item["versions"], item["source"]) for item in found["packages"]]


async def test_a_project_that_no_channel_has_comes_first(api: Api, simple_index: SimpleIndex) -> None:
    for version in ("1.9", "1.10", "2.0rc1"):
        simple_index.add("tools", version)
    simple_index.add("tools", "3.0", yanked=True)
    assert await search(api, "Tools") == [("tools", ["1.10", "1.9"], "pypi"), ("alpha-tools", ["5.0"], "conda")]


async def test_prereleases_are_listed_if_there_is_nothing_else(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.add("early", "2.0rc1")
    simple_index.add("early", "2.0rc2")
    assert await search(api, "early") == [("early", ["2.0rc2", "2.0rc1"], "pypi")]


@pytest.mark.parametrize(("version", "listed"), [("0.9", False), ("1.0", False), ("1.1", True)])
async def test_beside_a_channels_package_a_newer_one_is_listed(
    api: Api, simple_index: SimpleIndex, version: str, listed: bool
) -> None:
    simple_index.add("alpha", version)
    from_index = [("alpha", [version], "pypi")] if listed else []
    channels = [("alpha", ["1.0"], "conda"), ("alpha-tools", ["5.0"], "conda")]
    assert await search(api, "alpha") == [channels[0], *from_index, channels[1]]


async def test_names_are_the_same_however_they_are_written(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.add("my-tool", "2023.1")
    assert await search(api, "my-tool") == [("my_tool", ["2024a"], "conda")]
    assert await search(api, "My.Tool") == [("my-tool", ["2023.1"], "pypi")]


async def test_the_mark_searches_only_the_index(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.add("alpha", "0.9")
    assert await search(api, "pypi:Alpha") == [("alpha", ["0.9"], "pypi")]
    assert await search(api, "PyPI:alph") == []


@pytest.mark.parametrize("query", ["alpha/../secret", "alpha?x=1", "..", "a", "https://host/alpha", "-r"])
async def test_what_is_no_name_is_not_asked_for(api: Api, simple_index: SimpleIndex, query: str) -> None:
    before = len(simple_index.requests)
    await api.call("GET", "tensorflow")
    asked = len(simple_index.requests)
    status, _ = await api.call("GET", f"packages?query={query.replace('?', '%3F')}")
    assert status == 200
    assert len(simple_index.requests) == asked > before


async def test_an_index_that_is_down_leaves_the_channels_packages(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.down()
    assert await search(api, "alpha-tools") == [("alpha-tools", ["5.0"], "conda")]


@pytest.mark.parametrize("query", ["pypi:alpha", "nowhere"])
async def test_an_index_that_is_down_is_not_told_as_no_result(api: Api, simple_index: SimpleIndex, query: str) -> None:
    simple_index.down()
    status, error = await api.call("GET", f"packages?query={query}")
    assert (status, error["reason"]) == (502, "index-unreachable")


async def test_a_slow_index_is_not_told_as_no_result(
    api: Api, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    simple_index.hold = threading.Event()
    monkeypatch.setattr(package_search, "PATIENCE", 0.1)
    status, error = await api.call("GET", "packages?query=nowhere")
    simple_index.hold.set()
    assert (status, error["reason"]) == (502, "index-unreachable")


async def test_what_no_source_has_is_not_found(api: Api, simple_index: SimpleIndex) -> None:
    assert await search(api, "nowhere") == []


async def test_a_slow_index_does_not_hold_up_the_channels_packages(
    api: Api, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    simple_index.add("alpha", "1.1")
    simple_index.hold = threading.Event()
    monkeypatch.setattr(package_search, "PATIENCE", 0.1)
    assert [source for _, _, source in await search(api, "alpha")] == ["conda", "conda"]
    # The next search has what arrived meanwhile.
    simple_index.hold.set()
    monkeypatch.setattr(package_search, "PATIENCE", 30)
    assert ("alpha", ["1.1"], "pypi") in await search(api, "alpha")
    assert simple_index.count("/simple/alpha/") == 1


class TestUnreachableChannel:
    """A channel that does not answer."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"channels": ["http://127.0.0.1:9/nowhere"]}

    async def test_the_indexs_project_is_found(self, api: Api, simple_index: SimpleIndex) -> None:
        simple_index.add("alpha", "1.1")
        assert await search(api, "alpha") == [("alpha", ["1.1"], "pypi")]

    async def test_without_one_the_error_names_the_channel(self, api: Api, simple_index: SimpleIndex) -> None:
        status, error = await api.call("GET", "packages?query=alpha")
        assert (status, error["reason"]) == (502, "channel-unreachable")


async def test_without_an_index_there_are_only_channels(api: Api) -> None:
    assert await search(api, "alpha-tools") == [("alpha-tools", ["5.0"], "conda")]
