"""Send each channel the user and the password of its own URL, which rattler keeps by host."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rattler import Client
from rattler.networking import (
    AddHeadersMiddleware,
    AuthenticationMiddleware,
    GCSMiddleware,
    MirrorMiddleware,
    OciMiddleware,
    RetryMiddleware,
    S3Middleware,
)

from ... import serde

if TYPE_CHECKING:
    from .channels import Credential

#: The first directory of a request's URL while it passes through the middlewares that log it in.
_MARK = "/.tfenv-login-"


def have_one_host(credentials: Mapping[str, Credential]) -> bool:
    """Return whether two channels on the same host have different users or passwords."""
    found: dict[str, tuple[str | None, str | None]] = {}
    logins = [(urlsplit(url).hostname or "", (each.user, each.password)) for url, each in _logins(credentials).items()]
    return any(found.setdefault(host, login) != login for host, login in logins)


def _logins(credentials: Mapping[str, Credential]) -> dict[str, Credential]:
    """Return the credentials that have a user, those of longer URLs first: they are closer to a channel's own."""
    urls = sorted(credentials, key=len, reverse=True)
    return {url: credentials[url] for url in urls if credentials[url].user is not None}


@contextmanager
def kept_by_host(credentials: Mapping[str, Credential]) -> Iterator[str | None]:
    """Write the users and passwords of channel URLs to a file while a client reads them; None if there are none.

    The file precedes rattler's own stores (keyring, ``~/.rattler/credentials.json``). It replaces the file that
    ``RATTLER_AUTH_FILE`` names, so it includes the contents of that file. Entries are keyed by host: if two users have
    the same host, the one of the longest URL counts.
    """
    hosts: dict[str, object] = {}
    for url, credential in _logins(credentials).items():
        entry = {"BasicHTTP": {"username": credential.user, "password": credential.password or ""}}
        hosts.setdefault(urlsplit(url).hostname or "", entry)
    if not hosts:
        yield None
        return
    if os.environ.get("RATTLER_AUTH_FILE"):
        with suppress(OSError, ValueError):
            hosts = {**serde.parse(Path(os.environ["RATTLER_AUTH_FILE"]).read_text(encoding="utf-8")), **hosts}
    # mkstemp creates a file that only its owner can read.
    handle, name = tempfile.mkstemp(prefix="tfenv_lab-", suffix=".json")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(hosts, file)
        yield name
    finally:
        Path(name).unlink()


def client_by_url(credentials: Mapping[str, Credential], tokens: Mapping[str, str], retries: int) -> Client:
    """Return a client that logs in by the URL of each channel, and not by its host.

    ``tokens`` maps the URLs of channels to those with their tokens. rattler shows only the host and the path of a
    request to the callback that adds headers, and two servers of one host can have the same paths. So a first redirect
    marks each request with the number of its login, and a second one removes the mark.
    """
    headers, ends = {}, dict(tokens)
    # A channel that has a token does not log in with the password of a longer part of the site.
    marks = {url: [url] for url in tokens}
    for number, (url, credential) in enumerate(_logins(credentials).items()):
        parts = urlsplit(url)
        mark = f"{_MARK}{number}/"
        marked = f"{parts.scheme}://{parts.netloc}{mark.rstrip('/')}{parts.path}/"
        marks[f"{url}/"] = [marked]
        ends[marked] = tokens.get(f"{url}/", f"{url}/")
        text = base64.b64encode(f"{credential.user}:{credential.password or ''}".encode()).decode()
        headers[mark] = {"Authorization": f"Basic {text}"}

    def login(_: str, path: str) -> dict[str, str] | None:
        return next((each for mark, each in headers.items() if path.startswith(mark)), None)

    return Client(
        [
            RetryMiddleware(retries),
            MirrorMiddleware(marks),
            AddHeadersMiddleware(login),
            MirrorMiddleware({url: [end] for url, end in ends.items()}),
            AuthenticationMiddleware(),
            OciMiddleware(),
            GCSMiddleware(),
            S3Middleware(),
        ]
    )
