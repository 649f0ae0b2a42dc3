"""Files that cannot be deleted are reported, block no name, never return, and are deleted as soon as possible."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Api, Mount
from ..tiny_tensorflow import PYTHON
from .test_deletions import let_expire

CREATE = {"kind": "create", "name": "tf", "tensorflow": "2.19.*", "python": PYTHON}


@pytest.fixture
def busy(made: Any, mount: Mount) -> Path:
    """A directory in the environment that cannot be deleted, because it is a mount point."""
    return mount(Path(made["prefix"]) / "share/in-use", "1m")


async def _remove(api: Api, environment: Any) -> Any:
    status, job = await api.call("DELETE", f"environments/{environment['id']}?at_once=true")
    assert status == 202
    return await _settled(api, job["id"])


async def _settled(api: Api, job_id: str) -> Any:
    """Wait for a job and for the deletion of the tree that it replaced."""
    await api.finished(job_id)
    await api.services.jobs.ended(job_id)
    _, job = await api.call("GET", f"jobs/{job_id}")
    return job


async def test_a_deletion_reports_files_that_it_could_not_delete(api: Api, made: Any, busy: Path) -> None:
    job = await _remove(api, made)
    assert job["state"] == "succeeded"
    trash = Path(made["prefix"]).with_name(f".tfenv-trash-{job['id']}-tf")
    assert [(left["path"], left["files"], left["bytes"]) for left in job["leftovers"]] == [(str(trash), 0, 0)]
    assert job["leftovers"][0]["reason"].startswith(f"{trash}/share/in-use: ")
    assert await api.environment("tf") is None
    _, status = await api.call("GET", "status")
    assert str(trash) in " ".join(warning["message"] for warning in status["warnings"])


@pytest.mark.parametrize("how", ["finished", "expired", "at the next start"])
async def test_a_deletion_also_reports_what_stays_after_its_time_to_undo(
    api: Api, made: Any, busy: Path, how: str
) -> None:
    _, job = await api.call("DELETE", f"environments/{made['id']}")
    job = await _settled(api, job["id"])
    assert (job["leftovers"], job["undo"] is None) == ([], False)
    if how == "finished":
        status, answer = await api.call("DELETE", f"jobs/{job['id']}/undo")
        assert (status, len(answer["leftovers"])) == (200, 1)
    else:
        let_expire(job["id"])
        await (api.services.start() if how == "at the next start" else api.services.jobs.deletions.collect())
    _, job = await api.call("GET", f"jobs/{job['id']}")
    trash = Path(made["prefix"]).with_name(f".tfenv-trash-{job['id']}-tf")
    assert [left["path"] for left in job["leftovers"]] == [str(trash)]
    assert (job["state"], job["undo"]) == ("succeeded", None)
    assert job["leftovers"][0]["reason"].startswith(f"{trash}/tf/share/in-use: ")


async def test_a_deletion_that_leaves_nothing_reports_nothing_after_its_time(api: Api, made: Any) -> None:
    _, job = await api.call("DELETE", f"environments/{made['id']}")
    job = await _settled(api, job["id"])
    let_expire(job["id"])
    await api.services.jobs.deletions.collect()
    _, job = await api.call("GET", f"jobs/{job['id']}")
    assert (job["leftovers"], job["undo"]) == ([], None)


async def test_a_deleted_environment_does_not_return_at_the_next_start(api: Api, made: Any, busy: Path) -> None:
    await _remove(api, made)
    await api.services.start()
    _, answer = await api.call("GET", "environments")
    assert answer["environments"] == []
    assert len(api.services.jobs.leftovers) == 1


async def test_the_name_of_a_deleted_environment_is_free(api: Api, made: Any, busy: Path) -> None:
    await _remove(api, made)
    job = await api.apply(**CREATE)
    assert job["state"] == "succeeded", job
    assert (await api.environment("tf"))["tensorflow"]["version"] == "2.19.1"


async def test_a_rename_reports_leftovers_and_the_old_name_does_not_return(api: Api, made: Any, busy: Path) -> None:
    plan = await api.plan(kind="rename", environment=made["id"], name="other")
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    job = await _settled(api, job["id"])
    assert (job["state"], len(job["leftovers"])) == ("succeeded", 1)
    await api.services.start()
    assert await api.environment("tf") is None
    assert await api.environment("other") is not None


async def test_after_an_update_the_old_version_does_not_return_when_the_environment_is_removed(
    api: Api, made: Any, busy: Path
) -> None:
    plan = await api.plan(kind="update", environment=made["id"], packages=["tensorflow"])
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    job = await _settled(api, job["id"])
    assert (job["state"], len(job["leftovers"])) == ("succeeded", 1)
    await _remove(api, await api.environment("tf"))
    await api.services.start()
    _, answer = await api.call("GET", "environments")
    assert answer["environments"] == []


async def test_leftovers_are_deleted_after_a_later_job_and_no_longer_reported(api: Api, made: Any, busy: Path) -> None:
    job = await _remove(api, made)
    trash = Path(job["leftovers"][0]["path"])
    subprocess.run(["umount", "-l", trash / "share/in-use"], check=True)
    other = await api.apply(**{**CREATE, "name": "other"})
    assert other["state"] == "succeeded"
    for _ in range(200):  # the deletion is tried again after the job has ended
        if not api.services.jobs.leftovers:
            break
        await asyncio.sleep(0.05)
    assert not trash.exists()
    _, status = await api.call("GET", "status")
    assert status["warnings"] == []


async def test_leftovers_in_a_directory_without_environments_are_deleted(api: Api, made: Any, tmp_path: Path) -> None:
    """The server died while it deleted the last environment of a directory."""
    job = await _remove(api, made)
    trash = Path(made["prefix"]).with_name(f".tfenv-trash-{job['id']}-tf")
    (trash / "lib").mkdir(parents=True)
    await api.services.jobs.dead_servers.recover([tmp_path / "elsewhere/any"])
    assert not trash.exists()
