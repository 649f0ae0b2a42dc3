"""The configuration of a machine without a Jupyter server."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

log = logging.getLogger("tfenv_lab")


@dataclass(frozen=True)
class NodeConfiguration:
    """The defaults of the traits; condarc, and the configuration of pip and uv, are those of the machine.

    Its environments have no kernels: nobody starts a notebook there, and the home directory may be shared.
    """

    envs_dir: str = ""
    package_cache: str = ""
    channels: Sequence[str] = ()
    allowed_channels: Sequence[str] = ()
    python_index: str = ""
    allowed_indexes: Sequence[str] = ()
    allow_source_builds: bool = False
    allow_url_requirements: bool = True
    package_cache_limit: int | str = 0
    max_environments: int = 0
    max_bytes: int | str = 0
    undo_minutes: int = 0
    max_running_jobs: int = 1
    protected_environments: Sequence[str] = ()
    kernel_display_name: str = "{name}"
    kernel_filter: str = ".*"
    kernel_variables_excluded: Sequence[str] = ()
    check_after_change: bool = False
    spare_worker: bool = False
    clusters: Mapping[str, str] = field(default_factory=dict)
    offline: bool = False
    warnings: Sequence[str] = ()
    log: logging.Logger = field(default=log)
