"""HTTP requests that end after some seconds in total, also if the server goes on sending a byte now and then.

The time limits of requests and urllib3 start again with each byte, so such a server would hold a thread for hours.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter


class BoundedSession(requests.Session):
    """A session whose connections are shut down after ``limit`` seconds. Use it as a context manager.

    ``context`` has the certificates that are trusted in place of those that requests brings.
    """

    def __init__(self, limit: float, context: ssl.SSLContext | None = None) -> None:
        super().__init__()
        # Otherwise requests would read .netrc, which could be a named pipe, and the process's variables.
        self.trust_env = False
        self.limit = limit
        #: Whether the session ended because its time was over.
        self.is_late = False
        self._opened: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(limit, self._end)
        self._timer.daemon = True
        adapter = _Adapter(self._note, context)
        for scheme in ("http://", "https://"):
            self.mount(scheme, adapter)

    def __enter__(self) -> BoundedSession:
        self._timer.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._timer.cancel()
        self.close()
        with self._lock:
            for each in self._opened:
                _shut(each)
                each.close()
            self._opened.clear()

    def _note(self, connection: socket.socket) -> None:
        """Remember a new connection by a second handle, since TLS takes over the first one."""
        with self._lock:
            if self.is_late:
                raise TimeoutError(f"no complete answer within {self.limit:g} seconds")
            self._opened.append(connection.dup())

    def _end(self) -> None:
        with self._lock:
            self.is_late = True
            for each in self._opened:
                _shut(each)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Adapter(HTTPAdapter):
    """Adapter that tells which connections are opened."""

    def __init__(self, note: Callable[[socket.socket], None], context: ssl.SSLContext | None) -> None:
        self._note = note
        self._trusted: dict[str, Any] = {} if context is None else {"ssl_context": context}
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **{**kwargs, **self._trusted})
        self._watch(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **{**kwargs, **self._trusted})
        self._watch(manager)
        return manager

    def _watch(self, manager: Any) -> None:
        pools = manager.pool_classes_by_scheme
        manager.pool_classes_by_scheme = {scheme: _watched(pool, self._note) for scheme, pool in pools.items()}


def _watched(pool: Any, note: Callable[[socket.socket], None]) -> Any:
    """Return a class of connection pools like ``pool``, which notes each connection before anything is sent."""

    class Connection(pool.ConnectionCls):  # type: ignore[misc]
        def _new_conn(self) -> Any:
            made = super()._new_conn()
            note(made)
            return made

    return type(pool.__name__, (pool,), {"ConnectionCls": Connection})
