"""The rule for addresses of schedulers: certificates beyond this machine."""

from __future__ import annotations

import ipaddress
import re

from ..errors import ClusterNotAllowed, InvalidRequest
from ..sentences import say

_ADDRESS = re.compile(r"(?P<scheme>[a-z]+)://(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(?P<port>\d{1,5})/?")
#: Names of this machine.
_HERE = ("localhost",)


def check(address: str) -> str:
    """Return the address of a scheduler. Raises InvalidRequest, or ClusterNotAllowed for one without TLS elsewhere."""
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found["port"]) > 65535:
        raise InvalidRequest(
            say("“{address}” is not the address of a Dask scheduler.", address=address[:80]),
            hint=say("Write it as in tls://10.0.0.1:8786."),
        )
    if found["scheme"] not in ("tcp", "tls"):
        raise ClusterNotAllowed(
            say("Schedulers cannot be reached over {scheme}.", scheme=found["scheme"]), hint=say("Use tls://.")
        )
    if found["scheme"] == "tcp" and not _is_here(found["host"].strip("[]")):
        raise ClusterNotAllowed(
            say("{address} is on another machine and has no encryption.", address=address),
            hint=say("Start the scheduler and its workers with certificates, and use its tls:// address."),
        )
    return address.rstrip("/")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in _HERE
