"""Test the REST API for environments: the list, one of them, packages, size and kernelspecs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from tests.conftest import Api
from tests.prefixes import add_dist_info, make_prefix
from tfenv_lab.environments.discovery import id_of


@pytest.fixture
def tf(envs: Path) -> Path:
    prefix = make_prefix(envs / "tf", ["tensorflow-2.19.1-cpu_py311h1_0"], python="3.11.9", kernels=["python3"])
    add_dist_info(prefix / "lib/python3.11/site-packages", "keras", "3.5.0")
    return prefix


async def test_the_list_has_environments_of_other_tools(api: Api, tf: Path) -> None:
    status, body = await api.call("GET", "environments")
    assert status == 200
    found = {item["prefix"]: item for item in body["environments"]}[str(tf)]
    assert found["tensorflow"] == {
        "version": "2.19.1", "build": "cpu_py311h1_0", "variant": "cpu", "source": "conda",
    }  # fmt: skip
    assert found["keras"] == {"version": "3.5.0", "source": "pypi"}
    kernel = {"name": "conda-env-tf-py", "display_name": "tf (TensorFlow 2.19.1)"}
    assert (found["kernel"], found["protected"], found["busy"]) == (kernel, False, None)
    assert await api.call("GET", f"environments/{found['id']}") == (200, found)


async def test_packages(api: Api, tf: Path) -> None:
    identifier = id_of(tf)
    status, body = await api.call("GET", f"environments/{identifier}/packages")
    assert status == 200
    assert [(item["name"], item["source"]) for item in body["packages"]] == [
        ("keras", "pypi"), ("python", "conda"), ("tensorflow", "conda"),
    ]  # fmt: skip


async def test_size(api: Api, tf: Path) -> None:
    status, body = await api.call("GET", f"environments/{id_of(tf)}/size")
    assert status == 200
    assert body["bytes"] > 0
    assert body["shared"] == 0


async def test_a_kernel_is_registered_and_unregistered(api: Api, tf: Path) -> None:
    path = f"environments/{id_of(tf)}/kernelspec"
    status, body = await api.call("PUT", path, {})
    assert (status, body["kernel"]) == (
        200, {"name": "conda-env-tf-py", "display_name": "tf (TensorFlow 2.19.1)"},
    )  # fmt: skip
    assert "conda-env-tf-py" in KernelSpecManager().find_kernel_specs()
    status, body = await api.call("DELETE", path)
    assert (status, body["kernel"]) == (200, None)
    assert "conda-env-tf-py" not in KernelSpecManager().find_kernel_specs()


async def test_without_ipykernel_it_cannot_be_a_kernel(api: Api, envs: Path) -> None:
    bare = make_prefix(envs / "bare", python="3.11.9")
    status, body = await api.call("PUT", f"environments/{id_of(bare)}/kernelspec", {})
    assert (status, body["reason"]) == (400, "invalid-request")
    assert body["hint"] == "Install the package ipykernel in the environment first."
    assert "share/jupyter/kernels" in body["details"]


@pytest.mark.parametrize("path", ["", "/packages", "/size"])
@pytest.mark.parametrize("identifier", ["0" * 20, "..%2F..", "é", "x" * 2000])
async def test_an_unknown_id(path: str, identifier: str, api: Api) -> None:
    status, body = await api.call("GET", f"environments/{identifier}{path}")
    assert (status, body["reason"]) == (404, "not-found")
    status, body = await api.call("PUT", f"environments/{identifier}/kernelspec", {})
    assert (status, body["reason"]) == (404, "not-found")


async def test_a_kernel_follows_what_happens_to_its_environment_in_a_terminal(api: Api, tf: Path) -> None:
    await api.call("PUT", f"environments/{id_of(tf)}/kernelspec", {})
    record = tf / "conda-meta" / "tensorflow-2.19.1-cpu_py311h1_0.json"
    record.rename(tf / "conda-meta" / "tensorflow-2.20.0-cpu_py311h1_0.json")
    await api.call("GET", "environments")
    await api.services.environments.stop()
    found = await api.environment("tf")
    assert found["kernel"]["display_name"] == "tf (TensorFlow 2.20.0)"
    tf.rename(tf.parent.parent / "deleted")
    await api.call("GET", "environments")
    await api.services.environments.stop()
    assert "conda-env-tf-py" not in KernelSpecManager().find_kernel_specs()


async def test_credentials_of_channels_never_leave_the_server(api: Api, tf: Path, caplog: Any) -> None:
    record = json.loads((tf / "conda-meta" / "tensorflow-2.19.1-cpu_py311h1_0.json").read_text())
    record["channel"] = "https://me:pa55word@private.org/t/tk-s3cret/chan"
    (tf / "conda-meta" / "private-1.0-0.json").write_text(json.dumps(record))
    identifier = id_of(tf)
    for path in ("", "/packages"):
        _, body = await api.call("GET", f"environments/{identifier}{path}")
        assert not any(secret in json.dumps(body) for secret in ("pa55word", "tk-s3cret"))
    assert not any(secret in caplog.text for secret in ("pa55word", "tk-s3cret"))
