"""A deleted environment is set aside for some minutes, and returns only whole."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.kernelspec import KernelSpecManager

from tfenv_lab import serde
from tfenv_lab.conda.transaction import set_aside, staging
from tfenv_lab.jobs import outcomes
from tfenv_lab.jobs.messages import RemoveEnvironment, RestoreEnvironment
from tfenv_lab.jobs.models import Job

from ..conda.conftest import Lab, lab
from ..conda.transaction.killing import end, order, start, tree, until_first_word, whole, widen
from ..conftest import Api
from ..tiny_tensorflow import PYTHON

__all__ = ["lab"]

CREATE = {"kind": "create", "name": "tf", "tensorflow": "2.19.*", "python": PYTHON}


async def delete(api: Api, environment: Any, query: str = "") -> Any:
    status, job = await api.call("DELETE", f"environments/{environment['id']}{query}")
    assert status == 202, job
    job = await api.finished(job["id"])
    assert job["state"] == "succeeded", job
    await api.services.jobs.ended(job["id"])
    return job


async def undo(api: Api, deletion: Any) -> Any:
    status, job = await api.call("POST", f"jobs/{deletion['id']}/undo")
    assert status == 202, job
    job = await api.finished(job["id"])
    assert job["state"] == "succeeded", job
    return job


def beside(made: Any) -> list[str]:
    return sorted(path.name for path in Path(made["prefix"]).parent.iterdir())


def listed_by_conda() -> str:
    return Path(os.environ["HOME"], ".conda/environments.txt").read_text()


async def test_an_undone_deletion_restores_the_environment_with_its_kernel(api: Api, made: Any) -> None:
    await api.call("PUT", f"environments/{made['id']}/kernelspec", {"legacy_keras": True})
    before, files = await api.environment("tf"), tree(Path(made["prefix"]))
    assert before["legacy_keras"]
    job = await undo(api, await delete(api, made))
    assert (job["kind"], job["message"]) == ("restore", "The environment was restored")
    assert await api.environment("tf") == before
    assert tree(Path(made["prefix"])) == files
    assert f"{made['prefix']}\n" in listed_by_conda()
    assert beside(made) == ["tf"]


async def test_a_hidden_environment_is_hidden_when_it_returns(api: Api, made: Any) -> None:
    await api.call("DELETE", f"environments/{made['id']}/kernelspec")
    await undo(api, await delete(api, made))
    found = await api.environment("tf")
    assert (found["hidden"], found["kernel"]) == (True, None)


async def test_what_is_set_aside_is_no_environment(api: Api, made: Any) -> None:
    job = await delete(api, made)
    assert datetime.fromisoformat(job["undo"]["until"]) > datetime.now(timezone.utc) + timedelta(minutes=9)
    assert await api.environment("tf") is None
    assert made["prefix"] not in listed_by_conda()
    assert made["kernel"]["name"] not in KernelSpecManager().find_kernel_specs()
    # conda lists every directory of its envs_dirs that has this file.
    folder = Path(made["prefix"]).parent
    assert list(folder.glob(".*/conda-meta")) == list(folder.glob("*/conda-meta")) == []


async def test_what_is_set_aside_counts_as_trash_until_space_is_freed(api: Api, made: Any) -> None:
    (Path(made["prefix"]) / "data.bin").write_bytes(os.urandom(400_000))
    job = await delete(api, made)
    assert job["undo"]["bytes"] >= 400_000
    _, disk = await api.call("GET", "disk")
    assert disk["trash_bytes"] >= job["undo"]["bytes"]
    assert (await api.apply(kind="clean", what=["trash"]))["state"] == "succeeded"
    _, disk = await api.call("GET", "disk")
    assert (disk["trash_bytes"], beside(made)) == (0, [])
    _, job = await api.call("GET", f"jobs/{job['id']}")
    assert job["undo"] is None
    status, error = await api.call("POST", f"jobs/{job['id']}/undo")
    assert (status, error["reason"]) == (404, "not-found")


async def test_a_deletion_can_be_finished_at_once(api: Api, made: Any) -> None:
    job = await delete(api, made)
    status, job = await api.call("DELETE", f"jobs/{job['id']}/undo")
    assert (status, job["undo"], beside(made)) == (200, None, [])
    for method in ("POST", "DELETE"):
        assert (await api.call(method, f"jobs/{job['id']}/undo"))[0] == 404


async def test_an_environment_can_be_deleted_at_once(api: Api, made: Any) -> None:
    job = await delete(api, made, "?at_once=true")
    assert (job["undo"], beside(made)) == (None, [])
    status, error = await api.call("DELETE", f"environments/{made['id']}?at_once=soon")
    assert (status, error["reason"]) == (400, "invalid-request")


class TestWithoutUndo:
    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"undo_minutes": 0}

    async def test_an_environment_is_deleted_at_once(self, api: Api, made: Any) -> None:
        assert (await api.call("GET", "status"))[1]["limits"]["undo_minutes"] == 0
        job = await delete(api, made)
        assert (job["undo"], beside(made)) == (None, [])


async def test_a_deletion_is_not_undone_over_an_environment_of_the_same_name(api: Api, made: Any) -> None:
    job = await delete(api, made)
    await api.apply(**CREATE)
    status, error = await api.call("POST", f"jobs/{job['id']}/undo")
    assert (status, error["reason"]) == (409, "prefix-exists")
    assert error["hint"].startswith("Restore it under another name, or rename the other environment")
    new = await api.environment("tf")
    await api.apply(kind="rename", environment=new["id"], name="other")
    await undo(api, job)
    assert {await api.environment(name) is not None for name in ("tf", "other")} == {True}


async def test_two_deletions_of_one_name_are_undone_each_by_itself(api: Api, made: Any) -> None:
    first = await delete(api, made)
    await api.apply(**{**CREATE, "packages": ["numpy 2.1.*", "pandas"]})
    second = await delete(api, await api.environment("tf"))
    await undo(api, second)
    _, packages = await api.call("GET", f"environments/{made['id']}/packages")
    assert "pandas" in {package["name"] for package in packages["packages"]}
    status, _ = await api.call("POST", f"jobs/{first['id']}/undo")
    assert status == 409
    await delete(api, await api.environment("tf"), "?at_once=true")
    await undo(api, first)
    _, packages = await api.call("GET", f"environments/{made['id']}/packages")
    assert "pandas" not in {package["name"] for package in packages["packages"]}


async def test_only_a_deletion_can_be_undone(api: Api, made: Any) -> None:
    _, jobs = await api.call("GET", "jobs")
    status, error = await api.call("POST", f"jobs/{jobs['jobs'][0]['id']}/undo")
    assert (status, error["message"]) == (404, "Only a deletion can be undone.")
    assert (await api.call("POST", "jobs/0123456789abcdef0/undo"))[0] == 404


def let_expire(job_id: str) -> None:
    """Change the stored job, as if its time were over."""
    path = Path(os.environ["HOME"]) / f".local/state/tfenv_lab/jobs/{job_id}.json"
    stored = serde.parse(path.read_text())
    assert isinstance(stored, dict)
    stored["undo"]["until"] = "2020-01-01T00:00:00.000+00:00"
    path.write_bytes(serde.dumps(stored))


@pytest.mark.parametrize("how", ["running", "at start", "without the job"])
async def test_after_its_time_what_is_set_aside_is_deleted(api: Api, made: Any, how: str) -> None:
    job = await delete(api, made)
    if how == "without the job":
        (Path(os.environ["HOME"]) / f".local/state/tfenv_lab/jobs/{job['id']}.json").unlink()
        kept = Path(made["prefix"]).parent / f".tfenv-kept-{job['id']}-tf"
        kept.rename(kept.with_name(f".tfenv-kept-00000000000{job['id'][11:]}-tf"))
        await api.services.start()
    else:
        await api.services.jobs.deletions.collect()
        assert len(beside(made)) == 1
        let_expire(job["id"])
        await (api.services.start() if how == "at start" else api.services.jobs.deletions.collect())
        _, job = await api.call("GET", f"jobs/{job['id']}")
        assert job["undo"] is None
        assert (await api.call("POST", f"jobs/{job['id']}/undo"))[0] == 404
    assert beside(made) == []


async def test_a_restart_keeps_what_can_be_restored(api: Api, made: Any) -> None:
    job = await delete(api, made)
    await api.services.start()
    assert await api.environment("tf") is None
    await undo(api, job)
    assert await api.environment("tf") is not None


@pytest.mark.parametrize("kills", [pytest.param(8, id="8"), pytest.param(100, id="100", marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", ["delete", "restore"])
def test_a_killed_job_leaves_a_whole_environment_here_or_set_aside(lab: Lab, kind: str, kills: int) -> None:
    widen(lab)
    whole(order(lab, lab.prefix, "0a", "app ==3.0", "tool ==1.0"))
    before = tree(lab.prefix)
    random.seed(kind)
    seen = set()
    seconds = 0.05
    for number in range(kills):
        deletion, job = f"1{number:04d}", f"2{number:04d}"
        if kind == "restore":
            whole(RemoveEnvironment(deletion, lab.prefix, keep=True))
            worker = start(RestoreEnvironment(job, lab.prefix, deletion))
        else:
            worker = start(RemoveEnvironment(deletion, lab.prefix, keep=True))
        until_first_word(worker)
        time.sleep(random.random() * seconds)
        told = end(worker)
        stored = Job(deletion if kind == "delete" else job, kind, "tf", str(lab.prefix), None, deletion=deletion)
        done = told or outcomes.clean_up(stored)[0]
        outcomes.collect([lab.prefix], busy=())
        is_here = lab.prefix.exists()
        kept = set_aside.tree_of(lab.prefix, deletion)
        assert is_here != kept.exists()
        assert is_here == (done == (kind == "restore")), number
        assert tree(lab.prefix if is_here else kept) == before
        seen.add(done)
        seconds *= 0.7 if done else 1.3
        if not is_here:
            whole(RestoreEnvironment(f"3{number:04d}", lab.prefix, deletion))
        set_aside.forget(lab.prefix, deletion)
        left = {path.name for path in lab.prefix.parent.iterdir()}
        assert left <= {"tf", ".tfenv-lock-tf", ".tfenv-holder-tf"}, number
    assert True in seen


def test_an_environment_that_is_being_deleted_for_good_never_returns(tmp_path: Path) -> None:
    prefix = tmp_path / "envs/tf"
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta/history").touch()
    for number in range(3000):
        (prefix / f"{number}").touch()
    set_aside.put(prefix, "1a")
    script = (
        "import sys; from pathlib import Path; from tfenv_lab.conda.transaction import set_aside;"
        "print(flush=True); set_aside.expire(Path(sys.argv[1]), '1a')"
    )
    worker = subprocess.Popen([sys.executable, "-c", script, str(prefix)], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    worker.stdout.readline()
    while not staging.trash_path(prefix, "1a").exists() and psutil.pid_exists(worker.pid) and worker.poll() is None:
        time.sleep(0.0005)
    worker.kill()
    worker.communicate()
    assert not set_aside.is_set_aside(prefix, "1a")
    assert not prefix.exists()
    outcomes.collect([prefix], busy=())
    assert not list(prefix.parent.glob(".tfenv-trash*"))


async def test_undo_waits_for_no_download(api: Api, made: Any) -> None:
    job = await delete(api, made)
    api.services.jobs.running.slots = asyncio.Semaphore(0)
    await undo(api, job)
