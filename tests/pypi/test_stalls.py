"""Test that uv is ended if its downloads make no progress, with an error that names the address."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from tests.simple_index import SimpleIndex
from tfenv_lab import stalls
from tfenv_lab.errors import IndexUnreachable
from tfenv_lab.pypi import installing
from tfenv_lab.pypi.models import Distribution

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the progress of uv is read from a terminal")


@pytest.fixture
def wheel(simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch) -> Distribution:
    """Provide a wheel that is large enough for a progress bar, and a limit of some seconds."""
    monkeypatch.setattr(stalls, "LIMIT", 3.0)
    return simple_index.distribution(simple_index.add("demo", files={"demo.bin": os.urandom(200_000)}))


def _install(wheel: Distribution, index: SimpleIndex, tree: Path) -> None:
    installing.install(Path(sys.executable), tree, [wheel], index.settings, on_download=lambda *_: None)


def test_an_index_that_never_answers_is_abandoned(
    wheel: Distribution, simple_index: SimpleIndex, tmp_path: Path
) -> None:
    simple_index.hold = threading.Event()
    try:
        with pytest.raises(IndexUnreachable, match="made no progress for 3 seconds") as failed:
            _install(wheel, simple_index, tmp_path / "tree")
    finally:
        simple_index.hold.set()
    assert wheel.url in failed.value.message
    assert failed.value.hint is not None


def test_an_index_that_drips_is_abandoned(wheel: Distribution, simple_index: SimpleIndex, tmp_path: Path) -> None:
    simple_index.pace = (1000, 0.5)
    with pytest.raises(IndexUnreachable, match="made no progress"):
        _install(wheel, simple_index, tmp_path / "tree")


def test_a_slow_index_is_not_abandoned(wheel: Distribution, simple_index: SimpleIndex, tmp_path: Path) -> None:
    simple_index.pace = (50_000, 1.0)
    _install(wheel, simple_index, tmp_path / "tree")
    assert list((tmp_path / "tree").rglob("demo.bin"))


def test_a_longer_time_limit_for_uv_counts(
    wheel: Distribution, simple_index: SimpleIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stalls, "LIMIT", 0.1)
    monkeypatch.setenv("UV_HTTP_TIMEOUT", "60")
    simple_index.delay = 0.5
    _install(wheel, simple_index, tmp_path / "tree")
    assert list((tmp_path / "tree").rglob("demo.bin"))
