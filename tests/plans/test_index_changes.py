"""Test what becomes of packages from a package index in later changes, copies and exports."""

from __future__ import annotations

from pathlib import Path

import pytest

from .. import python_package
from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel
from .both_sources import packages


@pytest.fixture
def tensorflow_channel(channel: TinyChannel, tmp_path: Path) -> TinyChannel:
    return python_package.fill(channel, tmp_path / "pip")


async def test_an_environment_is_changed_and_reverted(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "1.0", requires=["hello"])
    simple_index.add("hello", "1.2")
    job = await api.apply(kind="create", name="new", packages=["pypi:greet==1.*"])
    assert job["state"] == "succeeded", job
    identity = (await api.environment("new"))["id"]
    simple_index.add("greet", "2.0", requires=["hello"])
    simple_index.add("extra", "3.0")

    job = await api.apply(kind="install", environment=identity, specs=["extra", "plain"])
    assert job["state"] == "succeeded", job
    found = await packages(api, "new")
    assert found["greet"] == ("1.0", "pypi"), "what is installed stays"
    assert (found["extra"], found["plain"]) == (("3.0", "pypi"), ("1.0", "conda"))

    job = await api.apply(kind="update", environment=identity, packages=["greet"])
    assert job["state"] == "succeeded", job
    assert (await packages(api, "new"))["greet"] == ("2.0", "pypi")

    job = await api.apply(kind="remove", environment=identity, packages=["greet"])
    assert job["state"] == "succeeded", job
    found = await packages(api, "new")
    assert "greet" not in found
    assert "hello" not in found, "only greet needed it"
    assert found["extra"] == ("3.0", "pypi")

    job = await api.apply(kind="revert", environment=identity, revision=0)
    assert job["state"] == "succeeded", job
    found = await packages(api, "new")
    assert found["greet"] == ("1.0", "pypi")
    assert "extra" not in found


@pytest.mark.parametrize("kind", ["clone", "rename"])
async def test_a_copy_and_a_renamed_environment_have_the_packages(
    api: Api, simple_index: SimpleIndex, kind: str
) -> None:
    simple_index.add("greet", "1.0", scripts={"greet": "#!python\nprint(1)\n"})
    job = await api.apply(kind="create", name="new", packages=["pypi:greet"])
    assert job["state"] == "succeeded", job
    job = await api.apply(kind=kind, environment=(await api.environment("new"))["id"], name="other")
    assert job["state"] == "succeeded", job
    assert (await packages(api, "other"))["greet"] == ("1.0", "pypi")
    prefix = Path((await api.environment("other"))["prefix"])
    assert f"{prefix}/bin/python" in (prefix / "bin" / "greet").read_text()
    plan = await api.plan(kind="update", environment=(await api.environment("other"))["id"], packages="all")
    assert plan["entries"] == [], "the packages are known in the new place"


async def test_the_packages_say_their_source_and_what_was_requested(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "1.0", requires=["hello"])
    simple_index.add("hello", "1.2")
    await api.apply(kind="create", name="new", packages=["pypi:greet"])
    environment = await api.environment("new")
    _, found = await api.call("GET", f"environments/{environment['id']}/packages")
    packages = {each["name"]: each for each in found["packages"]}
    assert (packages["greet"]["source"], packages["greet"]["requested"]) == ("pypi", True)
    assert (packages["hello"]["source"], packages["hello"]["requested"]) == ("pypi", False)
    assert packages["greet"]["build"] == "py3-none-any"


class TestDigest:
    """The digest of an environment, which its plan and its newest revision have as well."""

    async def digests(self, api: Api, name: str) -> tuple[str | None, str | None]:
        """Return the digests of an environment and of its newest revision."""
        environment = await api.environment(name)
        _, found = await api.call("GET", f"environments/{environment['id']}/revisions")
        _, one = await api.call("GET", f"environments/{environment['id']}")
        assert one["digest"] == environment["digest"]
        return environment["digest"], found["revisions"][0]["digest"]

    async def test_it_is_that_of_the_plan_and_of_the_newest_revision(self, api: Api, simple_index: SimpleIndex) -> None:
        simple_index.add("greet", "1.0")
        plan = await api.plan(kind="create", name="new", packages=["plain", "pypi:greet"])
        await api.apply(kind="create", name="new", packages=["plain", "pypi:greet"])
        assert await self.digests(api, "new") == (plan["digest"], plan["digest"])
        environment = await api.environment("new")
        await api.apply(kind="clone", environment=environment["id"], name="copy")
        assert await self.digests(api, "copy") == (plan["digest"], plan["digest"])
        await api.apply(kind="remove", environment=environment["id"], packages=["greet"])
        now, newest = await self.digests(api, "new")
        assert now == newest != plan["digest"]

    async def test_there_is_none_after_another_program_changed_the_packages(
        self, api: Api, simple_index: SimpleIndex
    ) -> None:
        simple_index.add("greet", "1.0")
        await api.apply(kind="create", name="new", packages=["plain"])
        environment = await api.environment("new")
        site = next(Path(environment["prefix"]).glob("lib/python*/site-packages"))
        added = site / "greet-1.0.dist-info"
        added.mkdir()
        assert (await self.digests(api, "new"))[0] is None
        added.rmdir()
        assert (await self.digests(api, "new"))[0] == environment["digest"] is not None
        next(Path(environment["prefix"], "conda-meta").glob("plain-*.json")).unlink()
        assert (await self.digests(api, "new"))[0] is None


@pytest.mark.parametrize(
    "format_", ["environment-yml", "explicit", "conda-lock", "pixi-lock", "pylock", "requirements"]
)
async def test_an_export_brings_the_packages_to_another_environment(
    api: Api, simple_index: SimpleIndex, format_: str
) -> None:
    simple_index.add("greet", "1.0", requires=["hello"])
    simple_index.add("hello", "1.2")
    await api.apply(kind="create", name="new", packages=["pypi:greet"])
    environment = await api.environment("new")
    simple_index.add("greet", "2.0")
    _, text = await api.call("GET", f"environments/{environment['id']}/export?format={format_}")
    if format_ != "environment-yml":
        assert "sha256" in text
    job = await api.apply(kind="import", name="other", content=text)
    assert job["state"] == "succeeded", job
    found = await packages(api, "other")
    assert (found["greet"], found["hello"]) == (("1.0", "pypi"), ("1.2", "pypi"))


@pytest.mark.parametrize("loss", ["another index has it for another Python", "the index has it no more"])
async def test_an_installed_version_stays_although_no_index_offers_it_for_this_python(
    api: Api, simple_index: SimpleIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loss: str
) -> None:
    simple_index.add("hello", "1.0")
    simple_index.add("hello", "2.0rc1")
    simple_index.add("hello", "2.0", requires=["needed"])
    simple_index.add("needed", "1.0")
    simple_index.add("extra", "1.0", requires=["hello"])
    job = await api.apply(kind="create", name="new", packages=["pypi:hello>=2.0rc0"])
    assert job["state"] == "succeeded", job
    identity = (await api.environment("new"))["id"]
    if loss.startswith("another"):
        other = SimpleIndex(tmp_path / "other")
        other.directory.mkdir()
        other.up()
        other.add("hello", "2.0", tag="cp27-cp27m-any")
        monkeypatch.setenv("UV_INDEX", other.url)
        monkeypatch.setenv("UV_INDEX_STRATEGY", "unsafe-best-match")
    else:
        del simple_index.files["hello"]
        simple_index.add("hello", "1.0")
    plan = await api.plan(kind="install", environment=identity, specs=["pypi:extra"])
    assert [entry["name"] for entry in plan["entries"]] == ["extra"]
    job = await api.apply(kind="install", environment=identity, specs=["pypi:extra"])
    assert job["state"] == "succeeded", job
    assert (await packages(api, "new"))["needed"] == ("1.0", "pypi"), "it is still needed"
    if loss.startswith("another"):
        other.down()
