"""Measure a transaction's progress: bytes while packages are downloaded, files while they are linked and cloned."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from ...models import Phase
from ...pypi.models import MARK
from ...stalls import WatchedDownloads


@dataclass(frozen=True)
class Progress:
    """Progress of a transaction: downloaded bytes, linked packages, and a ``fraction`` that never decreases.

    ``fraction`` runs from 0 to 1. While packages are linked it follows the number of files, since TensorFlow has half
    of the files in its environment. ``bytes_per_second`` is the speed of the download, and ``seconds_left`` the time
    that the rest of it takes at this speed; both are None while nothing is known.
    """

    done_bytes: int = 0
    total_bytes: int = 0
    done_packages: int = 0
    total_packages: int = 0
    fraction: float = 0.0
    bytes_per_second: int | None = None
    seconds_left: int | None = None


#: Shares of downloading, linking and compiling in the whole: with downloads, and if all packages are cached. Most
#: packages are linked while others are downloaded.
_FETCHED, _CACHED = (0.7, 0.1, 0.2), (0.0, 0.8, 0.2)
#: Estimated number of archive bytes per file (a TensorFlow environment has 340 MB and 23,000 files).
_BYTES_A_FILE = 15_000
#: Number of cloned files between two reports; each takes only microseconds.
_CLONED_AT_ONCE = 500
#: Seconds over which the speed of a download is averaged, and the seconds after which the first speed is known.
_WINDOW, _FIRST = 8.0, 1.0


class Speed:
    """The speed of a download, averaged over the last seconds, so that it does not jump with every packet."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, done: int) -> float | None:
        """Note the number of bytes that are done now, and return the bytes per second, or None if it is too early."""
        now = self._clock()
        self._seen.append((now, done))
        # The last one before the window stays: the window begins with it.
        while len(self._seen) > 2 and now - self._seen[1][0] >= _WINDOW:
            self._seen.popleft()
        begun, before = self._seen[0]
        return (done - before) / (now - begun) if now - begun >= _FIRST else None


class InstallProgress:
    """rattler's reporter, which sums up the callbacks from rattler's threads.

    ``sizes`` are the bytes to download by package name, and ``packages`` the names of the packages to link; the names
    of those from an index begin with ``pypi:``. ``files_of`` returns the number of files of a package, or None while it
    is not unpacked. ``cloned`` is the number of files that are cloned from the existing environment. ``changed`` is
    called with the progress after each step. ``clock`` returns seconds.
    """

    def __init__(
        self,
        sizes: Mapping[str, int],
        packages: Collection[str],
        files_of: Callable[[str], int | None],
        cloned: int,
        changed: Callable[[Progress], None],
        phase: Callable[[Phase], None],
        downloads: WatchedDownloads | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        #: The conda packages that are being downloaded now.
        self.downloads = downloads or WatchedDownloads({})
        self.sizes = dict(sizes)
        self._total_bytes = sum(sizes.values())
        self._packages = len(packages)
        self._files_of = files_of
        #: Number of files of each package, estimated while it is not unpacked.
        self._files = {name: files_of(name) or 1 + self.sizes.get(name, 0) // _BYTES_A_FILE for name in packages}
        #: Share of the packages from an index.
        self._wheels = sum(name.startswith(MARK) for name in packages) / (len(packages) or 1)
        self._to_clone = cloned
        self._changed = changed
        self._phase = phase
        self._lock = threading.Lock()
        self._names: dict[int, str] = {}
        self._fetched: dict[str, int] = {}
        self._tokens = 0
        self._linked: set[str] = set()
        #: Which part of a package is linked, from 0 to 1, while it is being linked.
        self._parts: dict[str, float] = {}
        self._cloned = 0
        self._compiled = 0.0
        self._best = 0.0
        #: Whether bytes have begun to come. Before that, the existing environment may be cloned.
        self._is_downloading = False
        self._speed = Speed(clock)

    def snapshot(self) -> Progress:
        """Return the current progress; ``fraction`` never decreases between calls."""
        with self._lock:
            fetched = min(sum(self._fetched.values()), self._total_bytes)
            total = self._to_clone + sum(self._files.values())
            parts = self._parts | dict.fromkeys(self._linked, 1.0)
            done = min(self._cloned, self._to_clone) + sum(self._files.get(n, 0) * part for n, part in parts.items())
            shares = _FETCHED if self._total_bytes else _CACHED
            steps = (fetched / (self._total_bytes or 1), done / total if total else 1.0, self._compiled)
            fraction = sum(share * part for share, part in zip(shares, steps, strict=True))
            self._best = max(self._best, min(fraction, 0.99))
            speed, rest = None, self._total_bytes - fetched
            if rest > 0 and self._is_downloading:
                speed = self._speed.note(fetched)
            return Progress(
                fetched,
                self._total_bytes,
                len(self._linked),
                self._packages,
                round(self._best, 4),
                None if speed is None else round(speed),
                math.ceil(rest / speed) if speed else None,
            )

    def clone(self, files: int) -> None:
        """Add ``files`` to the number of cloned files."""
        with self._lock:
            before, self._cloned = self._cloned, self._cloned + files
        if before // _CLONED_AT_ONCE != (before + files) // _CLONED_AT_ONCE:
            self._changed(self.snapshot())

    def on_linked_part(self, name: str, part: float) -> None:
        """Note which part (0 to 1) of a package is linked."""
        with self._lock:
            self._parts[name] = part
        self._changed(self.snapshot())

    def compile(self, part: float) -> None:
        """Record which part (0 to 1) of the Python files of conda packages is compiled."""
        self._compile(part * (1 - self._wheels))

    def compile_wheels(self, part: float) -> None:
        """Record which part (0 to 1) of the Python files of packages from an index is compiled."""
        self._compile(1 - self._wheels + part * self._wheels)

    def compiled(self) -> None:
        """Record that compiling has finished."""
        self._compile(1.0)

    def _compile(self, part: float) -> None:
        with self._lock:
            self._compiled = max(self._compiled, part)
        self._changed(self.snapshot())

    def on_read(self, name: str, done: int) -> None:
        """Note how many bytes of a package file on this machine are read."""
        self._is_downloading = True
        self._note(name, done)

    def begin_wheels(self) -> None:
        """Note that the packages from an index come next."""
        self._phase("link" if self._is_fetched() else "download")

    def on_wheel_download(self, name: str, done: int, total: int) -> None:
        """Note how much of a package from an index is downloaded. ``total`` counts if its size was not known."""
        key = MARK + name
        self._is_downloading = True
        with self._lock:
            if key not in self.sizes:
                self.sizes[key] = total
                self._total_bytes += total
        self._note(key, done)

    def on_wheels_fetched(self) -> None:
        """Note that all packages from an index are downloaded."""
        with self._lock:
            self._fetched.update({key: size for key, size in self.sizes.items() if key.startswith(MARK)})
        self._phase("link")
        self._changed(self.snapshot())

    def on_wheels_linked(self) -> None:
        """Note that all packages from an index are linked."""
        with self._lock:
            self._linked.update(key for key in self._files if key.startswith(MARK))
        self._changed(self.snapshot())

    def _is_fetched(self) -> bool:
        with self._lock:
            return sum(self._fetched.values()) >= self._total_bytes

    def _token(self, name: str) -> int:
        with self._lock:
            self._tokens += 1
            self._names[self._tokens] = name
            return self._tokens

    def _note(self, name: str, done: int) -> None:
        with self._lock:
            if name in self.sizes:
                self._fetched[name] = max(self._fetched.get(name, 0), min(done, self.sizes[name]))
        self._changed(self.snapshot())

    # The methods below are the part of rattler's InstallerReporter that is used.

    def on_transaction_start(self, total_operations: int) -> None:
        self._phase("download" if self._total_bytes else "link")

    def on_populate_cache_start(self, operation: int, package_name: str) -> int:
        return self._token(package_name)

    def on_populate_cache_complete(self, cache_entry: int) -> None:
        name = self._names.get(cache_entry, "")
        self.downloads.end(name)
        self._note(name, self.sizes.get(name, 0))
        if self._total_bytes and self._is_fetched():
            self._phase("link")

    def on_download_start(self, cache_entry: int) -> int:
        self._is_downloading = True
        self.downloads.begin(self._names.get(cache_entry, ""))
        return cache_entry

    def on_download_progress(self, download_idx: int, progress: int, total: int | None) -> None:
        name = self._names.get(download_idx, "")
        self.downloads.advance(name, progress)
        self._note(name, progress)

    def on_download_completed(self, download_idx: int) -> None:
        self.downloads.end(self._names.get(download_idx, ""))

    def on_link_start(self, operation: int, package_name: str) -> int:
        known = self._files_of(package_name)
        with self._lock:
            if known is not None and package_name in self._files:
                self._files[package_name] = known
        return self._token(package_name)

    def on_link_complete(self, index: int) -> None:
        with self._lock:
            self._linked.add(self._names.get(index, ""))
        self._changed(self.snapshot())
