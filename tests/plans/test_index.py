"""Test plans with packages from a package index, and their jobs."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.pypi import uv

from .. import python_package
from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import SITE


@pytest.fixture
def tensorflow_channel(channel: TinyChannel, tmp_path: Path) -> TinyChannel:
    """A channel with a Python that has its own prefix, and a few packages that depend on it."""
    python_package.add(channel, tmp_path / "pip")
    kernel = {"argv": ["python", "-m", "ipykernel_launcher"], "display_name": "Python 3", "language": "python"}
    files = {"share/jupyter/kernels/python3/kernel.json": json.dumps(kernel)}
    channel.add("ipykernel", "7.0.0", noarch="generic", depends=["python"], files=files)
    channel.add("plain", "1.0", noarch="generic", files={"share/plain": ""})
    channel.add("numpy", "2.1.0", noarch="generic", depends=["python"])
    channel.add("pandas", "2.2.0", noarch="generic", depends=["python", "numpy"])
    channel.index()
    return channel


def add_project(channel: TinyChannel, name: str, version: str) -> None:
    """Add a conda package with the metadata of a Python project."""
    info = f"{SITE}/{name}-{version}.dist-info"
    files = {
        f"{SITE}/{name}/__init__.py": f"__version__ = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
    }
    channel.add(name, version, depends=["python"], files=files)


async def packages(api: Api, name: str) -> dict[str, tuple[str, str]]:
    environment = await api.environment(name)
    _, found = await api.call("GET", f"environments/{environment['id']}/packages")
    return {each["name"]: (each["version"], each["source"]) for each in found["packages"]}


def by_name(plan: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in plan["entries"]}


async def by_hand(environment: dict[str, Any], *wanted: str) -> None:
    """Install packages with uv, as in a terminal."""
    python = Path(environment["prefix"]) / "bin" / "python"
    line = [uv.binary(), "pip", "install", "--python", str(python), *wanted]
    done = await asyncio.to_thread(subprocess.run, line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


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


async def test_a_package_that_pip_installed_is_adopted_and_updated(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "1.0")
    await api.apply(kind="create", name="new")
    environment = await api.environment("new")
    await by_hand(environment, "greet")
    assert (await packages(api, "new"))["greet"] == ("1.0", "pypi")
    simple_index.add("greet", "2.0")

    plan = await api.plan(kind="update", environment=environment["id"], packages="all")
    assert "greet" not in by_name(plan), "what pip installed stays, unless a request names it"
    job = await api.apply(kind="install", environment=environment["id"], specs=["pypi:greet==1.0"])
    assert job["state"] == "succeeded", job
    job = await api.apply(kind="update", environment=environment["id"], packages=["greet"])
    assert job["state"] == "succeeded", job
    assert (await packages(api, "new"))["greet"] == ("2.0", "pypi")
    site = next(Path(environment["prefix"]).glob("lib/python*/site-packages"))
    assert [path.name for path in site.glob("greet-*.dist-info")] == ["greet-2.0.dist-info"]


class TestOthers:
    """Packages that pip or uv installed in a terminal, in plans that name them."""

    async def installed(self, api: Api, *wanted: str) -> str:
        """Create an environment, install packages in it as in a terminal, and return its id."""
        await api.apply(kind="create", name="new")
        environment = await api.environment("new")
        await by_hand(environment, *wanted)
        return str(environment["id"])

    @pytest.mark.parametrize(
        "request_",
        [
            {"kind": "update", "packages": ["greet"]},
            {"kind": "install", "specs": ["pypi:greet"]},
            {"kind": "install", "specs": ["greet"]},
        ],
        ids=lambda each: " ".join(str(value) for value in each.values()),
    )
    async def test_a_package_from_a_path_is_not_silently_replaced_by_one_of_its_name(
        self, api: Api, simple_index: SimpleIndex, request_: dict[str, Any]
    ) -> None:
        mine = simple_index.add("greet", "1.0")
        identity = await self.installed(api, f"greet @ {mine.as_uri()}")
        simple_index.add("greet", "9.0")
        plan = await api.plan(environment=identity, **request_)
        assert by_name(plan)["greet"]["to"]["version"] == "9.0"
        [warning] = [each for each in plan["warnings"] if each["code"] == "pip-overwritten"]
        assert "installed from a path or a URL" in warning["message"]
        assert warning["items"] == ["greet"]

    async def test_a_package_from_the_index_is_updated_without_a_warning(
        self, api: Api, simple_index: SimpleIndex
    ) -> None:
        simple_index.add("greet", "1.0")
        identity = await self.installed(api, "greet")
        simple_index.add("greet", "9.0")
        assert (await api.plan(kind="update", environment=identity, packages=["greet"]))["warnings"] == []

    async def test_a_removal_names_and_uninstalls_them(self, api: Api, simple_index: SimpleIndex) -> None:
        simple_index.add("greet", "1.0", scripts={"greet": "#!python\nprint(1)\n"})
        identity = await self.installed(api, "greet")
        plan = await api.plan(kind="remove", environment=identity, packages=["greet"])
        entry = by_name(plan)["greet"]
        assert (entry["action"], entry["from"]["version"], entry["to"]) == ("remove", "1.0", None)
        job = await api.apply(kind="remove", environment=identity, packages=["greet"])
        assert job["state"] == "succeeded", job
        assert "greet" not in await packages(api, "new")

    async def test_a_removal_takes_ours_and_theirs_together(self, api: Api, simple_index: SimpleIndex) -> None:
        simple_index.add("greet", "1.0")
        simple_index.add("hello", "1.0")
        identity = await self.installed(api, "greet")
        await api.apply(kind="install", environment=identity, specs=["pypi:hello"])
        plan = await api.plan(kind="remove", environment=identity, packages=["greet", "hello"])
        assert {name: entry["action"] for name, entry in by_name(plan).items()} == {
            "greet": "remove",
            "hello": "remove",
        }
        job = await api.apply(kind="remove", environment=identity, packages=["greet", "hello"])
        assert job["state"] == "succeeded", job
        assert not {"greet", "hello"} & (await packages(api, "new")).keys()

    @pytest.mark.parametrize(
        ("spec", "action", "before"),
        [
            ("pypi:greet==1.0", "downgrade", "1.5"),
            ("pypi:greet==1.5", "install", None),
            ("pypi:greet==2.0", "upgrade", "1.5"),
        ],
    )
    async def test_an_adoption_says_the_version_before(
        self, api: Api, simple_index: SimpleIndex, spec: str, action: str, before: str | None
    ) -> None:
        for version in ("1.0", "1.5", "2.0"):
            simple_index.add("greet", version)
        identity = await self.installed(api, "greet==1.5")
        plan = await api.plan(kind="install", environment=identity, specs=[spec])
        entry = by_name(plan)["greet"]
        assert (entry["action"], entry["from"] and entry["from"]["version"]) == (action, before)

    async def test_one_over_condas_that_leaves_comes_from_the_index(
        self, api: Api, simple_index: SimpleIndex, tensorflow_channel: TinyChannel
    ) -> None:
        add_project(tensorflow_channel, "shapes", "2.0")
        tensorflow_channel.add("tensorflow", "2.20.0", noarch="generic", depends=["python", "shapes"])
        await asyncio.to_thread(tensorflow_channel.index)
        simple_index.add("tensorflow-cpu", "2.20.0", requires=["shapes"])
        simple_index.add("shapes", "1.9")
        await api.apply(kind="create", name="new", packages=["tensorflow"])
        environment = await api.environment("new")
        await by_hand(environment, "shapes==1.9")
        request = {"kind": "install", "environment": environment["id"], "specs": ["pypi:tensorflow-cpu"]}
        assert by_name(await api.plan(**request))["shapes"]["source"] == "pypi"
        await api.apply(**request)
        assert (await packages(api, "new"))["shapes"] == ("1.9", "pypi")

    @pytest.mark.parametrize("version", ["1.9", "2.0", "2.1"])
    async def test_a_package_of_a_channel_replaces_them(
        self, api: Api, simple_index: SimpleIndex, tensorflow_channel: TinyChannel, version: str
    ) -> None:
        add_project(tensorflow_channel, "shapes", "2.0")
        await asyncio.to_thread(tensorflow_channel.index)
        simple_index.add("shapes", version)
        identity = await self.installed(api, "shapes")
        request = {"kind": "install", "environment": identity, "specs": ["shapes"]}
        assert [each["code"] for each in (await api.plan(**request))["warnings"]] == ["pip-overwritten"]
        await api.apply(**request)
        assert (await packages(api, "new"))["shapes"] == ("2.0", "conda")
        site = next(Path((await api.environment("new"))["prefix"]).glob("lib/python*/site-packages"))
        assert [path.name for path in site.glob("shapes-*.dist-info")] == ["shapes-2.0.dist-info"]

    async def test_one_over_condas_does_not_move_with_another_package(
        self, api: Api, simple_index: SimpleIndex
    ) -> None:
        simple_index.add("numpy", "1.9")
        simple_index.add("greet", "1.0")
        await api.apply(kind="create", name="new", packages=["numpy"])
        environment = await api.environment("new")
        await by_hand(environment, "numpy==1.9")
        plan = await api.plan(kind="install", environment=environment["id"], specs=["pypi:greet"])
        assert list(by_name(plan)) == ["greet"]
        assert plan["warnings"] == []


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


class TestAdoption:
    """Packages that a change of ours installed and that pip then moved, before a request names them again."""

    async def moved(self, api: Api, simple_index: SimpleIndex, version: str) -> str:
        """Request ``greet>=1,<3`` and install another version with pip."""
        for each in ("1.0", "2.0"):
            simple_index.add("greet", each)
        job = await api.apply(kind="create", name="new", packages=["pypi:greet>=1,<3"])
        assert job["state"] == "succeeded", job
        for each in ("2.1", "3.0"):
            simple_index.add("greet", each)
        environment = await api.environment("new")
        await by_hand(environment, f"greet=={version}")
        return str(environment["id"])

    @pytest.mark.parametrize("other", [False, True], ids=["at once", "after another change"])
    async def test_a_bare_name_keeps_the_requirement(self, api: Api, simple_index: SimpleIndex, other: bool) -> None:
        identity = await self.moved(api, simple_index, "2.1")
        if other:
            await api.apply(kind="install", environment=identity, specs=["numpy"])
            assert (await packages(api, "new"))["greet"] == ("2.1", "pypi")
        job = await api.apply(kind="install", environment=identity, specs=["pypi:greet"])
        assert job["state"] == "succeeded", job
        simple_index.add("extra", "1.0", requires=["greet>=3"])
        request = {"kind": "install", "environment": identity, "specs": ["pypi:extra"]}
        status, error = await api.call("POST", "plans", request)
        assert (status, error["reason"]) == (422, "unsatisfiable"), "greet>=1,<3 holds again"

    async def test_an_update_goes_beyond_the_requirement(self, api: Api, simple_index: SimpleIndex) -> None:
        identity = await self.moved(api, simple_index, "2.1")
        job = await api.apply(kind="update", environment=identity, packages=["greet"])
        assert job["state"] == "succeeded", job
        assert (await packages(api, "new"))["greet"] == ("3.0", "pypi")

    async def test_a_requirement_that_pip_broke_does_not_count(self, api: Api, simple_index: SimpleIndex) -> None:
        identity = await self.moved(api, simple_index, "3.0")
        job = await api.apply(kind="install", environment=identity, specs=["pypi:greet"])
        assert job["state"] == "succeeded", job
        assert (await packages(api, "new"))["greet"] == ("3.0", "pypi")


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


class TestOnlyOneTensorFlow:
    """Packages that require ``tensorflow`` beside ``tensorflow-cpu``, which has the same files."""

    @pytest.fixture(autouse=True)
    def projects(self, simple_index: SimpleIndex) -> None:
        for version in ("2.20.0", "2.21.0"):
            simple_index.add("tensorflow", version)
            simple_index.add("tensorflow-cpu", version)
        simple_index.add("tf-keras", "2.20.1", requires=["tensorflow<2.21,>=2.20"])
        simple_index.add("hub", "1.0", requires=["tf-keras"])

    async def versions(self, api: Api) -> dict[str, str]:
        found = await packages(api, "new")
        return {name: version for name, (version, _) in found.items() if name in ("tensorflow", "tensorflow-cpu")}

    async def create(self, api: Api, *texts: str) -> str:
        job = await api.apply(kind="create", name="new", packages=[f"pypi:{text}" for text in texts])
        assert job["state"] == "succeeded", job
        return str((await api.environment("new"))["id"])

    async def test_in_a_new_environment(self, api: Api) -> None:
        await self.create(api, "tensorflow-cpu==2.20.*", "hub")
        assert await self.versions(api) == {"tensorflow-cpu": "2.20.0"}

    async def test_with_the_version_that_the_others_support(self, api: Api) -> None:
        await self.create(api, "tensorflow-cpu", "hub")
        assert await self.versions(api) == {"tensorflow-cpu": "2.20.0"}

    async def test_when_a_package_is_added_and_updated(self, api: Api, simple_index: SimpleIndex) -> None:
        identity = await self.create(api, "tensorflow-cpu==2.20.*")
        job = await api.apply(kind="install", environment=identity, specs=["pypi:tf-keras"])
        assert job["state"] == "succeeded", job
        assert await self.versions(api) == {"tensorflow-cpu": "2.20.0"}
        simple_index.add("tf-keras", "2.21.0", requires=["tensorflow<2.22,>=2.21"])
        job = await api.apply(kind="update", environment=identity, packages=["tensorflow-cpu"])
        assert job["state"] == "succeeded", job
        assert await self.versions(api) == {"tensorflow-cpu": "2.21.0"}

    async def test_a_package_for_another_version_cannot_be_added(self, api: Api, simple_index: SimpleIndex) -> None:
        identity = await self.create(api, "tensorflow-cpu==2.21.*")
        status, answer = await api.call(
            "POST", "plans", {"kind": "install", "environment": identity, "specs": ["pypi:tf-keras"]}
        )
        assert (status, answer["reason"]) == (422, "unsatisfiable"), answer

    @pytest.mark.parametrize(("first", "second"), [("tensorflow-cpu", "tensorflow"), ("tensorflow", "tensorflow-cpu")])
    async def test_another_one_takes_its_place(self, api: Api, first: str, second: str) -> None:
        identity = await self.create(api, f"{first}==2.20.*")
        request = {"kind": "install", "environment": identity, "specs": [f"pypi:{second}"]}
        plan = await api.plan(**request)
        assert {name: entry["action"] for name, entry in by_name(plan).items()} == {first: "remove", second: "install"}
        assert "requested-removed" not in [each["code"] for each in plan["warnings"]]
        await api.apply(**request)
        assert await self.versions(api) == {second: "2.21.0"}

    async def test_another_one_takes_the_place_of_that_of_pip(self, api: Api) -> None:
        await api.apply(kind="create", name="new")
        environment = await api.environment("new")
        await by_hand(environment, "tensorflow==2.20.0")
        request = {"kind": "install", "environment": environment["id"], "specs": ["pypi:tensorflow-cpu"]}
        plan = await api.plan(**request)
        assert by_name(plan)["tensorflow"]["action"] == "remove"
        await api.apply(**request)
        assert await self.versions(api) == {"tensorflow-cpu": "2.21.0"}

    @pytest.mark.parametrize("version", ["2.20.*", "2.21.*"])
    async def test_a_channel_can_take_it_back(self, api: Api, tensorflow_channel: TinyChannel, version: str) -> None:
        tensorflow_channel.add("tensorflow", "2.20.0", noarch="generic", depends=["python"])
        await asyncio.to_thread(tensorflow_channel.index)
        identity = await self.create(api, f"tensorflow-cpu=={version}")
        request = {"kind": "install", "environment": identity, "specs": [f"{tensorflow_channel.url}::tensorflow"]}
        plan = await api.plan(**request)
        found = by_name(plan)
        assert {name: (entry["action"], entry["source"]) for name, entry in found.items()} == {
            "tensorflow": ("install", "conda"),
            "tensorflow-cpu": ("remove", "pypi"),
        }
        moves = ["tensorflow-minor"] if version == "2.21.*" else []
        assert [each["code"] for each in plan["warnings"]] == [*moves, "source-changes"]
        await api.apply(**request)
        assert await self.versions(api) == {"tensorflow": "2.20.0"}

    async def test_its_removal_needs_no_warning(self, api: Api) -> None:
        identity = await self.create(api, "tensorflow-cpu")
        plan = await api.plan(kind="remove", environment=identity, packages=["tensorflow"])
        assert by_name(plan)["tensorflow-cpu"]["action"] == "remove"
        assert plan["warnings"] == []

    async def test_the_whole_tensorflow_is_installed_where_nothing_else_is(self, api: Api) -> None:
        await self.create(api, "hub")
        assert await self.versions(api) == {"tensorflow": "2.20.0"}


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
