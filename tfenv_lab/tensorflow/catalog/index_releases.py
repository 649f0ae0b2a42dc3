"""List the TensorFlow releases on a package index, with the wheels that this machine can install."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from ...pypi.index import Project
from ...pypi.pages import ProjectFile
from ...pypi.tags import Chooser, needed_system
from ...sentences import say
from ...tensorflow_packages import TF_KERAS, has_keras_3, wheel_admits
from ...versions import minor_numbers, minor_of
from ..models import Blocked, KerasVersion, Variant
from .cells import python_key
from .selection import Wanted, fits

#: Projects with official wheels: the first has kernels for GPUs, the second only those for the CPU.
PROJECT, CPU_PROJECT = "tensorflow", "tensorflow-cpu"
#: The only platform on which ``tensorflow-cpu`` is published for every release, and ``[and-cuda]`` has its packages.
_LINUX = "linux-64"
#: The CUDA versions of the packages that ``tensorflow[and-cuda]`` installs, from the first release with each
#: (``Requires-Dist`` of the wheels: nvidia-cuda-runtime-cu12). The extra is usable since 2.15.
_CUDA = {(2, 15): "12.2", (2, 16): "12.3", (2, 18): "12.5"}
#: Oldest CUDA version of a driver that runs all of CUDA 12 (CUDA Compatibility, "minor version compatibility").
_DRIVER = "12.0"


@dataclass(frozen=True)
class IndexCell:
    """One release for one variant and one Python, from an index; ``reason`` says why it cannot be installed."""

    version: str
    variant: str
    python: str
    project: str
    reason: str | None
    size: int | None = None

    @property
    def cuda(self) -> bool:
        return self.variant.startswith("cuda")

    @property
    def requirement(self) -> str:
        """Name of the project with the extra that installs CUDA."""
        return f"{self.project}[and-cuda]" if self.cuda else self.project


@dataclass(frozen=True)
class IndexListing:
    """The releases on the index; ``cells`` are sorted, newest release first. ``published`` has ISO dates by version.

    ``keras`` and ``tf_keras`` have the stable versions of these projects, newest first, with the Pythons of each.
    ``is_read`` says whether there is an index that answered; ``message`` says why it could not be read, or is None.
    """

    cells: Sequence[IndexCell] = ()
    published: Mapping[str, str] = field(default_factory=dict)
    keras: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tf_keras: Mapping[str, Sequence[str]] = field(default_factory=dict)
    message: str | None = None
    is_read: bool = False

    def installable(self, cell: IndexCell) -> bool:
        return cell.reason is None

    def keras_with(self, version: str, python: str) -> str | None:
        """Return the newest Keras that a release works with under a Python, or None if unknown."""
        found = (keras for keras, pythons in self.keras.items() if wheel_admits(version, keras) and python in pythons)
        return next(found, None)

    def newest_keras(self, version: str) -> str | None:
        """Return the Keras that is installed with a release and the newest Python that can be installed."""
        cells = [cell for cell in self.cells if cell.version == version]
        best = next((cell for cell in cells if cell.reason is None), cells[0] if cells else None)
        return self.keras_with(version, best.python) if best else None

    def keras_versions(self, version: str) -> list[KerasVersion]:
        """Return the versions of Keras that can be chosen with a release, newest first."""
        if not has_keras_3(version):
            return []
        usable = {cell.python for cell in self.cells if cell.version == version and cell.reason is None}
        fitting = {keras: pythons for keras, pythons in self.keras.items() if wheel_admits(version, keras)}
        legacy = next((each for each in self.tf_keras if minor_of(each) == minor_of(version)), None)
        if legacy is not None:
            fitting[legacy] = self.tf_keras[legacy]
        kept = {keras: [python for python in pythons if python in usable] for keras, pythons in fitting.items()}
        return [KerasVersion(keras, pythons, "pypi") for keras, pythons in kept.items() if pythons]

    def update_of(self, version: str, variant: str, python: str) -> str | None:
        """Return the newest stable release after ``version`` for the same Python and CPU or CUDA, or None."""
        for cell in self.cells:
            if Version(cell.version) <= Version(version):
                return None
            same = cell.python == python and cell.cuda == variant.startswith("cuda")
            if same and cell.reason is None and not Version(cell.version).is_prerelease:
                return cell.version
        return None

    def cuda_release(self, version: str, python: str) -> str | None:
        """Return ``version`` if CUDA with ``python`` can be installed for it, else the newest such release, or None."""
        found = [cell.version for cell in self.cells if cell.cuda and cell.python == python and cell.reason is None]
        stable = [release for release in found if not Version(release).is_prerelease]
        return version if version in found else next(iter(stable), None)

    def variants(self, version: str) -> list[Variant]:
        """Return the variants of a release, CPU first."""
        found: dict[str, list[IndexCell]] = {}
        for cell in self.cells:
            if cell.version == version:
                found.setdefault(cell.variant, []).append(cell)
        return [_variant(cells) for cells in found.values()]


def listing(
    projects: Mapping[str, Project | None], subdir: str, pythons: Collection[str] | None, cuda: str | None
) -> IndexListing:
    """Return the releases of ``tensorflow`` and ``tensorflow-cpu``.

    ``pythons`` are the minor versions of Python on the channels, or None if no channel answers. ``cuda`` is the CUDA
    version of the driver.
    """
    whole, for_cpu = projects.get(PROJECT), projects.get(CPU_PROJECT) if subdir == _LINUX else None
    wheels = {PROJECT: _by_version(whole), CPU_PROJECT: _by_version(for_cpu)}
    versions = sorted({*wheels[PROJECT], *wheels[CPU_PROJECT]}, reverse=True)
    candidates = sorted({*(pythons or ()), *_SUPPORTED}, key=python_key)
    builds = _Builds(subdir, pythons, {python: Chooser(f"{python}.0", subdir) for python in candidates})
    cells: list[IndexCell] = []
    for version in versions:
        small = wheels[CPU_PROJECT].get(version)
        project, files = (CPU_PROJECT, small) if small else (PROJECT, wheels[PROJECT].get(version, []))
        cells += builds.cells(version, "cpu", project, files)
        runtime = cuda_of(str(version))
        if subdir == _LINUX and runtime is not None and version in wheels[PROJECT]:
            files = wheels[PROJECT][version]
            cells += builds.cells(version, f"cuda{runtime}", PROJECT, files, _no_driver(cuda))
    keras, tf_keras = (_stable(projects.get(name), candidates) for name in ("keras", TF_KERAS))
    return IndexListing(cells, _published(wheels), keras, tf_keras, is_read=True)


#: Minor versions of Python that have ever been packed with TensorFlow's current releases; older ones are not shown.
_SUPPORTED = ("3.10", "3.11", "3.12", "3.13", "3.14")


def cuda_of(version: str) -> str | None:
    """Return the CUDA version that ``tensorflow[and-cuda]`` of a release installs, or None if it cannot."""
    release = minor_numbers(version)
    return next((cuda for first, cuda in reversed(_CUDA.items()) if release >= first), None)


def _stable(project: Project | None, pythons: Sequence[str]) -> dict[str, list[str]]:
    """Return the stable versions of a project that have a wheel, newest first, with the Pythons that each admits."""
    found = sorted(_by_version(project).items(), reverse=True)
    return {
        str(version): [python for python in pythons if any(_admits(file, python) for file in files)]
        for version, files in found
        if not version.is_prerelease
    }


def _by_version(project: Project | None) -> dict[Version, list[ProjectFile]]:
    found: dict[Version, list[ProjectFile]] = {}
    for file in project.files if project else ():
        if file.is_wheel:
            found.setdefault(file.version, []).append(file)
    return found


@dataclass(frozen=True)
class _Builds:
    """The wheels that count: for a platform, and for each Python, of which the channels have only some.

    ``pythons`` are those of the channels, or None if no channel answers.
    """

    subdir: str
    pythons: Collection[str] | None
    choosers: Mapping[str, Chooser]

    def cells(
        self, version: Version, variant: str, project: str, wheels: Sequence[ProjectFile], reason: str | None = None
    ) -> Iterator[IndexCell]:
        """Yield the cells of one release and variant, newest Python first; ``reason`` blocks all of them."""
        for python, chooser in reversed(list(self.choosers.items())):
            admitting = [file for file in wheels if _admits(file, python)]
            fitting = [file for file in admitting if chooser.rank(file.filename) is not None]
            why = self._without_python(python)
            if not fitting:
                systems = (needed_system(file.filename, python, self.subdir) for file in admitting)
                system = next(filter(None, systems), None)
                if system is None:
                    continue
                why = say("needs {system} or newer, but this machine has an older one", system=system)
            size = (fitting or admitting)[0].size
            yield IndexCell(str(version), variant, python, project, reason or why, size)

    def _without_python(self, python: str) -> str | None:
        if self.pythons is None:
            return say("needs Python {python} from a channel, and no channel answers", python=python)
        return None if python in self.pythons else say("needs Python {python}, which no channel has", python=python)


def _admits(file: ProjectFile, python: str) -> bool:
    try:
        return SpecifierSet(file.requires_python).contains(f"{python}.99", prereleases=True)
    except InvalidSpecifier:
        return True


def _no_driver(cuda: str | None) -> str | None:
    if cuda is None:
        return say(
            "needs a driver for CUDA {partition}, but this machine has none", partition=_DRIVER.partition(".")[0]
        )
    if Version(cuda) < Version(_DRIVER):
        return say(
            "needs a driver for CUDA {driver} or newer, but this machine's driver supports CUDA {cuda}",
            driver=_DRIVER,
            cuda=cuda,
        )
    return None


def _published(wheels: Mapping[str, Mapping[Version, Sequence[ProjectFile]]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for files in wheels.values():
        for version, listed in files.items():
            times = [file.uploaded[:10] for file in listed if file.uploaded and _is_date(file.uploaded[:10])]
            if times:
                found[str(version)] = min([*times, found.get(str(version), times[0])])
    return found


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _variant(cells: Sequence[IndexCell]) -> Variant:
    ordered = sorted(cells, key=lambda cell: python_key(cell.python))
    blocked = [Blocked(cell.python, cell.reason) for cell in ordered if cell.reason]
    installable = len(blocked) < len(ordered)
    return Variant(
        name=ordered[0].variant,
        python=[cell.python for cell in ordered],
        installable=installable,
        reason=None if installable else blocked[-1].reason,
        blocked=blocked,
        source="pypi",
    )


def matching(found: IndexListing, wanted: Wanted) -> list[IndexCell]:
    """Return the cells that match a request, best first; for ``auto``, only CPU cells or only CUDA cells."""
    cells = [
        cell
        for cell in found.cells
        if wanted.python in (None, cell.python) and fits(cell.version, wanted.tensorflow or "*")
    ]
    cells = [c for c in cells if not Version(c.version).is_prerelease] or cells
    if wanted.variant != "auto":
        return [cell for cell in cells if cell.cuda == (wanted.variant == "cuda")]
    first = next((cell for cell in cells if cell.reason is None), None)
    cuda = any(cell.cuda and cell.reason is None and first and cell.version == first.version for cell in cells)
    return [cell for cell in cells if cell.cuda == cuda]
