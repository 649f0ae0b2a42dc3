"""Cooperate with nb_conda_kernels if it is the server's kernelspec manager.

nb_conda_kernels lists the kernel of every environment under the same ids as ours, so each kernel appears once. It
searches for environments once a minute, and one of its settings makes it delete kernelspecs that it does not know. This
module uses attributes of ``CondaKernelSpecManager`` 2.5; if one is missing, it does nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ..disk.reads import BoundedReads
from ..environments.models import Kernel
from ..sentences import say
from . import kernelspecs, naming


def is_active(manager: Any) -> bool:
    """Return whether the server's kernelspec manager is nb_conda_kernels' class or a subclass of it."""
    return any(base.__name__ == "CondaKernelSpecManager" for base in type(manager).__mro__)


class Listed(NamedTuple):
    """The environments that nb_conda_kernels names: those that conda lists, except those that its settings exclude.

    ``base`` is conda's root prefix, and ``base_name`` is nb_conda_kernels' name for it.
    """

    prefixes: tuple[str, ...]
    base: str
    base_name: str


def listed(manager: Any) -> Listed | None:
    """Return the environments that nb_conda_kernels shows, or None if it is not active or does not find conda."""
    if not is_active(manager):
        return None
    info = getattr(manager, "_conda_info_cache", None)
    named = getattr(manager, "_all_envs", None)
    if named is None or not isinstance(info, dict) or not isinstance(info.get("conda_prefix"), str):
        return None
    return Listed(tuple(named().values()), info["conda_prefix"], str(getattr(manager, "base_name", "base")))


def listed_prefixes(manager: Any) -> frozenset[str] | None:
    """Return the prefixes of the environments that nb_conda_kernels shows, or None if it does not tell."""
    found = listed(manager)
    return frozenset(found.prefixes) if found else None


def is_waiting(manager: Any) -> bool:
    """Return whether nb_conda_kernels is active but has not asked conda for the environments yet."""
    return is_active(manager) and getattr(manager, "_conda_info_cache", None) is None


def env_filter(manager: Any) -> str | None:
    """Return the pattern for paths of environments that nb_conda_kernels does not show, or None."""
    found = getattr(manager, "env_filter", None) if is_active(manager) else None
    return found if isinstance(found, str) and found else None


def forget(manager: Any, prefix: Path, *, exists: bool) -> None:
    """Make nb_conda_kernels notice a new or deleted environment at the next list, without a call to conda (0.6 s).

    Corrects its cached ``conda info`` and marks it as expired, so that it runs conda again in a thread, and makes it
    read its kernelspecs again.
    """
    if not is_active(manager):
        return
    info = getattr(manager, "_conda_info_cache", None)
    if isinstance(info, dict) and isinstance(info.get("envs"), list):
        others = [path for path in info["envs"] if path != str(prefix)]
        info["envs"] = sorted([*others, str(prefix)]) if exists else others
        if hasattr(manager, "_conda_info_cache_expiry"):
            manager._conda_info_cache_expiry = 0
        # A call to conda that is still running began before the change, so its answer would undo this.
        if hasattr(manager, "_conda_info_cache_thread"):
            manager._conda_info_cache_thread = None
    if hasattr(manager, "_conda_kernels_cache_expiry"):
        manager._conda_kernels_cache_expiry = None


def show_once(manager: Any, is_shown: Callable[[str], bool] = lambda prefix: True) -> None:
    """Keep nb_conda_kernels from listing our kernelspecs in addition to its own, and prefixes that are not shown.

    It replaces ours by its own if the names are the same. However, Jupyter lists directories in lower case and
    nb_conda_kernels does not, so ``conda-env-TF-py`` would appear twice.
    """
    if not is_active(manager):
        return
    listed: Callable[[], dict[str, str]] = manager.find_kernel_specs

    def once() -> dict[str, str]:
        found = listed()
        own = {naming.listed_as(name) for name in found if name != naming.listed_as(name)}
        away = {kernel.name for prefix, kernel in kernels(manager) if not is_shown(str(prefix))}
        return {
            name: folder
            for name, folder in found.items()
            if name not in away and (name not in own or not _is_ours(folder))
        }

    manager.find_kernel_specs = once


def _is_ours(folder: str) -> bool:
    spec = kernelspecs.read(Path(folder))
    return spec is not None and spec.mark is not None


def kernels(manager: Any) -> list[tuple[Path, Kernel]]:
    """Return the kernels that nb_conda_kernels listed last, each with its prefix; empty if it is not active."""
    if not is_active(manager):
        return []
    specs = getattr(manager, "_conda_kernels_cache", None) or {}
    found = ((spec.metadata.get("conda_env_path"), name, spec.display_name) for name, spec in specs.items())
    return [(Path(path), Kernel(name, shown)) for path, name, shown in found if path]


def trouble(manager: Any) -> str | None:
    """Return a warning if nb_conda_kernels is configured so that it deletes our kernelspecs, otherwise None.

    With ``kernelspec_path`` it writes kernelspecs to that directory and deletes every other ``conda-…`` kernelspec
    there. ``--user`` is our directory, and a path or the server's own prefix can be too.
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
    return say(
        "nb_conda_kernels deletes the kernels that tfenv_lab registers, because its "
        "kernelspec_path is the user's kernel directory. Remove "
        "CondaKernelSpecManager.kernelspec_path from the Jupyter configuration."
    )


_reals: BoundedReads[str, str] = BoundedReads(os.path.realpath)
