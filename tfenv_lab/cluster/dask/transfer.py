"""Send pieces of archives from worker to worker, as the results of Dask's tasks: the scheduler carries none of them."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from ... import serde
from ...nodes.lockfile import LockFile
from ...nodes.orders import Order
from ...nodes.sharing import RANGE
from ..distribution import Shipment
from ..engine import Place
from . import node as node_code

#: Number of pieces that are on their way at the same time, each of which is in the memory of the workers.
AT_ONCE = 6
#: Seconds within which a piece must be fetched from its channel, and within which a worker must then take it.
FETCHED, TAKEN = 120.0, 60.0
#: Seconds between two looks at which workers are still there.
LOOK = 1.0
#: Priorities that come before those of users' tasks, of which there may be many. Workers take what was fetched before
#: they fetch more.
_FETCH, _TAKE = 100, 101


class Transfer:
    """One distribution. ``present`` returns the addresses of the workers that are in the cluster."""

    def __init__(self, client: Any, distribution: Shipment, present: Callable[[], Awaitable[Collection[str]]]) -> None:
        self._client = client
        self._pieces = distribution.pieces
        self._needs = {node.address: numbers for node, numbers in distribution.needs.items()}
        self._total = distribution.total
        self._present = present
        #: Names the directory on the workers, and the tasks.
        self.token = secrets.token_hex(8)
        self._folders: dict[str, str] = {}
        self._problems: dict[str, str] = {}
        self._taking: dict[str, set[asyncio.Task[None]]] = {address: set() for address in self._needs}

    async def run(self) -> dict[str, Place]:
        """Distribute all pieces, and return the place of each worker by its address. Raises ClusterUnreachable."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> None:
            async with slots:
                await self._distribute(number)

        watch: asyncio.Future[Any] = asyncio.ensure_future(self._watch())
        all_pieces: asyncio.Future[Any] = asyncio.gather(*(one(number) for number in range(len(self._pieces))))
        try:
            done, _ = await asyncio.wait([watch, all_pieces], return_when=asyncio.FIRST_COMPLETED)
            # It raises the error of the first that ended.
            await done.pop()
        finally:
            for each in (watch, all_pieces):
                each.cancel()
            await asyncio.gather(watch, all_pieces, return_exceptions=True)
        return {
            address: Place(problem=problem) if problem else Place(self._folders[address])
            for address in self._needs
            for problem in [self._problems.get(address)]
        }

    async def _watch(self) -> None:
        """Give up on workers that have left: a task that only they may run would wait forever."""
        while True:
            present = await self._present()
            for address in self._needs:
                if address not in present:
                    self._give_up(address, "The worker left the cluster.")
            await asyncio.sleep(LOOK)

    def _give_up(self, address: str, problem: str) -> None:
        self._problems.setdefault(address, problem)
        for task in self._taking[address] - {asyncio.current_task()}:
            task.cancel()

    async def _distribute(self, number: int) -> None:
        able = [address for address in self._needs if address not in self._problems]
        needing = [address for address in able if number in self._needs[address]]
        if not needing:
            return
        order = Order("fetch", LockFile(""), "", "", parts=self._pieces[number])
        key = f"tfenv-{self.token}-{number}"
        piece = self._submit(node_code.fetch, serde.dumps(order), key=key, workers=able, priority=_FETCH)
        try:
            try:
                await asyncio.wait_for(piece, FETCHED)
            except (asyncio.TimeoutError, TimeoutError):
                problem = f"No worker fetched a part of the packages within {FETCHED:g} seconds."
            except Exception as error:
                problem = f"A worker could not fetch part of the packages. {error}"
            else:
                taking = {each: asyncio.ensure_future(self._take(piece, number, each)) for each in needing}
                for address, task in taking.items():
                    self._taking[address].add(task)
                await asyncio.gather(*taking.values(), return_exceptions=True)
                return
            for address in needing:
                self._give_up(address, problem)
        finally:
            await self._release(piece)

    async def _take(self, piece: Any, number: int, address: str) -> None:
        key = f"tfenv-{self.token}-{number}-{address}"
        what = piece, number * RANGE, self.token, self._total
        taken = self._submit(node_code.take, *what, key=key, workers=[address], priority=_TAKE)
        try:
            self._folders[address] = await asyncio.wait_for(taken, TAKEN)
        except (asyncio.TimeoutError, TimeoutError):
            self._give_up(
                address, f"The worker was too busy to get packages from other workers within {TAKEN:g} seconds."
            )
        except Exception as error:
            self._give_up(address, f"The worker could not get packages from other workers. {error}")
        finally:
            await self._release(taken)

    def _submit(self, function: Any, *arguments: object, **options: object) -> Any:
        return self._client.submit(function, *arguments, retries=2, pure=False, **options)

    async def _release(self, future: Any) -> None:
        """Let the scheduler and the workers forget a task and its result."""
        with contextlib.suppress(Exception):
            if not future.done():
                await self._client.cancel([future], force=True)
        future.release()
