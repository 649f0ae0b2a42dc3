"""Read TOML. Python has a parser of its own since 3.11; before, ``tomli`` is the same one."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

_parser: Any = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

#: Raised for text that is not TOML; a ValueError.
InvalidToml: type[ValueError] = _parser.TOMLDecodeError


def loads(text: str) -> dict[str, Any]:
    """Return the tables of a document. Raises InvalidToml."""
    found: dict[str, Any] = _parser.loads(text)
    return found
