from __future__ import annotations

import json
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from ..conftest import MACHINE, Forge


@pytest.fixture
def jp_server_config(forge: Forge, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    for name, value in MACHINE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CONDA_SUBDIR", "linux-64")
    forge.tensorflow("2.20.0rc0", "cpu", "3.12")
    forge.tensorflow("2.19.1", "cpu", "3.12")
    forge.tensorflow("2.19.1", "cuda128", "3.12")
    return {
        "ServerApp": {"jpserver_extensions": {"tfenv_lab": True}},
        "TfenvLab": {"channels": [forge.index()]},
    }


async def _get(jp_fetch: Any, *path: str, **params: str) -> Any:
    return json.loads((await jp_fetch("tfenv-lab", *path, params=params)).body)


def without_sentences(value: Any) -> Any:
    """Return an answer without what only translations need."""
    if isinstance(value, dict):
        return {name: without_sentences(each) for name, each in value.items() if name != "sentences"}
    return [without_sentences(each) for each in value] if isinstance(value, list) else value


async def test_the_catalog(jp_fetch: Any) -> None:
    answer = await _get(jp_fetch, "tensorflow")
    assert answer["subdir"] == "linux-64"
    assert without_sentences(answer["releases"]) == [
        {
            "version": "2.19.1",
            "python": ["3.12"],
            "variants": [
                {
                    "name": "cuda12.8",
                    "python": ["3.12"],
                    "installable": False,
                    "reason": "needs a driver for CUDA 12, but this machine has none",
                    "blocked": [{"python": "3.12", "reason": "needs a driver for CUDA 12, but this machine has none"}],
                    "source": "conda",
                },
                {
                    "name": "cpu",
                    "python": ["3.12"],
                    "installable": True,
                    "reason": None,
                    "blocked": [],
                    "source": "conda",
                },
            ],
            "keras": "3.5.0",
            "keras_versions": [{"version": "3.5.0", "python": ["3.12"], "source": "conda"}],
            "published": "2023-11-14",
            "prerelease": False,
            "recommended": True,
        }
    ]


async def test_prereleases_and_another_driver_on_request(jp_fetch: Any) -> None:
    answer = await _get(jp_fetch, "tensorflow", prereleases="1", cuda="12.8")
    assert [release["version"] for release in answer["releases"]] == ["2.20.0rc0", "2.19.1"]
    assert all(variant["installable"] for variant in answer["releases"][1]["variants"])


async def test_packages_as_they_are_typed(jp_fetch: Any) -> None:
    answer = await _get(jp_fetch, "packages", query="Ker")
    assert answer == {
        "packages": [
            {"name": "keras", "versions": ["3.5.0", "2.15.0"], "source": "conda"},
            {"name": "ipykernel", "versions": ["6.29.0"], "source": "conda"},
        ]
    }


@pytest.mark.parametrize(
    ("path", "params", "reason"),
    [
        ("packages", {}, "invalid-request"),
        ("packages", {"query": "x" * 129}, "invalid-request"),
        ("tensorflow", {"cuda": "--prefix"}, "invalid-request"),
    ],
)
async def test_invalid_queries_are_refused(jp_fetch: Any, path: str, params: dict[str, str], reason: str) -> None:
    with pytest.raises(HTTPClientError) as raised:
        await _get(jp_fetch, path, **params)
    assert raised.value.response is not None
    assert raised.value.code == 400
    assert json.loads(raised.value.response.body)["reason"] == reason


async def test_an_unreachable_channel(jp_fetch: Any, forge: Forge) -> None:
    (forge.root / "noarch" / "repodata.json").unlink()
    with pytest.raises(HTTPClientError) as raised:
        await _get(jp_fetch, "tensorflow")
    assert raised.value.response is not None
    assert raised.value.code == 502
    body = json.loads(raised.value.response.body)
    assert body["reason"] == "channel-unreachable"
    assert "forge" in body["message"]
