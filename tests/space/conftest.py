"""Fixtures of the tests of disk space."""

from __future__ import annotations

from ..cli.conftest import shell

__all__ = ["shell"]
