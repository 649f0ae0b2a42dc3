"""The HTTP client that conda's network settings ask for."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rattler import Client, Config

if TYPE_CHECKING:
    from .channels import Credential
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


@contextmanager
def _authentication(credentials: Mapping[str, Credential]) -> Iterator[Path | None]:
    """Lay the credentials of channel URLs into a file while a client reads them; None where there are none.

    The file is rattler's ``authentication-override-file``. It goes by host, so of two channels on one host
    the first decides.
    """
    hosts: dict[str, dict[str, object]] = {}
    for url, credential in credentials.items():
        if credential.token is not None:
            entry: dict[str, object] = {"CondaToken": credential.token}
        else:
            entry = {"BasicHTTP": {"username": credential.user or "", "password": credential.password or ""}}
        hosts.setdefault(urlsplit(url).hostname or "", entry)
    if not hosts:
        yield None
        return
    # mkstemp's file can be read by its owner alone.
    handle, name = tempfile.mkstemp(prefix="tfenv_lab-", suffix=".json")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(hosts, file)
        yield Path(name)
    finally:
        Path(name).unlink()


def client(settings: CondaSettings, retries: int = 3) -> Client:
    """Return a client that follows condarc's ``ssl_verify`` and ``proxy_servers``, and its channels' credentials.

    ``ssl_verify`` is a bool, ``"truststore"`` (the system's certificates) or the path of a bundle, and
    ``proxy_servers`` maps ``http`` and ``https`` to URLs (conda's documentation, "Settings"). Proxy
    variables of the process are honoured where the settings are silent. ``retries`` of a failed request
    wait longer each time, some seconds in all.
    """
    lines = []
    bundle = None
    if settings.ssl_verify is False:
        lines.append("tls-no-verify = true")
    elif isinstance(settings.ssl_verify, str):
        lines.append('tls-root-certs = "system"')
        bundle = None if settings.ssl_verify == "truststore" else settings.ssl_verify
    with _certificates(bundle), _authentication(settings.rules.credentials) as secrets:
        if secrets is not None:
            lines.append(f"authentication-override-file = {json.dumps(str(secrets))}")
        proxies = {scheme: url for scheme in ("http", "https") if (url := settings.proxy_servers.get(scheme))}
        if proxies:
            lines.append("[proxy-config]")
            lines.extend(f"{scheme} = {json.dumps(url)}" for scheme, url in proxies.items())
        return Client.from_config(Config.from_toml("\n".join(lines)), max_retries=retries)
