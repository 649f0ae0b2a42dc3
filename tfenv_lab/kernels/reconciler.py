"""Bring the kernelspecs up to date with the environments: register, rewrite and remove them."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..disk.reads import BoundedReads
from ..environments.discovery import hash_of, id_of
from ..errors import TfenvError
from . import conda_manager, kernelspecs
from .freshness import Look, is_current, look, state_of
from .hidden import HiddenKernels
from .kernelspecs import Kernelspec
from .naming import KernelNames
from .registrar import KernelRegistrar
from .written import WrittenKernels


class KernelReconciler:
    """Registers every environment that has a kernel, unless a user or the configuration does not want it.

    ``kernel_filter`` is a pattern for the paths of environments that have no kernel here, and ``with_kernel`` returns
    the real paths of the environments that have one. The methods block, so call them in a thread.
    """

    def __init__(
        self,
        registrar: KernelRegistrar,
        cache: kernelspecs.Cache,
        hidden: HiddenKernels,
        written: WrittenKernels,
        *,
        prefixes: Callable[[], Mapping[Path, bool]],
        with_kernel: Callable[[], Collection[str]],
        kernel_filter: str,
        display_name: str,
        manager: Any,
        log: logging.Logger,
    ) -> None:
        self._registrar = registrar
        self._cache = cache
        self._hidden = hidden
        self._written = written
        self._prefixes = prefixes
        self._with_kernel = with_kernel
        self._filter = re.compile(kernel_filter) if kernel_filter else None
        self._display_name = display_name
        self._manager = manager
        self._log = log
        self._lock = threading.Lock()
        #: The states in which environments could not be registered.
        self._failed: dict[Path, str] = {}
        self._looks = BoundedReads(look)

    def is_filtered(self, prefix: Path) -> bool:
        """Return whether the configuration says that an environment has no kernel."""
        return self._filter is not None and self._filter.search(str(prefix)) is not None

    def wanting(self, candidates: Iterable[Path]) -> list[Path]:
        """Return those of the environments without a kernel that ``reconcile`` would register."""
        hidden = self._hidden.ids()
        filter_ = conda_manager.env_filter(self._manager)
        listed = conda_manager.listed_prefixes(self._manager)
        wanted = [
            prefix
            for prefix in candidates
            if not self.is_filtered(prefix)
            and not (filter_ and re.search(filter_, str(prefix)))
            and (listed is None or str(prefix) not in listed)
            and not (hidden and id_of(prefix) in hidden)
        ]
        if not wanted or conda_manager.is_waiting(self._manager) or kernelspecs.fault() is not None:
            return []
        return [prefix for prefix in wanted if prefix not in self._failed or self._failed[prefix] != state_of(prefix)]

    def reconcile(self, prefixes: Iterable[Path] | None) -> None:
        """Bring the kernelspecs (of ``prefixes``, or all) up to date with their environments."""
        with self._lock:
            known = self._cache.ours()
            places = self._cache.environments(known)
            reals = None if prefixes is None else self._cache.reals.of(map(str, prefixes))
            registered: dict[Path, list[Kernelspec]] = {}
            for spec in known:
                if reals is None or places[spec.name] in reals.values():
                    registered.setdefault(Path((spec.mark or {})["prefix"]), []).append(spec)
            listed = self._prefixes() if reals is None else None
            more = self._unregistered(listed if listed is not None else map(Path, reals or ()))
            if not registered and not more:
                return
            looks = self._looks.run([*registered, *more])
            # Keep the kernels if the drive is unavailable: its environments come back with it.
            found = {prefix: look for prefix, look in looks.items() if isinstance(look, Look)}
            hidden = self._hidden.ids()
            gone = {
                prefix for prefix in registered if prefix in found and not self._stays(prefix, found[prefix], hidden)
            }
            for prefix in gone:
                self._remove(prefix)
            gone |= {prefix for prefix in more if prefix in found and self._hides(prefix, found[prefix])}
            here = {prefix: look for prefix, look in found.items() if look.has_kernels and prefix not in gone}
            self._write(here, registered, self._registrar.names(known, here, listed))

    def _unregistered(self, candidates: Iterable[Path]) -> Sequence[Path]:
        """Return those of the environments that have no kernel and want one."""
        candidates, with_kernel = list(candidates), self._with_kernel()
        resolved = self._cache.reals.of(map(str, candidates))
        return self.wanting(prefix for prefix in candidates if resolved[str(prefix)] not in with_kernel)

    def _stays(self, prefix: Path, look: Look, hidden: Collection[str]) -> bool:
        return look.has_kernels and not self.is_filtered(prefix) and not (hidden and id_of(prefix) in hidden)

    def _hides(self, prefix: Path, look: Look) -> bool:
        """Hide an environment if a user removed its kernelspecs, for example with ``jupyter kernelspec remove``."""
        identifier = hash_of(self._cache.reals.of_one(str(prefix)))
        # nb_conda_kernels removes kernelspecs too.
        if conda_manager.is_active(self._manager) or not self._written.is_removed(identifier, look.state):
            return False
        self._log.info("The kernels of %s were removed, so it is hidden until a user shows it again", prefix)
        try:
            self._hidden.hide(prefix)
        except OSError as error:
            self._log.warning("The choice to hide %s could not be stored: %s", prefix, error)
        self._written.forget(identifier)
        return True

    def _remove(self, prefix: Path) -> None:
        self._log.info("Unregistering the kernels of %s: it has none now, or they are not wanted", prefix)
        try:
            self._registrar.unregister(prefix)
        except (OSError, TfenvError) as error:
            self._log.warning("The kernels of %s could not be removed: %s", prefix, error)

    def _write(
        self, here: Mapping[Path, Look], registered: Mapping[Path, Sequence[Kernelspec]], names: KernelNames
    ) -> None:
        todo = [
            prefix
            for prefix, look in here.items()
            if not self._is_current(prefix, look.state, registered.get(prefix, ()), names)
            # nb_conda_kernels gives the environments that are being built no name.
            and (prefix in registered or str(prefix) in names.by_prefix)
        ]
        self._note(set(here) - set(todo), registered)
        if not todo or kernelspecs.fault() is not None:
            return
        failed = self._registrar.write(todo)
        for prefix in todo:
            self._failed.pop(prefix, None)
        self._failed.update((prefix, here[prefix].state) for prefix in failed)

    def _note(self, current: Collection[Path], registered: Mapping[Path, Sequence[Kernelspec]]) -> None:
        """Remember kernelspecs that an earlier version wrote."""
        known, reals = self._written.ids(), self._cache.reals.of(map(str, current))
        for prefix in current:
            if hash_of(reals[str(prefix)]) not in known:
                self._registrar.note(prefix, registered.get(prefix, ()))

    def _is_current(self, prefix: Path, state: str, specs: Sequence[Kernelspec], names: KernelNames) -> bool:
        marks = [spec.mark or {} for spec in specs]
        siblings = {name for mark in marks for name in mark.get("siblings", [])}
        return (
            bool(specs)
            and siblings == {mark["kernel"] for mark in marks}
            and all(is_current(spec, state, self._display_name) for spec in specs)
            and all(spec.name == names.id_of(prefix, mark["kernel"]) for spec, mark in zip(specs, marks, strict=True))
        )
