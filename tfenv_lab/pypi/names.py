"""Normalize the names of projects. Lists of environments need only this, so it imports nothing."""

from __future__ import annotations

import re
from functools import lru_cache

_SEPARATORS = re.compile(r"[-_.]+")


@lru_cache(maxsize=10_000)  # a thousand environments have the same few hundred packages
def normalize(name: str) -> str:
    """Return a project's normalized name (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()
