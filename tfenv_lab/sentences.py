"""Parts of sentences that many messages have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

#: Bytes of the units of sizes, which are decimal as on the screens.
_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_SIZE = re.compile(r"(?P<number>[0-9]{1,18}(?:\.[0-9]+)?) ?(?P<unit>[kmgt]?b|)", re.IGNORECASE)
_CREDENTIALS = (
    (re.compile(r"//[^/\s]+@"), "//"),
    (re.compile(r"/t/[^/\s]+/"), "/t/<TOKEN>/"),
)
#: A user name, with or without a password, in the URL of a text; “git@” is the same for everybody.
_LOGIN = re.compile(r"(?<=[a-z]://)(?!git@)[^/\s\"'@]+@", re.IGNORECASE)
_TOKEN = re.compile(r"(?<=[a-z]://)([^/\s\"']+)/t/[A-Za-z0-9_-]+(?=/)", re.IGNORECASE)


class ListingSentence(str):
    """A sentence that lists ``items``, separated by commas. A screen may show only the first of them."""

    items: tuple[str, ...] = ()


def listing(template: str, items: Iterable[str]) -> ListingSentence:
    """Return a sentence with all items in place of ``{}``."""
    found = tuple(items)
    sentence = ListingSentence(template.replace("{}", ", ".join(found), 1))
    sentence.items = found
    return sentence


def some(texts: Sequence[str], limit: int) -> str:
    """Return a list that names the first few: “numpy, pandas and 3 more”."""
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more


def megabytes(size: int, digits: int = 1) -> str:
    """Return a number of bytes as “1,234.5 MB”."""
    return f"{size / 1e6:,.{digits}f} MB"


def bytes_in(text: int | str) -> int:
    """Return the bytes that a number or a text such as “20 GB” names. Raises ValueError if it names none."""
    found = _SIZE.fullmatch(str(text).strip())
    if not found:
        raise ValueError(f"“{text}” is not a number of bytes")
    return round(float(found["number"]) * _UNITS[found["unit"].lower()])


def duration(seconds: int) -> str:
    """Return a number of seconds as “40 s”, “3 min” or “2 h 5 min”."""
    if seconds < 60:
        return f"{seconds} s"
    minutes = -(-seconds // 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def without_credentials(text: str) -> str:
    """Return ``text`` with URLs that still work, but have no user names, passwords and tokens of conda."""
    return _TOKEN.sub(r"\1", _LOGIN.sub("", text))


def redact(text: str) -> str:
    """Return ``text`` without user names, passwords and conda's ``/t/<token>/`` in its URLs."""
    for pattern, replacement in _CREDENTIALS:
        text = pattern.sub(replacement, text)
    return text
