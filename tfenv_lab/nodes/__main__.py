"""Carry out one order on a machine of a cluster: ``python -m tfenv_lab.nodes``.

The order is a line of JSON on standard input, and the answer one on standard output. If standard input ends before the
answer, the program that gave the order has died or cancelled it, and this process ends, too.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import traceback
from functools import partial

from .. import serde
from .._version import __version__
from ..disk import faults
from ..environment_names import check_name
from ..errors import JobFailed, TfenvError
from .apply import apply, until_finished
from .configuration import NodeConfiguration
from .orders import Answer, Order
from .planning import plan
from .probing import activation, probe

#: Exit status if nobody waits for the answer.
_CANCELLED = 70


async def _carry_out(order: Order) -> Answer:
    from ..services import Services

    services = await asyncio.to_thread(Services, NodeConfiguration())
    try:
        if order.verb == "plan":
            return Answer(__version__, plan=await plan(services, order.lock, order.name, order.digest))
        if order.verb in ("probe", "activate"):
            prefix = services.envs_dir / check_name(order.name)
            if order.verb == "probe":
                return Answer(__version__, prefix=str(prefix), versions=await probe(prefix))
            return Answer(__version__, prefix=str(prefix), variables=await activation(prefix))
        done = await apply(services, order.lock, order.name, partial(until_finished, services))
        if done.digest != order.digest:
            raise JobFailed("The environment was installed, but its packages are not those of the lock.")
        return Answer(__version__, prefix=done.prefix)
    finally:
        await services.stop()


def _end_without_reader() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    # The worker of a job notices that this process has ended, and ends itself, but never during a swap.
    os._exit(_CANCELLED)


def main() -> None:
    """Read the order, carry it out and write the answer."""
    order: Order = serde.loads(sys.stdin.buffer.readline(), Order)
    threading.Thread(target=_end_without_reader, daemon=True).start()
    try:
        answer = asyncio.run(_carry_out(order))
    except TfenvError as error:
        answer = Answer(__version__, error=error.to_json())
    except Exception as error:
        traceback.print_exc()
        known = faults.translated(error) if isinstance(error, OSError) else None
        failure = known or JobFailed("The installation failed unexpectedly.", str(error))
        answer = Answer(__version__, error=failure.to_json())
    sys.stdout.buffer.write(serde.dumps(answer) + b"\n")
    sys.stdout.buffer.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
