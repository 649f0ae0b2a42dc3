"""Keras 2 and back: the package by a plan, the variable in the kernelspec."""

from __future__ import annotations

from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from tests.conftest import Api
from tests.tiny_channel import TinyChannel
from tests.tiny_tensorflow import SITE

VARIABLE = "TF_USE_LEGACY_KERAS"


@pytest.fixture
def tensorflow_channel(tensorflow_channel: TinyChannel) -> TinyChannel:
    for version in ("2.19.0", "2.20.1"):
        tensorflow_channel.add(
            "tf-keras",
            version,
            noarch="generic",
            depends=["python"],
            files={f"{SITE}/tf_keras/__init__.py": f"__version__ = '{version}'\n"},
        )
    tensorflow_channel.index()
    return tensorflow_channel


def variable_of(kernel: str = "conda-env-tf-py") -> str | None:
    return KernelSpecManager().get_kernel_spec(kernel).env.get(VARIABLE)


async def use_keras_2(api: Api, environment: Any, **more: Any) -> Any:
    specs = ["tf-keras=2.19.*"]
    return await api.apply(kind="install", environment=environment["id"], specs=specs, legacy_keras=True, **more)


async def test_a_plan_adds_the_package_and_its_job_sets_the_variable(api: Api, made: Any) -> None:
    assert made["legacy_keras"] == {"version": None, "enabled": False}
    job = await use_keras_2(api, made)
    assert job["state"] == "succeeded", job
    assert (await api.environment("tf"))["legacy_keras"] == {"version": "2.19.0", "enabled": True}
    assert variable_of() == "1"


async def test_the_plan_says_what_the_kernel_will_set(api: Api, made: Any) -> None:
    plan = await api.plan(
        kind="install", environment=made["id"], specs=["tf-keras=2.19.*"], into=None, legacy_keras=True
    )
    assert [(warning["code"], warning["severity"]) for warning in plan["warnings"]] == [("legacy-keras", "info")]
    assert [entry["name"] for entry in plan["entries"]] == ["tf-keras"]


async def test_a_later_change_keeps_it(api: Api, made: Any) -> None:
    await use_keras_2(api, made)
    await api.apply(kind="install", environment=made["id"], specs=["pandas"])
    assert variable_of() == "1"


async def test_and_back_again(api: Api, made: Any) -> None:
    await use_keras_2(api, made)
    path = f"environments/{made['id']}/kernelspec"
    status, found = await api.call("PUT", path, {"legacy_keras": False})
    assert (status, found["legacy_keras"]) == (200, {"version": "2.19.0", "enabled": False})
    assert variable_of() is None
    # The package is still there: no plan is needed the second time.
    status, found = await api.call("PUT", path, {"legacy_keras": True})
    assert (status, found["legacy_keras"]["enabled"], variable_of()) == (200, True, "1")


async def test_registering_the_kernel_again_keeps_it(api: Api, made: Any) -> None:
    await use_keras_2(api, made)
    await api.call("PUT", f"environments/{made['id']}/kernelspec", {})
    assert variable_of() == "1"


async def test_a_copy_has_what_the_original_has(api: Api, made: Any) -> None:
    await use_keras_2(api, made)
    await api.apply(kind="clone", environment=made["id"], name="copy")
    assert variable_of("conda-env-copy-py") == "1"


async def test_into_a_copy_the_original_keeps_keras_3(api: Api, made: Any) -> None:
    await use_keras_2(api, made, into="keras2")
    assert variable_of("conda-env-keras2-py") == "1"
    assert variable_of() is None


@pytest.mark.parametrize("body", [{"legacy_keras": "yes"}, {"env": {"PATH": "/tmp"}}, {"legacy_keras": {"A": "B"}}])
async def test_no_text_becomes_a_variable(api: Api, made: Any, body: dict[str, Any]) -> None:
    status, error = await api.call("PUT", f"environments/{made['id']}/kernelspec", body)
    assert (status, error["reason"]) == (400, "invalid-request")
    request = {"kind": "install", "environment": made["id"], "specs": ["pandas"], **body}
    status, error = await api.call("POST", "plans", request)
    assert (status, error["reason"]) == (400, "invalid-request")
