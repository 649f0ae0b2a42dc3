"""Say why a package index, or another server with packages, gives no answer that can be used."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import IndexUnreachable
from ..sentences import filled, say

_CERTIFICATES = say(
    "Name a file with the certificates of your network in pip's option “cert” or in SSL_CERT_FILE, or ask the "
    "administrator of the server."
)
_ADMINISTRATOR = say("Ask the administrator of the server to correct its certificate.")
_CLIENT = say("Name a file with a client certificate and its key in pip's option “client-cert” or in SSL_CLIENT_CERT.")
_PROXY = (
    say("The proxy requires valid credentials."),
    say("Add valid credentials to the URL of the proxy in pip's option “proxy”, or in HTTP_PROXY and HTTPS_PROXY."),
)
#: What uv and requests say of a connection that fails, with a sentence and a hint.
_CAUSES = (
    (r"[Pp]roxy authoriz?ation required|Proxy Authentication Required|Tunnel connection failed: 407", *_PROXY),
    (
        r"Missing dependencies for SOCKS support",
        say("A SOCKS proxy needs the Python package PySocks, which Jupyter's Python does not have."),
        say("Install PySocks for Jupyter's Python and restart Jupyter, or configure an HTTP proxy."),
    ),
    (
        r"private key or certificate not found|\[SSL\] PEM lib",
        say("The client certificate that pip or uv is configured with has no private key."),
        _CLIENT,
    ),
    (r"CertificateRequired|certificate required", say("{server} requires a client certificate."), _CLIENT),
    (
        r"invalid peer certificate: certificate expired|certificate has expired|certificate: Expired",
        say("{server} has a certificate that has expired."),
        _ADMINISTRATOR,
    ),
    (
        r"certificate not valid for name|NotValidForName|(?:IP address|Hostname) mismatch",
        say("{server} has a certificate for another host."),
        _ADMINISTRATOR,
    ),
    # pip accepts such a certificate if it is named in its configuration.
    (
        r"CaUsedAsEndEntity",
        say("{server} has the certificate of an authority, which uv does not accept from a server."),
        say("Ask the administrator of the server for another certificate, or name the host in pip's “trusted-host”."),
    ),
    (
        r"invalid peer certificate|CERTIFICATE_VERIFY_FAILED",
        say("{server} has a certificate that is not trusted."),
        _CERTIFICATES,
    ),
    (
        r"InvalidContentType|WRONG_VERSION_NUMBER|record layer failure",
        say("{server} does not speak HTTPS."),
        say("Correct the URL of the index in pip's or uv's configuration; it may have to begin with “http:”."),
    ),
)
_STATUS = re.compile(r"HTTP status (?:client|server) error \((?P<status>\d{3})[^)]*\) for url \((?P<url>[^\s)]+)\)")


def of_connection(server: str, text: str) -> IndexUnreachable:
    """Return the error for a server that gives no answer; ``text`` is what uv or requests reports."""
    for pattern, sentence, hint in _CAUSES:
        if re.search(pattern, text):
            return IndexUnreachable(filled(sentence, server=server), text, hint)
    return IndexUnreachable(say("{server} cannot be reached.", server=server), text)


def of_status(server: str, text: str) -> IndexUnreachable | None:
    """Return the error for a server whose answer is an HTTP error; None if uv reports something else."""
    found = _STATUS.search(text)
    if found is None:
        return None
    if found["status"] == "407":
        return without_proxy_login(text)
    if found["status"] in ("404", "410"):
        return IndexUnreachable(
            say("The file {url} does not exist.", url=found["url"].removesuffix(".metadata")),
            text,
            say("Review the change again, request another version of the package, or correct the URL."),
        )
    return with_error(server, text)


def without_proxy_login(details: str) -> IndexUnreachable:
    """Return the error for missing or wrong credentials of a proxy."""
    return IndexUnreachable(_PROXY[0], details, _PROXY[1])


def with_error(server: str, details: str) -> IndexUnreachable:
    """Return the error for a server that answers with an HTTP error of its own."""
    return IndexUnreachable(
        say("{server} answers with an error.", server=server),
        details,
        say("Try again later, or ask the administrator of the server."),
    )


def without_login(server: str, details: str, variables: Mapping[str, str]) -> IndexUnreachable:
    """Return the error for missing or wrong credentials. The keyring counts only if the ``variables`` name it."""
    if variables.get("UV_KEYRING_PROVIDER") == "subprocess":
        hint = say(
            "Add valid credentials to the index URL in pip's or uv's configuration, to .netrc, or to the keyring."
        )
    else:
        hint = say("Add valid credentials to the index URL in pip's or uv's configuration, or to .netrc.")
    return IndexUnreachable(say("{server} requires valid credentials.", server=server), details, hint)
