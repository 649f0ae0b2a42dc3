"""Turn what uv says when it fails into errors for the user."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from ..disk import faults
from ..errors import (
    BuildFailed,
    HashMismatch,
    IndexUnreachable,
    InvalidSpec,
    JobFailed,
    SolverTimeout,
    TfenvError,
    Unsatisfiable,
    UnusableDirectory,
)
from ..sentences import say, some
from . import unreachable
from .models import IndexSettings
from .places import is_below, without_credentials
from .settings import sources

#: Number of lines of uv's output in the details of an error.
_TAIL = 60
_URL = re.compile(r"(?:https?|file)://[^\s`'\"<>)]+")
_NETWORK = ("Failed to fetch", "error sending request", "Request failed", "Failed to download")
_REFUSED = ("lack of valid authentication credentials", "401 Unauthorized", "403 Forbidden")
_OFFLINE = ("the network was disabled", "Network connectivity is disabled")
_INVALID = ("parse requirement", "Error parsing", "Unsupported requirement", "Unexpected '")
#: What uv says of a cache that it cannot lock or write; it names the file.
_CACHE = re.compile(
    r"(failed to lock|Failed to initialize cache|failed to (?:create directory|open file|write to file)).*", re.DOTALL
)
_PATH = re.compile(r"`(?P<path>/[^`\n]+?)(?:/\.lock)?`")
_ONLINE = say("Set TfenvLab.offline to False, or use only packages that were installed before.")


def failure(output: str, settings: IndexSettings) -> TfenvError:
    """Return the error for a failed run of uv; ``output`` is its redacted standard error."""
    text = _told(output)
    of_system = faults.of_system(text, say("Nothing was changed."))
    if of_system is not None:
        return of_system
    cache = _CACHE.search(text)
    path = _PATH.search(cache[0]) if cache else None
    if path is not None:
        return UnusableDirectory(
            say("uv's cache {path} cannot be used. Nothing was changed.", path=path["path"]),
            text,
            hint=say("Set UV_CACHE_DIR to a directory in which files can be written and locked, and restart Jupyter."),
        )
    found = re.search(r"(?:Hash|Size) mismatch for `([^`]+)`", text)
    if found:
        return HashMismatch(
            say("The package index has a different file for {found} than the one that was planned.", found=found[1]),
            text,
        )
    found = re.search(r"invalid value '([^']*)' for '--([\w-]+)", text)
    if found:
        return JobFailed(
            say("uv does not accept “{value}” as “{option}”.", value=found[1], option=found[2]),
            text,
            say("Correct the value in uv's or pip's configuration, or in the variable whose name starts with “UV_”."),
        )
    if any(words in text for words in _OFFLINE):
        return IndexUnreachable(say("A package is not in uv's cache, and the server is offline."), text, _ONLINE)
    if any(words in text for words in _REFUSED):
        return unreachable.without_login(_server_in(text, settings), text, settings.variables)
    if "No solution found" in text:
        return Unsatisfiable(say("The package index has no versions that satisfy the request."), text)
    if "Git operation failed" in text:
        url = _first([url for url in _URL.findall(text) if not url.startswith("file:")], ())
        return IndexUnreachable(
            say("The repository {url} cannot be read.", url=url),
            text,
            say("Check the URL, the commit and the network."),
        )
    found = re.search(r"Failed to build:? `([^`]+)`", text)
    if found:
        return BuildFailed(say("{found} could not be built from its source.", found=found[1]), text)
    found = re.search(r"Distribution not found at: (\S+)", text)
    if found:
        return InvalidSpec(say("A requirement names {found}, which does not exist.", found=found[1]), text)
    if any(words in text for words in _INVALID):
        return InvalidSpec(
            say("A requirement is not valid."), text, say("Write it as pip does, as in “keras-hub>=0.20”.")
        )
    server = _server_in(text, settings)
    of_status = unreachable.of_status(server, text)
    if of_status is not None:
        return of_status
    if any(words in text for words in _NETWORK):
        return unreachable.of_connection(server, text)
    if _URL.search(text):
        # uv says in many ways that a server answers with something else than a page or a file.
        return IndexUnreachable(say("{server} does not answer like a package index.", server=server), text)
    return JobFailed(say("uv failed."), text)


def late(seconds: float, output: str, settings: IndexSettings) -> SolverTimeout:
    """Return the error for a run of uv that did not end in time. A slow index is a cause that uv does not report."""
    asked = [without_credentials(source.url) for source in sources(settings)]
    reason = (
        say("Check whether {asked} answers quickly enough", asked=some(asked, 2))
        if asked
        else say("Request fewer packages")
    )
    return SolverTimeout(
        say("uv did not finish within {seconds} seconds.", seconds=f"{seconds:g}"),
        output or None,
        say("{reason}, then try again.", reason=reason),
    )


def needs_build(error: TfenvError) -> bool:
    """Return whether a request had no solution because something would have to be built from source."""
    return isinstance(error, Unsatisfiable) and "building from source is disabled" in (error.details or "")


def _told(output: str) -> str:
    """Return the error at the end of uv's output, without the progress before it."""
    _, mark, rest = output.partition("error: ")
    lines = (mark + rest if mark else output).strip().splitlines()
    return "\n".join(lines[:_TAIL] if mark else lines[-_TAIL:])


def _server_in(text: str, settings: IndexSettings) -> str:
    """Return “The package index URL” for the index that a text is about, or “The server HOST” for another place."""
    urls = [url.rstrip(".,:/") for url in _URL.findall(text)]
    known = [without_credentials(source.url) for source in sources(settings)]
    first = _first(urls, known)
    host = urlsplit(first).netloc
    if host and first not in known:
        return say("The server {host}", host=host)
    return say("The package index {first}", first=first) if first else say("The package index")


def _first(urls: Iterable[str], known: Iterable[str]) -> str:
    urls, known = list(urls), list(known)
    for url in urls:
        for root in known:
            if is_below(url, root):
                return root
    return urls[0] if urls else ""
