"""Ask a channel that is busy when it wants to be asked again, because rattler's errors do not contain its headers."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ... import postponement
from .asking import answer_of

if TYPE_CHECKING:
    from .condarc import CondaSettings

#: Seconds to wait for the answer, in total.
PATIENCE = 10.0


def wait_of(url: str, settings: CondaSettings) -> float | None:
    """Return the seconds after which the server of a URL wants to be asked again; None if it does not say so.

    The URL is from an error, so it has no credentials; those of its channel are used. Blocks for some seconds.
    """
    with (
        suppress(OSError, ValueError),
        answer_of(url, settings, PATIENCE, PATIENCE, {}, allow_redirects=False) as answer,
    ):
        if answer.status_code in postponement.STATUSES:
            return postponement.seconds_in(answer.headers.get("Retry-After"))
    return None
