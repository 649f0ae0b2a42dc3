"""How far a transaction is: bytes while packages are fetched, packages while they are linked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """``fraction`` runs from 0 to 1 and never falls; bytes count downloads, packages count linked ones."""

    done_bytes: int = 0
    total_bytes: int = 0
    done_packages: int = 0
    total_packages: int = 0
    fraction: float = 0.0


#: Shares of the whole that fetching, linking and compiling take where something must be fetched.
_FETCH, _LINK = 0.7, 0.2


class InstallProgress:
    """rattler's reporter: callbacks come on rattler's threads and are summed up here.

    ``sizes`` are the bytes of each package still to be fetched, by name; ``total_packages`` counts the
    operations of the transaction. ``changed`` is called after each step.
    """

    def __init__(
        self,
        sizes: Mapping[str, int],
        total_packages: int,
        changed: Callable[[], None],
        phase: Callable[[str], None],
    ) -> None:
        self._sizes = dict(sizes)
        self._total_bytes = sum(sizes.values())
        self._total_packages = total_packages
        self._changed = changed
        self._phase = phase
        self._lock = threading.Lock()
        self._names: dict[int, str] = {}
        self._fetched: dict[str, int] = {}
        self._tokens = 0
        self._linked = 0
        self._compiled = 0.0
        self._best = 0.0

    def snapshot(self) -> Progress:
        """Return the present state; ``fraction`` is monotone over calls."""
        with self._lock:
            fetched = min(sum(self._fetched.values()), self._total_bytes)
            links = self._linked / self._total_packages if self._total_packages else 1.0
            if self._total_bytes:
                share = fetched / self._total_bytes
                fraction = _FETCH * share + _LINK * links + (1 - _FETCH - _LINK) * self._compiled
            else:
                fraction = 0.8 * links + 0.2 * self._compiled
            self._best = max(self._best, min(fraction, 0.99))
            return Progress(fetched, self._total_bytes, self._linked, self._total_packages, round(self._best, 4))

    def compiled(self) -> None:
        """Note that compiling is over."""
        with self._lock:
            self._compiled = 1.0
        self._changed()

    def _token(self, name: str) -> int:
        with self._lock:
            self._tokens += 1
            self._names[self._tokens] = name
            return self._tokens

    def _note(self, name: str, done: int) -> None:
        with self._lock:
            if name in self._sizes:
                self._fetched[name] = max(self._fetched.get(name, 0), min(done, self._sizes[name]))
        self._changed()

    # rattler's InstallerReporter, the part of it that is used.

    def on_transaction_start(self, total_operations: int) -> None:
        self._phase("download" if self._total_bytes else "link")

    def on_populate_cache_start(self, operation: int, package_name: str) -> int:
        return self._token(package_name)

    def on_populate_cache_complete(self, cache_entry: int) -> None:
        name = self._names.get(cache_entry, "")
        self._note(name, self._sizes.get(name, 0))
        with self._lock:
            whole = self._total_bytes and sum(self._fetched.values()) >= self._total_bytes
        if whole:
            self._phase("link")

    def on_download_start(self, cache_entry: int) -> int:
        return cache_entry

    def on_download_progress(self, download_idx: int, progress: int, total: int | None) -> None:
        self._note(self._names.get(download_idx, ""), progress)

    def on_link_complete(self, index: int) -> None:
        with self._lock:
            self._linked += 1
        self._changed()
