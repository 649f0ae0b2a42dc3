"""Test the catalog and the choice of a source, if a channel and a package index both have TensorFlow.

The channel of the server in these tests has TensorFlow 2.19.1 and 2.20.0.
"""

from __future__ import annotations

import asyncio
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.repodata.repodata import Repodata
from tfenv_lab.environments.models import AvailableUpdate, EnvironmentFacts, Keras, TensorFlow
from tfenv_lab.plan_requests import Create, Source
from tfenv_lab.tensorflow.catalog import catalog as catalog_module
from tfenv_lab.tensorflow.catalog.catalog import Catalog
from tfenv_lab.tensorflow.catalog.selection import Chosen
from tfenv_lab.tensorflow.models import CatalogModel

from ...conftest import Api
from ...simple_index import SimpleIndex
from ...tiny_channel import TinyChannel
from ...tiny_tensorflow import PYTHON, TAG
from ..conftest import settings_of

LINUX, ARM = "manylinux_2_17_x86_64", "manylinux_2_17_aarch64"
WINDOWS, MAC = "win_amd64", "macosx_12_0_arm64"


def add_wheels(index: SimpleIndex, *versions: str) -> None:
    tag = f"cp{TAG}-cp{TAG}-manylinux_2_17_x86_64"
    for version in versions:
        index.add("tensorflow-cpu", version, tag=tag, requires=["keras>=3.5"])
    index.add("keras", "3.10.0")
    index.add("keras", "3.15.0")


async def catalog(api: Api) -> dict[str, Any]:
    status, found = await api.call("GET", "tensorflow")
    assert status == 200, found
    return {release["version"]: release for release in found["releases"]}


async def test_the_catalog_has_the_releases_of_both_sources(api: Api, simple_index: SimpleIndex) -> None:
    add_wheels(simple_index, "2.20.0", "2.21.0")
    found = await catalog(api)
    sources = {version: [(v["name"], v["source"]) for v in found[version]["variants"]] for version in found}
    assert sources["2.21.0"] == [("cpu", "pypi")]
    assert sources["2.20.0"] == [("cpu", "conda"), ("cpu", "pypi")]
    assert sources["2.19.1"] == [("cpu", "conda")]
    assert [version for version in found if found[version]["recommended"]] == ["2.21.0"]
    assert found["2.21.0"]["keras"] == "3.15.0"


async def test_an_index_that_does_not_answer_leaves_the_channels_releases(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.down()
    status, found = await api.call("GET", "tensorflow")
    assert status == 200, found
    assert [release["version"] for release in found["releases"]] == ["2.20.0", "2.19.1"]
    assert found["message"] is None
    (warning,) = found["warnings"]
    assert (warning["code"], warning["severity"]) == ("index-unreachable", "warning")
    assert warning["message"] == f"The package index {simple_index.url} cannot be reached."


async def test_channels_that_do_not_answer_leave_the_releases_of_the_index(
    api: Api, simple_index: SimpleIndex, tensorflow_channel: TinyChannel
) -> None:
    add_wheels(simple_index, "2.21.0")
    repodata = tensorflow_channel.root / "noarch" / "repodata.json"
    away = repodata.rename(repodata.with_name("away"))
    status, found = await api.call("GET", "tensorflow")
    assert status == 200, found
    assert [release["version"] for release in found["releases"]] == ["2.21.0"]
    (warning,) = found["warnings"]
    assert (warning["code"], warning["severity"]) == ("channel-unreachable", "warning")
    assert "cannot be reached" in warning["message"]
    assert found["message"] == (
        "No release can be installed on this machine: "
        f"TensorFlow 2.21.0 needs Python {PYTHON} from a channel, and no channel answers."
    )
    away.rename(repodata)
    status, found = await api.call("GET", "tensorflow")
    assert (found["message"], found["warnings"]) == (None, [])
    assert [release["version"] for release in found["releases"] if release["recommended"]] == ["2.21.0"]


async def test_if_neither_answers_the_error_names_the_channel(
    api: Api, simple_index: SimpleIndex, tensorflow_channel: TinyChannel
) -> None:
    simple_index.down()
    (tensorflow_channel.root / "noarch" / "repodata.json").unlink()
    status, error = await api.call("GET", "tensorflow")
    assert (status, error["reason"]) == (502, "channel-unreachable")


@pytest.mark.parametrize(
    ("request_", "source", "version"),
    [
        (Create("new", "2.21.*"), "pypi", "2.21.0"),
        (Create("new", "2.20.*"), "conda", "2.20.0"),
        (Create("new", "2.20.*", source="pypi"), "pypi", "2.20.0"),
        (Create("new", "2.19.1"), "conda", "2.19.1"),
    ],
)
async def test_the_channel_is_chosen_where_it_has_the_release(
    api: Api, simple_index: SimpleIndex, request_: Create, source: str, version: str
) -> None:
    add_wheels(simple_index, "2.20.0", "2.21.0")
    body = {"kind": "create", "name": "new", "tensorflow": request_.tensorflow, "source": request_.source}
    plan = await api.plan(**body)
    entry = next(entry for entry in plan["entries"] if entry["name"] in ("tensorflow", "tensorflow-cpu"))
    assert (entry["source"], entry["to"]["version"]) == (source, version)
    assert entry["requested"]
    python = next(entry for entry in plan["entries"] if entry["name"] == "python")
    assert (python["source"], python["to"]["version"].startswith(PYTHON)) == ("conda", True)


async def test_a_slow_index_does_not_hold_up_the_channels_releases(
    api: Api, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_wheels(simple_index, "2.21.0")
    simple_index.hold = threading.Event()
    monkeypatch.setattr(catalog_module, "PATIENCE", 0.1)
    _, found = await api.call("GET", "tensorflow")
    assert [release["version"] for release in found["releases"]] == ["2.20.0", "2.19.1"]
    assert [warning["message"] for warning in found["warnings"]] == [
        "The package index has not answered yet, so its releases are missing."
    ]
    # What was asked for arrives, and the next request has it.
    simple_index.hold.set()
    monkeypatch.setattr(catalog_module, "PATIENCE", 30)
    assert "2.21.0" in await catalog(api)


def test_without_any_release_the_message_names_both_sources(simple_index: SimpleIndex, tmp_path: Path) -> None:
    empty = TinyChannel(tmp_path / "empty")
    empty.add("python", "3.12.4")
    found = asyncio.run(catalog_with(empty, simple_index).get())
    assert found.releases == []
    assert found.message == "The channels and the package index have no TensorFlow for linux-64."


def test_a_channel_without_python_blocks_every_release(simple_index: SimpleIndex, tmp_path: Path) -> None:
    add_wheels(simple_index, "2.21.0")
    empty = TinyChannel(tmp_path / "empty")
    empty.add("other", "1.0")
    found = asyncio.run(catalog_with(empty, simple_index).get())
    assert found.message == (
        f"No release can be installed on this machine: TensorFlow 2.21.0 needs Python {PYTHON}, which no channel has."
    )


class TestKnown:
    """What warnings and badges know about an environment with TensorFlow from the index."""

    @pytest.fixture
    def read(self, simple_index: SimpleIndex, channel: TinyChannel) -> Catalog:
        """A catalog that was read for a machine with a driver for CUDA 12.8."""
        for version in ("2.20.0", "2.21.0"):
            simple_index.add("tensorflow", version, tag=f"cp{TAG}-cp{TAG}-{LINUX}")
            simple_index.add("tensorflow-cpu", version, tag=f"cp{TAG}-cp{TAG}-{LINUX}")
        simple_index.add("keras", "3.15.0")
        channel.add("python", f"{PYTHON}.4")
        return catalog_with(channel, simple_index, {"CONDA_OVERRIDE_CUDA": "12.8"})

    def facts(self, variant: str, keras: str = "3.10.0", source: Source = "pypi") -> EnvironmentFacts:
        return EnvironmentFacts(
            id="e1",
            prefix=Path("/envs/e1"),
            python=f"{PYTHON}.4",
            tensorflow=TensorFlow("2.20.0", None, variant, "pypi"),
            keras=Keras(keras, source),
        )

    async def test_updates_are_those_of_the_index(self, read: Catalog) -> None:
        assert read.updates(self.facts("cpu")) == AvailableUpdate()
        await read.get()
        assert read.updates(self.facts("cpu")) == AvailableUpdate("2.21.0", "3.15.0")
        assert read.updates(self.facts("cuda12.5")) == AvailableUpdate("2.21.0", "3.15.0")
        assert read.updates(self.facts("cpu", keras="3.15.0")) == AvailableUpdate("2.21.0", None)

    async def test_keras_from_a_channel_is_not_updated_from_the_index(self, read: Catalog) -> None:
        await read.get()
        assert read.updates(self.facts("cpu", source="conda")).keras is None

    async def test_an_assumed_driver_changes_nothing_that_is_known(self, read: Catalog) -> None:
        await read.get()
        before = read.knowledge
        found = await read.get(cuda="11.8")
        assert not any(v.installable for r in found.releases for v in r.variants if v.name != "cpu")
        assert read.knowledge == before
        assert read.known(self.facts("cpu")).cuda_release == "2.20.0"


class TestSource:
    """The source that the server chooses, if the request names none."""

    @pytest.fixture
    def both(self, simple_index: SimpleIndex, channel: TinyChannel) -> Catalog:
        """A channel with a CPU build of 2.20.0 and an index with CUDA, on a machine with a driver."""
        simple_index.add("tensorflow", "2.20.0", tag=f"cp{TAG}-cp{TAG}-{LINUX}")
        channel.add("python", f"{PYTHON}.4")
        channel.add("ipykernel", "7.0")
        python = f"python >={PYTHON},<{PYTHON[0]}.{int(PYTHON[2:]) + 1}.0a0"
        channel.add("keras", "3.10.0")
        channel.add("tensorflow", "2.20.0", build=f"cpu_py{TAG}h0_0", depends=[python])
        return catalog_with(channel, simple_index, {"CONDA_OVERRIDE_CUDA": "12.8"})

    async def test_a_gpu_is_used_whatever_the_source(self, both: Catalog) -> None:
        chosen = await both.chosen(Create("new", "2.20.0"))
        assert chosen.source == "pypi"
        assert chosen.requirements == ["tensorflow[and-cuda]==2.20.0", "keras"]

    @pytest.mark.parametrize(
        "request_",
        [
            Create("new", "2.20.0"),
            Create("new", "2.20.0", variant="cpu"),
            Create("new", "2.20.0", variant="cuda"),
            Create("new", "2.20.0", source="conda"),
        ],
    )
    async def test_the_first_variant_of_the_catalog_that_the_request_admits_is_taken(
        self, both: Catalog, request_: Create
    ) -> None:
        (release,) = (await both.get()).releases
        admitted = [
            each
            for each in release.variants
            if each.installable
            and request_.source in (None, each.source)
            and request_.variant in ("auto", re.sub(r"[\d.]+", "", each.name))
        ]
        chosen = await both.chosen(request_)
        assert chosen.source == admitted[0].source
        is_cuda = any("and-cuda" in text for text in chosen.requirements) or any(
            "cuda" in text for text in chosen.specs
        )
        assert is_cuda == admitted[0].name.startswith("cuda")

    async def test_for_the_cpu_the_channel_is_preferred(self, both: Catalog) -> None:
        chosen = await both.chosen(Create("new", "2.20.0", variant="cpu"))
        assert (chosen.source, chosen.requirements) == ("conda", [])
        assert "ipykernel" in chosen.specs

    async def test_without_keras_only_tensorflow_is_requested(self, both: Catalog) -> None:
        chosen = await both.chosen(Create("new", "2.20.0", source="pypi", keras=False))
        assert chosen.requirements == ["tensorflow[and-cuda]==2.20.0"]

    def test_the_kernel_comes_from_the_index_if_no_channel_has_it(
        self, simple_index: SimpleIndex, channel: TinyChannel
    ) -> None:
        add_wheels(simple_index, "2.21.0")
        channel.add("python", f"{PYTHON}.4")
        chosen = asyncio.run(catalog_with(channel, simple_index).chosen(Create("new", "2.21.*")))
        assert chosen.specs == [f"python {PYTHON}.*"]
        assert chosen.requirements == ["tensorflow-cpu==2.21.*", "keras", "ipykernel"]

    @pytest.mark.parametrize(("subdir", "platform"), [("win-64", WINDOWS), ("osx-arm64", MAC), ("linux-aarch64", ARM)])
    def test_elsewhere_the_wheel_for_that_platform_is_chosen(
        self, simple_index: SimpleIndex, tmp_path: Path, subdir: str, platform: str
    ) -> None:
        simple_index.add("tensorflow", "2.21.0", tag=f"cp{TAG}-cp{TAG}-{platform}")
        simple_index.add("tensorflow", "2.22.0", tag=f"cp{TAG}-cp{TAG}-{LINUX}")
        foreign = TinyChannel(tmp_path / "foreign", subdir)
        foreign.add("python", f"{PYTHON}.4", extra_index={"arch": None, "platform": None})
        made = catalog_with(foreign, simple_index, subdir=subdir)

        async def ask() -> tuple[CatalogModel, Chosen]:
            return await made.get(), await made.chosen(Create("new", "2.21.*"))

        listed, chosen = asyncio.run(ask())
        assert [(release.version, release.recommended) for release in listed.releases] == [("2.21.0", True)]
        assert chosen.requirements == ["tensorflow==2.21.*", "keras", "ipykernel"]


class TestSuggestions:
    """Suggestions for a request without a solution."""

    @pytest.fixture
    def made(self, simple_index: SimpleIndex, channel: TinyChannel) -> Catalog:
        add_wheels(simple_index, "2.21.0")
        channel.add("python", f"{PYTHON}.4")
        channel.add("python", "3.14.1")
        channel.add("ipykernel", "7.0")
        return catalog_with(channel, simple_index)

    async def test_a_python_with_a_wheel_is_suggested(self, made: Catalog) -> None:
        found = await made.suggest(Create("new", "2.21.*", python="3.14"))
        assert found is not None
        assert (str(found), found.change) == (f"Use Python {PYTHON} with TensorFlow 2.21.", {"python": PYTHON})

    async def test_packages_from_the_index_are_not_called_unknown(self, made: Catalog) -> None:
        packages = ("pypi:keras-hub", "only-on-the-index")
        found = await made.suggest(Create("new", "2.21.*", python="3.14", packages=packages))
        assert found is not None
        assert found.change == {"python": PYTHON}

    async def test_no_release_of_the_other_source_is_suggested(self, made: Catalog) -> None:
        assert await made.suggest(Create("new", "2.21.*", python="3.14", source="conda")) is None


def catalog_with(
    channel: TinyChannel, index: SimpleIndex, env: dict[str, str] | None = None, subdir: str = "linux-64"
) -> Catalog:
    """Return the catalog of a channel and an index, on a machine with these ``CONDA_OVERRIDE_*`` variables."""
    repodata = Repodata(settings_of(channel.index()), subdir)
    return Catalog(repodata, env if env is not None else {"CONDA_OVERRIDE_CUDA": ""}, lambda: index.settings)
