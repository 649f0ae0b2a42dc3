"""The command that installs an environment on the workers of a cluster."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from traitlets import Unicode

from ..cluster.models import NodeResult, RolloutPlan
from ..cluster.planner import plan
from ..cluster.rollout import Rollout
from ..environments.exporting import export
from ..environments.models import Environment
from ..errors import ErrorJson, InvalidRequest, Protected
from ..nodes.lockfile import LockFile
from ..nodes.publish import version_name
from ..sentences import megabytes, some
from ..services import Services
from .changes import ChangeApp
from .command import SOME_FAILED, TfenvCommand, table

#: Number of differing packages that are named.
_SHOWN = 10


class RolloutApp(ChangeApp):
    """Install an environment on the workers of a Dask cluster, as a version NAME-DIGEST on each."""

    least, most, usage = 1, 1, "rollout NAME --scheduler=ADDRESS [--nodes=WORKER,…]"
    scheduler = Unicode("", help="Address of the scheduler, as in tls://10.0.0.1:8786.").tag(config=True)
    nodes = Unicode("", help="Names of the workers, separated by commas. Default: all, also those that come late.").tag(
        config=True
    )
    aliases = {**ChangeApp.aliases, "scheduler": "RolloutApp.scheduler", "nodes": "RolloutApp.nodes"}
    flags = {name: ChangeApp.flags[name] for name in (*TfenvCommand.flags, "dry-run")}

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        if not self.scheduler:
            raise InvalidRequest(f"Usage: jupyter tfenv {self.usage}", hint="Name the scheduler with --scheduler.")
        try:
            from ..cluster.dask.engine import connect
        except ImportError as error:
            hint = "Install tfenv_lab[dask], with the version of distributed that the cluster has."
            raise InvalidRequest("The package distributed is not installed here.", str(error), hint) from error
        environment = await self.find(services, arguments[0])
        lock = LockFile(await export(environment, "pixi-lock", "requested", services.conda))
        digest = await self._digest(services, environment, lock)
        names = list(filter(None, self.nodes.split(",")))
        async with connect(self.scheduler) as engine:
            found = await plan(engine, lock, version_name(environment.name, digest), digest, names)
            if self.dry_run:
                self.write(_as_json(found), _describe(found))
                return 0
            if not self.json:
                print(_describe(found))
            waiting = [each for each in found.nodes if each.plan.action == "install"]
            if waiting and not self.agreed(f"Install on {len(waiting)} nodes?"):
                return 1
            rollout = Rollout(engine, found, lock, self._tell, follow=not names)
            results = await rollout.run()
        ready = sum(result.state == "ready" for result in results)
        body = {"cluster": found.cluster, "name": found.name, "digest": digest, "nodes": [asdict(r) for r in results]}
        failures = [f"{result.name}: {_sentence(result.error)}" for result in results if result.error]
        self.write(body, "\n".join([*failures, f"{found.name} is ready on {ready} of {len(results)} nodes."]))
        return 0 if ready == len(results) else SOME_FAILED

    async def _digest(self, services: Services, environment: Environment, lock: LockFile) -> str:
        """Return the digest of a lock, and warn of packages of the environment that it does not have."""
        request = lock.request(version_name(environment.name, "0" * 64))
        with contextlib.suppress(Protected):
            # The change that would make the environment equal to its own lock.
            back = await services.plans.create({**request, "name": None, "environment": environment.id})
            if back.entries:
                names = some([entry["name"] for entry in back.entries], _SHOWN)
                print(
                    f"The nodes get the environment without these changes of other programs: {names}.", file=sys.stderr
                )
        return (await services.plans.create(request)).digest or ""

    def _tell(self, result: NodeResult) -> None:
        if not self.json and result.state in ("installing", "lost"):
            print(f"{result.name}: {result.state}", file=sys.stderr)


def _describe(found: RolloutPlan) -> str:
    rows = [
        (
            each.node.name,
            each.plan.action,
            megabytes(each.plan.download_bytes) if each.plan.action == "install" else "",
            _sentence(each.plan.error) if each.plan.error else each.plan.prefix,
        )
        for each in found.nodes
    ]
    return table(("worker", "action", "download", "path or reason"), rows)


def _sentence(error: ErrorJson) -> str:
    return " ".join(filter(None, (error["message"], error["hint"])))


def _as_json(found: RolloutPlan) -> dict[str, Any]:
    from .. import serde

    body: dict[str, Any] = serde.to_json(found)
    return body
