"""File systems as they are: what they cannot do is found before a change, or is said with the directory."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from .conftest import Api, Mount
from .privileges import as_ordinary_user, give_away, new_threads
from .shims import built
from .tiny_tensorflow import PYTHON

CREATE = {"kind": "create", "name": "tf", "tensorflow": "2.19.*", "python": PYTHON}


def _texts(warnings: list[Any]) -> str:
    return "\n".join(warning["message"] for warning in warnings)


async def _said(api: Api) -> str:
    status, body = await api.call("GET", "status")
    assert status == 200, body
    return _texts(body["warnings"])


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    return {"envs_dir": str(tmp_path / "envs")}


# Locks


@pytest.fixture
def no_locks(tmp_path: Path, jp_environ: None, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Neither this server nor its workers can lock a file."""
    import fcntl

    error = int(request.param)

    def refuse(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setenv("LD_PRELOAD", built("no_locks.c", tmp_path))
    monkeypatch.setenv("NOLOCK_ERRNO", str(error))


@pytest.mark.parametrize("no_locks", [37, 38, 95, 524, 13], indirect=True)
async def test_without_locks_a_job_names_the_package_cache_and_what_moves_it(no_locks: None, api: Api) -> None:
    cache = api.services.package_cache
    job = await api.apply(**CREATE)
    assert (job["state"], job["error"]["reason"]) == ("failed", "unusable-directory"), job
    assert f"The package cache {cache} cannot be locked" in job["error"]["message"]
    assert "TfenvLab.package_cache" in job["error"]["hint"]
    said = await _said(api)
    assert said == _texts(job["warnings"])
    assert f"The package cache, {cache}, cannot be used: its file system does not support locks" in said
    assert f"The file system of {api.services.envs_dir} does not support locks" in said
    assert list(api.services.envs_dir.iterdir()) == []


async def test_where_only_the_home_has_no_locks_packages_are_stored_beside_the_environments(
    no_locks_at_home: None, api: Api
) -> None:
    job = await api.apply(**CREATE)
    assert job["state"] == "succeeded", job
    cache = api.services.envs_dir / ".tfenv-cache/pkgs"
    assert api.services.package_cache == cache
    assert f"{cache} is used instead" in await _said(api)
    assert f"{cache} is used instead" in _texts(job["warnings"])
    _, listed = await api.call("GET", "environments")
    assert [environment["name"] for environment in listed["environments"]] == ["tf"]


@pytest.fixture
def no_locks_at_home(jp_environ: None, clean_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    flock = fcntl.flock

    def refuse(handle: int, operation: int) -> None:
        if Path(f"/proc/self/fd/{handle}").readlink().is_relative_to(clean_home):
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
        flock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", refuse)


# Space


@pytest.fixture
def quota(tmp_path: Path, jp_environ: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory for environments, or the package cache, in which a quota is used up, for workers and rattler."""
    monkeypatch.setenv("LD_PRELOAD", built("quota.c", tmp_path))
    return tmp_path


@pytest.mark.parametrize("folder", ["envs", "home/.cache/tfenv_lab/pkgs"])
async def test_a_quota_that_is_used_up_is_not_called_an_unreachable_channel(
    quota: Path, folder: str, monkeypatch: pytest.MonkeyPatch, api: Api
) -> None:
    monkeypatch.setenv("QUOTA_FOLDER", str(quota / folder))
    job = await api.apply(**CREATE)
    assert (job["state"], job["error"]["reason"]) == ("failed", "no-space"), job
    assert job["error"]["message"].startswith("Your disk quota is used up")
    assert "quota" in job["error"]["hint"]
    assert await api.environment("tf") is None


async def test_a_plan_that_cannot_be_stored_because_the_disk_is_full_says_so(api: Api, mount: Mount) -> None:
    plans = mount(api.services.directories.state / "plans", "4k")
    (plans / "full").write_bytes(bytes(4096))
    status, error = await api.call("POST", "plans", CREATE)
    assert (status, error["reason"]) == (507, "no-space"), error


# Directories for environments in which an environment cannot work


@pytest.fixture
def noexec(tmp_path: Path, mount: Mount) -> Path:
    return mount(tmp_path / "envs", "20m,noexec")


async def _refused(api: Api, folder: Path, why: str) -> None:
    """Find the directory and the reason in the status, in a plan, and in the refusal of a job."""
    plan = await api.plan(**CREATE)
    texts = [warning["message"] for warning in plan["warnings"] if warning["severity"] == "error"]
    status, error = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert (status, error["reason"]) == (403, "unusable-directory")
    for text in ("\n".join(texts), error["message"], await _said(api)):
        assert f"Environments cannot be created in {folder}: " in text
        assert why in text
    assert "TfenvLab.envs_dir" in error["hint"]
    assert await api.environment("tf") is None


async def test_a_file_system_without_programs_is_found_before_an_environment_is_created(noexec: Path, api: Api) -> None:
    await _refused(api, noexec, "“noexec”")


async def test_a_directory_that_can_be_used_is_preferred_to_one_without_programs(
    noexec: Path, tmp_path: Path, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch, api_of_condarc: Api
) -> None:
    assert api_of_condarc.services.envs_dir == tmp_path / "other"
    job = await api_of_condarc.apply(**CREATE)
    assert job["message"] == "The environment is ready"


@pytest.fixture
def two_directories(settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.clear()
    monkeypatch.setenv("CONDA_ENVS_DIRS", f"{tmp_path / 'envs'}:{tmp_path / 'other'}")


@pytest.fixture
def api_of_condarc(noexec: Path, two_directories: None, api: Api) -> Api:
    return api


@pytest.fixture
def colon(settings: dict[str, Any], tmp_path: Path) -> Path:
    folder = tmp_path / "a:b" / "envs"
    settings["envs_dir"] = str(folder)
    return folder


async def test_a_colon_in_the_path_is_named_before_an_environment_is_created(colon: Path, api: Api) -> None:
    await _refused(api, colon, "“:”")


# What is in an environment


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere"


@pytest.mark.parametrize("kind", ["clone", "rename"])
async def test_links_into_the_environment_lead_into_the_new_one(
    api: Api, made: Any, kind: str, elsewhere: Path
) -> None:
    prefix = Path(made["prefix"])
    (prefix / "share/data").mkdir()
    (prefix / "share/data/a.txt").write_text("a")
    links = {
        "file": prefix / "share/data/a.txt",
        "folder": prefix / "share/data",
        "itself": prefix,
        "dotted": prefix / "share/../share/data/a.txt",
        "missing": prefix / "share/none",
        "climbing": Path("../../tf/share/data/a.txt"),
    }
    others = {
        "inside": Path("data/a.txt"),
        "outside": elsewhere,
        "longer": Path(f"{prefix}2/share"),
        "up": Path("../../../x"),
    }
    for name, target in {**links, **others}.items():
        (prefix / "share" / name).symlink_to(target)
    job = await api.apply(kind=kind, environment=made["id"], name="new")
    assert job["state"] == "succeeded", job
    new = prefix.with_name("new")
    found = {name: (new / "share" / name).readlink() for name in (*links, *others)}
    assert found == {
        "file": new / "share/data/a.txt",
        "folder": new / "share/data",
        "itself": new,
        "dotted": new / "share/data/a.txt",
        "missing": new / "share/none",
        "climbing": Path("data/a.txt"),
        **others,
    }
    if kind == "clone":
        assert all((prefix / "share" / name).readlink() == target for name, target in links.items())


@pytest.fixture
def closed(made: Any) -> Path:
    """An environment with directories in which nothing can be written, with files of a user and of packages."""
    prefix = Path(made["prefix"])
    (prefix / "share/mine/deep").mkdir(parents=True)
    (prefix / "share/mine/deep/note.txt").write_text(f"{prefix}/share")
    site = prefix / f"lib/python{PYTHON}/site-packages"
    for folder in (prefix / "share/mine/deep", prefix / "share/mine", site, prefix / "bin", prefix / "share"):
        folder.chmod(0o555)
    return prefix


async def test_directories_without_write_permission_are_copied_changed_renamed_and_deleted(
    api: Api, made: Any, closed: Path
) -> None:
    with as_ordinary_user():
        new_threads()
        requests: list[dict[str, Any]] = [
            {"kind": "clone", "environment": made["id"], "name": "copy"},
            {"kind": "install", "environment": made["id"], "specs": ["pandas"]},
            {"kind": "update", "environment": made["id"], "packages": "all"},
            {"kind": "rename", "environment": made["id"], "name": "new"},
        ]
        for request in requests:
            job = await api.apply(**request)
            assert job["state"] == "succeeded", job
            prefix = Path(job["prefix"])
            assert (prefix / "share/mine/deep").stat().st_mode & 0o777 == 0o555
            note = prefix if request["kind"] in ("clone", "rename") else closed
            assert (prefix / "share/mine/deep/note.txt").read_text() == f"{note}/share"
        for name in ("copy", "new"):
            environment = await api.environment(name)
            _, job = await api.call("DELETE", f"environments/{environment['id']}?at_once=true")
            await api.finished(job["id"])
            job = await api.services.jobs.ended(job["id"])
            assert (job.state, job.leftovers) == ("succeeded", [])
    assert [path for path in api.services.envs_dir.iterdir() if path.name != ".tfenv-cache"] == []


@pytest.mark.parametrize("inside", ["share/secret.txt", "share/secret/deep.txt"])
@pytest.mark.parametrize("kind", ["clone", "rename", "install"])
async def test_a_file_that_cannot_be_read_is_named(api: Api, made: Any, inside: str, kind: str) -> None:
    prefix = Path(made["prefix"])
    path = prefix / inside
    path.parent.mkdir(exist_ok=True)
    path.write_text("secret")
    path = path.parent if path.parent.name == "secret" else path
    give_away(path)
    path.chmod(0o700)
    fields: dict[str, Any] = {"specs": ["pandas"]} if kind == "install" else {"name": "new"}
    with as_ordinary_user():
        new_threads()
        job = await api.apply(kind=kind, environment=made["id"], **fields)
    assert (job["state"], job["error"]["reason"]) == ("failed", "unusable-directory"), job
    assert f"{path} cannot be used" in job["error"]["message"]
    assert "Nothing was changed." in job["error"]["message"]
    assert [found.name for found in prefix.parent.iterdir()] == ["tf"]


# Hard links


_LINK_ERRORS = [errno.EPERM, errno.EMLINK, errno.EXDEV, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS]


@pytest.mark.parametrize("error", _LINK_ERRORS)
async def test_where_hard_links_are_forbidden_files_are_copied_and_it_is_said_and_counted(
    api: Api, made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    shared = await api.plan(kind="clone", environment=made["id"], name="copy")
    assert "files-copied" not in {warning["code"] for warning in shared["warnings"]}

    def refuse(*_: object, **__: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setenv("LD_PRELOAD", built("no_links.c", tmp_path))
    monkeypatch.setenv("NOLINK_ERRNO", str(error))
    for request in (
        {"kind": "create", "name": "other", "tensorflow": "2.19.*", "python": PYTHON},
        {"kind": "clone", "environment": made["id"], "name": "copy"},
        {"kind": "install", "environment": made["id"], "specs": ["pandas"]},
    ):
        plan = await api.plan(**request)
        assert "files-copied" in {warning["code"] for warning in plan["warnings"]}
        stored = await api.services.plans.find(plan["id"])
        assert stored.plan.needed_bytes > 0
        _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
        job = await api.finished(job["id"])
        assert job["state"] == "succeeded", job
        assert "files-copied" in {warning["code"] for warning in job["warnings"]}
        assert job["message"].endswith("ready") or request["kind"] == "install"
    file = "share/abi"
    copies = [Path(api.services.envs_dir, name, file) for name in ("tf", "copy", "other")]
    assert len({path.stat().st_ino for path in copies}) == 3
