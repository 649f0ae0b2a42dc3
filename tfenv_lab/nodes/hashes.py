"""The rule that what is sent to the machines of a cluster has hashes, so that all of them install the same files."""

from __future__ import annotations

from ..conda.transaction.change import Change
from ..errors import InvalidRequest
from ..sentences import say, some

#: Number of packages that are named.
_SHOWN = 5


def require_hashes(change: Change) -> None:
    """Raise InvalidRequest, which names them, if packages of a change have no SHA-256."""
    names = [record.name.normalized for record in change.records() if record.sha256 is None]
    names += [each.name for each in change.distributions() if each.sha256 is None]
    if names:
        raise InvalidRequest(
            say("The lock has no SHA-256 for these packages: {names}.", names=some(sorted(names), _SHOWN)),
            hint=say("Install them from a channel or an index that lists the hashes of its files."),
        )
