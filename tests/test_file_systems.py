"""File systems as they are: what they cannot do is found before a change, or is said with the directory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from .conftest import Api
from .shims import built
from .tiny_tensorflow import PYTHON

CREATE = {"kind": "create", "name": "tf", "tensorflow": "2.19.*", "python": PYTHON}


def _texts(warnings: list[Any]) -> str:
    return "\n".join(warning["message"] for warning in warnings)


async def _said(api: Api) -> str:
    status, body = await api.call("GET", "status")
    assert status == 200, body
    return _texts(body["warnings"])


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    return {"envs_dir": str(tmp_path / "envs")}


# Locks


@pytest.fixture
def no_locks(tmp_path: Path, jp_environ: None, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Neither this server nor its workers can lock a file."""
    import fcntl

    error = int(request.param)

    def refuse(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setenv("LD_PRELOAD", built("no_locks.c", tmp_path))
    monkeypatch.setenv("NOLOCK_ERRNO", str(error))


@pytest.mark.parametrize("no_locks", [37, 38, 95, 524, 13], indirect=True)
async def test_without_locks_a_job_names_the_package_cache_and_what_moves_it(no_locks: None, api: Api) -> None:
    cache = api.services.package_cache
    job = await api.apply(**CREATE)
    assert (job["state"], job["error"]["reason"]) == ("failed", "unusable-directory"), job
    assert f"The package cache {cache} cannot be locked" in job["error"]["message"]
    assert "TfenvLab.package_cache" in job["error"]["hint"]
    said = await _said(api)
    assert said == _texts(job["warnings"])
    assert f"The package cache, {cache}, cannot be used: its file system does not support locks" in said
    assert f"The file system of {api.services.envs_dir} does not support locks" in said
    assert list(api.services.envs_dir.iterdir()) == []
