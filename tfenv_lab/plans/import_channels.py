"""Choose the channels for an imported file among those that it names and those that are allowed."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import ChannelNotAllowed
from . import import_help

if TYPE_CHECKING:
    from ..conda.repodata.repodata import Repodata
    from ..plan_requests import Import


@dataclass(frozen=True)
class Permission:
    """The channels that a file may name.

    ``restricted`` says whether an administrator chose them, and ``stands_in`` whether a local channel replaces the
    configured ones, so that no file can name it.
    """

    names: Sequence[str]
    restricted: bool = False
    stands_in: bool = False

    def urls(self, repodata: Repodata) -> list[str]:
        """Return the clean URLs of the allowed channels."""
        from ..conda.settings.allowed import AllowedChannels

        return list(AllowedChannels(self.names, repodata.settings).urls)


def choose(
    request: Import, wanted: Sequence[str], repodata: Repodata, permission: Permission
) -> tuple[list[str], list[str]]:
    """Return the URLs of the channels to solve on (none: the configured ones), and notes on those that are left out.

    Raises ChannelNotAllowed, which names every channel that is not allowed, those that are, and the ways on. The
    channels that are not allowed are left out if another one of the file is allowed and no administrator restricts the
    channels, or if the request says so.
    """
    from ..conda.settings.allowed import AllowedChannels
    from ..conda.settings.condarc import require_permitted, resolve_channels

    allowed = AllowedChannels(permission.names, repodata.settings)
    refused = [text for text in wanted if text not in allowed]
    if request.channels == "file":
        for text in wanted:
            # The error of condarc's own keys names them.
            with contextlib.suppress(ValueError):
                require_permitted(resolve_channels(text, repodata.settings), repodata.settings)
    urls = list(dict.fromkeys(url for text in wanted if text in allowed for url in allowed.urls_of(text)))
    if not refused:
        return urls, []
    lenient = permission.stands_in or (bool(urls) and not permission.restricted)
    if request.channels == "file" and not lenient:
        one = len(refused) == 1
        shown = ", ".join(f"“{text[:120]}”" for text in refused)
        raise ChannelNotAllowed(
            f"The channel {shown} is not allowed." if one else f"These channels are not allowed: {shown}.",
            hint=f"Allowed: {', '.join(permission.names) or 'none'}. Import the file without "
            f"{'this channel' if one else 'these channels'}, or ask the administrator to add "
            f"{'it' if one else 'them'} to TfenvLab.allowed_channels.",
            alternatives=import_help.alternatives(request, ("Import without these channels", {"channels": "allowed"})),
        )
    used = [ref.name for ref in repodata.settings.channels if not urls or ref.url in urls] or list(permission.names)
    left = ", ".join(text[:120] for text in refused)
    return urls, [f"Channels that are not allowed are left out: {left}. The packages come from {', '.join(used)}."]
