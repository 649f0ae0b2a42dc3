"""The version of the package, in a module of its own so that nothing imports the package's root."""

from __future__ import annotations

__version__ = "0.1.0"
