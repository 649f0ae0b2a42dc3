"""Test which running kernels belong to an environment, and which of them must restart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Api
from tests.prefixes import add_dist_info, add_record, make_prefix
from tfenv_lab.environments.discovery import id_of


@pytest.fixture
def tf(clean_home: Path) -> Path:
    return make_prefix(
        clean_home / ".conda" / "envs" / "tf",
        ["tensorflow-2.19.1-cpu_py311h1_0"],
        python="3.11.9",
        kernels=["python3"],
    )


@pytest.fixture
def start(api: Api, jp_fetch: Any, tf: Path) -> Any:
    """Return a function that starts a notebook's kernel in the environment, and returns the session."""

    async def session() -> Any:
        kernel = {"name": (await api.environment("tf"))["kernel"]["name"]}
        body = {"path": "work/model.ipynb", "type": "notebook", "name": "", "kernel": kernel}
        return json.loads((await jp_fetch("api", "sessions", method="POST", body=json.dumps(body))).body)

    return session


def replace_tensorflow(prefix: Path) -> None:
    (prefix / "conda-meta" / "tensorflow-2.19.1-cpu_py311h1_0.json").unlink()
    add_record(prefix, "tensorflow-2.20.0-cpu_py311h1_0")


async def test_a_kernel_must_restart_after_an_update_until_it_did(
    api: Api, tf: Path, start: Any, jp_fetch: Any
) -> None:
    kernel = (await start())["kernel"]["id"]
    path = f"environments/{id_of(tf)}/kernels"
    try:
        assert (await api.environment("tf"))["outdated_kernels"] == []
        replace_tensorflow(tf)
        found = await api.environment("tf")
        assert found["outdated_kernels"] == [kernel]
        assert found["kernel"]["display_name"] == "tf (TensorFlow 2.20.0)"
        assert (await api.call("GET", path))[1]["kernels"] == [
            {"id": kernel, "name": "conda-env-tf-py", "notebook": "work/model.ipynb", "outdated": True}
        ]
        await jp_fetch("api", "kernels", kernel, "restart", method="POST", body="{}")
        assert (await api.environment("tf"))["outdated_kernels"] == []
    finally:
        assert await api.call("DELETE", path) == (200, {"kernels": []})
    assert json.loads((await jp_fetch("api", "sessions")).body) == []


async def test_a_package_that_is_only_added_needs_no_restart(api: Api, tf: Path, start: Any) -> None:
    await start()
    add_record(tf, "pandas-2.2.0-py_0")
    folder = add_dist_info(tf / "lib/python3.11/site-packages", "greet", "1.0")
    assert (await api.environment("tf"))["outdated_kernels"] == []
    folder.rename(folder.with_name("greet-2.0.dist-info"))
    assert (await api.environment("tf"))["outdated_kernels"] == []
    await api.call("DELETE", f"environments/{id_of(tf)}/kernels")


async def test_a_kernel_that_ended_needs_no_restart(api: Api, tf: Path, start: Any, jp_fetch: Any) -> None:
    session = await start()
    replace_tensorflow(tf)
    await jp_fetch("api", "sessions", session["id"], method="DELETE")
    assert (await api.environment("tf"))["outdated_kernels"] == []


async def test_kernels_of_other_environments_are_not_shut_down(api: Api, tf: Path, start: Any, jp_fetch: Any) -> None:
    other = make_prefix(tf.parent / "other", python="3.11.9", kernels=["python3"])
    session = await start()
    assert await api.call("DELETE", f"environments/{id_of(other)}/kernels") == (200, {"kernels": []})
    assert len(json.loads((await jp_fetch("api", "sessions")).body)) == 1
    await jp_fetch("api", "sessions", session["id"], method="DELETE")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_an_environment_that_does_not_exist(api: Api, method: str) -> None:
    status, error = await api.call(method, "environments/0000/kernels")
    assert (status, error["reason"]) == (404, "not-found")


async def test_a_renamed_environment_knows_what_its_notebooks_call_its_kernel(api: Api, made: Any) -> None:
    first = made["kernel"]["name"]
    assert made["former_kernels"] == []
    for name, former in (("second", [first]), ("third", [first, "conda-env-second-py"])):
        identifier = (await api.environment("tf" if name == "second" else "second"))["id"]
        job = await api.apply(kind="rename", environment=identifier, name=name)
        assert job["state"] == "succeeded", job
        assert (await api.environment(name))["former_kernels"] == former
    await api.apply(kind="clone", environment=(await api.environment("third"))["id"], name="copy")
    assert (await api.environment("copy"))["former_kernels"] == []


async def test_names_that_no_kernel_can_have_are_ignored(api: Api, made: Any) -> None:
    file = Path(made["prefix"]) / "conda-meta" / "tfenv_lab" / "former-kernels.json"
    for text in ("[", '{"a": 1}', '["../x", "<b>"]'):
        file.write_text(text)
        (file.parent.parent / "history").touch()
        assert (await api.environment("tf"))["former_kernels"] == []
