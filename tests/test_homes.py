"""Homes as they are: what cannot be written there is named, and everything else goes on working."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Api, Mount
from .privileges import as_ordinary_user, give_away, new_threads
from .tiny_tensorflow import PYTHON

CREATE = {"kind": "create", "name": "tf", "tensorflow": "2.19.*", "python": PYTHON}


def _of_another_user(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    give_away(path)


def _a_file(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")


def _without_write_permission(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o555)


def _a_dead_link(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(path.with_name("nowhere"))


FAULTS = [_of_another_user, _a_file, _without_write_permission, _a_dead_link]
Fault = Callable[[Path], None]


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    return {"envs_dir": str(tmp_path / "envs")}


@pytest.fixture
def places(tmp_path: Path, clean_home: Path, jp_environ: None) -> dict[str, Path]:
    return {
        "kernels": tmp_path / "data/kernels",
        "registry": clean_home / ".conda",
        "state": clean_home / ".local/state",
        "cache": clean_home / ".cache",
        "home": clean_home,
        # Parts of our own directories, as after “sudo jupyter lab”.
        "plans": clean_home / ".local/state/tfenv_lab/plans",
        "jobs": clean_home / ".local/state/tfenv_lab/jobs",
        "channel data": clean_home / ".cache/tfenv_lab/repodata",
    }


@pytest.fixture
def place(request: pytest.FixtureRequest, places: dict[str, Path]) -> Iterator[Path]:
    """The directory that is spoiled, as the test's parameters say, before the server starts."""
    name, fault = request.param
    fault(places[name])
    with as_ordinary_user():
        yield places[name]


def _each(*names: str) -> pytest.MarkDecorator:
    cases = [(name, fault) for name in names for fault in FAULTS]
    ids = [f"{name} is {fault.__name__.strip('_')}" for name, fault in cases]
    return pytest.mark.parametrize("place", cases, indirect=True, ids=ids)


async def _said(api: Api) -> str:
    status, body = await api.call("GET", "status")
    assert status == 200, body
    return "\n".join(warning["message"] for warning in body["warnings"])


def _texts(warnings: list[Any]) -> str:
    return "\n".join(warning["message"] for warning in warnings)


async def _works(api: Api) -> Any:
    """Create, list, export and delete an environment; return the plan and the job that created it."""
    plan = await api.plan(**CREATE)
    status, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert status == 202, job
    job = await api.finished(job["id"])
    assert job["state"] == "succeeded", job
    made = await api.environment("tf")
    for format_ in ("environment-yml", "explicit", "pixi-lock"):
        status, text = await api.call("GET", f"environments/{made['id']}/export?format={format_}")
        assert status == 200, text
    status, _ = await api.call("GET", f"jobs/{job['id']}/log")
    assert status == 200
    return plan, job


@_each("kernels")
async def test_an_environment_whose_kernel_cannot_be_written_is_not_called_ready(place: Path, api: Api) -> None:
    plan, job = await _works(api)
    for text in (await _said(api), _texts(plan["warnings"]), _texts(job["warnings"])):
        assert f"Kernels cannot be registered in {place}" in text
        assert "JUPYTER_DATA_DIR" in text
    assert job["message"] == "The environment was created, but it has no kernel"
    made = await api.environment("tf")
    assert made["kernel"] is None
    assert str(place) in _texts(made["advice"])
    for method, body in (("PUT", {}), ("PUT", {"ignore_user_site": True})):
        status, error = await api.call(method, f"environments/{made['id']}/kernelspec", body)
        assert (status, error["reason"]) == (403, "unusable-directory")
        assert str(place) in error["message"]
    status, _ = await api.call("DELETE", f"environments/{made['id']}/kernelspec")
    assert status == 200


@_each("kernels")
async def test_copies_and_renamed_environments_without_a_kernel_are_not_called_ready(place: Path, api: Api) -> None:
    await _works(api)
    made = await api.environment("tf")
    copy = await api.apply(kind="clone", environment=made["id"], name="copy")
    moved = await api.apply(kind="rename", environment=made["id"], name="moved")
    assert copy["message"] == "The copy was created, but it has no kernel"
    assert moved["message"] == "The environment was renamed, but it has no kernel"
    assert all(str(place) in _texts(job["warnings"]) for job in (copy, moved))


@_each("registry")
async def test_without_condas_list_everything_works_and_it_is_said(place: Path, api: Api) -> None:
    plan, job = await _works(api)
    for text in (await _said(api), _texts(plan["warnings"]), _texts(job["warnings"])):
        assert f"{place}/environments.txt, cannot be written" in text
    assert job["message"] == "The environment is ready"
    assert (await api.environment("tf"))["kernel"] is not None


@_each("state", "cache", "home")
async def test_what_is_kept_elsewhere_is_said_and_everything_works(place: Path, api: Api) -> None:
    plan, job = await _works(api)
    said = [await _said(api), _texts(plan["warnings"]), _texts(job["warnings"])]
    assert all(str(place) in text for text in said), said
    variable = {".cache": "XDG_CACHE_HOME"}.get(place.name, "XDG_STATE_HOME")
    assert all(variable in text for text in said), said
    assert job["message"] == "The environment is ready"


@_each("plans", "jobs", "channel data")
async def test_a_part_of_our_directories_that_cannot_be_written_is_said_and_everything_works(
    place: Path, api: Api
) -> None:
    plan, job = await _works(api)
    assert all(str(place) in text for text in (await _said(api), _texts(plan["warnings"]), _texts(job["warnings"])))
    assert job["message"] == "The environment is ready"


@pytest.fixture
def locks_of_another_user(places: dict[str, Path]) -> Iterator[Path]:
    """Another user, as root with “sudo jupyter lab”, used the caches first."""
    caches = [places["cache"] / "tfenv_lab/pkgs", places["cache"] / "uv"]
    for path in (caches[0] / ".cache.lock", caches[0] / "numpy-2.1.0-0.lock", caches[1] / ".lock"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o644)
        give_away(path)
    with as_ordinary_user():
        yield caches[0]


async def test_a_cache_whose_locks_belong_to_another_user_is_replaced(locks_of_another_user: Path, api: Api) -> None:
    plan, job = await _works(api)
    for text in (await _said(api), _texts(plan["warnings"]), _texts(job["warnings"])):
        assert f"The package cache, {locks_of_another_user}, cannot be used: {locks_of_another_user}/" in text
        assert "The cache of uv, " in text
        assert ".tfenv-cache/pkgs is used instead" in text
    assert job["message"] == "The environment is ready"


async def test_a_missing_home_is_named(api_without_home: Api, places: dict[str, Path]) -> None:
    await _works(api_without_home)
    assert str(places["home"]) in await _said(api_without_home)


@pytest.fixture
def without_home(places: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    parent = tmp_path / "homes"
    parent.mkdir(mode=0o555)
    places["home"] = parent / "ada"
    monkeypatch.setenv("HOME", str(parent / "ada"))
    with as_ordinary_user():
        yield


@pytest.fixture
def api_without_home(without_home: None, api: Api) -> Api:
    return api


@pytest.fixture
def read_only(places: dict[str, Path], mount: Mount) -> Path:
    """Every directory of the user is on a file system that is mounted read-only."""
    for name in ("kernels", "home"):
        mount(places[name], "1m,ro")
    return places["home"]


async def test_a_read_only_home_is_named(read_only: Path, api: Api) -> None:
    _, job = await _works(api)
    assert "read-only file system" in await _said(api)
    assert job["message"] == "The environment was created, but it has no kernel"


@pytest.fixture
def only_home(settings: dict[str, Any]) -> None:
    settings.clear()


@_each("home")
async def test_without_a_directory_for_environments_a_plan_says_so_and_a_job_is_refused(
    only_home: None, place: Path, api: Api
) -> None:
    folder = api.services.envs_dir
    plan = await api.plan(**CREATE)
    assert ("error", True) in [
        (w["severity"], f"Environments cannot be created in {folder}" in w["message"]) for w in plan["warnings"]
    ]
    status, error = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert (status, error["reason"]) == (403, "unusable-directory")
    assert str(place) in error["message"]
    assert "TfenvLab.envs_dir" in error["hint"]
    assert f"Environments cannot be created in {folder}" in await _said(api)
    status, listed = await api.call("GET", "environments")
    assert (status, listed) == (200, {"environments": []})
    status, _ = await api.call("GET", "tensorflow")
    assert status == 200


async def test_a_directory_that_is_spoiled_while_the_server_runs_answers_with_its_path(api: Api, made: Any) -> None:
    plans = api.services.directories.state / "plans"
    _a_file(plans)
    status, error = await api.call("POST", "plans", {"kind": "clone", "environment": made["id"], "name": "copy"})
    assert (status, error["reason"]) == (403, "unusable-directory"), error
    assert str(plans) in error["message"]


async def test_a_kernel_of_another_user_is_named_by_the_job_and_kept(
    api: Api, made: Any, places: dict[str, Path]
) -> None:
    kernel = places["kernels"] / "conda-env-tf-py"
    before = (kernel / "kernel.json").read_text()
    give_away(kernel)
    with as_ordinary_user():
        new_threads()
        job = await api.apply(kind="install", environment=made["id"], specs=["pandas"])
        status, error = await api.call("PUT", f"environments/{made['id']}/kernelspec", {"legacy_keras": True})
    assert job["state"] == "succeeded"
    for text in (_texts(job["warnings"]), error["message"]):
        assert re.search(rf"{kernel}/\S+ cannot be used: {kernel} belongs to the user", text), text
    assert status == 403
    assert (kernel / "kernel.json").read_text() == before


async def test_a_kernel_that_cannot_be_removed_is_named_by_the_job(
    api: Api, made: Any, places: dict[str, Path]
) -> None:
    give_away(places["kernels"])
    with as_ordinary_user():
        new_threads()
        status, error = await api.call("DELETE", f"environments/{made['id']}/kernelspec")
        assert (status, error["reason"]) == (403, "unusable-directory")
        _, job = await api.call("DELETE", f"environments/{made['id']}")
        job = await api.finished(job["id"])
    assert job["state"] == "succeeded"
    assert f"The kernel of {made['prefix']} is still listed" in _texts(job["warnings"])
    assert str(places["kernels"]) in _texts(job["warnings"])
