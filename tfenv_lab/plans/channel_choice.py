"""Solve on some of the allowed channels instead of the configured ones."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..errors import ChannelNotAllowed
from ..sentences import redact, say

if TYPE_CHECKING:
    from ..conda.repodata.repodata import Repodata

#: Maximum length of a channel in a message.
_LONGEST = 120


def on(repodata: Repodata, urls: Iterable[str]) -> Repodata:
    """Return the repodata of these channels, in this order; of the configured channels if ``urls`` is empty."""
    from ..conda.repodata.repodata import Repodata
    from ..conda.settings.condarc import with_channels

    wanted = list(urls)
    if not wanted or wanted == [ref.url for ref in repodata.settings.channels]:
        return repodata
    return Repodata(with_channels(repodata.settings, wanted), repodata.subdir)


def chosen(channels: Sequence[str], repodata: Repodata, allowed: Sequence[str]) -> Repodata:
    """Return the repodata of the channels that a user chose among the ``allowed`` ones. Raises ChannelNotAllowed."""
    from ..conda.settings.allowed import AllowedChannels
    from ..conda.settings.condarc import require_permitted, resolve_channels

    settings = repodata.settings
    known = AllowedChannels(allowed, settings)
    for text in channels:
        # The error of condarc's own keys names them.
        with contextlib.suppress(ValueError):
            require_permitted(resolve_channels(text, settings), settings)
        if text not in known:
            message = say("The channel “{text}” is not allowed.", text=redact(text)[:_LONGEST])
            raise ChannelNotAllowed(
                message, hint=say("Choose among the allowed channels: {allowed}.", allowed=", ".join(allowed) or "none")
            )
    return on(repodata, dict.fromkeys(url for text in channels for url in known.urls_of(text)))
