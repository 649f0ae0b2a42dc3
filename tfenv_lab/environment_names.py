"""The rule for the name of an environment, which is also the name of its directory.

The server sends the rule to the form with its status, so the pattern uses only what Python and JavaScript read alike:
``\\w`` would match only ASCII in JavaScript.
"""

from __future__ import annotations

import contextlib
import os
import re
import unicodedata

from .errors import InvalidName
from .sentences import say

#: Maximum number of characters in a name.
LENGTH = 64
#: ASCII letters and digits, accented Latin, the alphabets from Greek up to U+1FFF, kana, CJK and Hangul.
_LETTERS = r"A-Za-z0-9_\u00C0-\u024F\u0370-\u1FFF\u3040-\uD7FF"
#: The rule in words.
HINT = say("Use letters, digits, “_”, “-”, “+” and “.”. Begin with a letter, a digit or “_”, and do not end with “.”.")
#: A name must not end with a dot, which Windows drops from the name of a directory.
PATTERN = rf"^(?!.*\.$)[{_LETTERS}][{_LETTERS}.+-]*$"
#: Names that conda uses, and those of devices, which Windows finds in every directory and with any extension.
RESERVED = ("base", "root", "con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10)))


def check_name(name: str) -> str:
    """Return a name that is valid for a directory on every platform. Raises InvalidName for any other."""
    if len(name) > LENGTH:
        raise InvalidName(
            say("The name has {count} characters; the limit is {length}.", count=len(name), length=LENGTH)
        )
    if not re.fullmatch(PATTERN, name):
        raise InvalidName(say("“{name}” is not a valid name for an environment.", name=name), hint=HINT)
    if name.split(".")[0].lower() in RESERVED:
        raise InvalidName(say("“{name}” is a reserved name.", name=name), hint=say("Choose another name."))
    return name


def is_path(text: str) -> bool:
    """Return whether a text that names an environment is its path rather than its name."""
    return any(separator in text for separator in (os.sep, os.altsep) if separator)


def suggest(text: str) -> str | None:
    """Return a valid name that resembles ``text``, or None if there is none. Of a path, only the last part counts."""
    # File systems of macOS separate letters from their accents.
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", text.strip().rstrip("/\\")))[-1]
    name = re.sub(rf"[^{_LETTERS}.+-]+", "-", last).lstrip(".+-")[:LENGTH].rstrip(".-")
    with contextlib.suppress(InvalidName):
        return check_name(name)
    return None
