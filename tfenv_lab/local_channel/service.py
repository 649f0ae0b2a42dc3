"""Choose between the configured channels and a local channel, and store the choice in a file of the user."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .. import serde
from ..disk import writes
from ..disk.reads import BoundedReads
from ..errors import ChannelNotAllowed, InvalidRequest
from ..sentences import parts_of, say

if TYPE_CHECKING:
    from ..conda.settings.condarc import CondaSettings


class LocalChannel:
    """The choice between the configured channels and a local channel.

    The choice outlives the server. It ends by itself if the configured channels change, if the directory of the local
    channel is gone, or if an administrator restricts the channels (``TfenvLab.allowed_channels``, or condarc's
    ``allowlist_channels``).
    """

    def __init__(self, file: Path, configured: CondaSettings, restricted: bool) -> None:
        """Store the choice in ``file``. ``restricted`` means that an administrator restricts the channels."""
        self._file = file
        self._configured = configured
        self._restricted = restricted
        self._url = self._remembered()
        urls = [ref.url for ref in configured.channels]
        is_local = bool(urls) and all(url.startswith("file:") for url in urls)
        self._is_configured = is_local and all(found is True for found in _is_ours.run(map(_folder, urls)).values())

    @property
    def active(self) -> bool:
        """Whether the local channel is in use."""
        return self._url is not None

    @property
    def stands_in(self) -> bool:
        """Whether the only channel is a local channel, in use by choice or configured. Files cannot name it."""
        return self.active or (self._is_configured and not self._restricted)

    @property
    def settings(self) -> CondaSettings:
        """The configured settings, with the local channel as the only channel if it is in use."""
        from ..conda.settings.condarc import with_channels

        return self._configured if self._url is None else with_channels(self._configured, [self._url])

    def use(self, url: str) -> None:
        """Use the channel at a ``file://`` URL instead of the configured channels."""
        self._url = url
        self._file.parent.mkdir(parents=True, exist_ok=True)
        writes.replace(self._file, json.dumps({"url": url, "instead_of": self._instead_of}), private=True)

    def leave(self) -> None:
        """Use the configured channels again."""
        self._url = None
        self._file.unlink(missing_ok=True)

    def folder(self) -> Path:
        """Return the directory to build a local channel in.

        Raises ChannelNotAllowed or InvalidRequest if no local channel can be built.
        """
        reason = self._reason()
        if reason is not None:
            raise ChannelNotAllowed(reason) if self._restricted else InvalidRequest(reason)
        from ..wheelchannel.channel import folder

        return folder()

    def to_json(self) -> dict[str, Any]:
        """Return ``local_channel`` of the Status. Looks for programs on disk."""
        from ..wheelchannel.request import BYTES, SECONDS

        reason = self._reason()
        return {
            "available": reason is None,
            "reason": reason,
            "sentences": parts_of({"reason": reason}),
            "active": self.active,
            "seconds": SECONDS,
            "bytes": BYTES,
        }

    def _reason(self) -> str | None:
        """Return why no local channel can be built, or None if one can."""
        from ..wheelchannel import availability

        if self._restricted:
            return say("The administrator restricts the channels that this server may use.")
        return availability.reason()

    @property
    def _instead_of(self) -> list[str]:
        return [ref.url for ref in self._configured.channels]

    def _remembered(self) -> str | None:
        try:
            stored = serde.parse(self._file.read_text(encoding="utf-8"))
            url, instead_of = str(stored["url"]), stored["instead_of"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        folder = _folder(url)
        if self._restricted or instead_of != self._instead_of:
            return None
        return url if _is_there.run([folder])[folder] is True else None


def _folder(url: str) -> Path:
    # This module takes long to import, and only local channels need it.
    from urllib.request import url2pathname

    return Path(url2pathname(urlsplit(url).path))


def _has_manifest(folder: Path) -> bool:
    from ..wheelchannel.channel import MANIFEST

    return (folder / MANIFEST).is_file()


#: On a drive that does not answer there is no channel.
_is_ours: BoundedReads[Path, bool] = BoundedReads(_has_manifest)
_is_there: BoundedReads[Path, bool] = BoundedReads(lambda folder: (folder / "noarch").is_dir())
