"""Carry out one order on a machine of a cluster: ``python -m tfenv_lab.nodes``.

The order is a line of JSON on standard input, and the answer one on standard output. If standard input ends before the
answer, the program that gave the order has died or cancelled it, and this process ends, too.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn

from msgspec import structs

from .. import serde
from .._version import __version__
from ..disk import faults
from ..environment_names import check_name
from ..errors import JobFailed, TfenvError
from ..sentences import say
from . import ranks
from .apply import apply, until_finished
from .configuration import NodeConfiguration
from .orders import Answer, Order
from .planning import plan
from .probing import activation, check, probe
from .pruning import mark, prune
from .sharing import fetch, mirrored

#: Exit status if nobody waits for the answer.
_CANCELLED = 70
#: What ends the processes in an environment if nobody waits for the answer, and the seconds that this may take.
_on_cancel: list[Callable[[], object]] = []
_PATIENCE = 10.0


async def _carry_out(order: Order) -> Answer:
    from ..services import Services

    services = await asyncio.to_thread(Services, NodeConfiguration(), only=("directories",))
    try:
        if order.verb == "plan":
            return Answer(__version__, plan=await plan(services, order.lock, order.name, order.digest))
        if order.verb == "prune":
            await asyncio.to_thread(services.prepare)
            deleted = await prune(services, check_name(order.name), order.kept, partial(until_finished, services))
            return Answer(__version__, note=f"Older versions were deleted: {', '.join(deleted)}." if deleted else None)
        if order.verb != "install":
            return await _inside(services.envs_dir / check_name(order.name), order)
        is_new = not await asyncio.to_thread((services.envs_dir / check_name(order.name)).exists)
        async with mirrored(services, order.folder, order.archives) as note:
            done = await apply(services, order.lock, order.name, partial(until_finished, services))
        if done.digest != order.digest:
            raise JobFailed(say("The environment was installed, but its packages are not those of the lock."))
        if done.job is not None and is_new:
            await asyncio.to_thread(mark, Path(done.prefix), order.lock)
        return Answer(__version__, prefix=done.prefix, note=note)
    finally:
        await services.stop()


async def _inside(prefix: Path, order: Order) -> Answer:
    """Carry out an order that only uses the environment. What runs in it ends if nobody waits for the answer."""
    loop, this = asyncio.get_running_loop(), asyncio.current_task()
    if this is not None:
        _on_cancel.append(lambda: loop.call_soon_threadsafe(this.cancel))
    answer = Answer(__version__, prefix=str(prefix))
    if order.verb == "probe":
        return structs.replace(answer, versions=await probe(prefix))
    if order.verb == "check":
        return structs.replace(answer, check=await check(prefix))
    if order.rank is not None:
        return structs.replace(answer, status=await ranks.run(prefix, order.rank))
    return structs.replace(answer, variables=await activation(prefix))


def _end_without_reader() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    for cancel in _on_cancel:
        cancel()
        time.sleep(_PATIENCE)
    # The worker of a job notices that this process has ended, and ends itself, but never during a swap.
    os._exit(_CANCELLED)


def _write_parts(order: Order) -> NoReturn:
    """Write parts of archives to standard output; if that is impossible, the reason to standard error."""
    from ..services import Services

    try:
        services = Services(NodeConfiguration(), only=("directories",))
        sys.stdout.buffer.write(fetch(services, order.parts))
        sys.stdout.buffer.flush()
    except TfenvError as error:
        print(" ".join(filter(None, (error.message, error.details))), file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def main() -> None:
    """Read the order, carry it out and write the answer."""
    order: Order = serde.loads(sys.stdin.buffer.readline(), Order)
    if order.verb == "fetch":
        _write_parts(order)
    threading.Thread(target=_end_without_reader, daemon=True).start()
    try:
        answer = asyncio.run(_carry_out(order))
    except asyncio.CancelledError:
        os._exit(_CANCELLED)
    except TfenvError as error:
        answer = Answer(__version__, error=error.to_json())
    except Exception as error:
        traceback.print_exc()
        known = faults.translated(error) if isinstance(error, OSError) else None
        failure = known or JobFailed(say("The worker failed unexpectedly."), str(error))
        answer = Answer(__version__, error=failure.to_json())
    sys.stdout.buffer.write(serde.dumps(answer) + b"\n")
    sys.stdout.buffer.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
