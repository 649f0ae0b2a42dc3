"""Test that files of version 0.1.0 still work: environments, jobs, plans, locks and kernelspecs.

``state.json`` holds a home directory, a Jupyter data directory and a channel as that version left them: an environment
“tf” with two revisions, a setting of its kernel and a check, a copy of it, and three plans that nobody applied.
``@ROOT@`` stands for the directory that they were in.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from tfenv_lab.conda.prefix.state import fingerprint
from tfenv_lab.environments.discovery import id_of

from ..conftest import Api
from ..tiny_tensorflow import PYTHON

STATE = json.loads(Path(__file__).with_name("state.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def landed(tmp_path: Path, jp_environ: Any) -> None:
    """Write the state to this test's home directory, data directory and channel."""
    if STATE["python"] != PYTHON:
        pytest.skip(f"the state was written with Python {STATE['python']}")
    envs = tmp_path / "home/.conda/envs"
    # An environment's id is made of its path, and its state of the sizes of files that hold the path.
    ids = {old: id_of(envs / name) for name, old in STATE["environments"].items()}
    for name, entry in STATE["files"].items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if "base64" in entry:
            path.write_bytes(base64.b64decode(entry["base64"]))
        else:
            text = entry["text"].replace("@ROOT@", str(tmp_path))
            for old, new in ids.items():
                text = text.replace(old, new)
            path.write_text(text, encoding="utf-8")
        path.chmod(entry["mode"])
        # Plans are forgotten after a day; the state of an environment includes its files' times.
        if "/plans/" not in name:
            os.utime(path, ns=(entry["mtime"], entry["mtime"]))
    for name, time in sorted(STATE["folders"].items(), reverse=True):
        if (tmp_path / name).is_dir():
            os.utime(tmp_path / name, ns=(time, time))
    for plan in (tmp_path / "home/.local/state/tfenv_lab/plans").glob("*.json"):
        stored = json.loads(plan.read_text(encoding="utf-8"))
        work = stored["plan"]["work"]
        for field, prefix in (("fingerprint", stored["plan"]["prefix"]), ("moved", work["copy_of"])):
            if work[field] is not None:
                work[field] = fingerprint(Path(prefix))
        plan.write_text(json.dumps(stored), encoding="utf-8")


@pytest.fixture
def tensorflow_channel(tmp_path: Path, landed: None) -> Any:
    """The channel of the state: its locks hold the hashes of its packages."""

    class Channel:
        root, url = tmp_path / "channel", (tmp_path / "channel").as_uri()

    return Channel


async def _applied(api: Api, plan: str) -> Any:
    status, job = await api.call("POST", "jobs", {"plan": STATE["plans"][plan]})
    assert status == 202, job
    return await api.finished(job["id"])


async def test_its_environments_are_listed_with_their_kernels_and_kernel_settings(api: Api) -> None:
    await api.services.start()
    found = {name: await api.environment(name) for name in ("tf", "copy")}
    assert {name: one["tensorflow"]["version"] for name, one in found.items()} == {"tf": "2.19.1", "copy": "2.19.1"}
    assert found["tf"]["kernel"]["name"] == "conda-env-tf-py"
    assert KernelSpecManager().get_kernel_spec("conda-env-tf-py").env["PYTHONNOUSERSITE"] == "1"


async def test_its_jobs_are_remembered_with_the_result_of_the_check(api: Api) -> None:
    _, answer = await api.call("GET", "jobs")
    assert [job["kind"] for job in answer["jobs"]] == ["check", "clone", "install", "create"]
    assert answer["jobs"][0]["result"]["ok"] is False
    assert (await api.environment("tf"))["check"]["ok"] is False


async def test_only_the_user_can_enter_its_folders_and_read_their_files(api: Api, tmp_path: Path) -> None:
    state = tmp_path / "home/.local/state/tfenv_lab"
    files = [*(state / "jobs").glob("*.json"), *(state / "plans").glob("*.json")]
    assert files
    for path in (state, state / "jobs", state / "plans", *files):
        path.chmod(0o755)
    await api.services.start()
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (state, state / "jobs", state / "plans")} == {0o700}


async def test_its_plans_can_be_read_and_applied(api: Api) -> None:
    status, plan = await api.call("GET", f"plans/{STATE['plans']['update']}")
    assert (status, plan["kind"], plan["name"]) == (200, "update", "tf")
    assert (await _applied(api, "update"))["state"] == "succeeded"
    assert (await api.environment("tf"))["tensorflow"]["version"] == "2.20.0"
    assert (await _applied(api, "rename"))["state"] == "succeeded"
    assert await api.environment("copy") is None
    assert (await api.environment("renamed"))["kernel"]["name"] == "conda-env-renamed-py"
    assert (await _applied(api, "create"))["state"] == "succeeded"
    assert (await api.environment("fresh"))["tensorflow"]["version"] == "2.20.0"


async def test_its_revisions_are_the_history_and_can_be_reverted_to(api: Api) -> None:
    environment = await api.environment("tf")
    _, answer = await api.call("GET", f"environments/{environment['id']}/revisions")
    assert [(revision["number"], revision["kind"]) for revision in answer["revisions"]] == [
        (1, "install"),
        (0, "create"),
    ]
    job = await api.apply(kind="revert", environment=environment["id"], revision=0)
    assert job["state"] == "succeeded"
    _, answer = await api.call("GET", f"environments/{environment['id']}/packages")
    assert "pandas" not in [package["name"] for package in answer["packages"]]


async def test_its_environments_can_be_copied_exported_and_removed(api: Api) -> None:
    environment = await api.environment("tf")
    assert (await api.apply(kind="clone", environment=environment["id"], name="again"))["state"] == "succeeded"
    assert KernelSpecManager().get_kernel_spec("conda-env-again-py").env["PYTHONNOUSERSITE"] == "1"
    status, text = await api.call("GET", f"environments/{environment['id']}/export?format=environment-yml")
    assert status == 200
    assert "tensorflow" in text
    status, job = await api.call("DELETE", f"environments/{environment['id']}")
    assert status == 202
    assert (await api.finished(job["id"]))["state"] == "succeeded"
    assert await api.environment("tf") is None


@pytest.mark.parametrize("role", ["new", "old"])
async def test_leftovers_of_its_dead_jobs_are_deleted_and_do_not_become_environments(
    api: Api, tmp_path: Path, role: str
) -> None:
    envs = tmp_path / "home/.conda/envs"
    (envs / "copy").rename(envs / f".tfenv-{role}-0123456789abcdef0-copy")
    await api.services.start()
    assert await api.environment("copy") is None
    assert {path.name for path in envs.iterdir()} == {"tf"}
