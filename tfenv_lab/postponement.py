"""When a server that is busy wants to be asked again (RFC 9110, Retry-After). rattler and uv do not obey it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from .sentences import duration, say

#: Seconds that a job waits for servers in total, and how often it waits.
LONGEST, MOST = 300.0, 5
#: The HTTP statuses of a server that is busy.
STATUSES = (429, 503)
#: Maximum seconds after which something is not asked again by itself.
REMEMBERED = 3600.0
_LIMIT = timedelta(days=36500)
#: What rattler and uv say of such an answer.
_BUSY = re.compile(r"HTTP status \w+ error \((?P<status>429|503)\b[^)]*\) for url \((?P<url>https?://[^\s)]+)\)")


def seconds_in(header: str | None) -> float | None:
    """Return the seconds in a header Retry-After, which is a number or a date. None if it is neither, or negative."""
    text = (header or "").strip()
    if re.fullmatch(r"[0-9]+", text):
        return float(min(int(text[:15]), _LIMIT.total_seconds()))
    try:
        at = parsedate_to_datetime(text)
        at = at if at.tzinfo is not None else at.replace(tzinfo=timezone.utc)
        return max(0.0, (at - datetime.now(timezone.utc)).total_seconds())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def busy_url(text: str | None) -> tuple[int, str] | None:
    """Return the HTTP status and the URL of a server that is busy, according to an error of rattler or uv, or None."""
    found = _BUSY.search(text or "")
    return (int(found["status"]), found["url"]) if found else None


def time_after(seconds: float) -> datetime:
    """Return the time after some seconds, in UTC."""
    return datetime.now(timezone.utc) + timedelta(seconds=seconds)


def clock(seconds: float) -> str:
    """Return the local time of day after some seconds, as “19:45:10”."""
    return time_after(seconds).astimezone().strftime("%H:%M:%S")


def hint(seconds: float) -> str:
    """Return a hint that says when to try again."""
    if seconds < 86400:
        return say(
            "The server asks for no request in the next {duration}. Try again at {clock}.",
            duration=duration(round(seconds)),
            clock=clock(seconds),
        )
    return say(
        "The server asks for no request in the next {round} days. Ask its administrator.", round=round(seconds / 86400)
    )
