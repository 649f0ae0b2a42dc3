"""Test switching to Keras 2 and back: a plan installs the package, and the kernelspec sets the variable."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from tests.conftest import Api
from tests.simple_index import SimpleIndex
from tests.tiny_channel import TinyChannel
from tests.tiny_tensorflow import PYTHON, SITE, fill

VARIABLE = "TF_USE_LEGACY_KERAS"


@pytest.fixture
def tensorflow_channel(tensorflow_channel: TinyChannel) -> TinyChannel:
    for version in ("2.19.0", "2.20.1"):
        tensorflow_channel.add(
            "tf-keras",
            version,
            noarch="generic",
            depends=["python"],
            files={f"{SITE}/tf_keras/__init__.py": f"__version__ = '{version}'\n"},
        )
    tensorflow_channel.index()
    return tensorflow_channel


def variable_of(kernel: str = "conda-env-tf-py") -> str | None:
    return KernelSpecManager().get_kernel_spec(kernel).env.get(VARIABLE)


async def use_keras_2(api: Api, environment: Any, **more: Any) -> Any:
    specs = ["tf-keras=2.19.*"]
    return await api.apply(kind="install", environment=environment["id"], specs=specs, legacy_keras=True, **more)


async def test_a_plan_adds_the_package_and_its_job_sets_the_variable(api: Api, made: Any) -> None:
    assert made["legacy_keras"] == {"available": True, "version": None, "enabled": False}
    job = await use_keras_2(api, made)
    assert job["state"] == "succeeded", job
    assert (await api.environment("tf"))["legacy_keras"] == {"available": True, "version": "2.19.0", "enabled": True}
    assert variable_of() == "1"


async def test_the_plan_says_what_the_kernel_will_set(api: Api, made: Any) -> None:
    plan = await api.plan(
        kind="install", environment=made["id"], specs=["tf-keras=2.19.*"], into=None, legacy_keras=True
    )
    assert [(warning["code"], warning["severity"]) for warning in plan["warnings"]] == [("legacy-keras", "info")]
    assert [entry["name"] for entry in plan["entries"]] == ["tf-keras"]


async def test_a_new_environment_has_keras_2_if_the_request_chooses_it(api: Api) -> None:
    request = {"kind": "create", "name": "tf", "tensorflow": "2.19.*", "python": PYTHON, "keras": "2"}
    plan = await api.plan(**request)
    assert [warning["code"] for warning in plan["warnings"]] == ["legacy-keras"]
    entry = next(entry for entry in plan["entries"] if entry["name"] == "tf-keras")
    assert (entry["to"]["version"], entry["requested"], entry["source"]) == ("2.19.0", True, "conda")
    job = await api.apply(**request)
    assert job["state"] == "succeeded", job
    assert (await api.environment("tf"))["legacy_keras"] == {"available": True, "version": "2.19.0", "enabled": True}
    assert variable_of() == "1"


async def test_an_update_of_tensorflow_brings_the_keras_2_of_the_new_release(api: Api) -> None:
    await api.apply(kind="create", name="tf", tensorflow="2.19.*", python=PYTHON, keras="2")
    environment = await api.environment("tf")
    job = await api.apply(kind="update", environment=environment["id"], packages=["tensorflow"])
    assert job["state"] == "succeeded", job
    found = await api.environment("tf")
    assert (found["tensorflow"]["version"], found["legacy_keras"]["version"]) == ("2.20.0", "2.20.1")
    assert variable_of() == "1"


async def test_a_chosen_keras_3_leaves_the_kernel_alone_and_can_be_updated_by_itself(api: Api) -> None:
    job = await api.apply(kind="create", name="tf", tensorflow="2.19.*", python=PYTHON, keras="3.5.*")
    assert job["state"] == "succeeded", job
    environment = await api.environment("tf")
    assert (environment["keras"]["version"], variable_of()) == ("3.5.0", None)
    await api.call("GET", "tensorflow")
    assert (await api.environment("tf"))["update"]["keras"] == "3.10.0"
    plan = await api.plan(kind="update", environment=environment["id"], packages=["keras"])
    assert [(entry["name"], entry["to"]["version"]) for entry in plan["entries"]] == [("keras", "3.10.0")]


class TestFromTheIndex:
    """The same, if the channel has no tf-keras."""

    @pytest.fixture
    def tensorflow_channel(self, channel: TinyChannel) -> TinyChannel:
        return fill(channel)

    @pytest.fixture(autouse=True)
    def projects(self, simple_index: SimpleIndex) -> None:
        for version in ("2.19.0", "2.20.1"):
            minor = int(version.split(".")[1])
            simple_index.add("tf-keras", version, requires=[f"tensorflow>=2.{minor},<2.{minor + 1}"])

    async def test_keras_2_comes_from_the_index_and_moves_with_tensorflow(self, api: Api) -> None:
        job = await api.apply(kind="create", name="tf", tensorflow="2.19.*", python=PYTHON, keras="2")
        assert job["state"] == "succeeded", job
        environment = await api.environment("tf")
        assert (environment["tensorflow"]["source"], environment["legacy_keras"]["version"]) == ("conda", "2.19.0")
        assert variable_of() == "1"
        job = await api.apply(kind="update", environment=environment["id"], packages=["tensorflow"])
        assert job["state"] == "succeeded", job
        found = await api.environment("tf")
        assert (found["tensorflow"]["version"], found["legacy_keras"]["version"]) == ("2.20.0", "2.20.1")


async def test_a_later_change_keeps_it(api: Api, made: Any) -> None:
    await use_keras_2(api, made)
    await api.apply(kind="install", environment=made["id"], specs=["pandas"])
    assert variable_of() == "1"


async def test_keras_3_can_be_enabled_again(api: Api, made: Any) -> None:
    await use_keras_2(api, made)
    path = f"environments/{made['id']}/kernelspec"
    status, found = await api.call("PUT", path, {"legacy_keras": False})
    assert (status, found["legacy_keras"]) == (200, {"available": True, "version": "2.19.0", "enabled": False})
    assert variable_of() is None
    # The package is still installed, so no plan is needed the second time.
    status, found = await api.call("PUT", path, {"legacy_keras": True})
    assert (status, found["legacy_keras"]["enabled"], variable_of()) == (200, True, "1")


async def test_registering_the_kernel_again_keeps_it(api: Api, made: Any) -> None:
    await use_keras_2(api, made)
    await api.call("PUT", f"environments/{made['id']}/kernelspec", {})
    assert variable_of() == "1"


async def test_a_copy_has_the_settings_of_its_original(api: Api, made: Any) -> None:
    await use_keras_2(api, made)
    await api.apply(kind="clone", environment=made["id"], name="copy")
    assert variable_of("conda-env-copy-py") == "1"


#: How often to repeat each change while a client polls; the larger number is used with ``-m long``.
ROUNDS = [pytest.param(3, id="3"), pytest.param(100, id="100", marks=pytest.mark.long)]


@contextlib.asynccontextmanager
async def polling(api: Api) -> AsyncIterator[None]:
    """Act as an open panel, which lists environments all the time and so updates the kernelspecs."""

    async def poll() -> None:
        while True:
            await api.call("GET", "environments")
            # Leave most of the processor to the jobs.
            await asyncio.sleep(0.02)

    task = asyncio.ensure_future(poll())
    try:
        yield
    finally:
        task.cancel()


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_every_rename_while_a_client_polls_keeps_it(api: Api, made: Any, rounds: int) -> None:
    await use_keras_2(api, made)
    environment = await api.environment("tf")
    async with polling(api):
        for number in range(rounds):
            job = await api.apply(kind="rename", environment=environment["id"], name=f"tf{number}")
            assert job["state"] == "succeeded", job
            environment = await api.environment(f"tf{number}")
            assert environment["legacy_keras"]["enabled"], number
            assert variable_of(f"conda-env-tf{number}-py") == "1"


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_every_copy_and_revert_while_a_client_polls_keeps_it(api: Api, made: Any, rounds: int) -> None:
    await use_keras_2(api, made)
    async with polling(api):
        for number in range(rounds):
            jobs = [
                await api.apply(kind="clone", environment=made["id"], name=f"copy{number}"),
                await api.apply(kind="install", environment=made["id"], specs=["pandas"]),
                await api.apply(kind="revert", environment=made["id"], revision=1),
            ]
            assert [job["state"] for job in jobs] == ["succeeded"] * 3, jobs
            assert variable_of(f"conda-env-copy{number}-py") == "1", number
            assert variable_of() == "1", number


async def test_a_prefix_that_is_away_for_a_moment_while_a_job_works_keeps_it(api: Api, made: Any) -> None:
    await use_keras_2(api, made)
    plan = await api.plan(kind="install", environment=made["id"], specs=["pandas"])
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    prefix = Path(made["prefix"])
    # Imitates a system that cannot exchange directories, between the two renames that it needs.
    away = prefix.rename(prefix.with_name("away"))
    for _ in range(3):
        await api.call("GET", "environments")
    away.rename(prefix)
    assert (await api.finished(job["id"]))["finished"]
    assert variable_of() == "1"


async def test_a_server_that_died_between_a_rename_and_its_kernel_keeps_it(
    api: Api, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await use_keras_2(api, made)

    async def die(*_: object) -> None:
        raise RuntimeError("the server died here")

    with monkeypatch.context() as patch:
        patch.setattr(api.services.aftermath, "settle", die)
        job = await api.apply(kind="rename", environment=made["id"], name="other")
    path = Path(os.environ["HOME"]) / f".local/state/tfenv_lab/jobs/{job['id']}.json"
    stored = json.loads(path.read_text())
    await api.services.kernels.reconcile()
    stored_server = {**stored["server"], "started": 0, "lock": ""}
    path.write_text(json.dumps({**stored, "state": "running", "finished": None, "server": stored_server}))
    await api.services.start()
    assert variable_of("conda-env-other-py") == "1"


async def test_a_change_in_a_copy_leaves_keras_3_in_the_original(api: Api, made: Any) -> None:
    await use_keras_2(api, made, into="keras2")
    assert variable_of("conda-env-keras2-py") == "1"
    assert variable_of() is None


@pytest.mark.parametrize("body", [{"legacy_keras": "yes"}, {"env": {"PATH": "/tmp"}}, {"legacy_keras": {"A": "B"}}])
async def test_only_known_settings_with_boolean_values_are_taken(api: Api, made: Any, body: dict[str, Any]) -> None:
    status, error = await api.call("PUT", f"environments/{made['id']}/kernelspec", body)
    assert (status, error["reason"]) == (400, "invalid-request")
    request = {"kind": "install", "environment": made["id"], "specs": ["pandas"], **body}
    status, error = await api.call("POST", "plans", request)
    assert (status, error["reason"]) == (400, "invalid-request")
