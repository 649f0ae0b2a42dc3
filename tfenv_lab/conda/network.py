"""The HTTP client that conda's network settings ask for."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rattler import Client, Config

if TYPE_CHECKING:
    from .condarc import CondaSettings

_CREDENTIALS = (
    (re.compile(r"//[^/@\s]+@"), "//"),
    (re.compile(r"/t/[^/\s]+/"), "/t/<TOKEN>/"),
)


def redact(text: str) -> str:
    """Return ``text`` without user names, passwords and conda's ``/t/<token>/`` in its URLs."""
    for pattern, replacement in _CREDENTIALS:
        text = pattern.sub(replacement, text)
    return text


@contextmanager
def _certificates(path: str | None) -> Iterator[None]:
    """Point the TLS library at a bundle of root certificates while a client reads them."""
    if path is None:
        yield
        return
    before = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = path
    try:
        yield
    finally:
        if before is None:
            del os.environ["SSL_CERT_FILE"]
        else:
            os.environ["SSL_CERT_FILE"] = before


def client(settings: CondaSettings) -> Client:
    """Return a client that follows condarc's ``ssl_verify`` and ``proxy_servers``.

    ``ssl_verify`` is a bool, ``"truststore"`` (the system's certificates) or the path of a bundle, and
    ``proxy_servers`` maps ``http`` and ``https`` to URLs (conda's documentation, "Settings"). Proxy
    variables of the process are honoured where the settings are silent.
    """
    lines = []
    bundle = None
    if settings.ssl_verify is False:
        lines.append("tls-no-verify = true")
    elif isinstance(settings.ssl_verify, str):
        lines.append('tls-root-certs = "system"')
        bundle = None if settings.ssl_verify == "truststore" else settings.ssl_verify
    proxies = {scheme: url for scheme, url in settings.proxy_servers.items() if scheme in ("http", "https") and url}
    if proxies:
        lines.append("[proxy-config]")
        lines.extend(f"{scheme} = {json.dumps(url)}" for scheme, url in proxies.items())
    with _certificates(bundle):
        return Client.from_config(Config.from_toml("\n".join(lines)))
