"""Search package names while the user types: exact matches, then prefixes, then substrings."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice


class NameIndex:
    """Index of all package names as one sorted list and one text (tens of thousands of names, less than 1 MB)."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = sorted(set(names))
        self._text = "\n".join(["", *self.names, ""])

    def __contains__(self, name: str) -> bool:
        at = bisect_left(self.names, name)
        return at < len(self.names) and self.names[at] == name

    def search(self, query: str, limit: int) -> list[str]:
        """Return at most ``limit`` names that contain ``query``.

        The name itself comes first, then names that start with the query, then the others, shorter names first. conda's
        names are lower case. To conda, ``_`` and ``-`` differ, but few users remember which one a name has, so each
        finds both.
        """
        query = query.strip().lower()
        if len(query.split()) != 1:
            return []
        found: dict[str, None] = {}
        spellings = dict.fromkeys((query, query.replace("_", "-"), query.replace("-", "_")))
        for spelling in spellings:
            if spelling in self:
                found[spelling] = None
        for spelling in spellings:
            found.update(dict.fromkeys(islice(self._starting(spelling), limit)))
        if len(found) < limit:
            for spelling in spellings:
                found.update(dict.fromkeys(sorted(self._holding(spelling), key=lambda name: (len(name), name))))
        return list(islice(found, limit))

    def _starting(self, query: str) -> Iterator[str]:
        for name in islice(self.names, bisect_left(self.names, query), None):
            if not name.startswith(query):
                return
            yield name

    def _holding(self, query: str) -> Iterator[str]:
        text, at = self._text, 0
        while (at := text.find(query, at)) >= 0:
            start, end = text.rfind("\n", 0, at) + 1, text.index("\n", at)
            yield text[start:end]
            at = end
