"""Create an HTTP client that follows conda's network settings."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from rattler import Client, Config
from rattler.exceptions import AuthenticationStorageError

from ... import serde
from ...disk.paths import instead_of_netrc

if TYPE_CHECKING:
    from .channels import Credential
    from .condarc import CondaSettings

log = logging.getLogger(__name__)


@contextmanager
def _variable(name: str, value: str | None) -> Iterator[None]:
    """Set an environment variable of this process while a client reads it; None leaves it as it is."""
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
    """Write the users and passwords of channel URLs to a file while a client reads them; None if there are none.

    The file precedes rattler's own stores (keyring, ``~/.rattler/credentials.json``). It replaces the file that
    ``RATTLER_AUTH_FILE`` names, so it includes the contents of that file. Entries are keyed by host: if two users have
    the same host, the first one counts.
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
            hosts = {**serde.parse(Path(os.environ["RATTLER_AUTH_FILE"]).read_text(encoding="utf-8")), **hosts}
    # mkstemp creates a file that only its owner can read.
    handle, name = tempfile.mkstemp(prefix="tfenv_lab-", suffix=".json")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(hosts, file)
        yield name
    finally:
        Path(name).unlink()


def _tokens(credentials: Mapping[str, Credential]) -> list[str]:
    """Return configuration lines that redirect requests for a channel to its URL with ``/t/<token>/``.

    The redirects are mirrors: each channel can have its own token, even on the same host, and no token gets into a
    record.
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
    """Return the proxy of a host, or "" for none, in the order of ``select_proxy`` in requests, which conda uses."""
    keys = (f"{scheme}://{host}", scheme, f"all://{host}", "all")
    found = next((servers[key] for key in keys if key in servers), "")
    return found if not found or "://" in found else f"http://{found.lstrip('/')}"


def proxy_of(scheme: str, host: str, settings: CondaSettings) -> str:
    """Return the proxy of a host, from condarc or, without one there, from the process's variables; "" for none."""
    if settings.proxy_servers:
        return _proxy(scheme, host, settings.proxy_servers)
    return "" if proxy_bypass(host) else getproxies().get(scheme, "")


def _is_url(text: str) -> bool:
    try:
        Config.from_toml(f"[proxy-config]\nhttp = {json.dumps(text)}")
    except ValueError:
        return False
    return True


def _proxies(settings: CondaSettings) -> list[str]:
    """Return the configuration lines for ``proxy_servers``.

    rattler supports one proxy for each scheme, and a list of hosts without a proxy. If the channels' hosts need several
    proxies for one scheme, only the scheme's general proxy is used.
    """
    lines, direct = [], []
    for scheme in ("http", "https"):
        general = _proxy(scheme, "", settings.proxy_servers)
        urls = [urlsplit(channel.url) for channel in settings.channels]
        hosts = {url.hostname or "" for url in urls if url.scheme == scheme}
        needed = {host: _proxy(scheme, host, settings.proxy_servers) for host in hosts}
        proxies = set(filter(None, needed.values()))
        if len(proxies) > 1:
            log.warning("proxy_servers: channels cannot have different proxies; using the general one for %s", scheme)
        chosen = proxies.pop() if len(proxies) == 1 else general
        if chosen and not _is_url(chosen):
            # Do not quote it: it may contain a password.
            log.warning("proxy_servers: the proxy for %s is not a URL; using none", scheme)
        elif chosen:
            lines.append(f"{scheme} = {json.dumps(chosen)}")
        direct += sorted(host for host, proxy in needed.items() if not proxy)
    return ["[proxy-config]", *lines, f"non-proxy-hosts = {json.dumps(direct)}"] if lines else []


def client(settings: CondaSettings, retries: int = 3) -> Client:
    """Return a client that applies condarc's ``ssl_verify`` and ``proxy_servers``, and the channels' credentials.

    ``ssl_verify`` is a bool, ``"truststore"`` (the system's certificates), the path of a bundle, or the path of a
    directory of certificates with OpenSSL's names. ``proxy_servers`` maps ``http``, ``https``, ``all``, or one of them
    with a host, to URLs. If the settings name no proxy, the process's proxy variables apply. The waits between
    ``retries`` of a failed request increase, and take a few seconds in total.
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
        _variable("NETRC", instead_of_netrc(os.environ)),
    ):
        config = Config.from_toml("\n".join(lines))
        try:
            return Client.from_config(config, max_retries=retries)
        except AuthenticationStorageError as error:
            # rattler always opens ~/.rattler/credentials.json.
            log.warning("The passwords that rattler stores cannot be read and are not used: %s", error)
            with tempfile.TemporaryDirectory() as home, _variable("HOME", home):
                return Client.from_config(config, max_retries=retries)
