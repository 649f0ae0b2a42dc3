"""List TensorFlow releases, with the builds that can be installed on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...conda.solving.feasibility import Request, as_record
from ...conda.solving.specs import newer, version_key
from ...sentences import say
from ...tensorflow_packages import TF_KERAS, has_keras_3, keras_fits
from ...versions import minor_of
from ..models import Blocked, KerasVersion, Release, Variant
from . import reasons
from .cells import Cell, cells_of, is_prerelease, python_key

if TYPE_CHECKING:
    from ...conda.engine import GenericVirtualPackage
    from ...conda.solving.candidates import Pool
    from .reasons import Machine

#: Packages that every new environment gets for its kernel.
KERNEL = ("ipykernel",)
#: Packages that every new environment gets if they are on the channels.
OPTIONAL = ("pip",)
_PLATFORM = ("__unix", "__linux", "__osx", "__win")


@dataclass(frozen=True)
class Verdict:
    """The result for a cell: ``reason`` says why it cannot be installed, or is None; ``keras`` is its Keras version.

    ``keras_versions`` are the versions of Keras 3 that fit, newest first.
    """

    reason: str | None
    keras: str | None
    keras_versions: Sequence[str] = ()


@dataclass(frozen=True)
class Listing:
    """The table of releases with a verdict for each cell; ``cells`` are sorted, newest release first.

    ``tf_keras`` has the newest version of tf-keras for each minor version of TensorFlow.
    """

    cells: Sequence[Cell]
    verdicts: Mapping[tuple[str, str, str], Verdict]
    releases: list[Release]
    companions: tuple[str, ...]
    tf_keras: Mapping[str, str] = field(default_factory=dict)

    def installable(self, cell: Cell) -> bool:
        return self.verdicts[cell.key].reason is None

    def update_of(self, version: str, variant: str, python: str) -> str | None:
        """Return the newest stable release after ``version`` for the same Python and CPU or CUDA, or None."""
        for cell in self.cells:
            if not newer(cell.version, version):
                return None
            same = cell.python == python and cell.cuda == variant.startswith("cuda")
            if same and self.installable(cell) and not is_prerelease(cell.version):
                return cell.version
        return None

    def cuda_release(self, version: str, python: str) -> str | None:
        """Return ``version`` if its CUDA build runs here with ``python``, else the newest such release, or None."""
        found = [c.version for c in self.cells if c.cuda and c.python == python and self.installable(c)]
        stable = [release for release in found if not is_prerelease(release)]
        return version if version in found else next(iter(stable), None)

    def keras_with(self, version: str, variant: str, python: str) -> str | None:
        """Return the Keras version that is installed with a cell today, or None if the cell is not on the channels."""
        verdict = self.verdicts.get((version, variant, python))
        return verdict.keras if verdict else None


class Judge:
    """A judge of the cells of a pool for one machine. While the pool has missing names, verdicts are held back."""

    def __init__(self, pool: Pool, virtual: Sequence[GenericVirtualPackage]) -> None:
        self._pool = pool
        found = {package.name.normalized: as_record(package) for package in virtual}
        self._machine: Machine = {**dict.fromkeys((*_PLATFORM, *reasons.OPEN)), **found}
        self._verdicts: dict[tuple[str, str, str], Verdict] = {}

    def advance(self) -> list[str]:
        """Judge the cells that can be judged; return the names that the pool needs for the others."""
        cells = cells_of(self._pool)
        for_cpu = {cell.version for cell in cells if not cell.cuda}
        for cell in cells:
            if cell.key in self._verdicts:
                continue
            verdict: Verdict | None
            if self._machine["__cuda"] is None and cell.version in for_cpu and cell.needs("__cuda"):
                # No need to test this build: its Keras is that of the CPU builds.
                verdict = Verdict(reasons.no_driver(cell), None)
            else:
                verdict = self._verdict(cell)
            if verdict is not None:
                self._verdicts[cell.key] = verdict
        return sorted(self._pool.missing)

    def listing(self) -> Listing:
        """Return the table, after ``advance`` returned no more names."""
        cells = cells_of(self._pool)
        stable = (c for c in cells if self._verdicts[c.key].reason is None and not is_prerelease(c.version))
        recommended = next(stable, None)
        found = sorted(node.record.version for node in self._pool.named(TF_KERAS))
        tf_keras = {minor_of(version): str(version) for version in found if not is_prerelease(str(version))}
        releases = [
            self._release([cell for cell in cells if cell.version == version], recommended, tf_keras)
            for version in dict.fromkeys(cell.version for cell in cells)
        ]
        companions = (*KERNEL, *(name for name in OPTIONAL if self._pool.named(name)))
        for cell in cells:
            cell.forget_builds()
        return Listing(cells, self._verdicts, releases, companions, tf_keras)

    def _verdict(self, cell: Cell) -> Verdict | None:
        """Judge a cell; return None if it depends on names that are not in the pool yet."""
        specs = [f"tensorflow =={cell.version} {cell.exact_pin}", f"python {cell.python}.*", "keras", *KERNEL]
        request = Request(self._pool, specs, {"tensorflow": cell.nodes})
        check = request.on(self._machine)
        reason = None
        if not check.feasible:
            check = request.on({name: there for name, there in self._machine.items() if name not in reasons.OPEN})
            reason = reasons.why_not(cell, self._machine, self._pool, check, request.on)
        if request.provisional:
            return None
        keras = check.best("keras") if check.feasible else None
        usable = check.usable("keras") if check.feasible and has_keras_3(cell.version) else []
        versions = dict.fromkeys(str(record.version) for record in usable)
        stable = [each for each in versions if not is_prerelease(each) and keras_fits(cell.version, each)]
        return Verdict(reason, str(keras.version) if keras else None, stable)

    def _release(self, cells: list[Cell], recommended: Cell | None, tf_keras: Mapping[str, str]) -> Release:
        names = dict.fromkeys(cell.variant for cell in cells)
        times = [node.record.timestamp for cell in cells for node in cell.nodes if node.record.timestamp]
        # Show the Keras of the newest Python that can be installed; an older Python may need an older Keras.
        best = sorted(cells, key=lambda c: (self._verdicts[c.key].reason is None, python_key(c.python)))
        keras = [self._verdicts[cell.key].keras for cell in best]
        return Release(
            version=cells[0].version,
            python=sorted({cell.python for cell in cells}, key=python_key),
            variants=[self._variant(name, [cell for cell in cells if cell.variant == name]) for name in names],
            keras=next((version for version in reversed(keras) if version), None),
            keras_versions=self._keras_versions(cells, tf_keras.get(minor_of(cells[0].version))),
            published=min(times).date().isoformat() if times else None,
            prerelease=is_prerelease(cells[0].version),
            recommended=recommended is not None and cells[0].version == recommended.version,
        )

    def _keras_versions(self, cells: list[Cell], tf_keras: str | None) -> list[KerasVersion]:
        """Return the versions of Keras that can be chosen with the cells of one release, newest first."""
        if not has_keras_3(cells[0].version):
            return []
        pythons: dict[str, set[str]] = {}
        for cell in cells:
            verdict = self._verdicts[cell.key]
            for version in [*verdict.keras_versions, *([tf_keras] if tf_keras else [])] if not verdict.reason else []:
                pythons.setdefault(version, set()).add(cell.python)
        ordered = sorted(pythons.items(), key=lambda item: version_key(item[0]), reverse=True)
        return [KerasVersion(version, sorted(found, key=python_key), "conda") for version, found in ordered]

    def _variant(self, name: str, cells: list[Cell]) -> Variant:
        cells = sorted(cells, key=lambda cell: python_key(cell.python))
        reasons_by_python = {cell.python: self._verdicts[cell.key].reason for cell in cells}
        blocked = [Blocked(python, reason) for python, reason in reasons_by_python.items() if reason]
        installable = len(blocked) < len(cells)
        return Variant(
            name=name,
            python=list(reasons_by_python),
            installable=installable,
            reason=None if installable else blocked[-1].reason,
            blocked=blocked,
        )


def why_none(releases: Sequence[Release], subdir: str, places: str = say("The channels")) -> str | None:
    """Return why there is no release, or none that can be installed on this machine; None if there is one."""
    if not releases:
        words = say("{places} have no TensorFlow for {subdir}.", places=places, subdir=subdir)
        return (
            say("{words} Use WSL 2, a Linux on Windows that can run it.", words=words)
            if subdir.startswith("win")
            else words
        )
    if any(variant.installable for release in releases for variant in release.variants):
        return None
    newest = releases[0]
    return say(
        "No release can be installed on this machine: TensorFlow {version} {reason}.",
        version=newest.version,
        reason=newest.variants[-1].reason,
    )
