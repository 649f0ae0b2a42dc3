"""The command that runs a script on several workers of a cluster, and the same as a function for notebooks."""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from traitlets import Float, Unicode

from ..cluster import training
from ..cluster.connecting import connector
from ..cluster.planner import chosen
from ..cluster.preparing import prepare
from ..cluster.training import RankResult, Script
from ..errors import ErrorJson, InvalidRequest, from_json
from ..services import Services
from .command import SOME_FAILED, TfenvCommand


class TrainApp(TfenvCommand):
    """Run a Python script on the workers of a Dask cluster at the same time: one process on each, with TF_CONFIG."""

    least, most, usage = 2, 2, "train NAME SCRIPT --scheduler=ADDRESS [--nodes=WORKER,…] [-- ARGUMENT…]"
    scheduler = Unicode(
        "", help="Address of the scheduler, as in tls://10.0.0.1:8786, or the name of one of TfenvLab.clusters."
    ).tag(config=True)
    nodes = Unicode("", help="Names of the workers, separated by commas. Default: all.").tag(config=True)
    limit = Float(0, help="Seconds after which the script is ended on all workers. 0: no limit.").tag(config=True)
    aliases = {**TfenvCommand.aliases, **{name: f"TrainApp.{name}" for name in ("scheduler", "nodes", "limit")}}
    interrupted = "You interrupted the training. Its script ends on all workers."
    #: What follows “--”: the arguments of the script.
    script_arguments: tuple[str, ...] = ()
    #: How the ranks ended.
    results: Sequence[RankResult] = ()

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """Keep the arguments of the script, whatever they look like."""
        given = list(sys.argv[1:] if argv is None else argv)
        end = given.index("--") if "--" in given else len(given)
        self.script_arguments = tuple(given[end + 1 :])
        super().parse_command_line(given[:end])

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        name, file = arguments
        if not self.scheduler:
            raise InvalidRequest(f"Usage: jupyter tfenv {self.usage}", hint="Name the scheduler with --scheduler.")
        script = Script(await asyncio.to_thread(_read, file), file, self.script_arguments)
        connect = connector()
        prepared = await prepare(services, await self.find(services, name))
        warning = training.warning_about(script, prepared.packages)
        for text in (*(each.message for each in prepared.warnings), *filter(None, [warning])):
            print(text, file=sys.stderr)
        names = list(filter(None, self.nodes.split(",")))
        async with connect(services.configuration.clusters.get(self.scheduler, self.scheduler)) as engine:
            nodes = await chosen(engine, names)
            limit = self.limit or None
            results = await training.run(engine, nodes, prepared.version, script, self._show, limit)
        self.results = results
        body = {"name": prepared.version, "ranks": [asdict(result) for result in results]}
        self.write(body, "\n".join(map(_describe, results)))
        return 0 if all(result.state == "succeeded" for result in results) else SOME_FAILED

    def _show(self, rank: int, lines: str) -> None:
        # The JSON alone is on standard output.
        for line in lines.splitlines():
            print(f"[{rank}] {line}", file=sys.stderr if self.json else sys.stdout, flush=True)


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{file} cannot be read as a Python script.", str(error)) from error


def _describe(result: RankResult) -> str:
    error = " ".join(filter(None, (result.error["message"], result.error["hint"]))) if result.error else ""
    how = error or ("succeeded" if result.state == "succeeded" else "ended because another rank did")
    return f"rank {result.rank} on {result.node}: {how}"


class _Called(TrainApp):
    """The command when a function calls it: it raises its error."""

    def fail(self, error: ErrorJson) -> NoReturn:
        raise from_json(error)


def train(
    environment: str,
    script: str | Path,
    *arguments: str,
    scheduler: str,
    nodes: Sequence[str] = (),
    limit: float = 0,
) -> Sequence[RankResult]:
    """Run a script on the workers of a cluster at the same time, as ``jupyter tfenv train`` does it, and wait for it.

    The lines of its output are printed with the number of their rank. If this call is interrupted, or this process
    dies, the script ends on all workers. Raises TfenvError.
    """
    app = _Called(scheduler=scheduler, nodes=",".join(nodes), limit=limit)
    app.initialize([])
    app.extra_args, app.script_arguments = [environment, str(script)], arguments
    started: concurrent.futures.Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[int]]]
    started = concurrent.futures.Future()

    async def run() -> int:
        task: asyncio.Task[int] = asyncio.ensure_future(app._main())
        started.set_result((asyncio.get_running_loop(), task))
        return await task

    # A notebook has an event loop already.
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(lambda: asyncio.run(run()))
        loop, task = started.result()
        try:
            running.result()
        except KeyboardInterrupt:
            loop.call_soon_threadsafe(task.cancel)
            concurrent.futures.wait([running])
            raise
    return app.results
