"""Servers that answer badly: they stay silent, drip, redirect for ever, or close the connection."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading

#: The ways in which a server answers badly.
KINDS = ("silent", "drips headers", "drips a body", "redirects", "closes", "closes in a body")
#: Seconds between two bytes of a server that drips.
PAUSE = 0.05


class BadServer:
    """A server on a free port of this machine. ``url`` has no slash at its end."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._numbers = itertools.count()
        #: Number of connections, and the number that is still open.
        self.connections = self.open = 0
        self._lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def end(self) -> None:
        """Close all connections."""
        self._ended.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with self._lock:
            self.connections += 1
            self.open += 1
        with contextlib.suppress(OSError), connection:
            while not self._ended.is_set() and self._read(connection):
                if not self._send(connection):
                    break
        with self._lock:
            self.open -= 1

    @staticmethod
    def _read(connection: socket.socket) -> bool:
        text = b""
        while b"\r\n\r\n" not in text:
            part = connection.recv(65536)
            if not part:
                return False
            text += part
        return True

    def _send(self, connection: socket.socket) -> bool:
        """Answer one request, and return whether the connection stays open."""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000000\r\n\r\n"
        match self._kind:
            case "silent":
                # Until the other side gives up.
                connection.recv(1)
            case "drips headers":
                self._drip(connection, head[:17] + b"X: " + bytes(ord("a") for _ in range(1 << 16)))
            case "drips a body":
                connection.sendall(head)
                self._drip(connection, b" " * 1_000_000)
            case "redirects":
                place = f"/{next(self._numbers)}/".encode()
                connection.sendall(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + place + b"\r\n\r\n")
                return True
            case "closes in a body":
                connection.sendall(head + b"{")
        return False

    def _drip(self, connection: socket.socket, text: bytes) -> None:
        for number in range(len(text)):
            connection.sendall(text[number : number + 1])
            if self._ended.wait(PAUSE):
                return
