"""Ask the Jupyter servers that this user runs for their kernels, for a command that runs without a server."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..disk.reads import BoundedReads

if TYPE_CHECKING:
    from http.client import HTTPConnection

#: Seconds that one answer of a server may take.
_TIMEOUT = 4.0
#: Maximum number of bytes in an answer.
_MOST = 8 << 20


@dataclass(frozen=True)
class RunningServer:
    """A running server, as its file in Jupyter's runtime directory describes it."""

    host: str
    port: int
    base: str
    token: str
    root: str
    secure: bool = False
    socket: str = ""

    def ask(self, method: str, path: str) -> Any:
        """Send a request to the REST API. Raises OSError, HTTPException or ValueError."""
        connection = self._connection()
        try:
            # The same value twice satisfies a server without a token, which protects its users from other sites.
            headers = {"Cookie": "_xsrf=tfenv", "X-XSRFToken": "tfenv"}
            if self.token:
                headers["Authorization"] = f"token {self.token}"
            connection.request(method, f"{self.base}api/{path}", headers=headers)
            response = connection.getresponse()
            body = response.read(_MOST)
            if response.status >= 400:
                raise ConnectionError(f"{response.status} {response.reason}")
            return json.loads(body) if body else None
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        # Most commands ask no server, and these modules take a while to import.
        import http.client
        import ssl

        from .socket_connection import SocketConnection

        if self.socket:
            return SocketConnection(self.socket, _TIMEOUT)
        if self.secure:
            # The certificate of a server on this machine rarely has this machine's name.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            return http.client.HTTPSConnection(self.host, self.port, timeout=_TIMEOUT, context=context)
        return http.client.HTTPConnection(self.host, self.port, timeout=_TIMEOUT)


class OtherServers:
    """The sessions and kernels of all running servers, with the methods of a server's own session manager.

    A server that does not answer in time, or refuses, is left out. The paths of notebooks are absolute.
    """

    def __init__(self) -> None:
        #: As in a server, where the manager of kernels is another object.
        self.kernel_manager = self
        self._asked: BoundedReads[tuple[RunningServer, str], Any] = BoundedReads(
            lambda item: item[0].ask("GET", item[1]), _TIMEOUT
        )
        self._found: BoundedReads[str, list[RunningServer]] = BoundedReads(lambda _: running())
        #: The servers that did not answer, which are not asked again.
        self._silent: set[RunningServer] = set()
        #: The server of each session and kernel, by its path in the API.
        self._server_of: dict[str, RunningServer] = {}

    async def list_sessions(self) -> list[dict[str, Any]]:
        """Return the sessions: a notebook or console with its kernel."""
        return [
            {**each, "path": os.path.join(server.root, str(each.get("path", "")))}  # noqa: PTH118 - root may be empty
            for server, each in await self._list("sessions")
        ]

    async def list_kernels(self) -> list[dict[str, Any]]:
        """Return the running kernels."""
        return [each for _, each in await self._list("kernels")]

    async def delete_session(self, session_id: str) -> None:
        """End a session and its kernel. Raises KeyError if there is none, or if its server refuses."""
        await self._delete(f"sessions/{session_id}")

    async def shutdown_kernel(self, kernel_id: str) -> None:
        """End a kernel. Raises KeyError if there is none, or if its server refuses."""
        await self._delete(f"kernels/{kernel_id}")

    async def _list(self, kind: str) -> list[tuple[RunningServer, dict[str, Any]]]:
        servers = (await self._found.gather([""]))[""]
        if not isinstance(servers, list):
            return []
        answers = await self._asked.gather((server, kind) for server in servers if server not in self._silent)
        self._silent |= {server for (server, _), answer in answers.items() if not isinstance(answer, list)}
        found = [
            (server, each)
            for (server, _), answer in answers.items()
            if isinstance(answer, list)
            for each in answer
            if isinstance(each, dict) and isinstance(each.get("id"), str) and each.get("kernel", each)
        ]
        self._server_of.update((f"{kind}/{each['id']}", server) for server, each in found)
        return found

    async def _delete(self, path: str) -> None:
        server = self._server_of[path]
        kind, _, identifier = path.partition("/")
        deletes: BoundedReads[str, Any] = BoundedReads(lambda item: server.ask("DELETE", item), 10 * _TIMEOUT)
        answer = (await deletes.gather([f"{kind}/{quote(identifier, safe='')}"])).popitem()[1]
        if isinstance(answer, Exception):
            raise KeyError(path) from answer


def running() -> list[RunningServer]:
    """Return the servers that this user runs, from the files that they write. Reads the disk.

    ``jupyter_server.serverapp.list_running_servers`` reads the same files, but its import takes a second.
    """
    import psutil
    from jupyter_core.paths import jupyter_runtime_dir

    found = []
    for path in sorted(Path(jupyter_runtime_dir()).glob("jpserver-*.json")):
        try:
            info = json.loads(path.read_bytes())
            # The file of a server that was killed remains.
            server = _server(info) if psutil.pid_exists(info["pid"]) else None
        except (OSError, ValueError, TypeError, LookupError, ArithmeticError):
            continue
        if server is not None:
            found.append(server)
    return found


def _server(info: Mapping[str, Any]) -> RunningServer | None:
    texts = {key: str(info.get(key) or "") for key in ("hostname", "base_url", "token", "root_dir", "sock")}
    port = info.get("port")
    if not isinstance(port, int):
        return None
    return RunningServer(
        texts["hostname"] or "localhost",
        port,
        texts["base_url"] or "/",
        texts["token"],
        texts["root_dir"],
        bool(info.get("secure")),
        texts["sock"],
    )
