"""Test the place and the channels that a request for a new environment chooses."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON, fill

REQUEST = {"kind": "create", "name": "tf", "tensorflow": "2.19.*", "python": PYTHON}


@pytest.fixture
def second_channel(tmp_path: Path) -> TinyChannel:
    """Make a channel with a package that the first one lacks."""
    channel = TinyChannel(tmp_path / "second")
    channel.add("only-here", "1.0", noarch="generic")
    channel.index()
    return channel


async def _refusal(api: Api, **choice: Any) -> Any:
    status, error = await api.call("POST", "plans", {**REQUEST, **choice})
    assert status in (400, 403), error
    return error


class TestPlaces:
    @pytest.fixture
    def clean_home(self, clean_home: Path) -> Path:
        places = [clean_home / "envs", clean_home / "scratch", clean_home / "file"]
        (clean_home / "file").touch()
        (clean_home / ".condarc").write_text(f"envs_dirs: [{', '.join(map(str, places))}]\n")
        return clean_home

    async def test_the_status_lists_the_places_and_says_which_cannot_be_chosen(
        self, api: Api, clean_home: Path
    ) -> None:
        _, status = await api.call("GET", "status")
        reasons = {place["path"]: place["reason"] for place in status["envs_dirs"]}
        assert status["envs_dir"] == str(clean_home / "envs")
        assert reasons[str(clean_home / "envs")] is None
        assert reasons[str(clean_home / "scratch")] is None
        assert str(clean_home / "file") in reasons[str(clean_home / "file")]

    async def test_an_environment_is_created_in_the_chosen_place(self, api: Api, clean_home: Path) -> None:
        job = await api.apply(**REQUEST, envs_dir=str(clean_home / "scratch"))
        assert (job["state"], job["prefix"]) == ("succeeded", str(clean_home / "scratch/tf"))
        environment = await api.environment("tf")
        assert environment["prefix"] == job["prefix"]
        assert environment["kernel"] is not None

    @pytest.mark.parametrize("place", ["/", "/tmp", "", "scratch", "~/scratch", "{home}/scratch/..", "{home}/scratch/"])
    async def test_another_directory_is_refused(self, api: Api, clean_home: Path, place: str) -> None:
        error = await _refusal(api, envs_dir=place.format(home=clean_home))
        assert error["reason"] == "invalid-request"
        assert "is not one of the directories for environments" in error["message"]
        assert str(clean_home / "scratch") in error["hint"]

    async def test_a_place_that_cannot_be_written_is_a_warning_of_the_plan(self, api: Api, clean_home: Path) -> None:
        plan = await api.plan(**REQUEST, envs_dir=str(clean_home / "file"))
        assert ("unusable-directory", "error") in [(each["code"], each["severity"]) for each in plan["warnings"]]


class TestOnePlace:
    @pytest.fixture
    def settings(self, tmp_path: Path) -> dict[str, Any]:
        return {"envs_dir": str(tmp_path / "only")}

    async def test_the_place_that_the_server_is_configured_with_is_the_only_one(
        self, api: Api, clean_home: Path
    ) -> None:
        _, status = await api.call("GET", "status")
        possible = [place["path"] for place in status["envs_dirs"] if place["reason"] is None]
        assert possible == [status["envs_dir"]]
        assert any("TfenvLab.envs_dir" in (place["reason"] or "") for place in status["envs_dirs"])
        await _refusal(api, envs_dir=str(clean_home / ".conda/envs"))


class TestChannels:
    @pytest.fixture
    def settings(self, tensorflow_channel: TinyChannel, second_channel: TinyChannel) -> dict[str, Any]:
        return {"allowed_channels": [tensorflow_channel.url, second_channel.url]}

    async def test_the_status_lists_the_channels_that_can_be_chosen(
        self, api: Api, tensorflow_channel: TinyChannel, second_channel: TinyChannel
    ) -> None:
        _, status = await api.call("GET", "status")
        assert [each["url"] for each in status["channels"]] == [tensorflow_channel.url]
        assert [each["url"] for each in status["allowed_channels"]] == [tensorflow_channel.url, second_channel.url]

    async def test_packages_come_from_the_chosen_channels(
        self, api: Api, tensorflow_channel: TinyChannel, second_channel: TinyChannel
    ) -> None:
        both = [tensorflow_channel.url, second_channel.url]
        plan = await api.plan(**REQUEST, channels=both, packages=["only-here"])
        assert {"tensorflow", "only-here"} <= {entry["name"] for entry in plan["entries"]}
        assert all(f"--channel {url}" in plan["commands"][0] for url in both)

    async def test_the_catalog_lists_the_releases_of_the_chosen_channels(
        self, api: Api, tensorflow_channel: TinyChannel, second_channel: TinyChannel
    ) -> None:
        _, configured = await api.call("GET", "tensorflow")
        assert [each["version"] for each in configured["releases"]] == ["2.20.0", "2.19.1"]
        _, other = await api.call("GET", f"tensorflow?channel={second_channel.url}")
        assert ([each["url"] for each in other["channels"]], other["releases"]) == ([second_channel.url], [])
        _, again = await api.call("GET", f"tensorflow?channel={tensorflow_channel.url}")
        assert again["releases"] == configured["releases"]

    async def test_a_package_is_searched_on_the_chosen_channels_alone(
        self, api: Api, tensorflow_channel: TinyChannel, second_channel: TinyChannel
    ) -> None:
        async def found(name: str, *channels: str) -> list[str]:
            chosen = "".join(f"&channel={channel}" for channel in channels)
            _, answer = await api.call("GET", f"packages?query={name}{chosen}")
            return [package["name"] for package in answer["packages"]]

        assert await found("only-here") == []
        assert await found("only-here", second_channel.url) == ["only-here"]
        assert await found("tensorflow", second_channel.url) == []
        assert await found("only-here", tensorflow_channel.url, second_channel.url) == ["only-here"]

    async def test_a_package_that_appears_on_a_chosen_channel_is_found(
        self, api: Api, second_channel: TinyChannel
    ) -> None:
        path = f"packages?query=later&channel={second_channel.url}"
        assert (await api.call("GET", path))[1]["packages"] == []
        second_channel.add("later", "1.0", noarch="generic")
        await asyncio.to_thread(second_channel.index)
        assert [package["name"] for package in (await api.call("GET", path))[1]["packages"]] == ["later"]

    async def test_a_release_that_only_a_chosen_channel_has_can_be_created(
        self, api: Api, second_channel: TinyChannel
    ) -> None:
        await asyncio.to_thread(fill, second_channel, ("2.18.0",))
        _, other = await api.call("GET", f"tensorflow?channel={second_channel.url}")
        assert [each["version"] for each in other["releases"]] == ["2.18.0"]
        plan = await api.plan(**{**REQUEST, "tensorflow": "2.18.*"}, channels=[second_channel.url])
        assert {"tensorflow": "2.18.0"}.items() <= {e["name"]: e["to"]["version"] for e in plan["entries"]}.items()

    @pytest.mark.parametrize("name", ["nowhere", "https://[", "-c x"])
    @pytest.mark.parametrize("path", ["tensorflow?", "packages?query=numpy&"])
    async def test_a_channel_that_is_not_allowed_is_not_read(self, api: Api, path: str, name: str) -> None:
        status, error = await api.call("GET", f"{path}channel={name}")
        assert (status, error["reason"]) == (403, "channel-not-allowed")

    async def test_without_a_choice_only_the_configured_channels_are_read(self, api: Api) -> None:
        status, error = await api.call("POST", "plans", {**REQUEST, "packages": ["only-here"]})
        assert (status, error["reason"]) == (422, "unsatisfiable")

    async def test_a_channel_without_tensorflow_has_no_solution(self, api: Api, second_channel: TinyChannel) -> None:
        status, error = await api.call("POST", "plans", {**REQUEST, "channels": [second_channel.url]})
        assert (status, error["reason"], error["lasting"]) == (422, "unsatisfiable", True)

    @pytest.mark.parametrize("name", ["defaults", "https://user:secret@example.org/c", "https://[", "-c x"])
    async def test_a_channel_that_is_not_allowed_is_refused(self, api: Api, name: str) -> None:
        error = await _refusal(api, channels=[name])
        assert error["reason"] == "channel-not-allowed"
        assert "secret" not in str(error)

    @pytest.mark.parametrize("channels", [[], "conda-forge", [1], {}])
    async def test_something_else_than_channels_is_refused(self, api: Api, channels: object) -> None:
        error = await _refusal(api, channels=channels)
        assert error["reason"] == "invalid-request"
        assert "“channels”" in error["message"]
