"""Choose the channels for an imported file among those that it names and those that are allowed."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import ChannelNotAllowed, Unsatisfiable
from ..models import Advice
from ..plan_requests import Import
from ..sentences import listing, redact, say, say_n
from . import import_help

if TYPE_CHECKING:
    from ..conda.repodata.repodata import Repodata

#: Maximum length of a channel in a message.
_LONGEST = 120


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
) -> tuple[list[str], list[Advice]]:
    """Return the URLs of the channels to solve on (none: the configured ones), and warnings about the others.

    Raises ChannelNotAllowed, which names every channel that is not allowed, those that are, and the ways on. The
    channels that are not allowed are left out if another one of the file is allowed and no administrator restricts the
    channels, or if the request says so.
    """
    from ..conda.settings.allowed import AllowedChannels
    from ..conda.settings.condarc import require_permitted, resolve_channels

    settings = repodata.settings
    allowed = AllowedChannels(permission.names, settings)
    refused = [text for text in wanted if text not in allowed]
    if request.channels != "allowed":
        for text in wanted:
            # The error of condarc's own keys names them.
            with contextlib.suppress(ValueError):
                require_permitted(resolve_channels(text, settings), settings)
    if not refused:
        return list(dict.fromkeys(url for text in wanted for url in allowed.urls_of(text))), []
    if request.channels == "all":
        return _added(request, wanted, refused, allowed, permission)
    urls = list(dict.fromkeys(url for text in wanted if text in allowed for url in allowed.urls_of(text)))
    lenient = permission.stands_in or (bool(urls) and not permission.restricted)
    if request.channels == "file" and not lenient:
        raise refusal(request, refused, permission, [_WITHOUT])
    used = [ref.name for ref in settings.channels if not urls or ref.url in urls] or list(permission.names)
    message = listing(
        "Channels that are not allowed are left out: {items}. The packages come from {used}.",
        [_shown(text) for text in refused],
        used=", ".join(used),
    )
    offer = msgspec.structs.replace(request, channels="all") if can_add(permission) else None
    return urls, [Advice("channels-left-out", "warning", message, offer)]


def _shown(text: str) -> str:
    return redact(text)[:_LONGEST]


_WITHOUT = (say("Import without these channels"), {"channels": "allowed"})
_WITH = (say("Import with these channels added"), {"channels": "all"})


def choose_exact(
    request: Import, named: Sequence[str], repodata: Repodata, permission: Permission
) -> tuple[list[str], list[Advice]]:
    """Return the URLs of the channels of exact packages, and warnings. Raises ChannelNotAllowed, as ``choose`` does."""
    from ..conda.settings.allowed import AllowedChannels

    if request.channels == "all" and not permission.restricted:
        return choose(request, named, repodata, permission)
    allowed = AllowedChannels(permission.names, repodata.settings)
    raise refusal(request, [text for text in named if text not in allowed], permission, [])


def with_left_out(error: Unsatisfiable, notes: Sequence[Advice]) -> Unsatisfiable:
    """Return the error of a file without a solution. If channels were left out, it says so and offers to add them."""
    left = next((note for note in notes if note.code == "channels-left-out"), None)
    if left is None:
        return error
    offer = left.plan_request
    ways = import_help.alternatives(offer, (_WITH[0], {})) if isinstance(offer, Import) else []
    message = say(
        "{message} These channels of the file are not allowed and were left out: {items}.",
        message=error.message,
        items=", ".join(left.items),
    )
    return Unsatisfiable(message, error.details, error.hint, [*error.alternatives, *ways])


def can_add(permission: Permission) -> bool:
    """Return whether to offer channels that are not allowed: no administrator restricts them, and they can answer."""
    return not permission.restricted and not permission.stands_in


def refusal(
    request: Import, refused: Sequence[str], permission: Permission, ways: Sequence[tuple[str, dict[str, Any]]]
) -> ChannelNotAllowed:
    """Return the error that names all channels that are not allowed, those that are, and the ways on.

    Without ``ways``, the packages of the file are exact and can only be solved again.
    """
    shown = ", ".join(f"“{_shown(text)}”" for text in refused)
    way = (
        say_n("Import the file without this channel", "Import the file without these channels", len(refused))
        if ways
        else say("Solve the packages of the file on the allowed channels")
    )
    hint = say("Allowed: {names}.", names=", ".join(permission.names) or say("none")) + " " + way
    if can_add(permission):
        hint += say_n(", or add it for this import.", ", or add them for this import.", len(refused))
        ways = [*ways, _WITH]
    else:
        hint += say_n(
            ", or ask the administrator to add it to TfenvLab.allowed_channels.",
            ", or ask the administrator to add them to TfenvLab.allowed_channels.",
            len(refused),
        )
    return ChannelNotAllowed(
        say_n(
            "The channel {names} is not allowed.", "These channels are not allowed: {names}.", len(refused), names=shown
        ),
        hint=hint,
        alternatives=import_help.alternatives(request, *ways),
    )


def _added(
    request: Import, wanted: Sequence[str], refused: Sequence[str], allowed: Any, permission: Permission
) -> tuple[list[str], list[Advice]]:
    """Return the URLs of all channels of a file, with a warning that names those that are not configured.

    The file says in which order they count. Raises ChannelNotAllowed.
    """
    if permission.restricted:
        raise refusal(request, refused, permission, [_WITHOUT])
    broken = [text for text in refused if not allowed.urls_of(text)]
    if broken:
        raise ChannelNotAllowed(
            say("{broken} cannot be used as a channel.", broken=", ".join(f"“{_shown(text)}”" for text in broken)),
            hint=say("Correct the channels in the file, or import it without them."),
            alternatives=import_help.alternatives(request, _WITHOUT),
        )
    urls = list(dict.fromkeys(url for text in wanted for url in allowed.urls_of(text)))
    message = listing(
        "Packages may come from channels that are not configured: {items}. Only this plan uses "
        "them; later updates do not.",
        [_shown(text) for text in refused],
    )
    return urls, [Advice("channels-added", "warning", message)]
