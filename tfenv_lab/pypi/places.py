"""Places of packages: URLs and paths, as configurations write them."""

from __future__ import annotations

import os
import posixpath
import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from urllib.request import url2pathname

from ..disk import paths
from ..sentences import say

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


def current_directory() -> Path:
    """Return the directory that relative paths are relative to; somebody may have deleted it."""
    try:
        return Path.cwd()
    except OSError:
        return Path.home()


def located(text: str, base: Path) -> str:
    """Return the URL of a place, which is a URL or a path relative to ``base``.

    A ``file:`` URL has no spaces and commas, so that it can be in a list.
    """
    if text.startswith("file:"):
        return f"file://{quote(unquote(text[5:].removeprefix('//')), safe='/:')}"
    if _SCHEME.match(text):
        return text
    # Resolving links would read the disk.
    return Path(os.path.abspath(base / paths.as_written(text))).as_uri()  # noqa: PTH100


def is_url(text: str) -> bool:
    """Return whether a text is a complete URL: with a host, or of a file or a repository on this machine."""
    try:
        parts = urlsplit(text)
        # Reading the port verifies it.
        return parts.port is not None or bool(parts.hostname) or parts.scheme in ("file", "git+file")
    except ValueError:
        return False


def flaw(url: str) -> str | None:
    """Return why a URL cannot be that of packages, as a part of a sentence, or None."""
    if not is_url(url):
        return say("the URL is not valid")
    if urlsplit(url).scheme not in ("http", "https", "file"):
        return say("the URL does not begin with “https:”, “http:” or “file:”")
    return None


def path_of(url: str) -> Path | None:
    """Return the path of a ``file:`` URL, or None for another URL."""
    parts = urlsplit(url)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


def without_credentials(url: str) -> str:
    """Return a URL without user name and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def shown(url: str) -> str:
    """Return a URL as users may see it: without credentials, and without a query, which can hold a token."""
    # A password with a slash looks like the path, and what is before it like a port.
    with suppress(ValueError):
        if urlsplit(without_credentials(url)).port != 0:
            return urlunsplit(urlsplit(without_credentials(url))._replace(query="", fragment=""))
    return url.rpartition("@")[2].partition("?")[0]


def is_below(url: str, root: str) -> bool:
    """Return whether a URL is another one or below it; credentials and the case of the host do not matter."""
    with suppress(ValueError):
        here, there = _comparable(url), _comparable(root)
        return here == there or here.startswith(f"{there}/")
    # Nothing is below what is not a URL.
    return False


def _comparable(url: str) -> str:
    parts = urlsplit(without_credentials(url))
    # “..” must not lead out of what is allowed.
    path = posixpath.normpath(unquote(parts.path) or "/")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}".rstrip("/")
