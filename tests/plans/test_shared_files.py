"""A plan names files that two packages have, as far as their lists of files are on this machine; the job names all."""

from __future__ import annotations

from typing import Any

import pytest

from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON, SITE


@pytest.fixture
def tensorflow_channel(tensorflow_channel: TinyChannel) -> TinyChannel:
    for name in ("one", "two"):
        files = {"share/both.txt": name, f"share/{name}.txt": name, "share/same.txt": "the same"}
        tensorflow_channel.add(name, "1.0", noarch="generic", files=files)
    pure = {"site-packages/shared/m.py": "X = 1\n"}
    tensorflow_channel.add("pure", "1.0", noarch="python", depends=["python"], files=pure)
    tensorflow_channel.index()
    return tensorflow_channel


def told(body: Any) -> dict[str, str]:
    """Return the warnings about shared files in a plan or a job, by severity."""
    return {each["severity"]: each["message"] for each in body["warnings"] if each["code"] == "shared-files"}


async def install(api: Api, made: Any, *specs: str) -> Any:
    request = {"kind": "install", "environment": made["id"], "specs": list(specs)}
    status, job = await api.call("POST", "jobs", {"plan": (await api.plan(**request))["id"]})
    assert status == 202, job
    job = await api.finished(job["id"])
    assert job["state"] == "succeeded", job
    return job


async def test_the_job_names_what_the_plan_could_not_know(api: Api, made: Any) -> None:
    plan = await api.plan(kind="install", environment=made["id"], specs=["one", "two"])
    assert told(plan) == {}
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    job = await api.finished(job["id"])
    assert job["state"] == "succeeded", job
    found = told(job)
    assert "one 1.0 and two 1.0 (share/both.txt)" in found["warning"]
    assert "one 1.0 and two 1.0 (share/same.txt)" in found["info"]
    (item,) = next(each["items"] for each in job["warnings"] if each["severity"] == "warning")
    assert item == "one 1.0 and two 1.0 (share/both.txt)"


async def test_the_plan_names_a_file_of_an_installed_and_a_cached_package(api: Api, made: Any) -> None:
    await install(api, made, "two")
    await api.apply(kind="remove", environment=made["id"], packages=["two"])
    await install(api, made, "one")
    plan = await api.plan(kind="install", environment=made["id"], specs=["two"])
    assert "one 1.0 and two 1.0 (share/both.txt)" in told(plan)["warning"]


async def test_the_plan_of_a_new_environment_names_those_of_cached_packages(api: Api, made: Any) -> None:
    await install(api, made, "one", "two")
    packages = ["one", "two"]
    plan = await api.plan(kind="create", name="new", tensorflow="2.19.*", python=PYTHON, packages=packages)
    assert "one 1.0 and two 1.0 (share/both.txt)" in told(plan)["warning"]
    plan = await api.plan(kind="create", name="new", tensorflow="2.19.*", python=PYTHON, packages=["one"])
    assert told(plan) == {}


async def test_the_plan_names_those_of_wheels_that_are_unpacked_in_the_cache(
    api: Api, made: Any, simple_index: SimpleIndex
) -> None:
    simple_index.add("first", files={"shared/m.py": "X = 1\n", "shared/n.py": "X = 1\n"})
    simple_index.add("second", files={"shared/m.py": "X = 2\n"}, scripts={"tool": "#!python\n2\n"})
    job = await install(api, made, "pypi: first", "pypi: second")
    assert f"first 1.0 (PyPI) and second 1.0 (PyPI) ({SITE}/shared/m.py)" in told(job)["warning"]
    await api.apply(kind="remove", environment=made["id"], packages=["second"])
    plan = await api.plan(kind="install", environment=made["id"], specs=["pypi: second"])
    assert f"first 1.0 (PyPI) and second 1.0 (PyPI) ({SITE}/shared/m.py)" in told(plan)["warning"]


async def test_the_plan_names_a_file_of_a_cached_conda_package_and_a_wheel(
    api: Api, made: Any, simple_index: SimpleIndex
) -> None:
    await install(api, made, "pure")
    await api.apply(kind="remove", environment=made["id"], packages=["pure"])
    simple_index.add("first", files={"shared/m.py": "X = 2\n"})
    await install(api, made, "pypi: first")
    plan = await api.plan(kind="install", environment=made["id"], specs=["pure"])
    assert f"({SITE}/shared/m.py)" in told(plan)["warning"]


async def test_a_job_that_changed_nothing_says_nothing_about_files(
    api: Api, made: Any, tensorflow_channel: TinyChannel
) -> None:
    plan = await api.plan(kind="install", environment=made["id"], specs=["one", "two"])
    next(tensorflow_channel.root.rglob("two-1.0-0.conda")).unlink()
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    job = await api.finished(job["id"])
    assert job["state"] == "failed"
    assert told(job) == {}
