"""Find the clusters of a server: those of its configuration, and those that dask-labextension has started in it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, NamedTuple


class KnownCluster(NamedTuple):
    """The name of a cluster on screen, and the address of its scheduler."""

    name: str
    address: str


def known(configured: Mapping[str, str]) -> dict[str, KnownCluster]:
    """Return the clusters by id, which is the name of a configured one."""
    found = {name: KnownCluster(name, address) for name, address in sorted(configured.items())}
    return {**_of_labextension(), **found}


def _of_labextension() -> dict[str, KnownCluster]:
    """Return the clusters that dask-labextension manages. It is not imported: it imports Dask itself."""
    manager: Any = getattr(sys.modules.get("dask_labextension.manager"), "manager", None)
    try:
        models = manager.list_clusters() if manager is not None else []
        return {str(each["id"]): KnownCluster(str(each["name"]), str(each["scheduler_address"])) for each in models}
    except Exception:
        # A cluster that is just starting or ending, or another version of it, must not hide the configured ones.
        return {}
