"""The one rule for the name of an environment, which is the name of its directory.

The status serves it to the form, so the pattern keeps to what Python and JavaScript read alike: ``\\w`` would be ASCII
alone in JavaScript.
"""

from __future__ import annotations

import re

from .errors import InvalidName

#: The most characters of a name.
LENGTH = 64
#: Letters of ASCII, accented Latin, Greek to Georgian and the other alphabets up to U+1FFF, kana, CJK and Hangul.
_LETTERS = r"A-Za-z0-9_\u00C0-\u024F\u0370-\u1FFF\u3040-\uD7FF"
#: A name ends with no dot, since Windows drops it from a directory's name.
PATTERN = rf"^(?!.*\.$)[{_LETTERS}][{_LETTERS}.+-]*$"
#: conda's own names, and the devices that Windows finds in every directory, with any ending.
RESERVED = ("base", "root", "con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10)))


def check_name(name: str) -> str:
    """Return a name that can be a directory's on every platform, or raise InvalidName."""
    if len(name) > LENGTH:
        raise InvalidName(f"An environment's name has at most {LENGTH} characters; this one has {len(name)}.")
    if not re.fullmatch(PATTERN, name):
        raise InvalidName(
            f"“{name}” cannot be the name of an environment.",
            hint="Use letters, digits, “_”, “-”, “+” and “.”. "
            "Begin with a letter, a digit or “_”, and do not end with “.”.",
        )
    if name.split(".")[0].lower() in RESERVED:
        raise InvalidName(f"“{name}” is a reserved name.", hint="Choose another name.")
    return name
