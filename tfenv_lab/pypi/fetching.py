"""Fetch pages from package indexes, with the proxies, certificates and credentials that uv would use.

requests does it, because pip itself is built on it: it reads .netrc as pip does, drops credentials when it is sent to
another host, and takes proxies and certificates for each request, while tornado's client knows no proxies. JupyterLab
needs it, too.
"""

from __future__ import annotations

import netrc
import re
import shutil
import ssl
import subprocess
import time
import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import requests
from urllib3.exceptions import InsecureRequestWarning

from ..bounded_http import BoundedSession
from ..errors import IndexUnreachable
from ..postponement import REMEMBERED, STATUSES, hint, seconds_in
from ..sentences import megabytes, redact, say
from . import unreachable
from .models import IndexSettings, Source
from .places import is_below, without_credentials
from .settings import sources

#: Seconds to wait for the next part of an answer, and for the whole page.
PATIENCE, LONGEST = 10.0, 60.0
#: Maximum number of bytes of a page; PyPI's largest have some megabytes.
LIMIT = 50_000_000
#: The hosts that want no request now, until when (``time.monotonic``), and the HTTP status of their answer.
_busy: dict[str, tuple[float, int]] = {}
#: Seconds that the program “keyring” may take. It must not wait for somebody to unlock a keyring.
_KEYRING = 5.0


class Page:
    """A page of an index. ``content`` is None if it is missing (``status`` 404) or has not changed (304)."""

    def __init__(self, status: int, content: bytes | None, address: str, kind: str, etag: str | None) -> None:
        self.status = status
        self.content = content
        self.address = address
        self.is_json = "json" in kind
        self.etag = etag


def fetch(source: Source, address: str, variables: Mapping[str, str], accept: str, etag: str | None = None) -> Page:
    """Return the page at an address of an index. This blocks, so it must not run on the event loop.

    ``variables`` are those that uv starts with. Raises IndexUnreachable.
    """
    index = without_credentials(source.url)
    host = urlsplit(address).netloc
    until, busy = _busy.get(host, (0.0, None))
    if busy is not None and until > time.monotonic():
        raise _is_busy(index, busy, until - time.monotonic())
    headers = {"Accept": accept, **({"If-None-Match": etag} if etag else {})}
    session = _session(address, variables)
    try:
        with session:
            login = _login(source, variables)
            answer = _get(session, address, headers, login)
            if answer.status_code == 401 and login is None:
                login = _from_keyring(source, variables)
                if login is not None:
                    answer = _get(session, address, headers, login)
            with answer:
                wait = _wait(answer)
                if wait is not None:
                    _busy[host] = (time.monotonic() + min(wait, REMEMBERED), answer.status_code)
                    raise _is_busy(index, answer.status_code, wait)
                page = _page(answer, index, variables)
            if session.is_late:
                # Headers and a page without a length seem complete when the connection ends.
                raise TimeoutError("The connection was ended.")
            return page
    except (requests.RequestException, OSError, ValueError) as error:
        if isinstance(error, requests.RequestException) and error.response is not None:
            # This error is remembered for a while, but must not keep its connection.
            error.response.close()
        if session.is_late:
            text = say(
                "The package index {index} did not send its page within {limit} seconds.",
                index=index,
                limit=f"{session.limit:g}",
            )
            raise IndexUnreachable(text, redact(str(error))) from error
        raise unreachable.of_connection(_named(index), redact(str(error))) from error


def wait_of(address: str, settings: IndexSettings, variables: Mapping[str, str]) -> float | None:
    """Return the seconds after which the server of a URL wants to be asked again; None if it does not say so.

    Blocks for some seconds. The errors of uv do not contain a server's headers.
    """
    source = next((each for each in sources(settings) if is_below(address, each.url)), Source(address))
    login = _login(source, variables)
    with (
        suppress(requests.RequestException, OSError, ValueError),
        _session(address, variables) as session,
        _get(session, address, {}, login) as answer,
    ):
        return _wait(answer)
    return None


def _wait(answer: requests.Response) -> float | None:
    return seconds_in(answer.headers.get("Retry-After")) if answer.status_code in STATUSES else None


def _is_busy(index: str, status: int, wait: float) -> IndexUnreachable:
    error = IndexUnreachable(
        say("{server} is busy.", server=_named(index)), say("HTTP status {status}", status=status), hint(wait)
    )
    error.wait = wait
    return error


def _named(index: str) -> str:
    return say("The package index {first}", first=index)


def _page(answer: requests.Response, index: str, variables: Mapping[str, str]) -> Page:
    status = answer.status_code
    kind, etag = answer.headers.get("Content-Type", ""), answer.headers.get("ETag")
    if status in (304, 404, 410):
        return Page(404 if status == 410 else status, None, answer.url, kind, etag)
    if status == 407:
        raise unreachable.without_proxy_login(say("HTTP status {status}", status=status))
    if status in (401, 403):
        raise unreachable.without_login(_named(index), say("HTTP status {status}", status=status), variables)
    if status != 200:
        raise unreachable.with_error(_named(index), say("HTTP status {status}", status=status))
    parts, size = [], 0
    for part in answer.iter_content(1 << 16):
        parts.append(part)
        size += len(part)
        if size > LIMIT:
            raise IndexUnreachable(
                say("A page of {index} is larger than {size}.", index=index, size=megabytes(LIMIT, 0))
            )
    return Page(status, b"".join(parts), answer.url, kind, etag)


def _get(session: BoundedSession, address: str, headers: Mapping[str, str], login: Any) -> requests.Response:
    return session.get(address, headers=headers, auth=login, timeout=PATIENCE, stream=True)


def _session(address: str, variables: Mapping[str, str]) -> BoundedSession:
    """Return a session with the certificates and the proxy for an address; the server's own variables do not count."""
    has_file = bool(variables.get("SSL_CERT_FILE") or variables.get("SSL_CERT_DIR"))
    is_system = not has_file and variables.get("UV_SYSTEM_CERTS", "").lower() in ("1", "true", "yes", "on")
    # The system's certificates are trusted in addition to those that requests brings.
    session = BoundedSession(LONGEST, ssl.create_default_context() if is_system else None)
    host = urlsplit(address).hostname or ""
    insecure = variables.get("UV_INSECURE_HOST", "").split()
    if any(_is_host(address, each) for each in insecure):
        session.verify = False
    elif has_file:
        session.verify = variables.get("SSL_CERT_FILE") or variables["SSL_CERT_DIR"]
    if variables.get("SSL_CLIENT_CERT"):
        session.cert = variables["SSL_CLIENT_CERT"]
    direct = variables.get("no_proxy") or variables.get("NO_PROXY") or ""
    if not proxy_bypass_environment(host, {"no": direct}):
        for scheme in ("http", "https"):
            names = (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
            proxy = next((variables[name] for name in names if variables.get(name)), None)
            if proxy is not None:
                session.proxies[scheme] = proxy
    if not session.verify:
        _expect_insecure([host, *(urlsplit(proxy).hostname or "" for proxy in session.proxies.values())])
    return session


def _expect_insecure(hosts: Iterable[str]) -> None:
    """Prevent the warning for each request without verification to hosts that the user trusts."""
    for host in hosts:
        message = f"Unverified HTTPS request is being made to host '{re.escape(host)}'"
        warnings.filterwarnings("ignore", message, InsecureRequestWarning)


def _is_host(address: str, written: str) -> bool:
    """Return whether an address is on a host, which is written as a name, a name with a port, or a URL."""
    here = urlsplit(address)
    there = urlsplit(written if "://" in written else f"//{written}")
    with suppress(ValueError):
        is_name = there.hostname in ("*", here.hostname)
        return is_name and there.port in (None, here.port) and there.scheme in ("", here.scheme)
    return False


def _login(source: Source, variables: Mapping[str, str]) -> tuple[str, str] | None:
    """Return user name and password of an index: from its URL, from the variables for its name, or from .netrc."""
    parts = urlsplit(source.url)
    prefix = f"UV_INDEX_{''.join(c if c.isalnum() else '_' for c in source.name).upper()}"
    user, password = variables.get(f"{prefix}_USERNAME"), variables.get(f"{prefix}_PASSWORD")
    if source.name and (user or password):
        return user or "", password or ""
    if parts.password is not None:
        return unquote(parts.username or ""), unquote(parts.password)
    found = _from_netrc(parts.hostname or "", variables)
    if found is not None and parts.username in (None, found[0]):
        return found
    # Some indexes take a token as the user name. The keyring may know the password of a user.
    if parts.username and variables.get("UV_KEYRING_PROVIDER") != "subprocess":
        return unquote(parts.username), ""
    return None


def _from_netrc(host: str, variables: Mapping[str, str]) -> tuple[str, str] | None:
    home = Path(variables.get("HOME") or Path.home())
    paths = [Path(variables["NETRC"])] if variables.get("NETRC") else [home / ".netrc", home / "_netrc"]
    for path in paths:
        # Reading a named pipe would never end.
        if not path.is_file():
            continue
        with suppress(OSError, netrc.NetrcParseError, UnicodeDecodeError):
            found = netrc.netrc(path).authenticators(host)
            return (found[0], found[2] or "") if found else None
    return None


def _from_keyring(source: Source, variables: Mapping[str, str]) -> tuple[str, str] | None:
    """Return what the program “keyring” knows about an index, asked as uv asks it: for the URL, then for the host."""
    program = shutil.which("keyring", path=variables.get("PATH"))
    if variables.get("UV_KEYRING_PROVIDER") != "subprocess" or program is None:
        return None
    parts = urlsplit(source.url)
    # Without a user name, uv does not ask the keyring either.
    if not parts.username:
        return None
    user = unquote(parts.username)
    for service in (without_credentials(source.url), parts.netloc.rpartition("@")[2]):
        with suppress(OSError, subprocess.SubprocessError):
            done = subprocess.run(  # noqa: S603 - after “--”, nothing is an option
                [program, "get", "--", service, user],
                env=dict(variables),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_KEYRING,
                check=False,
            )
            password = done.stdout.rstrip("\r\n")
            if done.returncode == 0 and password:
                return user, password
    return None
