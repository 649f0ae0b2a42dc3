"""The command that runs TensorFlow in an environment, here or on the workers of a cluster."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from traitlets import Unicode

from ..services import Services
from .command import PROBLEMS, TfenvCommand, counted

if TYPE_CHECKING:
    from ..environments.models import Environment
    from ..models import NodeResult
    from ..tensorflow.checks.models import Check

#: Number of lines to show from the end of a traceback; --json has all of it.
_TRACEBACK = 12


class CheckApp(TfenvCommand):
    """Run TensorFlow in an environment, here or on the workers of a cluster (--scheduler), and report its problems."""

    least, most, usage = 1, 1, "check NAME [--scheduler=ADDRESS]"
    scheduler = Unicode(
        "", help="Address of a Dask scheduler, as in tls://10.0.0.1:8786, or the name of one of TfenvLab.clusters."
    ).tag(config=True)
    aliases = {**TfenvCommand.aliases, "scheduler": "CheckApp.scheduler"}

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        environment = await self.find(services, arguments[0])
        if self.scheduler:
            return await self._on_workers(services, environment)
        job = await self.finished(services, await services.checks.begin(environment.id))
        if job.error is not None or job.result is None:
            message = f"The check was {job.state}."
            return self.fail(job.error or {"reason": job.state, "message": message, "hint": None, "details": None})
        self.write(job.to_json(), _describe(job.result))
        return 0 if job.result.ok else PROBLEMS

    async def _on_workers(self, services: Services, environment: Environment) -> int:
        from ..cluster.checking import RunningCheck
        from ..cluster.connecting import connector
        from ..cluster.planner import chosen
        from ..cluster.preparing import prepare

        connect = connector()
        prepared = await prepare(services, environment)
        for warning in prepared.warnings:
            print(warning.message, file=sys.stderr)
        async with connect(services.configuration.clusters.get(self.scheduler, self.scheduler)) as engine:
            check = RunningCheck(engine, prepared.version)
            results = await check.run(await chosen(engine, ()))
        advice = check.advice.message if check.advice else None
        # Failures first, as in the panel.
        rows = sorted(results, key=lambda result: (result.error is None, result.name))
        body = {"name": prepared.version, "nodes": [asdict(result) for result in results], "all_reduce": advice}
        self.write(body, "\n".join(filter(None, [*map(_describe_node, rows), advice])))
        return PROBLEMS if any(result.error for result in results) else 0


def _describe_node(result: NodeResult) -> str:
    if result.error is not None:
        text = " → ".join(filter(None, (result.error["message"], result.error["hint"])))
        details = (result.error["details"] or "").splitlines()[-_TRACEBACK:]
        return "\n".join([f"{result.name}: {text}", *(f"    {line}" for line in details)])
    gpus = f" · {counted(result.gpus, 'GPU')}" if result.gpus else ""
    return f"{result.name}: ok · TensorFlow {result.tensorflow}{gpus}"


def _describe(check: Check) -> str:
    """Format a Check for a terminal: versions and devices, then each problem with its remedy and error."""
    keras = f"{check.keras} (tf-keras)" if check.tf_keras else check.keras
    found = {"TensorFlow": check.tensorflow, "Keras": keras, "Python": check.python}
    versions = [f"{label} {version}" for label, version in found.items() if version]
    devices = ", ".join(device.name for device in check.devices) or "no device"
    count = len(check.problems)
    head = "ok" if check.ok else counted(count, "problem")
    lines = [" · ".join([head, *versions, devices, f"{check.seconds:.1f} s"])]
    for problem in check.problems:
        remedy = problem.remedy.message if problem.remedy else None
        lines.append("  " + " → ".join(filter(None, (problem.message, remedy))))
        lines += [f"    {line}" for line in (problem.details or "").splitlines()[-_TRACEBACK:]]
    return "\n".join(lines)
