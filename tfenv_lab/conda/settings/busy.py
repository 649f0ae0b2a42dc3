"""Ask a channel that is busy when it wants to be asked again, because rattler's errors do not contain its headers."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ... import postponement
from .network import proxy_of

if TYPE_CHECKING:
    from .condarc import CondaSettings

#: Seconds to wait for the answer, in total.
PATIENCE = 10.0


def wait_of(url: str, settings: CondaSettings) -> float | None:
    """Return the seconds after which the server of a URL wants to be asked again; None if it does not say so.

    The URL is from an error, so it has no credentials; those of its channel are used. Blocks for some seconds.
    """
    import requests

    from ...bounded_http import BoundedSession

    address, login = _with_credentials(url, settings)
    with suppress(requests.RequestException, OSError, ValueError), BoundedSession(PATIENCE) as session:
        parts = urlsplit(address)
        proxy = proxy_of(parts.scheme, parts.hostname or "", settings)
        if proxy:
            session.proxies[parts.scheme] = proxy
        verify = settings.ssl_verify
        session.verify = verify if isinstance(verify, bool) or verify != "truststore" else True
        with session.get(address, auth=login, timeout=PATIENCE, stream=True, allow_redirects=False) as answer:
            if answer.status_code in postponement.STATUSES:
                return postponement.seconds_in(answer.headers.get("Retry-After"))
    return None


def _with_credentials(url: str, settings: CondaSettings) -> tuple[str, tuple[str, str] | None]:
    """Return a URL with its channel's token, and its channel's user and password."""
    clean = url.replace("/t/<TOKEN>", "")
    # That of the longest URL is the channel's own; the others are of a site.
    for channel, credential in sorted(settings.rules.credentials.items(), key=lambda item: -len(item[0])):
        if clean.startswith(f"{channel}/"):
            parts = urlsplit(channel)
            root = credential.root or f"{parts.scheme}://{parts.netloc}"
            if credential.token is not None:
                return f"{root}/t/{credential.token}{clean.removeprefix(root)}", None
            if credential.user is not None:
                return clean, (credential.user, credential.password or "")
    return clean, None
