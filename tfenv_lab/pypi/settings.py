"""Read how pip and uv are configured."""

from __future__ import annotations

from .models import IndexPolicy, IndexSettings


def read(policy: IndexPolicy) -> IndexSettings:
    """Return how uv is to be run."""
    cache = {"UV_CACHE_DIR": policy.cache} if policy.cache else {}
    return IndexSettings({"UV_NO_CONFIG": "1", **cache}, policy)
