"""Test plans that make an environment equal to a lock: new, equal, different, and what no lock is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_tensorflow import SITE


async def _lock(api: Api, environment: Any, format: str = "pixi-lock") -> str:
    status, found = await api.call("GET", f"environments/{environment['id']}/export?format={format}")
    assert status == 200
    return str(found["content"] if isinstance(found, dict) and "content" in found else found)


@pytest.mark.parametrize("format", ["pixi-lock", "conda-lock", "explicit"])
async def test_an_environment_that_does_not_exist_is_created(api: Api, made: Any, format: str) -> None:
    job = await api.apply(kind="match", name="new", content=await _lock(api, made, format), file="team.lock")
    assert job["state"] == "succeeded", job
    new = await api.environment("new")
    assert new["digest"] == made["digest"]
    assert new["kernel"]["name"] == "conda-env-new-py"
    _, answer = await api.call("GET", f"environments/{new['id']}/revisions")
    assert [revision["asked"] for revision in answer["revisions"]] == ["Match team.lock"]


@pytest.mark.parametrize("whose", ["name", "environment"])
async def test_an_equal_environment_needs_no_change_and_the_job_succeeds(api: Api, made: Any, whose: str) -> None:
    place = {"name": "tf"} if whose == "name" else {"environment": made["id"]}
    inode = Path(made["prefix"]).stat().st_ino
    request = {"kind": "match", "content": await _lock(api, made), **place}
    plan = await api.plan(**request)
    assert (plan["entries"], plan["digest"]) == ([], made["digest"])
    job = await api.apply(**request)
    assert (job["state"], job["environment"]) == ("succeeded", made["id"])
    assert Path(made["prefix"]).stat().st_ino == inode


async def test_a_different_environment_becomes_the_lock(api: Api, made: Any) -> None:
    content = await _lock(api, made)
    for request in (
        {"kind": "update", "packages": ["tensorflow"]},
        {"kind": "install", "specs": ["pandas"]},
    ):
        assert (await api.apply(environment=made["id"], **request))["state"] == "succeeded"
    plan = await api.plan(kind="match", name="tf", content=content)
    changes = {entry["name"]: entry["action"] for entry in plan["entries"]}
    assert (changes["pandas"], changes["tensorflow"]) == ("remove", "downgrade")
    job = await api.apply(kind="match", name="tf", content=content)
    assert job["state"] == "succeeded", job
    assert (await api.environment("tf"))["digest"] == made["digest"]
    assert (Path(made["prefix"]) / SITE / "tensorflow/__init__.py").read_text() == "__version__ = '2.19.1'\n"


async def test_packages_that_pip_installed_and_the_lock_does_not_have_are_removed(api: Api, made: Any) -> None:
    content = await _lock(api, made)
    site = Path(made["prefix"]) / SITE
    (site / "extra.py").write_text("")
    (site / "extra-1.0.dist-info").mkdir()
    (site / "extra-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: extra\nVersion: 1.0\n")
    (site / "extra-1.0.dist-info/RECORD").write_text("extra.py,,\nextra-1.0.dist-info/METADATA,,\n")
    (site / "extra-1.0.dist-info/INSTALLER").write_text("pip\n")
    plan = await api.plan(kind="match", name="tf", content=content)
    assert [(entry["name"], entry["action"], entry["source"]) for entry in plan["entries"]] == [
        ("extra", "remove", "pypi")
    ]
    assert (await api.apply(kind="match", name="tf", content=content))["state"] == "succeeded"
    assert not (site / "extra.py").exists()
    assert (await api.environment("tf"))["digest"] == made["digest"]


async def test_packages_from_an_index_are_matched_too(api: Api, made: Any, simple_index: SimpleIndex) -> None:
    for version in ("1.0", "2.0"):
        simple_index.add("many", version, files={"many.py": f"X = '{version}'\n"})
    job = await api.apply(kind="install", environment=made["id"], specs=["pypi:many==1.0"])
    assert job["state"] == "succeeded", job
    content, digest = await _lock(api, made), (await api.environment("tf"))["digest"]
    await api.apply(kind="install", environment=made["id"], specs=["pypi:many==2.0"])
    for name in ("tf", "other"):
        assert (await api.apply(kind="match", name=name, content=content))["state"] == "succeeded"
        found = await api.environment(name)
        assert found["digest"] == digest
        assert (Path(found["prefix"]) / SITE / "many.py").read_text() == "X = '1.0'\n"
        assert (await api.plan(kind="match", name=name, content=content))["entries"] == []


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"name": "new", "content": "dependencies: [numpy]\n"}, "not a lock"),
        ({"name": "new", "content": "numpy==2.1\n"}, "not a lock"),
        ({"content": "x"}, "either “environment” or “name”"),
        ({"name": "new", "environment": "x", "content": "x"}, "either “environment” or “name”"),
        ({"name": "new"}, "needs “content”"),
    ],
)
async def test_what_is_no_lock_is_refused(api: Api, request_: Any, words: str) -> None:
    status, error = await api.call("POST", "plans", {"kind": "match", **request_})
    assert (status, error["reason"]) == (400, "invalid-request"), error
    assert words in error["message"]


async def test_a_directory_that_is_no_environment_is_never_touched(api: Api, made: Any) -> None:
    place = Path(made["prefix"]).with_name("data")
    place.mkdir()
    (place / "data.txt").write_text("mine")
    request = {"kind": "match", "name": "data", "content": await _lock(api, made)}
    status, error = await api.call("POST", "plans", request)
    assert (status, error["reason"]) == (409, "prefix-exists")
    assert (place / "data.txt").read_text() == "mine"


async def test_a_protected_environment_may_be_equal_but_is_not_changed(api: Api, made: Any) -> None:
    content = await _lock(api, made)
    (Path(made["prefix"]) / "conda-meta/frozen").write_text("{}")
    assert (await api.apply(kind="match", name="tf", content=content))["state"] == "succeeded"
    other = await api.apply(kind="install", environment=made["id"], specs=["pandas"], into="other")
    assert other["state"] == "succeeded"
    content = await _lock(api, await api.environment("other"))
    status, error = await api.call("POST", "plans", {"kind": "match", "name": "tf", "content": content})
    assert (status, error["reason"]) == (403, "protected")


async def test_credentials_in_the_lock_are_not_stored(api: Api, made: Any) -> None:
    content = await _lock(api, made, "explicit")
    secret = content.replace("file://", "file://user:hunter2@")
    status, answer = await api.call("POST", "plans", {"kind": "match", "name": "new", "content": secret})
    assert "hunter2" not in str(answer)
    stored = [path.read_text() for path in (api.services.directories.state / "plans").glob("*.json")]
    assert not any("hunter2" in text for text in stored)
    assert status in (201, 400, 403)
