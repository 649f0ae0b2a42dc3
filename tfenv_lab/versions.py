"""Minor versions: the first two numbers of a version, which most rules look at. The form of a CUDA version."""

from __future__ import annotations

import re

#: A version of CUDA, such as ``12.6``.
CUDA_VERSION = re.compile(r"\d{1,3}(\.\d{1,3}){0,2}", re.ASCII)


def minor_of(version: object) -> str:
    """Return the minor version, ``"2.19"`` of ``"2.19.1"``."""
    return ".".join(str(version).split(".")[:2])


def minor_numbers(version: str) -> tuple[int, ...]:
    """Return the minor version as numbers, ``(2, 19)`` of ``"2.19.1"``; fewer if it has fewer."""
    numbers = []
    for part in version.split(".")[:2]:
        if not part.isdecimal():
            break
        numbers.append(int(part))
    return tuple(numbers)
