"""The child process that does one job: ``python -m tfenv_lab.jobs.worker``.

It reads its order, one JSON line, from standard input and writes messages, JSON lines too, to standard output
(``messages.py``). Standard error is the log. While it works it watches standard input: when that ends, the server has
died, and so does the worker, unless it is in the moment of the swap.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator

from .. import serde
from ..conda.transaction.progress import Progress
from ..errors import JobFailed, TfenvError
from ..models import Phase
from .messages import (
    ApplyChange,
    BuildChannel,
    Failed,
    LeftBehind,
    Message,
    Order,
    PhaseBegun,
    ProgressMade,
    RemoveEnvironment,
    RunCheck,
    Succeeded,
)

#: Seconds between two progress lines.
INTERVAL = 0.1
#: Exit status of a worker whose server is gone.
ORPHANED = 70


class ServerPipe:
    """The line to the server; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._swap = threading.Lock()
        self._phase: Phase | None = None
        self._sent = 0.0

    def send(self, message: Message) -> None:
        """Write one line."""
        with self._lock:
            sys.stdout.buffer.write(serde.dumps(message) + b"\n")
            sys.stdout.buffer.flush()

    def phase(self, name: Phase) -> None:
        """Tell the phase, once."""
        if name != self._phase:
            self._phase = name
            self.send(PhaseBegun(name))

    def progress(self, progress: Progress) -> None:
        """Tell the progress, not too often."""
        now = time.monotonic()
        if now - self._sent >= INTERVAL:
            self._sent = now
            self.send(ProgressMade(progress))

    @contextlib.contextmanager
    def swapping(self) -> Iterator[None]:
        """Keep the process alive while directories change places."""
        with self._swap:
            yield

    def watch_server(self) -> None:
        """End this process when the server has gone, though never in a swap."""

        def watch() -> None:
            while sys.stdin.buffer.read(4096):
                pass
            from .process import end_children

            with self._swap:
                end_children(os.getpid())
                os._exit(ORPHANED)

        threading.Thread(target=watch, daemon=True).start()


async def apply(order: ApplyChange, server: ServerPipe) -> Succeeded:
    """Apply a plan's change."""
    from ..conda.settings import network
    from ..conda.transaction import apply as transaction
    from ..conda.transaction import prefix_lock

    with contextlib.ExitStack() as held:
        for place in order.places:
            held.enter_context(prefix_lock.hold(place, order.job))
        await transaction.apply(
            order.change,
            order.job,
            package_cache=order.package_cache,
            bytecode_store=order.bytecode_store,
            client=network.client(order.settings),
            watcher=server,
        )
    return Succeeded()


async def remove(order: RemoveEnvironment, server: ServerPipe) -> Succeeded:
    """Remove a whole environment."""
    from ..conda.transaction import apply as transaction
    from ..conda.transaction import prefix_lock

    server.phase("swap")
    with prefix_lock.hold(order.prefix, order.job):
        await asyncio.to_thread(transaction.remove, order.prefix, order.job)
    return Succeeded()


async def check(order: RunCheck, server: ServerPipe) -> Succeeded:
    """Run TensorFlow in an environment and say what was found."""
    from ..tensorflow.checks.check import check

    server.phase("check")
    return Succeeded(check=await check(order.subject))


async def build_channel(server: ServerPipe) -> Succeeded:
    """Build the local channel out of PyPI wheels, unless it is there."""
    from ..wheelchannel.build import build
    from ..wheelchannel.request import DEFAULT_PACKAGES, BuildProgress, BuildRequest

    phases: dict[str, Phase] = {"resolve": "solve", "download": "download", "repack": "pack"}

    def report(step: BuildProgress) -> None:
        if step.message:
            print(f"{step.phase}: {step.message}", file=sys.stderr, flush=True)
        if step.phase in phases:
            server.phase(phases[step.phase])
        if step.total:
            server.progress(Progress(step.bytes, 0, step.done, step.total, step.fraction))

    # In a thread: the build has event loops of its own.
    directory = await asyncio.to_thread(build, BuildRequest(packages=DEFAULT_PACKAGES), report)
    return Succeeded(channel=directory.as_uri())


async def run(order: Order, server: ServerPipe) -> Succeeded:
    """Do what is ordered. Raises TfenvError."""
    match order:
        case ApplyChange():
            return await apply(order, server)
        case RemoveEnvironment():
            return await remove(order, server)
        case RunCheck():
            return await check(order, server)
        case BuildChannel():
            return await build_channel(server)


def main() -> None:
    """Do the one job and end the process; a failure that was told is no failure of the process."""
    server = ServerPipe()
    order: Order = serde.loads(sys.stdin.buffer.readline(), Order)
    server.watch_server()
    try:
        result = asyncio.run(run(order, server))
    except TfenvError as error:
        server.send(Failed(error.to_json()))
    except Exception as error:
        traceback.print_exc()
        failure = JobFailed("The job met an unexpected failure.", str(error), hint="The job's log holds the cause.")
        server.send(Failed(failure.to_json()))
    else:
        server.send(result)
        if isinstance(order, ApplyChange | RemoveEnvironment):
            from ..conda.transaction import recovery

            for place in order.places:
                leftover = recovery.clear(place, order.job)
                if leftover is not None:
                    server.send(LeftBehind(leftover))
    # The watching thread sits in a read that nothing ends.
    os._exit(0)


if __name__ == "__main__":
    main()
