"""Resolve a channel as users write it (a name, path, URL or multichannel) to a name and a clean URL.

The rules are those of conda/models/channel.py. A URL can contain ``user:password@`` or ``/t/<token>/``. These are
removed from the URL and kept separately, so that they are never shown, logged or written into a record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote, urlsplit

ChannelPriority = Literal["strict", "flexible", "disabled"]

DEFAULT_ALIAS = "https://conda.anaconda.org"

#: Members of ``defaults`` unless a condarc sets others (conda/base/constants.py).
DEFAULT_CHANNELS = ("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r")
DEFAULT_CUSTOM = {"pkgs/pro": "https://repo.anaconda.com"}

#: A name that is not a channel: it tells ``conda env create`` not to add ``defaults`` (conda/env/installers/conda.py).
#: On anaconda.org there is an empty channel of this name; behind another alias there is none.
NODEFAULTS = "nodefaults"

_TOKEN = re.compile(r"/t/([A-Za-z0-9-]+)(?=/|$)")
_SUBDIR = re.compile(
    r"/(?:noarch|(?:linux|osx|win|freebsd|emscripten|wasi|zos)-(?:32|64|aarch64|arm64|armv6l|armv7l|ppc64le|ppc64|riscv64"
    r"|s390x|wasm32|z))/?$"
)
_SCHEME = re.compile(r"^[a-z][a-z0-9+]{1,11}://", re.IGNORECASE)


@dataclass(frozen=True)
class ChannelRef:
    """Channel in a form that is safe to show: ``url`` has no subdir, trailing slash or credentials."""

    name: str
    url: str


@dataclass(frozen=True)
class Credential:
    """Credentials from a channel URL: ``user`` and ``password`` (not percent-encoded), or a conda ``token``.

    ``root`` is the part of the clean URL after which ``/t/<token>`` is inserted; if empty, that is after the host.
    """

    token: str | None = field(default=None, repr=False)
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    root: str = ""


@dataclass(frozen=True)
class ChannelRules:
    """Rules for channel names from condarc. All URLs are clean; ``credentials`` are keyed by clean URL."""

    alias: str = DEFAULT_ALIAS
    custom: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_CUSTOM))
    multichannels: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"defaults": DEFAULT_CHANNELS})
    credentials: Mapping[str, Credential] = field(default_factory=dict, repr=False)


def can_be(text: str) -> bool:
    """Return whether a text can be a channel: a name, a path, or a URL with a host and a valid port."""
    if "://" not in text:
        return True
    try:
        parts = urlsplit(text)
        return parts.scheme == "file" or bool(parts.hostname and parts.port != 0)
    except ValueError:
        return False


def split_credentials(url: str) -> tuple[str, Credential | None]:
    """Return ``url`` without credentials and trailing slash, and its credentials, or None."""
    parts = urlsplit(url.rstrip("/"))
    if not parts.scheme:
        return url.rstrip("/"), None
    user, _, host = parts.netloc.rpartition("@")
    found = _TOKEN.search(parts.path)
    path = parts.path if found is None else parts.path[: found.start()] + parts.path[found.end() :]
    base = f"{parts.scheme.lower()}://{host}"
    clean = f"{base}{path.rstrip('/')}" + (f"?{parts.query}" if parts.query else "")
    if not user and found is None:
        return clean, None
    name, _, password = user.partition(":")
    return clean, Credential(found[1] if found else None, unquote(name) or None, unquote(password) if user else None)


def _is_path(text: str) -> bool:
    return (
        text.startswith(("/", "./", "../", "~/"))
        or text in (".", "..", "~")
        or bool(re.match(r"^[A-Za-z]:[\\/]", text))
    )


def _file_url(text: str) -> str:
    return Path(text).expanduser().resolve().as_uri()


def _from_name(name: str, rules: ChannelRules) -> str:
    """Return the URL of a channel name, from the longest matching custom channel or else from the alias."""
    head = name
    while head:
        if head in rules.custom:
            return f"{rules.custom[head]}/{name}"
        head = head.rpartition("/")[0]
    return f"{rules.alias}/{quote(name, safe='/~')}"


def _name_of(url: str, rules: ChannelRules) -> str:
    """Return conda's name for the channel at ``url``: a short name if a rule gives one, otherwise the URL."""
    for multi, urls in rules.multichannels.items():
        if url in urls:
            return multi
    for name, location in rules.custom.items():
        base = f"{location}/{name}"
        if url == base or url.startswith(base + "/"):
            return url.removeprefix(location + "/")
    if url.startswith(rules.alias + "/"):
        return url.removeprefix(rules.alias + "/")
    return url


def _member_name(url: str) -> str:
    parts = urlsplit(url)
    return url if parts.scheme == "file" else parts.path.strip("/") or url


def location_of(url: str, rules: ChannelRules) -> str:
    """Return the part of a clean URL that precedes the channel's name.

    conda inserts a token between the two, wherever the token was written (``_read_channel_configuration``).
    """
    for name, location in sorted(rules.custom.items(), key=lambda item: len(item[0]), reverse=True):
        if f"{url}/".startswith(f"{location}/{name}/"):
            return location
    if f"{url}/".startswith(f"{rules.alias}/"):
        return rules.alias
    parts = urlsplit(url)
    # Anaconda's enterprise repository has its channels in /conda.
    return f"{parts.scheme}://{parts.netloc}" + ("/conda" if parts.path.startswith("/conda/") else "")


def resolve(text: str, rules: ChannelRules) -> tuple[tuple[ChannelRef, ...], dict[str, Credential]]:
    """Return the channels that ``text`` means, and its credentials by clean URL.

    A multichannel means several channels, and ``nodefaults`` means none.
    """
    text = text.strip()
    if _SCHEME.match(text):
        text = _SUBDIR.sub("", text.rstrip("/"))
        url, credential = split_credentials(text)
        found = (ChannelRef(_name_of(url, rules), url),)
        return found, {url: replace(credential, root=location_of(url, rules))} if credential else {}
    if _is_path(text):
        url = _SUBDIR.sub("", _file_url(text))
        return (ChannelRef(url, url),), {}
    name = _SUBDIR.sub("", text.rstrip("/"))
    if name in rules.multichannels:
        return tuple(ChannelRef(_member_name(url), url) for url in rules.multichannels[name]), {}
    if name == NODEFAULTS and name not in rules.custom:
        return (), {}
    return (ChannelRef(name, _from_name(name, rules)),), {}
