"""Create an HTTP client that follows conda's network settings."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from rattler import Client, Config
from rattler.exceptions import AuthenticationStorageError

from ...disk.paths import instead_of_netrc
from ...sentences import say
from . import logins

if TYPE_CHECKING:
    from .channels import Credential
    from .condarc import CondaSettings

log = logging.getLogger(__name__)
#: Where mirrors of this machine are.
_HERE = "127.0.0.1"


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


def _tokens(credentials: Mapping[str, Credential]) -> dict[str, str]:
    """Return the URLs of channels with a token, and the same with ``/t/<token>/``.

    Requests are redirected from the one to the other by rattler's mirrors, so each channel can have its own token, even
    on the same host, and no token gets into a record.
    """
    found = {}
    for url, credential in credentials.items():
        if credential.token is not None:
            parts = urlsplit(url)
            root = credential.root or f"{parts.scheme}://{parts.netloc}"
            found[f"{url}/"] = f"{root}/t/{credential.token}{url.removeprefix(root)}/"
    return found


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


def ignored(settings: CondaSettings) -> list[str]:
    """Return sentences about settings of condarc that a client does not apply, for the status of the server."""
    return _proxies(settings)[2]


def _proxies(settings: CondaSettings) -> tuple[dict[str, str], list[str], list[str]]:
    """Return the proxy of each scheme in ``proxy_servers``, the hosts without a proxy, and what is not applied.

    rattler supports one proxy for each scheme. If the channels' hosts need several for one scheme, only the scheme's
    general proxy is used.
    """
    servers: dict[str, str] = {}
    direct: list[str] = []
    unused: list[str] = []
    for scheme in ("http", "https"):
        general = _proxy(scheme, "", settings.proxy_servers)
        urls = [urlsplit(channel.url) for channel in settings.channels]
        hosts = {url.hostname or "" for url in urls if url.scheme == scheme}
        needed = {host: _proxy(scheme, host, settings.proxy_servers) for host in hosts}
        proxies = set(filter(None, needed.values()))
        if len(proxies) > 1:
            unused.append(
                say(
                    "Channels cannot have different proxies; of proxy_servers, only the general one "
                    "for {scheme} is used.",
                    scheme=scheme,
                )
            )
        chosen = proxies.pop() if len(proxies) == 1 else general
        if chosen and not _is_url(chosen):
            # Do not quote it: it may contain a password.
            unused.append(
                say("The proxy for {scheme} in proxy_servers is not a URL, so no proxy is used for it.", scheme=scheme)
            )
        elif chosen:
            servers[scheme] = chosen
        direct += sorted(host for host, proxy in needed.items() if not proxy)
    return servers, direct, unused


@contextmanager
def _proxy_variables(servers: Mapping[str, str], direct: Iterable[str]) -> Iterator[None]:
    """Let the variables of this process name the proxies, if there are any, while a client reads them."""
    values = {"http_proxy": servers.get("http"), "https_proxy": servers.get("https"), "no_proxy": ",".join(direct)}
    with ExitStack() as stack:
        for name, value in values.items() if servers else ():
            for each in (name, name.upper()):
                stack.enter_context(_variable(each, value or ""))
        yield


def _no_proxy_here() -> ExitStack:
    """Let the variables of this process exclude this machine from its proxies, while a client reads them."""
    stack = ExitStack()
    for name in ("no_proxy", "NO_PROXY"):
        stack.enter_context(_variable(name, ",".join(filter(None, (os.environ.get(name), _HERE)))))
    return stack


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
    servers, direct, unused = _proxies(settings)
    if settings.mirrors:
        direct = [*direct, _HERE]
    for sentence in unused:
        log.warning("%s", sentence)
    if servers:
        lines += ["[proxy-config]", *(f"{scheme} = {json.dumps(url)}" for scheme, url in servers.items())]
        lines.append(f"non-proxy-hosts = {json.dumps(direct)}")
    credentials = settings.rules.credentials
    tokens = _tokens(credentials)
    ends = {url: [end] for url, end in tokens.items()}
    for url, end in settings.mirrors.items():
        # The channel itself is the second choice.
        ends[url] = [
            end,
            next((url.replace(clean, own, 1) for clean, own in tokens.items() if url.startswith(clean)), url),
        ]
    if ends:
        lines += ["[mirrors]", *(f"{json.dumps(url)} = {json.dumps(found)}" for url, found in ends.items())]
    is_by_url = logins.have_one_host(credentials)
    if is_by_url and settings.ssl_verify is False:
        log.warning("ssl_verify is off, so channels on the same host cannot have different passwords; using one")
        is_by_url = False
    config = Config.from_toml("\n".join(lines))

    def made() -> Client:
        if is_by_url:
            with _proxy_variables(servers, direct):
                return logins.client_by_url(credentials, tokens | settings.mirrors, retries)
        with logins.kept_by_host(credentials) as path, _variable("RATTLER_AUTH_FILE", path):
            return Client.from_config(config, max_retries=retries)

    with (
        _variable("SSL_CERT_FILE", bundle),
        _variable("SSL_CERT_DIR", folder),
        _variable("NETRC", instead_of_netrc(os.environ)),
        _no_proxy_here() if settings.mirrors else nullcontext(),
    ):
        try:
            return made()
        except AuthenticationStorageError as error:
            # rattler always opens ~/.rattler/credentials.json.
            log.warning("The passwords that rattler stores cannot be read and are not used: %s", error)
            with tempfile.TemporaryDirectory() as home, _variable("HOME", home):
                return made()
