"""Test where the clusters of a server come from."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from tfenv_lab.cluster.sources import KnownCluster, known

STARTED = {"id": "1b-2c", "name": "SLURMCluster 1", "scheduler_address": "tls://10.0.0.2:8786", "workers": 3}


def _manage(monkeypatch: pytest.MonkeyPatch, models: Any) -> None:
    manager = SimpleNamespace(list_clusters=lambda: models)
    monkeypatch.setitem(sys.modules, "dask_labextension.manager", SimpleNamespace(manager=manager))


def test_clusters_of_the_configuration_and_of_dask_labextension_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    _manage(monkeypatch, [STARTED])
    assert known({"gpu": "tls://10.0.0.1:8786"}) == {
        "1b-2c": KnownCluster("SLURMCluster 1", "tls://10.0.0.2:8786"),
        "gpu": KnownCluster("gpu", "tls://10.0.0.1:8786"),
    }


def test_a_configured_cluster_is_never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    _manage(monkeypatch, [{**STARTED, "id": "gpu"}])
    assert known({"gpu": "tls://10.0.0.1:8786"}) == {"gpu": KnownCluster("gpu", "tls://10.0.0.1:8786")}


@pytest.mark.parametrize("models", [None, [{}], [{"id": "1"}], 5])
def test_another_version_of_dask_labextension_does_not_hide_the_configured_ones(
    models: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _manage(monkeypatch, models)
    assert list(known({"gpu": "tls://10.0.0.1:8786"})) == ["gpu"]


def test_dask_labextension_is_not_imported() -> None:
    assert known({}) == {}
    assert "dask_labextension" not in sys.modules
