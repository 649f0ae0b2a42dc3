"""Test that Keras 2 stays chosen in an environment that is exported and imported again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ..conftest import Api
from . import test_legacy_keras
from .test_legacy_keras import use_keras_2, variable_of

tensorflow_channel = test_legacy_keras.tensorflow_channel


async def _exported(api: Api, environment: Any, query: str) -> str:
    status, text = await api.call("GET", f"environments/{environment['id']}/export?format={query}")
    assert status == 200, text
    return json.dumps(text) if isinstance(text, dict) else str(text)


@pytest.mark.parametrize(
    "query",
    ["environment-yml", "environment-yml&specs=all", "explicit", "conda-lock", "pixi-lock", "notebook"],
)
async def test_keras_2_survives_export_and_import(api: Api, made: Any, query: str) -> None:
    assert (await use_keras_2(api, made))["state"] == "succeeded"
    text = await _exported(api, made, query)
    plan = await api.plan(kind="import", name="again", content=text)
    assert "TF_USE_LEGACY_KERAS=1" in "\n".join(warning["message"] for warning in plan["warnings"])
    job = await api.apply(kind="import", name="again", content=text)
    assert job["state"] == "succeeded", job
    again = await api.environment("again")
    assert again["legacy_keras"] == {"available": True, "version": "2.19.0", "enabled": True}
    assert variable_of("conda-env-again-py") == "1"
    # The second export is as good as the first.
    assert "TF_USE_LEGACY_KERAS" in await _exported(api, again, query)


@pytest.mark.parametrize("query", ["environment-yml", "notebook"])
async def test_keras_3_sets_nothing(api: Api, made: Any, query: str) -> None:
    text = await _exported(api, made, query)
    assert "TF_USE_LEGACY_KERAS" not in text
    assert (await api.apply(kind="import", name="again", content=text))["state"] == "succeeded"
    assert (await api.environment("again"))["legacy_keras"]["enabled"] is False
