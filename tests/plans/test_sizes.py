"""What a plan says a change costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfenv_lab.conda.records import contents
from tfenv_lab.conda.staging import discard

from ..conftest import Api


async def test_a_copy_fetches_only_what_is_bound_to_its_place(api: Api, made: Any) -> None:
    plan = await api.plan(kind="clone", environment=made["id"], name="copy")
    assert plan["download_bytes"] == 0
    discard(api.services.package_cache)
    bound = {name for name, found in contents(Path(made["prefix"])).items() if found.is_bound}
    plan = await api.plan(kind="clone", environment=made["id"], name="copy")
    sizes = {
        f"{entry['name']}-{entry['to']['version']}-{entry['to']['build']}.json": entry["to"]["size"]
        for entry in plan["entries"]
    }
    assert bound, "its Python, at least"
    assert len(bound) < len(sizes)
    assert plan["download_bytes"] == sum(sizes[name] for name in bound)
    job = await api.apply(kind="clone", environment=made["id"], name="copy")
    assert job["state"] == "succeeded", job
    assert job["progress"]["done_bytes"] == plan["download_bytes"]


async def test_an_update_fetches_what_moves(api: Api, made: Any) -> None:
    plan = await api.plan(kind="update", environment=made["id"], packages=["tensorflow"])
    assert plan["download_bytes"] == sum(entry["to"]["size"] for entry in plan["entries"])
    assert 0 < len(plan["entries"]) < 5
