"""The rule for environment names, which are also the names of their directories.

``GET status`` serves the rule to the form. So the pattern uses only syntax that Python and JavaScript read alike:
``\\w`` would match only ASCII in JavaScript.
"""

from __future__ import annotations

import re

from .errors import InvalidName

#: Maximum length of a name, in characters.
LENGTH = 64
#: ASCII letters, accented Latin letters, the alphabets from U+0370 (Greek) to U+1FFF, kana, CJK and Hangul.
_LETTERS = r"A-Za-z0-9_\u00C0-\u024F\u0370-\u1FFF\u3040-\uD7FF"
#: A name must not end with a dot, because Windows drops the dot from a directory's name.
PATTERN = rf"^(?!.*\.$)[{_LETTERS}][{_LETTERS}.+-]*$"
#: Names that conda uses itself, and the Windows devices, which exist in every directory and with every extension.
RESERVED = ("base", "root", "con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10)))


def check_name(name: str) -> str:
    """Return the name if it is a valid directory name on every platform. Raises InvalidName."""
    if len(name) > LENGTH:
        raise InvalidName(f"The name of an environment has at most {LENGTH} characters; this one has {len(name)}.")
    if not re.fullmatch(PATTERN, name):
        raise InvalidName(
            f"“{name}” is not a valid name for an environment.",
            hint="Use letters, digits, “_”, “-”, “+” and “.”. "
            "Begin with a letter, a digit or “_”, and do not end with “.”.",
        )
    if name.split(".")[0].lower() in RESERVED:
        raise InvalidName(f"“{name}” is a reserved name.", hint="Choose another name.")
    return name
