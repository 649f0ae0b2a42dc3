"""Compare the channels that specs and files name with those that are allowed, by their addresses."""

from __future__ import annotations

from collections.abc import Iterable

from .condarc import CondaSettings, resolve_channels


class AllowedChannels:
    """Channels that specs and files may name. A name, its URL and the URL of one of its subdirs are one channel."""

    def __init__(self, names: Iterable[str], settings: CondaSettings) -> None:
        self.names = tuple(names)
        self._settings = settings
        self.urls = tuple(dict.fromkeys(url for name in self.names for url in self.urls_of(name)))

    def urls_of(self, text: str) -> list[str]:
        """Return the clean URLs of the channels that a text means; none if it is not a channel."""
        try:
            return [ref.url for ref in resolve_channels(text, self._settings)]
        except ValueError:
            return []

    def __contains__(self, text: object) -> bool:
        urls = self.urls_of(str(text))
        return bool(urls) and set(urls) <= set(self.urls)
