"""Automatic checks, and the newest check of an environment."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.conftest import Api
from tests.prefixes import add_dist_info
from tests.tiny_channel import TinyChannel
from tests.tiny_tensorflow import PYTHON, SITE, TAG
from tfenv_lab.environments.models import LastCheck
from tfenv_lab.jobs.models import Job, new_id, now
from tfenv_lab.jobs.store import KEEP_JOBS, JobStore
from tfenv_lab.services import Services

SLOW = "2.21.0"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"check_after_change": True}


@pytest.fixture
def tensorflow_channel(tensorflow_channel: TinyChannel) -> TinyChannel:
    """A channel that also has a release whose import never ends."""
    build, abi = f"cpu_py{TAG}h221_0", f"python_abi {PYTHON}.* *_cp{TAG}"
    code = "import time\nprint('importing', flush=True)\ntime.sleep(600)\n"
    tensorflow_channel.add(
        "tensorflow-base",
        SLOW,
        build=build,
        depends=["python", abi, "keras >=3.5"],
        files={f"{SITE}/tensorflow/__init__.py": code},
    )
    depends = [f"tensorflow-base {SLOW} {build}", "python", abi]
    tensorflow_channel.add("tensorflow", SLOW, build=build, depends=depends)
    tensorflow_channel.index()
    return tensorflow_channel


async def create(api: Api, release: str) -> Any:
    job = await api.apply(kind="create", name="tf", tensorflow=release, python=PYTHON)
    assert job["state"] == "succeeded", job
    return await api.environment("tf")


async def check_of(api: Api, *states: str) -> Any:
    """Wait until the newest check is in one of the states."""
    for _ in range(400):
        _, found = await api.call("GET", "jobs")
        job = next((job for job in found["jobs"] if job["kind"] == "check"), None)
        if job is not None and job["state"] in states:
            return job
        await asyncio.sleep(0.05)
    raise AssertionError(found)


async def test_a_new_environment_is_checked_in_the_background(api: Api) -> None:
    await create(api, "2.19.*")
    job = await check_of(api, "succeeded")
    assert job["automatic"]
    assert job["result"]["tensorflow"] == "2.19.1"
    check = (await api.environment("tf"))["check"]
    # The fake TensorFlow cannot compute.
    assert check == {"ok": False, "finished": job["finished"], "outdated": False}


async def test_the_newest_check_survives_a_restart_and_the_pruning_of_jobs(api: Api) -> None:
    await create(api, "2.19.*")
    job = await check_of(api, "succeeded")
    store = JobStore(Path.home() / ".local/state/tfenv_lab/jobs")
    for _ in range(KEEP_JOBS + 1):
        store.save(Job(new_id(), "update", "other", "/envs/other", "x", "failed", finished=now()))
    store.prune()
    assert job["id"] in {kept.id for kept in store.load()}
    services = await asyncio.to_thread(Services, api.services.configuration)
    [found] = [e for e in await services.environments.list() if e.name == "tf"]
    assert found.check == LastCheck(ok=False, finished=job["finished"], outdated=False)


async def test_deleting_an_environment_forgets_its_check(api: Api) -> None:
    made = await create(api, "2.19.*")
    job = await check_of(api, "succeeded")
    _, removal = await api.call("DELETE", f"environments/{made['id']}")
    await api.finished(removal["id"])
    store = JobStore(Path.home() / ".local/state/tfenv_lab/jobs")
    # A store also keeps the last jobs that it saved itself.
    for _ in range(2 * KEEP_JOBS + 1):
        store.save(Job(new_id(), "update", "other", "/envs/other", "x", "failed", finished=now()))
    store.prune()
    assert job["id"] not in {kept.id for kept in store.load()}


async def test_a_change_without_tensorflow_makes_the_check_outdated_and_starts_none(api: Api) -> None:
    made = await create(api, "2.19.*")
    first = await check_of(api, "succeeded")
    await api.apply(kind="install", environment=made["id"], specs=["pandas"])
    await asyncio.sleep(0.2)
    assert (await api.environment("tf"))["check"]["outdated"]
    assert (await check_of(api, "queued", "running", "succeeded"))["id"] == first["id"]


async def test_a_package_from_pip_makes_the_check_outdated(api: Api) -> None:
    made = await create(api, "2.19.*")
    await check_of(api, "succeeded")
    add_dist_info(Path(made["prefix"]) / SITE, "something", "1.0")
    assert (await api.environment("tf"))["check"]["outdated"]


async def test_an_update_of_tensorflow_starts_a_check(api: Api) -> None:
    made = await create(api, "2.19.*")
    first = await check_of(api, "succeeded")
    await api.apply(kind="install", environment=made["id"], specs=["tensorflow=2.20.*"])
    for _ in range(200):
        job = await check_of(api, "succeeded")
        if job["id"] != first["id"]:
            break
        await asyncio.sleep(0.05)
    assert job["result"]["tensorflow"] == "2.20.0"
    assert not (await api.environment("tf"))["check"]["outdated"]


class TestItGivesWay:
    async def _running(self, api: Api) -> tuple[Any, Any, int]:
        """Return an environment, its running check, and the process whose import never ends."""
        others = psutil.Process().children(recursive=True)
        made = await create(api, SLOW)
        job = await check_of(api, "running")
        for _ in range(200):
            with contextlib.suppress(psutil.NoSuchProcess):  # other processes come and go meanwhile
                found = [child for child in psutil.Process().children(recursive=True) if child not in others]
                probes = [child for child in found if "-c" in child.cmdline()]
                if probes:
                    return made, job, probes[0].pid
            await asyncio.sleep(0.05)
        raise AssertionError("no probe")

    async def test_an_automatic_check_does_not_make_the_environment_busy(self, api: Api) -> None:
        made, _, _ = await self._running(api)
        assert (await api.environment("tf"))["busy"] is None
        assert made["check"] is None

    async def test_a_change_cancels_an_automatic_check(self, api: Api) -> None:
        made, job, probe = await self._running(api)
        changed = await api.apply(kind="install", environment=made["id"], specs=["pandas"])
        assert changed["state"] == "succeeded"
        assert (await api.finished(job["id"]))["state"] == "cancelled"
        with contextlib.suppress(psutil.NoSuchProcess):
            assert psutil.Process(probe).status() == psutil.STATUS_ZOMBIE

    async def test_a_removal_cancels_an_automatic_check(self, api: Api) -> None:
        made, job, _ = await self._running(api)
        status, removal = await api.call("DELETE", f"environments/{made['id']}")
        assert status == 202
        assert (await api.finished(removal["id"]))["state"] == "succeeded"
        assert (await api.finished(job["id"]))["state"] == "cancelled"

    async def test_a_requested_check_replaces_an_automatic_one_and_is_not_cancelled(self, api: Api) -> None:
        made, job, _ = await self._running(api)
        status, asked = await api.call("POST", f"environments/{made['id']}/checks")
        assert (status, asked["automatic"]) == (202, False)
        assert (await api.finished(job["id"]))["state"] == "cancelled"
        plan = await api.plan(kind="install", environment=made["id"], specs=["pandas"])
        status, error = await api.call("POST", "jobs", {"plan": plan["id"]})
        assert (status, error["reason"]) == (409, "prefix-busy")
        await api.call("DELETE", f"jobs/{asked['id']}")


class TestTurnedOff:
    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"check_after_change": False}

    async def test_no_check_starts_by_itself(self, api: Api) -> None:
        made = await create(api, "2.19.*")
        await asyncio.sleep(0.2)
        _, found = await api.call("GET", "jobs")
        assert [job["kind"] for job in found["jobs"]] == ["create"]
        assert made["check"] is None


async def test_a_cancelled_check_leaves_no_temporary_files(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    await create(api, f"{SLOW}.*")
    job = await check_of(api, "running")
    while not list(folder.rglob("result")):
        await asyncio.sleep(0.02)
    await api.call("DELETE", f"jobs/{job['id']}")
    assert (await check_of(api, "cancelled"))["id"] == job["id"]
    for _ in range(200):
        if not any(folder.iterdir()):
            break
        await asyncio.sleep(0.02)
    assert list(folder.iterdir()) == []
