"""The platform that packages are for."""

from __future__ import annotations

import os


def subdir() -> str:
    """Return the conda subdir of this machine, ``linux-64``; ``CONDA_SUBDIR`` overrides it, as it does for conda."""
    from rattler import Subdir

    return os.environ.get("CONDA_SUBDIR", "").strip() or str(Subdir.current())
