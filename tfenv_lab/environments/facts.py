"""Read the facts of one environment, and know cheaply whether they still hold."""

# Paths stay text where a thousand of them are looked at in a few milliseconds.
# ruff: noqa: PTH112, PTH113, PTH116
from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from ..conda.prefix import interpreter, site_packages
from ..conda.pypi import PypiPackage, normalize, pypi_packages
from ..conda.records import PackageStem, names_in, stem_of
from ..tensorflow.variants import variant_of
from .discovery import hash_of
from .models import Advice, EnvironmentFacts, Keras, Source, TensorFlow

#: Distributions on PyPI that hold the package ``tensorflow``, best known first.
TENSORFLOW_DISTRIBUTIONS = (
    "tensorflow",
    "tensorflow-cpu",
    "tensorflow-gpu",
    "tf-nightly",
    "tensorflow-intel",
    "intel-tensorflow",
    "tensorflow-macos",
    "tensorflow-cpu-aws",
    "tensorflow-aarch64",
    "tensorflow-rocm",
)
#: conda packages that hold it: conda-forge's whole, or its thin one's base.
TENSORFLOW_PACKAGES = ("tensorflow", "tensorflow-base", "tensorflow-cpu", "tensorflow-gpu")

#: Kernelspecs of a prefix lie here (``jupyter_core.paths``: ``sys.prefix``'s data directory).
KERNELS = Path("share", "jupyter", "kernels")

Marks = tuple[int, ...]


def _problem(code: str, message: str) -> Advice:
    return Advice(code, "error", message)


def _time(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def marks(prefix: Path, folder: str | None) -> Marks:
    """Return the modification times that change when the facts can have changed; four calls of ``stat``.

    ``folder`` is the directory of the Python packages, as the last reading found it.
    """
    meta = f"{prefix}{os.sep}conda-meta"
    return (
        _time(meta),
        _time(f"{meta}{os.sep}history"),
        _time(folder) if folder else 0,
        _time(f"{prefix}{os.sep}{KERNELS}"),
        _time(str(interpreter(prefix))),
    )


def _frozen(meta: Path, names: set[str]) -> str | None:
    """Return why an environment must not be changed, as its ``frozen`` file says (CEP 22), or None."""
    if "frozen" not in names:
        return None
    try:
        message = json.loads((meta / "frozen").read_text(encoding="utf-8")).get("message")
    except (OSError, ValueError, AttributeError):
        message = None
    return str(message) if message else "It is marked as frozen by whoever made it."


def _own_kernels(prefix: Path) -> tuple[str, ...]:
    try:
        names = names_in(prefix / KERNELS)
    except OSError:
        return ()
    return tuple(sorted(name for name in names if os.path.isfile(prefix / KERNELS / name / "kernel.json")))


def _tensorflow(packages: dict[str, PackageStem], pypi: dict[str, PypiPackage]) -> TensorFlow | None:
    for name in TENSORFLOW_DISTRIBUTIONS:
        if name in pypi:
            return TensorFlow(pypi[name].version, None, _pypi_variant(name, pypi), "pypi")
    for name in TENSORFLOW_PACKAGES:
        if name in packages:
            stem = packages[name]
            return TensorFlow(stem.version, stem.build, variant_of(stem.build), "conda")
    return None


def _pypi_variant(name: str, pypi: dict[str, PypiPackage]) -> str | None:
    """Return what a wheel runs on.

    Since 2.12 ``tensorflow``'s own can use a GPU that has NVIDIA's wheels beside it.
    """
    if name in (
        "tensorflow-cpu",
        "tensorflow-intel",
        "intel-tensorflow",
        "tensorflow-cpu-aws",
        "tensorflow-macos",
    ):
        return "cpu"
    runtime = next((package for found, package in pypi.items() if found.startswith("nvidia-cuda-runtime")), None)
    return "cuda" + ".".join(runtime.version.split(".")[:2]) if runtime else None


def _keras(packages: dict[str, PackageStem], pypi: dict[str, PypiPackage]) -> Keras | None:
    source: Source
    for known, source in ((pypi, "pypi"), (packages, "conda")):
        if "keras" in known:
            return Keras(known["keras"].version, source)
    return None


def _concerns(name: str) -> bool:
    return name in TENSORFLOW_DISTRIBUTIONS or name in ("keras", "tf-keras") or name.startswith("nvidia-cuda-runtime")


def _pypi(prefix: Path, folder: Path | None, stems: dict[str, PackageStem]) -> tuple[PypiPackage, ...]:
    """Return pip's packages that matter for a list: TensorFlow's, and those in a conda package's place.

    Every other one with the name and version of a conda package is taken for it without a look into its
    files.
    """
    if folder is None:
        return ()
    wanted = set()
    for entry in names_in(folder):
        if entry.endswith(".dist-info"):
            name, _, version = entry.removesuffix(".dist-info").partition("-")
            name = normalize(name)
            if _concerns(name) or (name in stems and stems[name].version != version):
                wanted.add(name)
    return tuple(pypi_packages(prefix, wanted, folder=folder)) if wanted else ()


def read(prefix: Path, real: Path) -> tuple[EnvironmentFacts, str | None]:
    """Return the facts of an environment, and the directory of its Python packages.

    ``real`` is the real path. Whatever is wrong with the environment becomes a problem among the facts;
    OSError is raised only where the file system itself fails.
    """
    meta = prefix / "conda-meta"
    identifier = hash_of(real)
    try:
        listed = os.stat(meta)
        if not stat.S_ISDIR(listed.st_mode):
            raise NotADirectoryError(meta)
        names = names_in(meta)
    except (FileNotFoundError, NotADirectoryError):
        message = "It has no conda-meta directory: its installation was not finished, or it was partly deleted."
        exists = os.path.isdir(prefix)
        problem = _problem("no-conda-meta", message) if exists else unreachable()
        return EnvironmentFacts(identifier, prefix, problems=(problem,)), None
    except PermissionError:
        message = "Its conda-meta directory cannot be read with your permissions."
        return EnvironmentFacts(identifier, prefix, problems=(_problem("unreadable", message),)), None
    known = set(names)
    packages = {stem.name: stem for stem in map(stem_of, names) if stem}
    python = packages["python"].version if "python" in packages else None
    problems = []
    if python and not os.access(interpreter(prefix), os.X_OK):
        message = f"Its Python interpreter {interpreter(prefix)} is missing or cannot be started."
        problems.append(_problem("no-interpreter", message))
    folder = site_packages(prefix, python) if python else None
    pypi = _pypi(prefix, folder, packages)
    by_name = {package.name: package for package in pypi}
    magic = meta / "history" if "history" in known else meta
    facts = EnvironmentFacts(
        id=identifier,
        prefix=prefix,
        meta_names=tuple(names),
        python=python,
        tensorflow=_tensorflow(packages, by_name),
        keras=_keras(packages, by_name),
        pypi=pypi,
        kernels=_own_kernels(prefix),
        writable=os.access(magic, os.W_OK),
        frozen=_frozen(meta, known),
        modified=max(listed.st_mtime_ns, _time(str(meta / "history"))) / 1e9,
        problems=tuple(problems),
    )
    return facts, str(folder) if folder else None


def unreachable() -> Advice:
    """Return the problem of an environment whose files do not answer."""
    return _problem("unreachable", "Its directory cannot be reached; perhaps a network drive is away.")
