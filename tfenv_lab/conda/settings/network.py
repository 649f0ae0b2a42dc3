"""The HTTP client that conda's network settings ask for."""

from __future__ import annotations

import json
import logging
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rattler import Client, Config

if TYPE_CHECKING:
    from .channels import Credential
    from .condarc import CondaSettings

log = logging.getLogger(__name__)

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
def _variable(name: str, value: str | None) -> Iterator[None]:
    """Set a variable of the process while a client reads it; None leaves it as it is."""
    if value is None:
        yield
        return
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextmanager
def _passwords(credentials: Mapping[str, Credential]) -> Iterator[str | None]:
    """Lay users and passwords of channel URLs into a file while a client reads them; None where there are none.

    The file goes before rattler's own stores (keyring, ``~/.rattler/credentials.json``) and takes the place
    of the one that ``RATTLER_AUTH_FILE`` names, so what that holds goes with it. It is by host: of two
    users on one host the first counts.
    """
    hosts: dict[str, object] = {}
    for url, credential in credentials.items():
        if credential.user is not None:
            entry = {"BasicHTTP": {"username": credential.user, "password": credential.password or ""}}
            hosts.setdefault(urlsplit(url).hostname or "", entry)
    if not hosts:
        yield None
        return
    if os.environ.get("RATTLER_AUTH_FILE"):
        with suppress(OSError, ValueError):
            hosts = {**json.loads(Path(os.environ["RATTLER_AUTH_FILE"]).read_text(encoding="utf-8")), **hosts}
    # mkstemp's file can be read by its owner alone.
    handle, name = tempfile.mkstemp(prefix="tfenv_lab-", suffix=".json")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(hosts, file)
        yield name
    finally:
        Path(name).unlink()


def _tokens(credentials: Mapping[str, Credential]) -> list[str]:
    """Return the lines of configuration that send requests for a channel to its address with ``/t/<token>/``.

    As mirrors, they are by channel (two on one host can have a token each), and no record learns of them.
    """
    lines = []
    for url, credential in credentials.items():
        if credential.token is not None:
            parts = urlsplit(url)
            root = credential.root or f"{parts.scheme}://{parts.netloc}"
            secret = f"{root}/t/{credential.token}{url.removeprefix(root)}/"
            lines.append(f"{json.dumps(url + '/')} = [{json.dumps(secret)}]")
    return ["[mirrors]", *lines] if lines else []


def _proxy(scheme: str, host: str, servers: Mapping[str, str]) -> str:
    """Return the proxy of a host, "" for none (the order is ``select_proxy``'s of requests, which conda uses)."""
    keys = (f"{scheme}://{host}", scheme, f"all://{host}", "all")
    found = next((servers[key] for key in keys if key in servers), "")
    return found if not found or "://" in found else f"http://{found.lstrip('/')}"


def _is_url(text: str) -> bool:
    try:
        Config.from_toml(f"[proxy-config]\nhttp = {json.dumps(text)}")
    except ValueError:
        return False
    return True


def _proxies(settings: CondaSettings) -> list[str]:
    """Return the lines of configuration for ``proxy_servers``.

    rattler knows a proxy for each scheme, and hosts that are reached without: of several proxies that the
    channels' hosts would need on one scheme only the general one can be had.
    """
    lines, direct = [], []
    for scheme in ("http", "https"):
        general = _proxy(scheme, "", settings.proxy_servers)
        urls = [urlsplit(channel.url) for channel in settings.channels]
        hosts = {url.hostname or "" for url in urls if url.scheme == scheme}
        needed = {host: _proxy(scheme, host, settings.proxy_servers) for host in hosts}
        proxies = set(filter(None, needed.values()))
        if len(proxies) > 1:
            log.warning("proxy_servers: channels cannot have a proxy each; %s takes the general one", scheme)
        chosen = proxies.pop() if len(proxies) == 1 else general
        if chosen and not _is_url(chosen):
            # Not quoted: it may hold a password.
            log.warning("proxy_servers: the proxy for %s is no URL; none is used", scheme)
        elif chosen:
            lines.append(f"{scheme} = {json.dumps(chosen)}")
        direct += sorted(host for host, proxy in needed.items() if not proxy)
    return ["[proxy-config]", *lines, f"non-proxy-hosts = {json.dumps(direct)}"] if lines else []


def client(settings: CondaSettings, retries: int = 3) -> Client:
    """Return a client that follows condarc's ``ssl_verify`` and ``proxy_servers``, and its channels' credentials.

    ``ssl_verify`` is a bool, ``"truststore"`` (the system's certificates), the path of a bundle, or of a
    directory of certificates (by OpenSSL's names); ``proxy_servers`` maps ``http``, ``https``, ``all``, or
    one of them with a host, to URLs. Proxy variables of the process are honoured where the settings are
    silent. ``retries`` of a failed request wait longer each time, some seconds in all.
    """
    lines = []
    bundle, folder = None, None
    if settings.ssl_verify is False:
        lines.append("tls-no-verify = true")
    elif isinstance(settings.ssl_verify, str):
        lines.append('tls-root-certs = "system"')
        if settings.ssl_verify != "truststore":
            is_folder = Path(settings.ssl_verify).is_dir()
            bundle, folder = (None, settings.ssl_verify) if is_folder else (settings.ssl_verify, None)
    lines += _proxies(settings)
    lines += _tokens(settings.rules.credentials)
    with (
        _variable("SSL_CERT_FILE", bundle),
        _variable("SSL_CERT_DIR", folder),
        _passwords(settings.rules.credentials) as secrets,
        _variable("RATTLER_AUTH_FILE", secrets),
    ):
        return Client.from_config(Config.from_toml("\n".join(lines)), max_retries=retries)
