"""Test that plans follow condarc: default packages, forbidden channels, and files that are ignored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.settings.condarc import ChannelList

from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON


@pytest.fixture
def condarc() -> str:
    """Return the text of the user's condarc. ``{url}`` is the channel and ``{parent}`` its directory."""
    return ""


@pytest.fixture
def clean_home(clean_home: Path, tensorflow_channel_url: str, condarc: str) -> Path:
    parent = tensorflow_channel_url.rpartition("/")[0]
    (clean_home / ".condarc").write_text(condarc.replace("{url}", tensorflow_channel_url).replace("{parent}", parent))
    return clean_home


@pytest.fixture
def tensorflow_channel_url(tmp_path: Path) -> str:
    return (tmp_path / "channel").as_uri()


def versions(plan: Any) -> dict[str, str]:
    return {entry["name"]: entry["to"]["version"] for entry in plan["entries"]}


def said(plan: Any) -> list[tuple[str, str]]:
    return [(each["severity"], each["message"]) for each in plan["warnings"] if each["code"] == "default-packages"]


class TestDefaultPackages:
    @pytest.fixture
    def condarc(self) -> str:
        return "create_default_packages: [pandas, 'numpy 2.1.*', keras=2.15, 'pip[md5=0]']\n"

    async def test_they_are_added_to_a_new_environment_and_named(self, api: Api) -> None:
        plan = await api.plan(kind="create", name="tf", tensorflow="2.19.*", python=PYTHON)
        found = versions(plan)
        assert (found["pandas"], found["numpy"]) == ("2.2.0", "2.1.0")
        # The request names Keras, so condarc's version of it does not count.
        assert found["keras"] == "3.10.0"
        assert [entry["name"] for entry in plan["entries"] if entry["requested"]].count("pandas") == 1
        assert said(plan) == [
            ("warning", "These items of create_default_packages are not supported specs and are left out: pip[md5=0]."),
            ("info", "create_default_packages of conda's configuration adds pandas, numpy."),
        ]
        assert "--no-default-packages" in plan["commands"][0]

    async def test_a_requested_package_wins(self, api: Api) -> None:
        plan = await api.plan(kind="create", name="tf", python=PYTHON, packages=["numpy 2.2.*", "pandas"])
        assert versions(plan)["numpy"] == "2.2.0"
        assert "adds" not in str([text for _, text in said(plan) if "numpy" in text])

    async def test_imports_and_copies_do_not_get_them(self, api: Api) -> None:
        plan = await api.plan(kind="import", name="np", content=f"dependencies: [numpy=2.2, python={PYTHON}]\n")
        assert "pandas" not in versions(plan)
        assert said(plan) == []
        assert "--no-default-packages" in plan["commands"][0]


class TestDeniedChannel:
    @pytest.fixture
    def condarc(self) -> str:
        return "offline: false\ndenylist_channels:\n  - {url}\n"

    @pytest.mark.parametrize(
        "request_",
        [
            {"kind": "create", "name": "tf", "tensorflow": "2.19.*"},
            {"kind": "import", "name": "np", "content": "dependencies: [numpy]\n"},
            {"kind": "import", "name": "np", "content": "channels: [{url}]\ndependencies: [numpy]\n"},
            {"kind": "import", "name": "np", "content": "@EXPLICIT\n{url}/noarch/numpy-2.1.0-0.conda\n"},
        ],
        ids=["create", "import", "channel in a file", "explicit"],
    )
    async def test_plans_are_refused(
        self, request_: dict[str, str], api: Api, tensorflow_channel: TinyChannel, clean_home: Path
    ) -> None:
        body = {key: value.replace("{url}", tensorflow_channel.url) for key, value in request_.items()}
        status, error = await api.call("POST", "plans", body)
        assert (status, error["reason"]) == (403, "channel-not-allowed"), error
        assert f"denylist_channels in {clean_home / '.condarc'}, line 2" in error["message"]

    async def test_the_catalog_and_the_search_are_refused(self, api: Api) -> None:
        for path in ("tensorflow", "packages?query=numpy"):
            status, error = await api.call("GET", path)
            assert (status, error["reason"]) == (403, "channel-not-allowed"), error
            assert "denylist_channels" in error["message"]


class TestDeniedChannelInASpec:
    @pytest.fixture
    def condarc(self) -> str:
        return "denylist_channels: [bioconda]\n"

    async def test_the_spec_is_refused_with_the_key(self, api: Api) -> None:
        body = {"kind": "create", "name": "a", "packages": ["bioconda::numpy"]}
        status, error = await api.call("POST", "plans", body)
        assert (status, error["reason"]) == (403, "channel-not-allowed")
        assert "denylist_channels" in error["message"]

    async def test_a_file_with_the_channel_is_refused_with_the_key(self, api: Api) -> None:
        body = {"kind": "import", "name": "a", "content": "channels: [bioconda]\ndependencies: [numpy]\n"}
        status, error = await api.call("POST", "plans", body)
        assert (status, error["reason"]) == (403, "channel-not-allowed")
        assert "denylist_channels" in error["message"]

    async def test_other_channels_are_used(self, api: Api) -> None:
        assert (await api.plan(kind="create", name="a", packages=["numpy"]))["entries"]


class TestAllowedChannels:
    @pytest.fixture
    def condarc(self) -> str:
        return "allowlist_channels: [bioconda]\n"

    async def test_a_configured_channel_that_is_not_listed_is_refused(self, api: Api) -> None:
        status, error = await api.call("POST", "plans", {"kind": "create", "name": "a", "packages": ["numpy"]})
        assert (status, error["reason"]) == (403, "channel-not-allowed")
        assert "allowlist_channels" in error["message"]

    async def test_a_local_channel_cannot_be_built(self, api: Api) -> None:
        status, error = await api.call("POST", "local-channel")
        assert (status, error["reason"]) == (403, "channel-not-allowed")


class TestIgnoredFile:
    """The channels come from condarc here, so an ignored file matters."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        # Without a network, conda-forge cannot be reached.
        return {"channels": [], "offline": True}

    @pytest.mark.parametrize(
        ("condarc", "place"),
        [
            ("channels:\n\t- {url}\n", "{home}/.condarc is ignored: line 2 "),
            ("channels: {url}\n", "channels in {home}/.condarc, line 1 must be a list."),
            ("offline: true\nchannels: [{url}\n", "{home}/.condarc is ignored: line 3 "),
        ],
        ids=["tab", "text", "bracket"],
    )
    async def test_the_status_and_the_error_name_it(self, condarc: str, place: str, api: Api, clean_home: Path) -> None:
        place = place.replace("{home}", str(clean_home))
        _, status = await api.call("GET", "status")
        assert [place in warning["message"] for warning in status["warnings"]] == [True]
        code, error = await api.call("POST", "plans", {"kind": "create", "name": "a", "packages": ["numpy"]})
        assert (code, error["reason"]) == (502, "channel-unreachable")
        assert place in error["hint"]


class TestNodefaults:
    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"channels": []}

    @pytest.mark.parametrize(
        "condarc",
        [
            "channel_alias: {parent}\nchannels: [channel, nodefaults]\n",
            "channels: [nodefaults, '{url}']\n",
            "custom_channels: {channel: '{parent}'}\nchannels: [channel, nodefaults]\n",
        ],
    )
    async def test_it_is_not_asked_for_packages(self, condarc: str, api: Api) -> None:
        assert "numpy" in versions(await api.plan(kind="create", name="a", packages=["numpy"]))


async def test_a_revert_does_not_take_packages_from_a_channel_denied_since(api: Api, made: Any) -> None:
    job = await api.apply(kind="remove", environment=made["id"], packages=["numpy"])
    assert job["state"] == "succeeded", job
    repodata = api.services.repodata
    denied = ChannelList((repodata.settings.channels[0].url,), "denylist_channels in condarc")
    repodata.settings = replace(repodata.settings, denylist=denied)
    body = {"kind": "revert", "environment": made["id"], "revision": 0}
    status, error = await api.call("POST", "plans", body)
    assert (status, error["reason"]) == (403, "channel-not-allowed"), error
    # Removing needs no channel.
    await api.plan(kind="remove", environment=made["id"], packages=["ipykernel"])
