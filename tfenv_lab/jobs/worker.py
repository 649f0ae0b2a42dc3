"""Worker process that runs one job; ``process.py`` starts it.

The worker reads its order, one line of JSON, from standard input, and writes its messages, also lines of JSON, to
standard output (``messages.py``). Standard error is the log. If standard input ends, the server has died; the worker
then ends itself, but never during a swap.
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
from ..conda.transaction.engaged import Engagement
from ..conda.transaction.progress import Progress
from ..disk import faults
from ..errors import JobFailed, TfenvError
from ..models import Advice, Phase
from ..sentences import say
from .messages import (
    ApplyChange,
    BuildChannel,
    CleanDisk,
    Failed,
    LeftBehind,
    Message,
    Noticed,
    PhaseBegun,
    ProgressMade,
    RemoveEnvironment,
    RestoreEnvironment,
    RunCheck,
    Succeeded,
    Waiting,
    WorkerOrder,
    WorkingOn,
)
from .models import BusyServer
from .patience import patiently

#: Minimum seconds between two progress messages.
INTERVAL = 0.1
#: Exit status of a worker whose server has died.
ORPHANED = 70


class ServerPipe:
    """The worker's pipe to its server. It is thread-safe."""

    def __init__(self) -> None:
        self._output = sys.stdout.buffer
        self._lock = threading.Lock()
        self._swap = threading.Lock()
        self._phase: Phase | None = None
        self._sent = 0.0

    def send(self, message: Message) -> None:
        """Write a message."""
        with self._lock:
            self._output.write(serde.dumps(message) + b"\n")
            self._output.flush()

    def phase(self, name: Phase) -> None:
        """Report a phase, if it is new."""
        if name != self._phase:
            self._phase = name
            self.send(PhaseBegun(name))

    def progress(self, progress: Progress) -> None:
        """Report progress, at most every ``INTERVAL`` seconds."""
        now = time.monotonic()
        if now - self._sent >= INTERVAL:
            self._sent = now
            self.send(ProgressMade(progress))

    def wait(self, text: str, server: BusyServer) -> None:
        """Report that the worker waits for a server; the phase that follows is reported again."""
        self._phase = None
        self.send(Waiting(text, server))

    def engaged(self, engagement: Engagement) -> None:
        """Report the packages that the engine is working on."""
        self.send(WorkingOn(engagement))

    def notice(self, advice: Advice) -> None:
        """Report a warning about the new environment."""
        self.send(Noticed(advice))

    @contextlib.contextmanager
    def swapping(self) -> Iterator[None]:
        """Keep the process alive during the swap, even if the server dies."""
        with self._swap:
            yield

    def watch_server(self) -> None:
        """End this process when the server has died, but never during a swap."""

        def watch() -> None:
            while sys.stdin.buffer.read(4096):
                pass
            from .process import end_children

            with self._swap:
                end_children(os.getpid())
                os._exit(ORPHANED)

        threading.Thread(target=watch, daemon=True).start()


async def apply(order: ApplyChange, server: ServerPipe) -> Succeeded:
    """Apply the change of a plan."""
    from ..conda.settings import network
    from ..conda.transaction import apply as transaction
    from ..conda.transaction import prefix_lock, recovery, set_aside
    from ..pypi import settings as index_settings

    with contextlib.ExitStack() as held:
        for place in order.places:
            held.enter_context(prefix_lock.hold(place, order.job))
        for place in order.places:
            for leftover in await asyncio.to_thread(recovery.collect, place):
                print(leftover.describe(), file=sys.stderr, flush=True)
        index = await asyncio.to_thread(index_settings.read, order.index)

        async def attempt() -> None:
            await transaction.apply(
                order.change,
                order.job,
                package_cache=order.package_cache,
                bytecode_store=order.bytecode_store,
                client=network.client(order.settings),
                watcher=server,
                index=index,
            )

        await patiently(attempt, order.settings, server.wait)
    if order.deletion is not None and order.change.source is not None:
        # Without this, it is deleted when its time is over.
        with contextlib.suppress(TfenvError, OSError):
            left = await asyncio.to_thread(set_aside.expire, order.change.source, order.deletion)
            if left is not None:
                server.send(LeftBehind(left))
    return Succeeded()


async def remove(order: RemoveEnvironment, server: ServerPipe) -> Succeeded:
    """Delete an environment, or set it aside and measure it."""
    from ..conda.transaction import prefix_lock, removal, set_aside
    from ..space.service import size_of

    server.phase("swap")
    with prefix_lock.hold(order.prefix, order.job):
        remove = set_aside.put if order.keep else removal.remove
        await asyncio.to_thread(remove, order.prefix, order.job)
    if not order.keep:
        return Succeeded()
    size = await asyncio.to_thread(size_of, set_aside.tree_of(order.prefix, order.job))
    return Succeeded(kept=size.bytes - size.shared)


async def restore(order: RestoreEnvironment, server: ServerPipe) -> Succeeded:
    """Restore an environment that was set aside."""
    from ..conda.transaction import prefix_lock, set_aside

    server.phase("swap")
    with prefix_lock.hold(order.prefix, order.job):
        await asyncio.to_thread(set_aside.restore, order.prefix, order.deletion)
    return Succeeded()


async def check(order: RunCheck, server: ServerPipe) -> Succeeded:
    """Run TensorFlow in an environment, and return the result."""
    from ..tensorflow.checks import added
    from ..tensorflow.checks.check import check

    server.phase("check")
    result = await check(order.subject)
    result, faults = await asyncio.to_thread(added.completed, result, order.subject.prefix)
    for fault in faults:
        server.notice(Advice("extension-failed", "warning", fault))
    return Succeeded(check=result)


async def build_channel(server: ServerPipe) -> Succeeded:
    """Build the local channel with the Python of this machine, unless it exists."""
    from ..wheelchannel.build import build
    from ..wheelchannel.request import BuildProgress, BuildRequest

    def report(step: BuildProgress) -> None:
        print(f"{step.phase}: {step.message}", file=sys.stderr, flush=True)
        if step.total:
            server.progress(Progress(0, 0, step.done, step.total, step.done / step.total))

    server.phase("pack")
    # In a thread, because the build runs event loops itself.
    directory = await asyncio.to_thread(build, BuildRequest(), report)
    return Succeeded(channel=directory.as_uri())


async def clean(order: CleanDisk, server: ServerPipe) -> Succeeded:
    """Delete what no environment needs, and return how much that freed."""
    import tempfile
    from pathlib import Path

    from ..pypi import cache, uv
    from ..pypi import settings as index_settings
    from ..space.cleaning import Cleaner

    server.phase("clean")
    settings = await asyncio.to_thread(index_settings.read, order.index)
    steps = len(order.items)
    with tempfile.TemporaryDirectory(prefix="tfenv-clean-") as folder:
        cleaner = Cleaner(
            order.items,
            order.prefixes,
            job=order.job,
            uv=cache.directory(settings.variables),
            prune=lambda: uv.run_here(["cache", "prune"], settings, cwd=Path(folder)),
            done=lambda done: server.progress(Progress(0, 0, done, steps, done / (steps + 1))),
        )
        freed, leftovers = await asyncio.to_thread(cleaner.run)
    for leftover in leftovers:
        server.send(LeftBehind(leftover))
    return Succeeded(freed=freed)


async def run(order: WorkerOrder, server: ServerPipe) -> Succeeded:
    """Carry out an order. Raises TfenvError."""
    match order:
        case ApplyChange():
            return await apply(order, server)
        case RemoveEnvironment():
            return await remove(order, server)
        case RestoreEnvironment():
            return await restore(order, server)
        case RunCheck():
            return await check(order, server)
        case BuildChannel():
            return await build_channel(server)
        case CleanDisk():
            return await clean(order, server)


def main() -> None:
    """Run the job and end the process with status 0, even if the job failed and said so."""
    server = ServerPipe()
    # What else is printed, such as by extensions, is for the log.
    sys.stdout = sys.stderr
    line = sys.stdin.buffer.readline()
    if not line:
        # The server has ended before there was a job.
        return
    order: WorkerOrder = serde.loads(line, WorkerOrder)
    server.watch_server()
    try:
        result = asyncio.run(run(order, server))
    except TfenvError as error:
        server.send(Failed(error.to_json()))
    except Exception as error:
        traceback.print_exc()
        failure = faults.translated(error) if isinstance(error, OSError) else None
        failure = failure or JobFailed(say("The job failed unexpectedly."), str(error), hint=say("See the job's log."))
        server.send(Failed(failure.to_json()))
    else:
        server.send(result)
        if isinstance(order, ApplyChange | RemoveEnvironment):
            from ..conda.transaction import recovery

            for place in order.places:
                leftover = recovery.clear(place, order.job)
                if leftover is not None:
                    server.send(LeftBehind(leftover))
        if isinstance(order, RestoreEnvironment):
            from ..conda.transaction import set_aside

            set_aside.forget(order.prefix, order.deletion)
    # End without waiting for the watching thread, which is blocked in a read.
    os._exit(0)


if __name__ == "__main__":
    main()
