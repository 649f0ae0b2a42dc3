"""The command that brings an environment to the workers of a cluster."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from traitlets import Bool, Int, Unicode

from ..cluster.connecting import connector
from ..cluster.engine import Engine
from ..cluster.entering import Batches
from ..cluster.fitting import require_fit
from ..cluster.models import RolloutPlan
from ..cluster.planner import plan, plan_back
from ..cluster.preparing import Prepared, prepare
from ..cluster.rollout import RunningRollout
from ..environments.models import Environment
from ..errors import ErrorJson, InvalidRequest
from ..models import NodeResult
from ..nodes.lockfile import LockFile
from ..sentences import megabytes
from ..services import Services
from .changes import ChangeApp
from .command import SOME_FAILED, TfenvCommand, counted, table


class RolloutApp(ChangeApp):
    """Install an environment on the workers of a Dask cluster, as NAME-DIGEST on each, and let them run it."""

    least, most, usage = 0, 1, "rollout NAME --scheduler=ADDRESS [--nodes=WORKER,…] [--beside], or rollout --back"
    scheduler = Unicode(
        "", help="Address of the scheduler, as in tls://10.0.0.1:8786, or the name of one of TfenvLab.clusters."
    ).tag(config=True)
    nodes = Unicode("", help="Names of the workers, separated by commas. Default: all, also those that come late.").tag(
        config=True
    )
    batch = Unicode("10%", help="How many workers start again at the same time: a number, or a part of all.").tag(
        config=True
    )
    max_failed = Int(0, help="Number of workers that may fail before no more start again.").tag(config=True)
    beside = Bool(False, help="Only install: the workers go on with the Python that they run.").tag(config=True)
    back = Bool(False, help="Let the workers run what they ran before the last rollout.").tag(config=True)
    aliases = {
        **ChangeApp.aliases,
        **{name: f"RolloutApp.{name.replace('-', '_')}" for name in ("scheduler", "nodes", "batch", "max-failed")},
    }
    flags = {
        **{name: ChangeApp.flags[name] for name in (*TfenvCommand.flags, "dry-run")},
        "beside": ({"RolloutApp": {"beside": True}}, "Only install: the workers go on with the Python that they run."),
        "back": ({"RolloutApp": {"back": True}}, "Let the workers run what they ran before the last rollout."),
    }

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        if not self.scheduler:
            raise InvalidRequest(f"Usage: jupyter tfenv {self.usage}", hint="Name the scheduler with --scheduler.")
        connect = connector()
        if self.back == bool(arguments):
            raise InvalidRequest(f"Usage: jupyter tfenv {self.usage}", hint="Name an environment, or use --back.")
        names = list(filter(None, self.nodes.split(",")))
        batches = Batches(self.batch, self.max_failed)
        # What is wrong with the environment is said before anything is asked of the cluster.
        prepared = None if self.back else await self._prepare(services, arguments[0])
        async with connect(services.configuration.clusters.get(self.scheduler, self.scheduler)) as engine:
            if prepared is None:
                lock, found = LockFile(""), await plan_back(engine, names)
            else:
                lock, found = prepared[1].lock, await self._plan(engine, *prepared, names)
            if self.dry_run:
                self.write(_as_json(found), _describe(found))
                return 0
            if not self.json:
                print(_describe(found))
            if not self._is_agreed(found):
                return 1
            follow = not names and not self.back
            entering = None if self.beside else batches
            rollout = RunningRollout(engine, found, lock, self._tell, batches=entering, follow=follow)
            try:
                results = await rollout.run()
            except asyncio.CancelledError:
                self.interrupted = self._interrupted(rollout.results)
                raise
        done = sum(result.state in ("ready", "inside") for result in results)
        what = {"cluster": found.cluster, "name": found.name, "digest": found.digest}
        failures = [f"{result.name}: {_sentence(result.error)}" for result in results if result.error]
        notes = [f"{result.name}: {result.note}" for result in results if result.note]
        self.write(
            {**what, "nodes": [asdict(result) for result in results]},
            "\n".join([*notes, *failures, self._sum(found, done, len(results))]),
        )
        return 0 if done == len(results) else SOME_FAILED

    def _is_agreed(self, found: RolloutPlan) -> bool:
        count = {action: sum(each.plan.action == action for each in found.nodes) for action in ("install", "enter")}
        enters = 0 if self.beside else count["install"] + count["enter"]
        parts = [f"Install on {counted(count['install'], 'worker')}"] if count["install"] else []
        parts += [f"start {counted(enters, 'worker')} again"] if enters else []
        text = " and ".join(parts)
        return not text or self.agreed(f"{text[0].upper()}{text[1:]}?")

    def _sum(self, found: RolloutPlan, done: int, count: int) -> str:
        if self.back:
            return f"{done} of {counted(count, 'worker runs what it', 'workers run what they')} ran before."
        return f"{found.name} {'is ready on' if self.beside else 'runs on'} {done} of {counted(count, 'worker')}."

    def _interrupted(self, results: Sequence[NodeResult]) -> str:
        """Return what Ctrl-C has stopped, and what goes on."""
        done = sum(result.state == ("ready" if self.beside else "inside") for result in results)
        if self.beside:
            sentences = [
                "The rollout was interrupted.",
                f"{done} of {counted(len(results), 'worker has', 'workers have')} the environment.",
                "Installations that had not finished were stopped.",
            ]
        else:
            sentences = [
                "The rollout was interrupted.",
                f"{done} of {counted(len(results), 'worker has', 'workers have')} started again.",
                "Installations that had not finished were stopped, and no more workers start again.",
                "A worker that is already starting again finishes that.",
            ]
        return " ".join([*sentences, "Run the same command again to continue."])

    async def _prepare(self, services: Services, name: str) -> tuple[Environment, Prepared]:
        environment = await self.find(services, name)
        prepared = await prepare(services, environment)
        for warning in prepared.warnings:
            print(warning.message, file=sys.stderr)
        return environment, prepared

    async def _plan(
        self, engine: Engine, environment: Environment, prepared: Prepared, names: Sequence[str]
    ) -> RolloutPlan:
        if not self.beside:
            require_fit(environment.name, prepared.packages, await engine.versions(), environment.id)
        return await plan(engine, prepared.lock, prepared.version, prepared.digest, names, enters=not self.beside)

    def _tell(self, result: NodeResult) -> None:
        if not self.json and result.state in ("installing", "draining", "lost"):
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
