"""Try a change again if a server is busy and says when it wants to be asked again."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .. import postponement
from ..errors import ChannelUnreachable, IndexUnreachable
from ..sentences import say
from .models import BusyServer

if TYPE_CHECKING:
    from ..conda.settings.condarc import CondaSettings


async def patiently(
    attempt: Callable[[], Awaitable[None]], settings: CondaSettings, tell: Callable[[str, BusyServer], None]
) -> None:
    """Make attempts until one succeeds, with waits of ``postponement.LONGEST`` seconds in total between them.

    Raises the error of the last attempt, with a hint that says when to try again. ``tell`` is called with a sentence
    for the user, and with the server, before each wait.
    """
    waited = 0.0
    for number in range(postponement.MOST + 1):
        try:
            await attempt()
            return
        except (ChannelUnreachable, IndexUnreachable) as error:
            status, url = postponement.busy_url(error.details) or (0, "")
            wait = error.wait
            if wait is None and url and isinstance(error, ChannelUnreachable):
                wait = await asyncio.to_thread(_wait_of, url, settings)
            if wait is None:
                raise
            # A server that says “now” was busy a moment ago.
            wait = max(wait, 1.0)
            if waited + wait > postponement.LONGEST or number == postponement.MOST:
                error.hint = postponement.hint(wait)
                raise
            waited += wait
            host: str = urlsplit(url).hostname or say("the server")
            text = say(
                "Waiting until {clock}, because {host} is busy (HTTP status {status})",
                clock=postponement.clock(wait),
                host=host,
                status=status,
            )
            print(f"{error.message} {text}.", file=sys.stderr, flush=True)
            tell(text, BusyServer(host, status, postponement.time_after(wait).isoformat(timespec="seconds")))
            await asyncio.sleep(wait)


def _wait_of(url: str, settings: CondaSettings) -> float | None:
    from ..conda.settings.busy import wait_of

    return wait_of(url, settings)
