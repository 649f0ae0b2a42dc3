"""Turn an environment of this machine into what a rollout brings to the nodes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..environments.exporting import export
from ..errors import Protected
from ..models import Advice
from ..nodes.hashes import require_hashes
from ..nodes.lockfile import LockFile
from ..nodes.publish import version_name
from ..sentences import say, some

if TYPE_CHECKING:
    from ..environments.models import Environment
    from ..services import Services

#: Number of differing packages that are named.
_SHOWN = 10


@dataclass(frozen=True)
class Prepared:
    """A lock, the name of its version on the nodes, its digest, and the versions of its packages by name."""

    lock: LockFile
    version: str
    digest: str
    packages: dict[str, str]
    warnings: Sequence[Advice] = ()


async def prepare(services: Services, environment: Environment) -> Prepared:
    """Return the lock of an environment. Raises what a plan raises."""
    lock = LockFile(await export(environment, "pixi-lock", "requested", services.conda))
    request = lock.request(version_name(environment.name, "0" * 64))
    warnings = []
    with contextlib.suppress(Protected):
        # The change that would make the environment equal to its own lock.
        back = await services.plans.create({**request, "name": None, "environment": environment.id})
        if back.entries:
            names = some([entry["name"] for entry in back.entries], _SHOWN)
            message = say(
                "The workers get the environment without these changes by other programs: {names}.", names=names
            )
            warnings.append(Advice("rollout-differs", "warning", message))
    plan = await services.plans.create(request)
    if plan.change is not None:
        await asyncio.to_thread(require_hashes, plan.change)
    digest = plan.digest or ""
    packages = {entry["name"]: entry["to"]["version"] for entry in plan.entries if entry["to"]}
    return Prepared(lock, version_name(environment.name, digest), digest, packages, warnings)
