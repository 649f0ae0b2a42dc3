"""Test which environments the workers of a cluster can run."""

from __future__ import annotations

import pytest

from tfenv_lab.cluster.fitting import require_fit
from tfenv_lab.errors import ClusterMismatch

SCHEDULER = {"distributed": "2026.8.0", "python": "3.11.7"}
FITS = {"distributed": "2026.8.0", "python": "3.11.2", "tensorflow": "2.19.1"}


def test_an_environment_with_the_same_distributed_and_minor_version_of_python_fits() -> None:
    require_fit("app", FITS, SCHEDULER, "id")


@pytest.mark.parametrize("version", [None, "2026.7.1"])
def test_another_distributed_or_none_is_refused_with_the_offer_of_the_right_one(version: str | None) -> None:
    packages = {name: found for name, found in {**FITS, "distributed": version}.items() if found}
    with pytest.raises(ClusterMismatch) as refused:
        require_fit("app", packages, SCHEDULER, "id")
    assert (version or "no distributed") in refused.value.message
    [offer] = refused.value.alternatives
    assert offer["plan_request"] == {"kind": "install", "environment": "id", "specs": ["distributed==2026.8.0"]}


@pytest.mark.parametrize("version", [None, "3.12.7", "3.1.7"])
def test_another_minor_version_of_python_is_refused(version: str | None) -> None:
    packages = {name: found for name, found in {**FITS, "python": version}.items() if found}
    with pytest.raises(ClusterMismatch, match=version or "no Python"):
        require_fit("app", packages, SCHEDULER, None)
