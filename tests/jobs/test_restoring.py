"""A deletion is undone under another name, if another environment has its own now."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.settings.condarc import load, with_channels
from tfenv_lab.conda.transaction import set_aside
from tfenv_lab.jobs import outcomes
from tfenv_lab.jobs.messages import ApplyChange, RemoveEnvironment
from tfenv_lab.jobs.models import Job
from tfenv_lab.plans import restoring

from ..conda.conftest import Lab, lab
from ..conda.transaction.killing import end, order, start, tree, until_first_word, whole, widen
from ..conftest import Api
from ..tiny_tensorflow import PYTHON

__all__ = ["lab"]

CREATE = {"kind": "create", "name": "tf", "tensorflow": "2.20.*", "python": PYTHON}


@pytest.fixture
def deletion(api: Api, made: Any, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Any:
    """Delete an environment with files of its user, and create another one with its name."""

    async def delete() -> Any:
        prefix = Path(made["prefix"])
        (prefix / "bin/mine").write_text(f"#!{prefix}/bin/python\nprint('mine')\n")
        (prefix / "bin/again").symlink_to(prefix / "bin/mine")
        (prefix / "notes.txt").write_text(f"{prefix} and {prefix}2")
        await api.call("PUT", f"environments/{made['id']}/kernelspec", {"legacy_keras": True})
        await api.apply(kind="install", environment=made["id"], specs=["pandas"])
        _, job = await api.call("DELETE", f"environments/{made['id']}")
        await api.finished(job["id"])
        await api.services.jobs.ended(job["id"])
        assert (await api.apply(**CREATE))["state"] == "succeeded"
        return job

    return jp_asyncio_loop.run_until_complete(delete())


async def undo(api: Api, deletion: Any, name: str) -> Any:
    status, job = await api.call("POST", f"jobs/{deletion['id']}/undo", {"name": name})
    assert status == 202, job
    job = await api.finished(job["id"])
    assert job["state"] == "succeeded", job
    return job


async def names(api: Api, environment: Any) -> dict[str, str]:
    _, found = await api.call("GET", f"environments/{environment['id']}/packages")
    return {package["name"]: package["version"] for package in found["packages"]}


async def test_the_environment_returns_under_the_other_name(api: Api, deletion: Any) -> None:
    other = tree(Path(deletion["prefix"]))
    job = await undo(api, deletion, "back")
    found = await api.environment("back")
    assert (job["kind"], job["name"], job["environment"]) == ("restore", "back", found["id"])
    assert {"tensorflow": "2.19.1", "pandas": "2.2.0"}.items() <= (await names(api, found)).items()
    assert found["kernel"]["display_name"].startswith("back (")
    assert found["legacy_keras"]
    assert tree(Path(deletion["prefix"])) == other
    prefix = Path(found["prefix"])
    assert sorted(path.name for path in prefix.parent.iterdir()) == ["back", "tf"]
    assert f"{prefix}\n" in Path(os.environ["HOME"], ".conda/environments.txt").read_text()
    _, deletion = await api.call("GET", f"jobs/{deletion['id']}")
    assert deletion["undo"] is None


async def test_its_files_name_the_new_path(api: Api, deletion: Any) -> None:
    await undo(api, deletion, "back")
    prefix = Path((await api.environment("back"))["prefix"])
    assert (prefix / "bin/mine").read_text().startswith(f"#!{prefix}/bin/python\n")
    assert (prefix / "bin/again").readlink() == prefix / "bin/mine"
    assert (prefix / "notes.txt").read_text() == f"{prefix} and {deletion['prefix']}2"
    assert f"{prefix}/lib/" in (prefix / "bin/python").read_text()
    _, found = await api.call("GET", f"environments/{(await api.environment('back'))['id']}/files?contents=true")
    assert not any(found.values())


async def test_its_history_goes_on(api: Api, deletion: Any) -> None:
    await undo(api, deletion, "back")
    found = await api.environment("back")
    _, body = await api.call("GET", f"environments/{found['id']}/revisions")
    asked = [revision["asked"] for revision in body["revisions"]]
    assert asked[:2] == ["Restore tf as back", "Install pandas"]
    job = await api.apply(kind="revert", environment=found["id"], revision=0)
    assert job["state"] == "succeeded", job
    assert "pandas" not in await names(api, found)


async def test_a_hidden_environment_stays_hidden(api: Api, made: Any) -> None:
    await api.call("DELETE", f"environments/{made['id']}/kernelspec")
    _, job = await api.call("DELETE", f"environments/{made['id']}")
    await api.finished(job["id"])
    # Its own name may be free, too.
    await undo(api, job, "back")
    found = await api.environment("back")
    assert (found["hidden"], found["kernel"]) == (True, None)


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"name": "taken"}, 409, "prefix-exists"),
        ({"name": "../tf"}, 422, "invalid-name"),
        ({"name": ""}, 422, "invalid-name"),
        ({"name": 1}, 400, "invalid-request"),
        ({"prefix": "/tmp/x"}, 400, "invalid-request"),
        ({"name": None}, 409, "prefix-exists"),
    ],
)
async def test_a_name_that_cannot_be_used_changes_nothing(
    api: Api, deletion: Any, body: Any, status: int, reason: str
) -> None:
    folder = Path(deletion["prefix"]).parent
    (folder / "taken").mkdir()
    before = sorted(folder.iterdir())
    answer, error = await api.call("POST", f"jobs/{deletion['id']}/undo", body)
    assert (answer, error["reason"]) == (status, reason)
    assert sorted(folder.iterdir()) == before
    await undo(api, deletion, "back")


def files(prefix: Path) -> set[str]:
    """Return the files of an environment, without its revisions."""
    return {name for name in tree(prefix) if "tfenv_lab" not in name}


@pytest.mark.parametrize("kills", [pytest.param(6, id="6"), pytest.param(60, id="60", marks=pytest.mark.long)])
def test_a_killed_restore_leaves_a_whole_environment_or_none(lab: Lab, kills: int) -> None:
    widen(lab)
    new, settings = lab.prefix.with_name("back"), with_channels(load(), [lab.channel.url])
    random.seed(kills)
    seconds, seen = 0.5, set()
    for number in range(kills):
        deletion, job = f"1{number:04d}", f"2{number:04d}"
        whole(order(lab, lab.prefix, f"0{number:04d}", "app ==3.0", "tool ==1.0", origin="new", fingerprint=None))
        before = tree(lab.prefix)
        whole(RemoveEnvironment(deletion, lab.prefix, keep=True))
        lab.prefix.mkdir()
        (lab.prefix / "mine").write_text("another environment")
        kept = set_aside.tree_of(lab.prefix, deletion)
        change = restoring.change(kept, lab.prefix, new, settings)
        worker = start(ApplyChange(job, change, settings, lab.root / "pkgs", lab.root / "bytecode", deletion=deletion))
        until_first_word(worker)
        time.sleep(random.random() * seconds)
        told = end(worker)
        done = told or outcomes.clean_up(Job(job, "restore", "back", str(new), None, deletion=deletion))[0]
        outcomes.collect([lab.prefix, new], busy=())
        assert done == new.exists(), number
        assert tree(lab.prefix).keys() == {"mine"}
        if done:
            assert {name for name in tree(new) if "tfenv_lab" not in name} == {
                n for n in before if "tfenv_lab" not in n
            }
        else:
            assert tree(kept) == before
        seen.add(done)
        seconds *= 0.7 if done else 1.3
        for path in (new, lab.prefix):
            shutil.rmtree(path, ignore_errors=True)
        set_aside.expire(lab.prefix, deletion)
        left = {path.name for path in lab.prefix.parent.iterdir()}
        assert not [
            name for name in left if name.startswith(".tfenv-") and "-lock-" not in name and "-holder-" not in name
        ]
    assert True in seen
