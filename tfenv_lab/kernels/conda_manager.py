"""Living beside nb_conda_kernels, where it is the server's kernelspec manager.

It shows every environment's kernel by itself, under the ids that ours have, so each kernel is there once.
It looks for environments once a minute, and one of its settings makes it delete kernelspecs that it does
not know. The attributes used here are those of ``CondaKernelSpecManager`` 2.5; where one is missing nothing
is done.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ..disk.reads import BoundedReads
from ..environments.models import Kernel
from . import kernelspecs, naming


def is_active(manager: Any) -> bool:
    """Tell whether the server's kernelspec manager is nb_conda_kernels' (or made from it)."""
    return any(base.__name__ == "CondaKernelSpecManager" for base in type(manager).__mro__)


class Listed(NamedTuple):
    """What it gives names to: the prefixes that conda told it of, less those that it was told to leave out.

    ``base`` is conda's own prefix and ``base_name`` what it calls that.
    """

    prefixes: tuple[str, ...]
    base: str
    base_name: str


def listed(manager: Any) -> Listed | None:
    """Return the environments that it shows; None where it is not active, or knows of no conda."""
    if not is_active(manager):
        return None
    info = getattr(manager, "_conda_info_cache", None)
    named = getattr(manager, "_all_envs", None)
    if named is None or not isinstance(info, dict) or not isinstance(info.get("conda_prefix"), str):
        return None
    return Listed(tuple(named().values()), info["conda_prefix"], str(getattr(manager, "base_name", "base")))


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
        # A question to conda that is under way was asked before the change: its answer would undo this.
        if hasattr(manager, "_conda_info_cache_thread"):
            manager._conda_info_cache_thread = None
    if hasattr(manager, "_conda_kernels_cache_expiry"):
        manager._conda_kernels_cache_expiry = None


def show_once(manager: Any) -> None:
    """Keep it from showing kernels of ours beside its own.

    Under the same name its own stand before ours. But Jupyter lists directories by lower-case names, and
    nb_conda_kernels its kernels as they are written, so that ``conda-env-TF-py`` would be there twice.
    """
    if not is_active(manager):
        return
    listed: Callable[[], dict[str, str]] = manager.find_kernel_specs

    def once() -> dict[str, str]:
        found = listed()
        own = {naming.listed_as(name) for name in found if name != naming.listed_as(name)}
        return {name: folder for name, folder in found.items() if name not in own or not _is_ours(folder)}

    manager.find_kernel_specs = once


def _is_ours(folder: str) -> bool:
    spec = kernelspecs.read(Path(folder))
    return spec is not None and spec.mark is not None


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
    it does not know: ``--user`` is our directory, and so can a path or the server's own prefix be.
    """
    if not is_active(manager):
        return None
    path = getattr(manager, "kernelspec_path", None)
    destination: Callable[..., str] | None = getattr(manager, "_get_destination_dir", None)
    if path is None or destination is None:
        return None
    theirs = destination("", user=path == "--user", prefix=sys.prefix if path == "--sys-prefix" else path)
    own = str(kernelspecs.user_folder())
    reals = _reals.run([str(theirs), own])
    # A drive that does not answer is not the user's directory.
    if reals[str(theirs)] is None or reals[str(theirs)] != reals[own]:
        return None
    return (
        "nb_conda_kernels is configured to delete kernels that were made here: its kernelspec_path is the user's "
        "kernel directory. Remove CondaKernelSpecManager.kernelspec_path from the Jupyter configuration."
    )


_reals: BoundedReads[str, str] = BoundedReads(os.path.realpath)
