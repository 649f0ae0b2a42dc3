"""Ask a channel what rattler cannot, with conda's network settings and the channel's own credentials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...errors import ChannelUnreachable
from ...sentences import redact, say
from .network import proxy_of

if TYPE_CHECKING:
    import requests

    from .condarc import CondaSettings

#: Seconds to wait for the next byte of a part of a file, and for the whole part.
_PATIENCE, _LONGEST = 20.0, 100.0


@contextmanager
def answer_of(
    url: str, settings: CondaSettings, patience: float, limit: float, headers: Mapping[str, str], **options: Any
) -> Iterator[requests.Response]:
    """Request a clean URL of a channel, and yield the answer, whose content must be read within ``limit`` seconds.

    Raises OSError or ValueError; the errors of requests are OSErrors.
    """
    from ...bounded_http import BoundedSession

    address, login = _with_credentials(url, settings)
    with BoundedSession(limit) as session:
        parts = urlsplit(address)
        proxy = proxy_of(parts.scheme, parts.hostname or "", settings)
        if proxy:
            session.proxies[parts.scheme] = proxy
        verify = settings.ssl_verify
        session.verify = verify if isinstance(verify, bool) or verify != "truststore" else True
        with session.get(address, auth=login, timeout=patience, stream=True, headers=headers, **options) as answer:
            yield answer
            if session.is_late:
                # Without this, content that was cut off could seem complete.
                raise TimeoutError(f"no complete answer within {limit:g} seconds")


def part_of(url: str, start: int, size: int, total: int, settings: CondaSettings) -> bytes:
    """Return ``size`` bytes of a file of ``total`` bytes on a channel, from the byte ``start`` on.

    This blocks for up to two minutes. Raises ChannelUnreachable.
    """
    headers = {"Accept-Encoding": "identity"}
    if size < total:
        headers["Range"] = f"bytes={start}-{start + size - 1}"
    try:
        with answer_of(url, settings, _PATIENCE, _LONGEST, headers) as answer:
            expected = 206 if size < total else 200
            if answer.status_code != expected:
                raise OSError(f"HTTP status {answer.status_code} instead of {expected}")
            content = bytearray()
            for piece in answer.iter_content(1 << 20):
                content += piece
                if len(content) > size:
                    raise OSError("too many bytes")
        if len(content) != size:
            raise OSError(f"{len(content)} bytes instead of {size}")
        return bytes(content)
    except (OSError, ValueError) as error:
        raise ChannelUnreachable(say("A part of {url} cannot be downloaded.", url=url), redact(str(error))) from error


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
