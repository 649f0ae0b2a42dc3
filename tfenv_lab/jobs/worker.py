"""The child process that does one job: ``python -m tfenv_lab.jobs.worker``.

It reads the order, one JSON line, from standard input and writes JSON lines to standard output:
``{"phase": …}``, ``{"progress": {…}}``, and in the end ``{"result": …}`` or ``{"error": {…}}``. A result may be
followed by ``{"leftover": {…}}``: what could not be deleted of the tree that was replaced. Standard error is the log.
While it works it watches standard input: when that ends, the server has died, and so does the worker, unless it is
in the moment of the swap.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import JobFailed, TfenvError

if TYPE_CHECKING:
    from ..conda.progress import Progress

#: Seconds between two progress lines.
INTERVAL = 0.1
#: Exit status of a worker whose server is gone.
ORPHANED = 70


class Channel:
    """The line to the server; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._swap = threading.Lock()
        self._phase = ""
        self._sent = 0.0

    def send(self, message: dict[str, Any]) -> None:
        """Write one line."""
        with self._lock:
            sys.stdout.write(json.dumps(message) + "\n")
            sys.stdout.flush()

    def phase(self, name: str) -> None:
        """Tell the phase, once."""
        if name != self._phase:
            self._phase = name
            self.send({"phase": name})

    def progress(self, progress: Progress) -> None:
        """Tell the progress, not too often."""
        now = time.monotonic()
        if now - self._sent >= INTERVAL:
            self._sent = now
            self.send({"progress": asdict(progress)})

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


async def apply(order: dict[str, Any], channel: Channel) -> Any:
    """Apply a plan: the one kind of change."""
    from ..conda import lock, network, prefix_lock, transaction
    from ..conda.condarc import CondaSettings

    settings = CondaSettings.from_json(order["settings"])
    plan = order["plan"]
    work = plan["work"]
    subdir = order["subdir"]
    change = transaction.Change(
        prefix=Path(plan["prefix"]),
        kind=plan["kind"],
        job=order["job"],
        records=lock.loads(work["lock"]).get(subdir, []),
        requested=work["requested"],
        channels=[ref.url for ref in settings.channels],
        subdir=subdir,
        fingerprint=work["fingerprint"],
        copy_of=Path(work["copy_of"]) if work["copy_of"] else None,
        moved=work["moved"],
        summary=work["summary"],
        command=_command(plan),
        entries=plan["entries"],
        pypi=work["pypi"],
    )
    with contextlib.ExitStack() as held:
        for place in _places(order):
            held.enter_context(prefix_lock.hold(place, order["job"]))
        revision = await transaction.apply(
            change,
            package_cache=Path(order["package_cache"]),
            bytecode_store=Path(order["bytecode_store"]),
            client=network.client(settings),
            watcher=channel,
        )
    return {"revision": revision.number}


def _command(plan: dict[str, Any]) -> str:
    """Return what conda's history says was run: of a list of addresses only what it was for."""
    commands = plan["commands"] if plan["kind"] not in ("import", "revert") else []
    return str(commands[0]) if commands else f"tfenv_lab {plan['kind']}"


def _places(order: dict[str, Any]) -> list[Path]:
    """Return the prefixes that a job changes: one, and for a rename the old one too."""
    if "plan" not in order:
        return [Path(order["prefix"])]
    work = order["plan"]["work"]
    return [Path(order["plan"]["prefix"]), *([Path(work["copy_of"])] if work["moved"] else [])]


async def delete(order: dict[str, Any], channel: Channel) -> Any:
    """Remove a whole environment."""
    from ..conda import prefix_lock, transaction

    prefix = Path(order["prefix"])
    channel.phase("swap")
    with prefix_lock.hold(prefix, order["job"]):
        await asyncio.to_thread(transaction.remove, prefix, order["job"])


async def check(order: dict[str, Any], channel: Channel) -> Any:
    """Run TensorFlow in an environment and say what was found."""
    from ..tensorflow.check import check as run
    from ..tensorflow.observed import Subject

    channel.phase("check")
    subject = order["subject"]
    return asdict(await run(Subject(**{**subject, "prefix": Path(subject["prefix"])})))


async def build_channel(order: dict[str, Any], channel: Channel) -> Any:
    """Build the local channel out of PyPI wheels, unless it is there."""
    from ..conda.progress import Progress
    from ..wheelchannel.build import build
    from ..wheelchannel.request import DEFAULT_PACKAGES, BuildRequest
    from ..wheelchannel.request import Progress as Step

    phases = {"resolve": "solve", "download": "download", "repack": "pack"}

    def report(step: Step) -> None:
        if step.message:
            print(f"{step.phase}: {step.message}", file=sys.stderr, flush=True)
        if step.phase in phases:
            channel.phase(phases[step.phase])
        if step.total:
            channel.progress(Progress(step.bytes, 0, step.done, step.total, step.fraction))

    # In a thread: the build has event loops of its own.
    directory = await asyncio.to_thread(build, BuildRequest(packages=DEFAULT_PACKAGES), report)
    return {"url": directory.as_uri()}


ACTIONS = {"apply": apply, "delete": delete, "check": check, "build-channel": build_channel}
#: Actions that put something aside, which is deleted once their result is told.
CHANGES = ("apply", "delete")


def main() -> int:
    """Do the one job and return the exit status; a failure that was told is no failure of the process."""
    channel = Channel()
    order = json.loads(sys.stdin.buffer.readline())
    channel.watch_server()
    try:
        result = asyncio.run(ACTIONS[order["action"]](order, channel))
    except TfenvError as error:
        channel.send({"error": error.to_json()})
    except Exception as error:
        traceback.print_exc()
        failure = JobFailed("The job met an unexpected failure.", str(error), hint="The job's log holds the cause.")
        channel.send({"error": failure.to_json()})
    else:
        channel.send({"result": result})
        if order["action"] in CHANGES:
            from ..conda import recovery

            for place in _places(order):
                leftover = recovery.clear(place, order["job"])
                if leftover is not None:
                    channel.send({"leftover": asdict(leftover)})
    # The watching thread sits in a read that nothing ends.
    os._exit(0)


if __name__ == "__main__":
    main()
