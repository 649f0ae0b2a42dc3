"""Jobs over REST, with real workers, tiny packages and real kernels, and every way in which a job can end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import start_new_async_kernel

from tfenv_lab.conda.prefix import registry

from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON, SITE

CREATE = {"kind": "create", "name": "tf", "tensorflow": "2.19.*", "python": PYTHON}


async def _output(kernel: str, code: str) -> str:
    """Start a registered kernel, run a cell, and return its output."""
    manager, client = await start_new_async_kernel(kernel_name=kernel, startup_timeout=60)
    seen: list[Any] = []
    try:
        reply = await client.execute_interactive(code, output_hook=seen.append, timeout=30)
        assert reply["content"]["status"] == "ok", seen
        return "".join(m["content"]["text"] for m in seen if m["msg_type"] == "stream")
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


async def test_a_created_environment_is_a_kernel_at_once_and_runs_activated(api: Api) -> None:
    job = await api.apply(**CREATE)
    assert (job["state"], job["progress"]["fraction"]) == ("succeeded", 1.0)
    found = await api.environment("tf")
    assert job["environment"] == found["id"]
    assert found["kernel"] == {"name": "conda-env-tf-py", "display_name": "tf (TensorFlow 2.19.1)"}
    printed = await _output(
        found["kernel"]["name"],
        "import os, tensorflow; print(tensorflow.__version__, os.environ['CONDA_PREFIX'], os.environ['PATH'])",
    )
    version, prefix, path = printed.split()
    assert (version, prefix) == ("2.19.1", found["prefix"])
    assert path.startswith(f"{prefix}/bin:")


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a right on Windows")
async def test_a_package_that_would_write_outside_its_environment_fails_the_job(
    api: Api, made: Any, tensorflow_channel: TinyChannel, clean_home: Path
) -> None:
    (clean_home / ".mybashrc").write_text("mine")
    there = {path for path in clean_home.rglob("*") if "tfenv_lab" not in path.parts}
    tensorflow_channel.add(
        "evil",
        "1.0",
        files={"a/b/c/d/e/f/x": "x", "a/b/.mybashrc": "evil"},
        links={"lnk": "a/b/c/d/e/f"},
        listed=[{"_path": "lnk/../../../../.mybashrc"}],
    )
    await asyncio.to_thread(tensorflow_channel.index)
    job = await api.apply(kind="install", environment=made["id"], specs=["evil"])
    assert job["state"] == "failed"
    said = "its file “lnk/../../../../.mybashrc” would be written outside the environment. Nothing was changed."
    assert job["error"]["message"] == f"The package evil-1.0-0 was refused: {said}"
    prefix = Path(made["prefix"])
    assert not (prefix / "a").exists()
    assert [path.name for path in prefix.parent.iterdir()] == ["tf"]
    assert (clean_home / ".mybashrc").read_text() == "mine"
    assert {path for path in clean_home.rglob("*") if "tfenv_lab" not in path.parts} == there


async def test_an_update_changes_the_same_kernels_version(api: Api, made: Any) -> None:
    job = await api.apply(kind="update", environment=made["id"], packages=["tensorflow"])
    assert job["state"] == "succeeded"
    found = await api.environment("tf")
    assert found["tensorflow"]["version"] == "2.20.0"
    assert found["kernel"] == {"name": "conda-env-tf-py", "display_name": "tf (TensorFlow 2.20.0)"}
    assert (Path(found["prefix"]) / SITE / "tensorflow/__init__.py").read_text() == "__version__ = '2.20.0'\n"


async def test_a_renamed_environment_has_its_files_its_history_and_its_kernel_under_the_new_name(
    api: Api, made: Any
) -> None:
    old = Path(made["prefix"])
    (old / "notebook.ipynb").write_text("mine")
    job = await api.apply(kind="rename", environment=made["id"], name="other")
    assert job["state"] == "succeeded"
    found = await api.environment("other")
    assert job["environment"] == found["id"]
    assert not old.exists()
    assert (Path(found["prefix"]) / "notebook.ipynb").read_text() == "mine"
    assert found["kernel"]["name"] == "conda-env-other-py"
    assert made["kernel"]["name"] not in KernelSpecManager().find_kernel_specs()
    assert registry.registry_path().read_text().split() == [found["prefix"]]
    _, answer = await api.call("GET", f"environments/{found['id']}/revisions")
    assert [revision["kind"] for revision in answer["revisions"]] == ["rename", "create"]
    printed = await _output(found["kernel"]["name"], "import os; print(os.environ['CONDA_PREFIX'])")
    assert printed.strip() == found["prefix"]


async def test_a_change_after_the_plan_prevents_a_rename(api: Api, made: Any) -> None:
    plan = await api.plan(kind="rename", environment=made["id"], name="other")
    (Path(made["prefix"]) / "conda-meta/more-1-0.json").write_text("{}")
    status, error = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert (status, error["reason"]) == (409, "stale-plan")


async def test_removal_leaves_no_prefix_no_kernel_and_no_line_in_condas_list(api: Api, made: Any) -> None:
    status, job = await api.call("DELETE", f"environments/{made['id']}?at_once=true")
    assert status == 202
    assert (await api.finished(job["id"]))["state"] == "succeeded"
    for _ in range(200):  # the files are deleted after the job has ended
        if not list(Path(made["prefix"]).parent.iterdir()):
            break
        await asyncio.sleep(0.05)
    assert list(Path(made["prefix"]).parent.iterdir()) == []
    assert made["kernel"]["name"] not in KernelSpecManager().find_kernel_specs()
    assert registry.registry_path().read_text() == ""
    status, error = await api.call("GET", f"environments/{made['id']}")
    assert (status, error["reason"]) == (404, "not-found")


async def test_a_plan_is_applied_once(api: Api) -> None:
    plan = await api.plan(**CREATE)
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    await api.finished(job["id"])
    status, error = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert (status, error["reason"]) == (409, "prefix-exists")


async def test_a_changed_prefix_makes_the_plan_stale(api: Api, made: Any) -> None:
    plan = await api.plan(kind="update", environment=made["id"], packages=["tensorflow"])
    await api.apply(kind="install", environment=made["id"], specs=["pandas"])
    status, error = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert (status, error["reason"]) == (409, "stale-plan")


async def test_a_plan_without_changes_is_not_a_job(api: Api, made: Any) -> None:
    plan = await api.plan(kind="update", environment=made["id"], packages=["ipykernel"])
    status, error = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert (status, error["reason"]) == (400, "invalid-request")


async def test_the_error_says_what_is_wrong_with_a_request_for_a_job(api: Api) -> None:
    for raw in ("nonsense", "{}", '{"plan": 1}', '{"plan": "x", "more": 1}'):
        status, error = await api.call("POST", "jobs", raw=raw)
        assert (status, error["reason"]) == (400, "invalid-request"), raw
    for method, path, body in (
        ("POST", "jobs", {"plan": "0123456789abcdef"}),
        ("GET", "jobs/0123456789abcdef0", None),
        ("GET", "jobs/0123456789abcdef0/log", None),
        ("DELETE", "jobs/0123456789abcdef0", None),
    ):
        status, error = await api.call(method, path, body)
        assert (status, error["reason"]) == (404, "not-found"), path


async def test_a_finished_job_cannot_be_cancelled_but_is_remembered(api: Api) -> None:
    job = await api.apply(**CREATE)
    status, error = await api.call("DELETE", f"jobs/{job['id']}")
    assert (status, error["reason"]) == (409, "not-running")
    _, listed = await api.call("GET", "jobs")
    assert [item["id"] for item in listed["jobs"]] == [job["id"]]
    assert listed["jobs"][0]["request"] == CREATE
    status, log = await api.call("GET", f"jobs/{job['id']}/log")
    assert (status, log) == (200, "")
    assert api.headers["Content-Type"] == "text/plain; charset=utf-8"


class TestSlowPackages:
    """Jobs that take long enough to be interrupted, with a package of many files."""

    @pytest.fixture
    def tensorflow_channel(self, tensorflow_channel: TinyChannel) -> TinyChannel:
        files = {f"share/many/{number // 100}/{number}.txt": str(number) for number in range(20_000)}
        tensorflow_channel.add("many", "1.0", noarch="generic", files=files)
        tensorflow_channel.index()
        return tensorflow_channel

    async def _running(self, api: Api, **request: Any) -> Any:
        plan = await api.plan(**request)
        _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
        for _ in range(600):
            _, job = await api.call("GET", f"jobs/{job['id']}")
            if job["phase"] in ("download", "link"):
                return job
            assert not job["finished"], job
            await asyncio.sleep(0.01)
        raise AssertionError(job)

    async def test_cancelling_a_create_leaves_nothing(self, api: Api, clean_home: Path) -> None:
        job = await self._running(api, **CREATE, packages=["many"])
        begun = time.monotonic()
        status, cancelled = await api.call("DELETE", f"jobs/{job['id']}")
        assert time.monotonic() - begun < 5  # only against a hanging test; a benchmark measures the speed
        assert (status, cancelled["state"]) == (202, "cancelled")
        assert [path.name for path in (clean_home / ".conda/envs").glob("*")] == []
        assert [path.name for path in (clean_home / ".conda/envs").glob(".tfenv-new*")] == []
        assert "conda-env-tf-py" not in KernelSpecManager().find_kernel_specs()

    async def test_cancelling_an_update_leaves_the_old_environment(self, api: Api, made: Any) -> None:
        job = await self._running(api, kind="install", environment=made["id"], specs=["many"])
        await api.call("DELETE", f"jobs/{job['id']}")
        assert (await api.finished(job["id"]))["state"] == "cancelled"
        found = await api.environment("tf")
        assert (found["tensorflow"], found["busy"]) == (made["tensorflow"], None)
        assert not (Path(made["prefix"]) / "share/many").exists()

    async def test_a_second_change_of_a_busy_prefix_is_refused_by_name(self, api: Api, made: Any) -> None:
        second = await api.plan(kind="install", environment=made["id"], specs=["pandas"])
        job = await self._running(api, kind="install", environment=made["id"], specs=["many"])
        assert (await api.environment("tf"))["busy"] == job["id"]
        status, error = await api.call("POST", "jobs", {"plan": second["id"]})
        assert (status, error["reason"]) == (409, "prefix-busy")
        assert "install" in error["message"]
        await api.finished(job["id"])

    async def test_a_worker_killed_from_outside_interrupts_its_job(self, api: Api, made: Any) -> None:
        job = await self._running(api, kind="install", environment=made["id"], specs=["many"])
        workers = [p for p in psutil.Process().children() if "tfenv_lab.jobs.worker" in p.cmdline()]
        assert len(workers) == 1
        os.killpg(workers[0].pid, signal.SIGKILL)
        ended = await api.finished(job["id"])
        assert ended["state"] == "interrupted"
        assert [p.name for p in Path(made["prefix"]).parent.iterdir() if p.name.startswith(".tfenv-new")] == []
        # The lock file of a dead process does not delay the next change.
        again = await api.apply(kind="install", environment=made["id"], specs=["pandas"])
        assert again["state"] == "succeeded", again

    async def test_a_job_of_a_dead_server_is_interrupted_at_the_next_start(self, api: Api, made: Any) -> None:
        job = await self._running(api, kind="install", environment=made["id"], specs=["many"])
        await api.services.jobs.running.stop()
        path = Path(os.environ["HOME"]) / f".local/state/tfenv_lab/jobs/{job['id']}.json"
        stored = json.loads(path.read_text())
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        stored.update(state="running", finished=None, server={**stored["server"], "pid": gone.pid})
        path.write_text(json.dumps(stored))
        left = Path(made["prefix"]).parent / f".tfenv-new-{job['id']}-tf"
        left.mkdir()
        await api.services.start()
        _, found = await api.call("GET", f"jobs/{job['id']}")
        assert found["state"] == "interrupted"
        assert not left.exists()


async def test_a_queued_job_says_why_it_was_interrupted_when_its_server_stops(api: Api) -> None:
    plan = await api.plan(**CREATE)
    # No job can start.
    api.services.jobs.running.slots = asyncio.Semaphore(0)
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    await asyncio.sleep(0)
    await api.services.jobs.running.stop()
    _, job = await api.call("GET", f"jobs/{job['id']}")
    assert (job["state"], job["started"]) == ("interrupted", None)
    assert (job["error"]["reason"], job["error"]["hint"]) == ("failed", "Try again.")


async def test_a_deletion_does_not_wait_for_jobs_that_download(api: Api, made: Any) -> None:
    # No job that downloads can start.
    api.services.jobs.running.slots = asyncio.Semaphore(0)
    plan = await api.plan(**{**CREATE, "name": "waiting"})
    _, waiting = await api.call("POST", "jobs", {"plan": plan["id"]})
    _, job = await api.call("DELETE", f"environments/{made['id']}")
    assert (await api.finished(job["id"]))["state"] == "succeeded"
    assert (await api.call("GET", f"jobs/{waiting['id']}"))[1]["state"] == "queued"


async def test_protected_environments_are_not_removed(api: Api, made: Any) -> None:
    (Path(made["prefix"]) / "conda-meta/frozen").write_text("{}")
    status, error = await api.call("DELETE", f"environments/{made['id']}")
    assert (status, error["reason"]) == (403, "protected")
    request = {"kind": "update", "environment": made["id"], "packages": "all"}
    status, error = await api.call("POST", "plans", request)
    assert (status, error["reason"]) == (403, "protected")


async def test_a_full_disk_is_reported_before_the_job_starts(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = await api.plan(**CREATE)
    # Replace the answer of the file system.
    monkeypatch.setattr("tfenv_lab.plans.room.free_bytes", lambda _: 10)
    status, error = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert (status, error["reason"]) == (507, "no-space")


async def test_a_package_missing_from_the_channel_fails_the_job(
    api: Api, tensorflow_channel: TinyChannel, clean_home: Path
) -> None:
    plan = await api.plan(**CREATE)
    next((tensorflow_channel.root / "linux-64").glob("tensorflow-base-2.19*")).unlink()
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    ended = await api.finished(job["id"])
    assert (ended["state"], ended["error"]["reason"]) == ("failed", "failed")
    assert ended["error"]["message"].startswith("The channel has no file ")
    assert [path.name for path in (clean_home / ".conda/envs").iterdir()] == []


async def test_every_change_of_state_and_phase_is_an_event(api: Api, jp_serverapp: Any) -> None:
    seen: list[tuple[str, str | None]] = []

    async def listener(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        seen.append((data["state"], data["phase"]))

    schema = "https://schema.jupyter.org/tfenv_lab/job/v1"
    jp_serverapp.event_logger.add_listener(schema_id=schema, listener=listener)
    await api.apply(**CREATE)
    await asyncio.sleep(0.05)
    assert list(dict.fromkeys(seen)) == [
        ("queued", None),
        ("running", None),
        ("running", "download"),
        ("running", "link"),
        ("running", "swap"),
        ("succeeded", "swap"),
    ]
