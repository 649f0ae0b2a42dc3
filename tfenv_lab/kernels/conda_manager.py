"""Living beside nb_conda_kernels, where it is the server's kernelspec manager.

It shows every environment's kernel by itself, under the ids that ours have, so each kernel is there once.
It looks for environments once a minute, and one of its settings makes it delete kernelspecs that it does
not know. The attributes used here are those of ``CondaKernelSpecManager`` 2.5; where one is missing nothing
is done.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..environments.models import Kernel
from . import kernelspecs


def is_active(manager: Any) -> bool:
    """Tell whether the server's kernelspec manager is nb_conda_kernels' (or made from it)."""
    return any(base.__name__ == "CondaKernelSpecManager" for base in type(manager).__mro__)


def forget(manager: Any, prefix: Path, *, exists: bool) -> None:
    """Make a new or removed environment visible with the next list, without the 0.6 s of a call to conda.

    What it remembers of ``conda info`` is corrected and marked as old (it asks conda anew, in a thread of
    its own), and its kernelspecs are read again.
    """
    if not is_active(manager):
        return
    info = getattr(manager, "_conda_info_cache", None)
    if isinstance(info, dict) and isinstance(info.get("envs"), list):
        others = [path for path in info["envs"] if path != str(prefix)]
        info["envs"] = sorted([*others, str(prefix)]) if exists else others
        if hasattr(manager, "_conda_info_cache_expiry"):
            manager._conda_info_cache_expiry = 0
    if hasattr(manager, "_conda_kernels_cache_expiry"):
        manager._conda_kernels_cache_expiry = None


def kernels(manager: Any) -> list[tuple[Path, Kernel]]:
    """Return the kernels that it showed last, each with its prefix; none where it is not active."""
    if not is_active(manager):
        return []
    specs = getattr(manager, "_conda_kernels_cache", None) or {}
    found = ((spec.metadata.get("conda_env_path"), name, spec.display_name) for name, spec in specs.items())
    return [(Path(path), Kernel(name, shown)) for path, name, shown in found if path]


def trouble(manager: Any) -> str | None:
    """Return a sentence where its configuration deletes our kernelspecs, else None.

    With ``kernelspec_path`` it writes kernelspecs itself and removes every ``conda-…`` one beside them that
    it does not know: ``--user`` is our directory, and so can a path be.
    """
    if not is_active(manager):
        return None
    path = getattr(manager, "kernelspec_path", None)
    if path is None:
        return None
    ours = kernelspecs.user_folder().resolve()
    if path == "--user":
        theirs = ours
    elif path in ("", "--sys-prefix"):
        return None
    else:
        theirs = (Path(path) / "share" / "jupyter" / "kernels").resolve()
    if theirs != ours:
        return None
    return (
        "nb_conda_kernels is configured to delete kernels that were made here: its kernelspec_path is the user's "
        "kernel directory. Remove CondaKernelSpecManager.kernelspec_path from the Jupyter configuration."
    )
