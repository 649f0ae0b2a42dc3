"""Reach the workers of a Dask cluster through its scheduler.

Certificates are those of Dask's own configuration (``distributed.comm.tls``); none goes over the network.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import cloudpickle
import distributed

from ... import serde
from ..._version import __version__
from ...errors import ClusterMismatch, ClusterUnreachable, InvalidRequest, JobFailed
from ...nodes.orders import Answer, Order
from ...sentences import say
from .. import addresses
from ..distribution import Shipment
from ..engine import Departed, Place
from ..models import ClusterNode, Inside
from . import nanny as nanny_code
from . import node as node_code
from .transfer import Transfer
from .turn import turn

#: Seconds to wait for a scheduler.
PATIENCE = 10.0

#: Seconds that running tasks may take to end while a worker is drained. After that they start again elsewhere.
TASKS = 60.0
#: Seconds between two looks at them.
LOOK = 0.2
#: Seconds between two looks at the output of a rank, and until a rank ends if nobody looks.
READ, UNREAD = 0.5, 60.0

#: Number of characters of a process's output that an error shows.
_SHOWN = 2000

#: It has no types.
library: Any = distributed

# The workers need not have this package: a worker that runs the environment itself has none.
cloudpickle.register_pickle_by_value(node_code)
cloudpickle.register_pickle_by_value(nanny_code)


@contextlib.asynccontextmanager
async def connect(address: str) -> AsyncIterator[DaskEngine]:
    """Connect to a scheduler. Raises InvalidRequest, ClusterNotAllowed, ClusterUnreachable or ClusterMismatch."""
    address = addresses.check(address)
    # Its own messages about addresses that do not answer would come between ours.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        security = library.Security()
        if address.startswith("tls:") and security.get_connection_args("client").get("ssl_context") is None:
            raise _without_certificates(address)
    except (OSError, ValueError, TypeError) as error:
        raise _without_certificates(address, error) from error
    client = library.Client(address, asynchronous=True, security=security, set_as_default=False, timeout=PATIENCE)
    try:
        try:
            await asyncio.wait_for(client, 2 * PATIENCE)
            versions = await asyncio.wait_for(client.scheduler.versions(), PATIENCE)
        except (OSError, TimeoutError, asyncio.TimeoutError, ValueError, TypeError, RuntimeError) as error:
            raise ClusterUnreachable(
                say("No Dask scheduler answers at {address}.", address=address), f"{type(error).__name__}: {error}"
            ) from error
        theirs = versions.get("packages", {}).get("distributed")
        if theirs != library.__version__:
            raise ClusterMismatch(
                say(
                    "The scheduler has distributed {theirs}, but this machine has {ours}.",
                    theirs=theirs,
                    ours=library.__version__,
                ),
                hint=say("Install distributed {theirs} here, next to tfenv_lab.", theirs=theirs),
            )
        python = ".".join(map(str, versions.get("host", {}).get("python", "").split(".")[:3]))
        yield DaskEngine(address, client, {"distributed": theirs, "python": python})
    finally:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(client.close(), PATIENCE)


def _without_certificates(address: str, error: Exception | None = None) -> InvalidRequest:
    return InvalidRequest(
        say(
            "{address} needs certificates, but Dask's configuration on this machine names none that can be used.",
            address=address,
        ),
        str(error) if error else None,
        say("Set distributed.comm.tls in Dask's configuration: the CA's certificate, and a certificate with its key."),
    )


class DaskEngine:
    """A connection to a scheduler."""

    def __init__(self, address: str, client: Any, versions: dict[str, str]) -> None:
        self._client = client
        self._versions = versions
        #: The address of the scheduler.
        self.cluster = address

    async def nodes(self) -> Sequence[ClusterNode]:
        """Return the workers, by name. Raises ClusterUnreachable."""
        try:
            found = await asyncio.wait_for(self._client.scheduler.identity(n_workers=-1), PATIENCE)
        except (OSError, TimeoutError, asyncio.TimeoutError) as error:
            raise self._gone(error) from error
        nodes = [ClusterNode(str(worker["name"]), address) for address, worker in found["workers"].items()]
        return sorted(nodes, key=lambda each: each.name)

    async def call(self, node: ClusterNode, order: Order, tell: Callable[[str], None] | None = None) -> Answer:
        """Let a worker carry out an order in a process of its own. Raises Departed or ClusterUnreachable."""
        token = secrets.token_hex(8)
        patience = None if tell is None else UNREAD
        running = asyncio.ensure_future(self._run(node, node_code.carry_out, serde.dumps(order), token, patience))
        try:
            while tell is not None and not (await asyncio.wait({running}, timeout=READ))[0]:
                lines = await self._run(node, node_code.take_output, token)
                if isinstance(lines, str):
                    tell(lines)
            found = await running
        except BaseException:
            running.cancel()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._run(node, node_code.cancel, token), PATIENCE)
            raise
        if isinstance(found, OSError):
            raise Departed(f"{type(found).__name__}: {found}")
        if isinstance(found, BaseException):
            return _failed(say("The worker could not start a process."), f"{type(found).__name__}: {found}")
        status, text, output = found
        if tell is not None:
            tell(output)
        output = output[-_SHOWN:]
        try:
            answer: Answer = serde.loads(text.splitlines()[-1], Answer)
        except (IndexError, serde.Unreadable):
            if "No module named" in output and "tfenv_lab" in output:
                return _failed(
                    say("The Python of this worker has no tfenv_lab."), output, say("Install it on all machines.")
                )
            return _failed(
                say("The process on the worker ended with status {status}, without an answer.", status=status), output
            )
        return answer

    async def free_address(self, node: ClusterNode) -> str:
        """Return a network address of a worker, with a port that no program uses. Raises Departed."""
        host = node.address.partition("://")[2].rpartition(":")[0]
        if not host:
            raise ClusterMismatch(say("The worker {worker} has no network address.", worker=node.name))
        return f"{host}:{_present(await self._run(node, node_code.free_port))}"

    async def versions(self) -> dict[str, str]:
        """Return the versions of ``python`` and ``distributed`` that the scheduler runs."""
        return self._versions

    async def inside(self, node: ClusterNode) -> Inside:
        """Return what a worker runs. Raises Departed or ClusterUnreachable."""
        found = _present(await self._run(node, nanny_code.describe, nanny=True))
        if found is None:
            obstacle = "The worker has no nanny, which could start it again. Start it without --no-nanny."
            return Inside("", "", "", obstacle=obstacle)
        return Inside(found["prefix"], found["inside"], found["nanny"], found["previous"], found["obstacle"])

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Let no other rollout start workers again meanwhile. Raises ClusterBusy or ClusterUnreachable."""
        async with contextlib.AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(turn(self._client, self.cluster, PATIENCE))
            except (OSError, TimeoutError, asyncio.TimeoutError) as error:
                raise self._gone(error) from error
            yield

    @contextlib.asynccontextmanager
    async def distributed(self, distribution: Shipment) -> AsyncIterator[Mapping[str, Place]]:
        """Let the workers fetch the pieces of a stream once, and send them to each other. Yield a place by address."""

        async def present() -> set[str]:
            return {node.address for node in await self.nodes()}

        transfer = Transfer(self._client, distribution, present)
        try:
            yield await transfer.run()
        finally:
            with contextlib.suppress(ClusterUnreachable):
                await asyncio.gather(*(self._run(node, node_code.clear, transfer.token) for node in distribution.needs))

    async def drain(self, node: ClusterNode) -> str | None:
        """Move the data of a worker to others, and wait for its tasks. Return the reason if that is impossible."""
        for _ in range(2):
            if node.address not in await self._retire(node):
                return "The worker holds data that no other worker can take."
            for _ in range(int(TASKS / LOOK)):
                if not _present(await self._run(node, nanny_code.count_running)):
                    break
                await asyncio.sleep(LOOK)
            # The tasks that have ended meanwhile have left data, which is moved now.
        return None

    async def _retire(self, node: ClusterNode) -> dict[str, Any]:
        try:
            moved = self._client.retire_workers(workers=[node.address], close_workers=False, remove=False)
            found: dict[str, Any] = await moved
        except (OSError, TimeoutError) as error:
            raise self._gone(error) from error
        if not found and node.address not in {each.address for each in await self.nodes()}:
            raise Departed("The worker is not in the cluster.")
        return found

    async def resume(self, node: ClusterNode) -> None:
        """Let a drained worker take tasks again, if it still is in the cluster."""
        await self._run(node, nanny_code.resume)

    async def enter(self, node: ClusterNode, name: str) -> str | None:
        """Let a worker start again from an environment, or from its own Python if the name is empty."""
        found = _present(await self._run(node, nanny_code.enter, name, nanny=True))
        return None if found is None else str(found)

    async def _run(self, node: ClusterNode, function: Any, *arguments: object, nanny: bool = False) -> Any:
        """Run a function in a worker, outside of its tasks, or in its nanny. Return its result or the exception."""
        try:
            answers = await self._client.run(
                function, *arguments, workers=[node.address], on_error="return", nanny=nanny
            )
        except KeyError:
            return OSError("The worker is not in the cluster.")
        except (OSError, TimeoutError) as error:
            raise self._gone(error) from error
        # Without a nanny, nothing answers.
        return answers.get(node.address, None if nanny else OSError("The worker is not in the cluster."))

    def _gone(self, error: Exception) -> ClusterUnreachable:
        return ClusterUnreachable(
            say("The scheduler at {address} does not answer anymore.", address=self.cluster),
            f"{type(error).__name__}: {error}",
        )


def _present(found: Any) -> Any:
    """Return the result of a function in a worker. Raises Departed if the worker left the cluster."""
    if isinstance(found, OSError):
        raise Departed(f"{type(found).__name__}: {found}")
    if isinstance(found, BaseException):
        raise JobFailed(say("The worker failed unexpectedly."), f"{type(found).__name__}: {found}")
    return found


def _failed(message: str, details: str, hint: str | None = None) -> Answer:
    return Answer(__version__, error=JobFailed(message, details, hint).to_json())
