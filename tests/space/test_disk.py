"""Test what takes the space on the disks, and that cleaning frees what its plan says."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Api, DeadMount
from ..prefixes import make_prefix
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import fill

BIG = 400_000


@pytest.fixture
def tensorflow_channel(channel: TinyChannel) -> TinyChannel:
    """Two releases of “app”, which need the same release of “lib”, and are large enough to be seen."""
    for version in ("1.0", "2.0"):
        channel.add("lib", version, files={"lib/lib.bin": os.urandom(BIG)})
        channel.add("app", version, depends=[f"lib {version}"], files={"share/app.bin": os.urandom(BIG)})
    return fill(channel)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def disk(api: Api) -> Any:
    status, found = await api.call("GET", "disk")
    assert status == 200, found
    return found


def cache(found: Any, name: str) -> Any:
    return next(each for each in found["caches"] if each["name"] == name)


async def create(api: Api, name: str, *packages: str) -> Any:
    job = await api.apply(kind="create", name=name, packages=packages)
    assert job["state"] == "succeeded", job
    return await api.environment(name)


async def clean(api: Api, *what: str, **fields: Any) -> tuple[Any, Any]:
    """Clean, and return the plan and the finished job."""
    plan = await api.plan(kind="clean", what=what, **fields)
    status, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert status == 202, job
    job = await api.finished(job["id"])
    assert job["state"] == "succeeded", job
    return plan, job


async def test_an_environment_shares_its_packages_with_the_cache(api: Api) -> None:
    made = await create(api, "one", "app 1.0")
    found = await disk(api)
    [one] = found["environments"]
    assert one["id"] == made["id"]
    assert 2 * BIG <= one["shared_bytes"] < 2.2 * BIG
    assert one["own_bytes"] < BIG
    packages = cache(found, "packages")
    assert packages["bytes"] > 2 * BIG
    assert packages["unused_bytes"] == found["revisions_bytes"] == found["trash_bytes"] == 0
    _, size = await api.call("GET", f"environments/{made['id']}/size")
    assert (size["bytes"], size["shared"]) == (one["own_bytes"] + one["shared_bytes"], one["shared_bytes"])


async def test_what_changes_is_measured_again(api: Api) -> None:
    made = await create(api, "one", "app 1.0")
    [before] = (await disk(api))["environments"]
    extra = Path(made["prefix"]) / "share" / "data.bin"
    extra.write_bytes(os.urandom(BIG))
    [after] = (await disk(api))["environments"]
    assert BIG <= after["own_bytes"] - before["own_bytes"] < 1.1 * BIG
    # The file grows, and no directory changes.
    with extra.open("ab") as file:
        file.write(os.urandom(BIG))
    [grown] = (await disk(api))["environments"]
    assert BIG <= grown["own_bytes"] - after["own_bytes"] < 1.1 * BIG
    # Another environment gets a link to it: it belongs to none alone.
    prefix = make_prefix(Path(made["prefix"]).with_name("two"))
    os.link(extra, prefix / "data.bin")
    found = {each["id"]: each for each in (await disk(api))["environments"]}
    assert grown["own_bytes"] - found[made["id"]]["own_bytes"] >= 2 * BIG
    shutil.rmtree(prefix)
    assert (await disk(api))["environments"] == [grown]


async def test_a_deleted_environment_leaves_packages_that_cleaning_frees(api: Api) -> None:
    made = await create(api, "one", "app 1.0")
    _, job = await api.call("DELETE", f"environments/{made['id']}?at_once=true")
    await api.finished(job["id"])
    await api.services.jobs.ended(job["id"])
    before = await disk(api)
    packages = [name for name in names_in(api.services.package_cache) if not name.endswith(".lock")]
    unused = cache(before, "packages")["unused_bytes"]
    assert unused == cache(before, "packages")["bytes"] > 2 * BIG
    plan, job = await clean(api, "cache")
    assert plan["entries"] == []
    assert plan["freed_bytes"] == unused + cache(before, "bytecode")["unused_bytes"]
    assert plan["frees"] == [{"what": "cache", "bytes": plan["freed_bytes"], "items": len(packages)}]
    assert plan["warnings"] == []
    assert job["message"] == f"Freed {plan['freed_bytes'] / 1e6:.1f} MB"
    after = await disk(api)
    assert cache(after, "packages") == {"name": "packages", "bytes": 0, "unused_bytes": 0}
    assert names_in(api.services.package_cache) == [".cache.lock"]


async def test_packages_of_old_revisions_are_a_choice_of_their_own_and_it_says_what_breaks(api: Api) -> None:
    made = await create(api, "one", "app 1.0")
    job = await api.apply(kind="install", environment=made["id"], specs=["app 2.0"])
    assert job["state"] == "succeeded", job
    found = await disk(api)
    assert 2 * BIG <= found["revisions_bytes"] < 2.2 * BIG
    assert cache(found, "packages")["unused_bytes"] == 0
    # The revision is new.
    young = await api.plan(kind="clean", what=["revisions"], older_than_days=1)
    assert (young["freed_bytes"], young["warnings"]) == (0, [])
    plan, _ = await clean(api, "revisions", older_than_days=0)
    assert plan["freed_bytes"] == found["revisions_bytes"]
    [warning] = plan["warnings"]
    assert (warning["code"], warning["severity"]) == ("revert-needs-download", "warning")
    assert "one to revision 0 (app-1.0-0, lib-1.0-0)" in warning["message"]
    assert (await disk(api))["revisions_bytes"] == 0
    # The channel still has the packages.
    job = await api.apply(kind="revert", environment=made["id"], revision=0)
    assert job["state"] == "succeeded", job


async def test_what_an_environment_needs_stays(api: Api) -> None:
    await create(api, "one", "app 1.0")
    before = names_in(api.services.package_cache)
    plan = await api.plan(kind="clean", what=["cache", "revisions", "trash", "uv"])
    assert plan["freed_bytes"] == 0
    status, error = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert (status, error["message"]) == (400, "There is nothing to delete.")
    assert names_in(api.services.package_cache) == before


async def test_a_package_that_is_needed_since_the_plan_stays(api: Api) -> None:
    made = await create(api, "one", "app 1.0")
    _, job = await api.call("DELETE", f"environments/{made['id']}?at_once=true")
    await api.finished(job["id"])
    plan = await api.plan(kind="clean", what=["cache"])
    await create(api, "two", "lib 1.0")
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert (await api.finished(job["id"]))["state"] == "succeeded"
    left = {name for name in names_in(api.services.package_cache) if not name.endswith(".lock")}
    assert "lib-1.0-0" in left
    assert "app-1.0-0" not in left


async def test_trash_of_a_dead_job_is_counted_and_deleted(api: Api) -> None:
    made = await create(api, "one", "app 1.0")
    trash = Path(made["prefix"]).with_name(".tfenv-trash-0dead-gone")
    (trash / "lib").mkdir(parents=True)
    (trash / "lib" / "big.bin").write_bytes(os.urandom(BIG))
    rest = Path(api.services.package_cache) / ".tfenv-refused-0abc"
    rest.mkdir()
    (rest / "big.bin").write_bytes(os.urandom(BIG))
    found = await disk(api)
    assert 2 * BIG <= found["trash_bytes"] < 2.2 * BIG
    plan, _ = await clean(api, "trash")
    assert plan["freed_bytes"] == found["trash_bytes"]
    assert not trash.exists()
    assert not rest.exists()
    assert (await disk(api))["trash_bytes"] == 0


async def test_a_drive_that_does_not_answer_is_left_out_by_name(
    api: Api, dead_mount: DeadMount, tmp_path: Path
) -> None:
    made = await create(api, "one", "app 1.0")
    dead_mount(Path(made["prefix"]).with_name("away"))
    found = await disk(api)
    assert [each["id"] for each in found["environments"]] == [made["id"]]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "A plan of kind “clean” needs “what”."),
        ({"what": []}, "“what” must name at least one of “cache”, “revisions”, “trash” and “uv”."),
        ({"what": ["all"]}, "“what” must be a list of “cache”, “revisions”, “trash” and “uv”."),
        ({"what": "cache"}, "“what” must be a list of “cache”, “revisions”, “trash” and “uv”."),
        (
            {"what": ["cache"], "older_than_days": 3},
            "“older_than_days” is about revisions, but “what” does not name them.",
        ),
        ({"what": ["revisions"], "older_than_days": -1}, "“older_than_days” must be a number from 0 to 36500."),
        ({"what": ["revisions"], "older_than_days": "3"}, "“older_than_days” must be a whole number or null."),
    ],
)
async def test_an_invalid_request_says_what_is_wrong(api: Api, body: Any, message: str) -> None:
    status, error = await api.call("POST", "plans", {"kind": "clean", **body})
    assert (status, error["message"]) == (400, message)


async def test_a_package_that_an_unknown_environment_links_stays(api: Api, tmp_path: Path) -> None:
    """It may be another user's."""
    made = await create(api, "one", "app 1.0")
    shutil.copytree(made["prefix"], tmp_path / "theirs", copy_function=os.link)
    _, job = await api.call("DELETE", f"environments/{made['id']}?at_once=true")
    await api.finished(job["id"])
    await api.services.jobs.ended(job["id"])
    plan = await api.plan(kind="clean", what=["cache"])
    assert plan["freed_bytes"] < BIG
    shutil.rmtree(tmp_path / "theirs")
    plan = await api.plan(kind="clean", what=["cache"])
    assert plan["frees"][0]["items"] > 2
