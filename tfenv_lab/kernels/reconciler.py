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
from .listed_kernelspecs import KernelspecCache
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
        cache: KernelspecCache,
        hidden: HiddenKernels,
        written: WrittenKernels,
        *,
        prefixes: Callable[[], Mapping[Path, bool]],
        with_kernel: Callable[[], Collection[str]],
        kernel_filter: str,
        display_name: str,
        excluded: Sequence[str],
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
        self._excluded = excluded
        self._manager = manager
        self._log = log
        #: Guards the decisions, and tells that kernelspecs are written.
        self._free = threading.Condition()
        #: The environments whose kernelspecs are being written.
        self._writing: set[Path] = set()
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
        todo, elsewhere = self._decide(prefixes)
        try:
            # Without the lock, because an activation may take long.
            for batch in self._registrar.write(todo):
                self._note(batch, todo)
        finally:
            self._release(todo)
        if prefixes is not None and elsewhere:
            # Another thread began with these before their last change.
            with self._free:
                self._free.wait_for(lambda: self._writing.isdisjoint(elsewhere))
            self.reconcile(elsewhere)

    def _decide(self, prefixes: Iterable[Path] | None) -> tuple[dict[Path, str], set[Path]]:
        """Remove the kernelspecs that no environment has any more.

        Return the states of the environments whose kernelspecs the caller must write, and the environments whose
        kernelspecs another thread is writing.
        """
        with self._free:
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
                return {}, set()
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
            todo = self._outdated(here, registered, self._registrar.names(known, here, listed))
            elsewhere = self._writing & todo.keys()
            mine = {prefix: state for prefix, state in todo.items() if prefix not in elsewhere}
            self._writing |= mine.keys()
            return mine, elsewhere

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

    def _outdated(
        self, here: Mapping[Path, Look], registered: Mapping[Path, Sequence[Kernelspec]], names: KernelNames
    ) -> dict[Path, str]:
        """Return the states of the environments whose kernelspecs must be written."""
        todo = {
            prefix: look.state
            for prefix, look in here.items()
            if not self._is_current(prefix, look.state, registered.get(prefix, ()), names)
            # nb_conda_kernels gives the environments that are being built no name.
            and (prefix in registered or str(prefix) in names.by_prefix)
        }
        self._remember(set(here) - todo.keys(), registered)
        return todo if todo and kernelspecs.fault() is None else {}

    def _note(self, batch: Mapping[Path, bool], states: Mapping[Path, str]) -> None:
        """Note which environments of a batch could be registered in their states, and release the batch."""
        hidden = self._hidden.ids()
        for prefix, is_written in batch.items():
            self._failed.pop(prefix, None)
            if not is_written:
                self._failed[prefix] = states[prefix]
            elif hidden and id_of(prefix) in hidden:
                # A user has hidden it meanwhile.
                self._remove(prefix)
        self._release(batch)

    def _release(self, prefixes: Iterable[Path]) -> None:
        with self._free:
            self._writing.difference_update(prefixes)
            self._free.notify_all()

    def _remember(self, current: Collection[Path], registered: Mapping[Path, Sequence[Kernelspec]]) -> None:
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
            and all(is_current(spec, state, self._display_name, self._excluded) for spec in specs)
            and all(spec.name == names.id_of(prefix, mark["kernel"]) for spec, mark in zip(specs, marks, strict=True))
        )
