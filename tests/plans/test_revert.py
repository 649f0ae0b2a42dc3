"""Test reverting: it needs no channel if the packages are in the cache, and warns if they are nowhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tfenv_lab.conda.transaction.staging import discard

from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import SITE


async def _updated(api: Api, made: Any) -> None:
    job = await api.apply(kind="update", environment=made["id"], packages=["tensorflow"])
    assert job["state"] == "succeeded", job


async def test_a_revert_restores_packages_and_requests_even_without_the_channel(
    api: Api, made: Any, tensorflow_channel: TinyChannel
) -> None:
    prefix = Path(made["prefix"])
    record = next((prefix / "conda-meta").glob("tensorflow-2.19*.json"))
    asked = json.loads(record.read_text())["requested_specs"]
    await _updated(api, made)
    shutil.rmtree(tensorflow_channel.root)
    job = await api.apply(kind="revert", environment=made["id"], revision=0)
    assert job["state"] == "succeeded", job
    assert (prefix / SITE / "tensorflow/__init__.py").read_text() == "__version__ = '2.19.1'\n"
    assert json.loads(record.read_text())["requested_specs"] == asked
    _, answer = await api.call("GET", f"environments/{made['id']}/revisions")
    assert [revision["kind"] for revision in answer["revisions"]] == ["revert", "update", "create"]


async def test_a_package_that_is_no_longer_available_is_named_in_the_plan(
    api: Api, made: Any, tensorflow_channel: TinyChannel
) -> None:
    await _updated(api, made)
    discard(api.services.package_cache)
    plan = await api.plan(kind="revert", environment=made["id"], revision=0)
    assert [warning["code"] for warning in plan["warnings"] if warning["code"] == "packages-missing"] == []
    next(tensorflow_channel.root.glob("*/tensorflow-base-2.19*")).unlink()
    plan = await api.plan(kind="revert", environment=made["id"], revision=0)
    said = next(warning for warning in plan["warnings"] if warning["code"] == "packages-missing")
    assert "tensorflow-base 2.19.1" in said["message"]


async def test_an_unknown_revision_is_not_found(api: Api, made: Any) -> None:
    request = {"kind": "revert", "environment": made["id"], "revision": 7}
    status, error = await api.call("POST", "plans", request)
    assert (status, error["reason"]) == (404, "not-found")


async def test_the_warning_mentions_a_copy_only_if_it_offers_one(api: Api, made: Any) -> None:
    request = {"kind": "update", "environment": made["id"], "packages": ["tensorflow"]}
    [there] = [w for w in (await api.plan(**request))["warnings"] if w["code"] == "tensorflow-minor"]
    assert "update a copy" in there["message"]
    assert there["plan_request"]["into"]
    await _updated(api, made)
    plan = await api.plan(kind="revert", environment=made["id"], revision=0)
    [back] = [warning for warning in plan["warnings"] if warning["code"] == "tensorflow-minor"]
    assert "copy" not in back["message"]
    assert back["plan_request"] is None


async def test_a_revert_into_a_copy_leaves_the_original_as_it_is(api: Api, made: Any) -> None:
    await _updated(api, made)
    plan = await api.plan(kind="revert", environment=made["id"], revision=0, into="before")
    assert plan["name"] == "before"
    [command] = plan["commands"]
    assert command.startswith("conda create --name before ")
    assert "/tensorflow-2.19.1-" in command
    job = await api.apply(kind="revert", environment=made["id"], revision=0, into="before")
    assert job["state"] == "succeeded", job
    versions = {name: (await api.environment(name))["tensorflow"]["version"] for name in ("tf", "before")}
    assert versions == {"tf": "2.20.0", "before": "2.19.1"}
    copy = await api.environment("before")
    _, answer = await api.call("GET", f"environments/{copy['id']}/revisions")
    [revision] = answer["revisions"]
    assert (revision["kind"], revision["asked"]) == ("revert", "Revert to revision 0, in a copy of tf")
    _, first = await api.call("GET", f"environments/{made['id']}/revisions")
    assert revision["digest"] == first["revisions"][-1]["digest"]


async def test_a_revert_into_a_copy_has_whole_files_and_spares_the_originals(api: Api, made: Any) -> None:
    original = Path(made["prefix"]) / SITE / "tensorflow/__init__.py"
    original.unlink()
    original.write_text("changed")
    job = await api.apply(kind="revert", environment=made["id"], revision=0, into="whole")
    assert job["state"] == "succeeded", job
    copy = Path((await api.environment("whole"))["prefix"]) / SITE / "tensorflow/__init__.py"
    assert (copy.read_text(), original.read_text()) == ("__version__ = '2.19.1'\n", "changed")


async def test_a_protected_environment_is_reverted_in_a_copy(api: Api, made: Any) -> None:
    await _updated(api, made)
    (Path(made["prefix"]) / "conda-meta/frozen").write_text("{}")
    request = {"kind": "revert", "environment": made["id"], "revision": 0}
    assert (await api.call("POST", "plans", request))[1]["reason"] == "protected"
    assert (await api.apply(**request, into="copy"))["state"] == "succeeded"


async def test_the_name_of_the_copy_must_be_free_and_valid(api: Api, made: Any) -> None:
    request = {"kind": "revert", "environment": made["id"], "revision": 0}
    assert (await api.call("POST", "plans", {**request, "into": "tf"}))[1]["reason"] == "prefix-exists"
    assert (await api.call("POST", "plans", {**request, "into": "../tf"}))[1]["reason"] == "invalid-name"
