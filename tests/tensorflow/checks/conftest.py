"""Fixture of a fake environment to check."""

from __future__ import annotations

from pathlib import Path

import pytest

from .fake_environment import FakeEnvironment


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEnvironment:
    """An environment without TensorFlow, and without the variables that a check examines."""
    for name in ("PYTHONPATH", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "TF_USE_LEGACY_KERAS"):
        monkeypatch.delenv(name, raising=False)
    return FakeEnvironment(tmp_path / "envs" / "fake")
