"""Test plans with packages from a package index, and their jobs."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from .. import python_package
from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel
from .both_sources import by_name, packages


@pytest.fixture
def tensorflow_channel(channel: TinyChannel, tmp_path: Path) -> TinyChannel:
    return python_package.fill(channel, tmp_path / "pip")


async def test_a_plan_has_packages_of_both_sources(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "1.0", requires=["hello>=1"])
    simple_index.add("hello", "1.2")
    plan = await api.plan(kind="create", name="new", packages=["plain", "pypi:greet"])
    found = by_name(plan)
    assert (found["plain"]["source"], found["greet"]["source"], found["hello"]["source"]) == ("conda", "pypi", "pypi")
    assert found["greet"]["requested"]
    assert not found["hello"]["requested"]
    assert found["greet"]["to"]["build"] == "py3-none-any"
    assert found["greet"]["to"]["size"]
    assert found["python"]["source"] == "conda"


async def test_the_job_installs_what_the_plan_says(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "1.0", requires=["hello>=1"], scripts={"greet": "#!python\nprint(1)\n"})
    simple_index.add("hello", "1.2")
    job = await api.apply(kind="create", name="new", packages=["pypi:greet"])
    assert job["state"] == "succeeded", job
    found = await packages(api, "new")
    assert found["greet"] == ("1.0", "pypi")
    assert found["hello"] == ("1.2", "pypi")
    prefix = Path((await api.environment("new"))["prefix"])
    # A first line has at most 127 characters, so a script may name its interpreter in the second one.
    script = (prefix / "bin" / "greet").read_text()
    assert f"{prefix}/bin/python" in script
    assert ".tfenv" not in script, "no path of the staging directory is left"


@pytest.mark.parametrize(
    ("variable", "text", "version"),
    [
        ("PIP_CONSTRAINT", "hello<2\n", "1.2"),
        ("UV_CONSTRAINT", "hello<2\n", "1.2"),
        ("UV_OVERRIDE", "hello==1.0\n", "1.0"),
        ("UV_EXCLUDE", "hello\n", None),
    ],
)
async def test_the_configured_constraints_are_followed(
    api: Api,
    simple_index: SimpleIndex,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    text: str,
    version: str | None,
) -> None:
    for each in ("1.0", "1.2", "2.0"):
        simple_index.add("hello", each)
    simple_index.add("greet", "1.0", requires=["hello>=1.1"])
    file = tmp_path / "the constraints.txt"
    file.write_text(text)
    monkeypatch.setenv(variable, file.as_uri())
    job = await api.apply(kind="create", name="new", packages=["pypi:greet"])
    assert job["state"] == "succeeded", job
    found = await packages(api, "new")
    assert found["greet"] == ("1.0", "pypi")
    assert found.get("hello", (None, ""))[0] == version


async def test_what_conda_provides_is_not_installed_from_the_index(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "1.0", requires=["numpy>=2"])
    simple_index.add("numpy", "2.5.0")
    plan = await api.plan(kind="create", name="new", packages=["numpy", "pypi:greet"])
    found = by_name(plan)
    assert (found["numpy"]["source"], found["numpy"]["to"]["version"]) == ("conda", "2.1.0")


async def test_a_name_that_no_channel_has_comes_from_the_index_and_the_plan_says_so(
    api: Api, simple_index: SimpleIndex
) -> None:
    simple_index.add("greet", "1.0")
    plan = await api.plan(kind="create", name="new", packages=["greet"])
    assert by_name(plan)["greet"]["source"] == "pypi"
    assert "greet" in next(warning["message"] for warning in plan["warnings"] if warning["code"] == "from-index")


async def test_a_change_of_the_index_alone_has_no_conda_command(api: Api, simple_index: SimpleIndex) -> None:
    """conda refuses “conda install” without specs, and nothing of conda changes."""
    simple_index.add("greet", "1.0")
    await api.apply(kind="create", name="new", packages=["pypi:greet"])
    environment = await api.environment("new")
    history = Path(environment["prefix"], "conda-meta", "history")
    before = history.read_text()
    simple_index.add("greet", "2.0")
    plan = await api.plan(kind="update", environment=environment["id"], packages=["greet"])
    [command] = plan["commands"]
    assert command.startswith("uv pip install ")
    assert command.endswith(" greet==2.0")
    await api.apply(kind="update", environment=environment["id"], packages=["greet"])
    _, *added = history.read_text().removeprefix(before).splitlines()
    assert added == [f"# cmd: {command}"]


@pytest.mark.parametrize("declared", [True, False])
async def test_the_plan_shows_the_version_that_a_directory_declares_or_none(
    api: Api, simple_index: SimpleIndex, declared: bool
) -> None:
    url = simple_index.source_url("directory")
    project = Path(url.removeprefix("file://"), "pyproject.toml")
    if not declared:
        project.write_text(project.read_text().replace('version = "1.0"', 'dynamic = ["version"]'))
    request = {"kind": "create", "name": "new", "packages": [f"pypi:rough @ {url}"], "source_builds": True}
    plan = await api.plan(**request)
    assert by_name(plan)["rough"]["to"]["version"] == ("1.0" if declared else "")
    job = await api.apply(**request)
    assert job["state"] == "succeeded", job
    assert (await packages(api, "new"))["rough"] == ("1.0", "pypi")
    environment = await api.environment("new")
    plan = await api.plan(kind="update", environment=environment["id"], packages="all", source_builds=True)
    assert "downgrade" not in [entry["action"] for entry in plan["entries"]]


@pytest.mark.parametrize("kind", ["archive", "directory", "repository"])
async def test_the_source_at_a_url_is_built_only_if_the_request_permits_it(
    api: Api, simple_index: SimpleIndex, kind: str
) -> None:
    if kind == "repository" and shutil.which("git") is None:
        pytest.skip("needs git")
    url = simple_index.source_url(kind)
    request = {"kind": "create", "name": "new", "packages": [f"pypi:rough @ {url}"]}
    status, error = await api.call("POST", "plans", request)
    assert (status, error["reason"]) == (422, "build-needed"), error
    plan = await api.plan(**request, source_builds=True)
    assert "source-build" in [warning["code"] for warning in plan["warnings"]]
    job = await api.apply(**request, source_builds=True)
    assert job["state"] == "succeeded", job
    identity = (await api.environment("new"))["id"]
    simple_index.add("greet", "1.0")
    plan = await api.plan(kind="install", environment=identity, specs=["pypi:greet"])
    assert list(by_name(plan)) == ["greet"], "what was built stays, without another permission"


async def test_a_package_without_a_wheel_is_built_only_if_the_request_permits_it(
    api: Api, simple_index: SimpleIndex
) -> None:
    simple_index.add_source("rough", "1.0")
    request = {"kind": "create", "name": "new", "packages": ["pypi:rough"]}
    status, error = await api.call("POST", "plans", request)
    assert (status, error["reason"]) == (422, "build-needed"), error
    plan = await api.plan(**request, source_builds=True)
    assert by_name(plan)["rough"]["to"]["build"] == "source"
    assert "source-build" in [warning["code"] for warning in plan["warnings"]]
    job = await api.apply(**request, source_builds=True)
    assert job["state"] == "succeeded", job
    assert (await packages(api, "new"))["rough"] == ("1.0", "pypi")


async def test_a_url_is_installed_from_there_and_nowhere_else(api: Api, simple_index: SimpleIndex) -> None:
    wheel = simple_index.add("greet", "1.0")
    simple_index.add("greet", "2.0")
    text = f"pypi:greet @ {simple_index.file_url(wheel)}"
    job = await api.apply(kind="create", name="new", packages=[text])
    assert job["state"] == "succeeded", job
    assert (await packages(api, "new"))["greet"] == ("1.0", "pypi")


@pytest.mark.parametrize(
    "text",
    [
        "pypi:",
        "pypi:-r requirements.txt",
        "pypi:--index-url=https://evil.example",
        "pypi:greet\n--pre",
        "pypi:../x",
        "pypi:greet-1.0-py3-none-any.whl",
        "pypi:greet.tar.gz",
    ],
)
async def test_text_that_is_no_requirement_is_refused(api: Api, simple_index: SimpleIndex, text: str) -> None:
    status, error = await api.call("POST", "plans", {"kind": "create", "name": "new", "packages": [text]})
    assert (status, error["reason"]) == (422, "invalid-spec"), error


async def test_versions_that_conda_holds_are_named_in_the_error(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "1.0", requires=["numpy>=3"])
    body = {"kind": "create", "name": "new", "packages": ["numpy", "pypi:greet"]}
    status, error = await api.call("POST", "plans", body)
    assert (status, error["reason"]) == (422, "unsatisfiable")
    assert error["details"].endswith("These packages stay as they are: conda's numpy 2.1.0.")


async def test_a_version_that_a_channel_excludes_is_named(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.add("numpy", "1.9")
    body = {"kind": "create", "name": "new", "packages": ["numpy", "pypi:numpy<2"]}
    status, error = await api.call("POST", "plans", body)
    assert (status, error["reason"]) == (422, "unsatisfiable")
    assert error["message"] == "A channel provides numpy 2.1.0, but numpy<2 is requested from the package index."


class TestWithdrawn:
    """A version that its authors withdrew is taken only if a request names it, and the plan warns of it."""

    async def test_a_new_environment_warns(self, api: Api, simple_index: SimpleIndex) -> None:
        simple_index.add("greet", "1.0")
        simple_index.add("greet", "2.0", yanked="it deletes files")
        plan = await api.plan(kind="create", name="new", packages=["python", "pypi:greet==2.0"])
        [warning] = [each for each in plan["warnings"] if each["code"] == "withdrawn"]
        assert warning["message"].endswith("may not work: greet 2.0 (it deletes files).")
        plan = await api.plan(kind="create", name="new", packages=["python", "pypi:greet"])
        assert {each["name"]: each["to"]["version"] for each in plan["entries"]}["greet"] == "1.0"
        assert [each for each in plan["warnings"] if each["code"] == "withdrawn"] == []

    async def test_a_change_warns_only_of_what_it_installs(self, api: Api, simple_index: SimpleIndex) -> None:
        simple_index.add("Own_Tool", "1.0", yanked=True)
        simple_index.add("wave", "1.0")
        job = await api.apply(kind="create", name="new", packages=["python"])
        assert job["state"] == "succeeded", job
        request = {"kind": "install", "environment": job["environment"]}
        plan = await api.plan(**request, specs=["pypi:own-tool==1.0"])
        assert [each["items"] for each in plan["warnings"] if each["code"] == "withdrawn"] == [["own-tool 1.0"]]
        assert (await api.apply(**request, specs=["pypi:own-tool==1.0"]))["state"] == "succeeded"
        plan = await api.plan(**request, specs=["pypi:wave"])
        assert [each for each in plan["warnings"] if each["code"] == "withdrawn"] == []

    async def test_an_imported_file_warns(self, api: Api, simple_index: SimpleIndex) -> None:
        simple_index.add("greet", "1.0", yanked="old")
        plan = await api.plan(kind="import", name="new", content="greet==1.0\n")
        assert [each["items"] for each in plan["warnings"] if each["code"] == "withdrawn"] == [["greet 1.0 (old)"]]


@pytest.mark.parametrize("spec", ["unmet", "unmet ==1.0", "unmet 1.0.*"])
async def test_a_package_that_neither_source_can_give_is_refused_with_the_channels_reason(
    api: Api, tensorflow_channel: TinyChannel, simple_index: SimpleIndex, spec: str
) -> None:
    tensorflow_channel.add("unmet", "1.0", noarch="generic", depends=["python", "nowhere >=2"])
    await asyncio.to_thread(tensorflow_channel.index)
    simple_index.add("tensorflow-cpu", "2.99.0")
    simple_index.add("tensorflow", "2.99.0")
    status, answer = await api.call(
        "POST", "plans", {"kind": "create", "name": "new", "tensorflow": "2.99.*", "packages": [spec]}
    )
    assert (status, answer["reason"]) == (422, "unsatisfiable"), answer
    assert "nowhere >=2" in answer["details"]
