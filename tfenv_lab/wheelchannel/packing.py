"""Pack all wheels of the resolutions, while downloads are still running."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

from ..errors import JobFailed
from .channel import cache, locked
from .depends import Dependencies
from .interpreter import Interpreter
from .package import Package
from .pip import PipFailed
from .python import pack_python
from .received import watched
from .repack import repack
from .request import BuildProgress, Report
from .resolve import RemoteWheel, Resolution, download
from .wheel import Wheel

#: The share of downloads in the progress, if there are any.
_DOWNLOAD = 0.5


class Packing:
    """Packing of wheels into the directory ``channel``, in parallel on all cores.

    ``work`` is a directory for unpacked trees.
    """

    def __init__(self, interpreter: Interpreter, channel: Path, work: Path, report: Report) -> None:
        self._interpreter = interpreter
        self._channel = channel
        self._work = work
        self._report = report
        self._incoming = work / "incoming"
        self._to_come = 0

    def run(self, resolutions: Sequence[Resolution]) -> list[Package]:
        """Download and pack every wheel once, pack Python, and return the packages.

        Raises JobFailed or ChannelUnreachable.
        """
        store = cache() / "wheels"
        cores = len(os.sched_getaffinity(0))
        with (
            locked(store / ".lock", self._report),
            ThreadPoolExecutor(max_workers=len(resolutions)) as network,
            ThreadPoolExecutor(max_workers=cores) as pool,
        ):
            packed = [pool.submit(pack_python, self._interpreter, self._channel, self._work / "python")]
            downloads = {}
            seen: set[str] = set()
            for resolution in resolutions:
                dependencies = Dependencies(resolution)
                own = [wheel for wheel in resolution.wheels if wheel.filename not in seen]
                seen |= {wheel.filename for wheel in own}
                here = [wheel.local for wheel in own if wheel.local]
                packed += self._submit(pool, here, dependencies)
                there = [wheel for wheel in own if not wheel.local]
                self._to_come += sum(not (store / wheel.filename).exists() for wheel in there)
                downloads[network.submit(self._download, there, store)] = dependencies
            begun = _DOWNLOAD if self._to_come else 0.0
            try:
                with watched(self._incoming, self._received):
                    for done in as_completed(downloads):
                        packed += self._submit(pool, done.result(), downloads[done])
                packages: list[Package] = []
                for number, one in enumerate(as_completed(packed), 1):
                    packages += one.result()
                    name = f"{packages[-1].name} {packages[-1].version}"
                    fraction = begun + (1 - begun) * number / len(packed)
                    self._report(BuildProgress("repack", name, number, len(packed), fraction=fraction))
            except BaseException:
                network.shutdown(wait=False, cancel_futures=True)
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return packages

    def _download(self, wheels: Sequence[RemoteWheel], store: Path) -> list[Path]:
        def on_line(line: str) -> None:
            if line.startswith("Downloading "):
                name, _, size = line.removeprefix("Downloading ").partition(" (")
                self._report(BuildProgress("download", f"{name.rsplit('/', 1)[-1]} {size.rstrip(')')}".strip()))

        self._incoming.mkdir(exist_ok=True)
        try:
            return download(self._interpreter, wheels, store, self._incoming, on_line)
        except PipFailed as error:
            raise error.as_error("downloading wheels") from error

    def _received(self, wheels: int, size: int) -> None:
        # All wheels that were begun are complete, except the last one.
        fraction = _DOWNLOAD * min(max(wheels - 1, 0) / max(self._to_come, 1), 1.0)
        self._report(BuildProgress("download", "", wheels, self._to_come, size, fraction))

    def _submit(
        self, pool: ThreadPoolExecutor, files: Iterable[Path], dependencies: Dependencies
    ) -> list[Future[list[Package]]]:
        """Repack wheels, the largest first, so that the build does not end with one long task."""
        order = sorted(files, key=lambda path: path.stat().st_size, reverse=True)
        return [pool.submit(self._repack, path, dependencies) for path in order]

    def _repack(self, path: Path, dependencies: Dependencies) -> list[Package]:
        try:
            return repack(Wheel(path), dependencies, self._interpreter, self._channel, self._work / path.name)
        except (ValueError, KeyError) as error:
            raise JobFailed(f"{path.name} cannot be repacked: {error}", str(error)) from error
