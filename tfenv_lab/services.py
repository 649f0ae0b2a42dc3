"""The services of one server, as the handlers see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .app import TfenvLab
    from .conda.condarc import CondaSettings
    from .conda.repodata import Repodata
    from .environments.service import EnvironmentService
    from .jobs.service import JobService
    from .kernels.service import KernelService
    from .plans.service import PlanService
    from .tensorflow.catalog import Catalog


@dataclass
class Services:
    """Built once by ``TfenvLab.initialize_settings``; every handler reads it, none writes it."""

    app: TfenvLab
    conda: CondaSettings
    repodata: Repodata
    catalog: Catalog
    kernels: KernelService
    environments: EnvironmentService
    plans: PlanService
    jobs: JobService
