"""Find the root prefixes (base environments) of the conda installations on this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from ...disk.reads import BoundedReads

_DISTRIBUTIONS = (
    "miniconda3",
    "anaconda3",
    "miniforge3",
    "mambaforge",
    "micromamba",
    "miniconda",
    "anaconda",
    "mamba",
)

#: Default locations of the installers of conda's distributions.
SYSTEM_ROOTS = tuple(
    Path(folder, name)
    for folder, names in (
        ("/opt", ("conda", *_DISTRIBUTIONS)),
        ("/usr/local", _DISTRIBUTIONS),
        ("/opt/homebrew/Caskroom", ("miniconda/base", "miniforge/base")),
        ("C:/ProgramData", _DISTRIBUTIONS),
    )
    for name in names
)


def is_environment(prefix: Path) -> bool:
    """Return whether conda considers ``prefix`` an environment: whether it has ``conda-meta/history``."""
    try:
        return (prefix / "conda-meta" / "history").is_file()
    except OSError:
        return False


def _look(candidate: tuple[Path, bool]) -> Path | None:
    """Return the real path of a prefix if conda or mamba is installed in it, otherwise None.

    micromamba's root prefix need not be an environment itself. A doubtful candidate (True) must also have a
    ``condabin``.
    """
    path, is_doubtful = candidate
    try:
        if is_doubtful and not any((path / "condabin").glob("conda*")):
            return None
        is_root = is_environment(path) or ((path / "envs").is_dir() and (path / "pkgs").is_dir())
        return path.resolve() if is_root else None
    except OSError:
        return None


#: A prefix on a drive that does not answer counts as absent.
_looks = BoundedReads(_look)


def _of_executable(path: str) -> Path | None:
    """Return the prefix of a conda executable (``bin/conda``, ``condabin/conda``, ``Scripts/conda.exe``)."""
    exe = Path(path)
    return exe.parent.parent if exe.is_absolute() and len(exe.parents) > 2 else None


def _candidates(env: Mapping[str, str], home: Path, server: Path) -> Iterator[tuple[Path, bool]]:
    """Yield possible root prefixes, and whether each is doubtful."""
    for name in ("CONDA_ROOT_PREFIX", "CONDA_ROOT_DIR", "CONDA_ROOT", "_CONDA_ROOT", "MAMBA_ROOT_PREFIX"):
        if env.get(name):
            yield Path(env[name]).expanduser(), False
    root = _of_executable(env["CONDA_EXE"]) if env.get("CONDA_EXE") else None
    if root is not None:
        yield root, False
    for prefix in (Path(env["CONDA_PREFIX"]) if env.get("CONDA_PREFIX") else None, server):
        if prefix is not None:
            # The prefix is <root>/envs/<name>, or the root itself.
            if prefix.parent.name == "envs":
                yield prefix.parent.parent, False
            yield prefix, True
    yield from ((home / name, False) for name in _DISTRIBUTIONS)
    yield from ((path, False) for path in SYSTEM_ROOTS)


def find(env: Mapping[str, str], home: Path, server: Path | None = None) -> list[Path]:
    """Return the root prefixes that exist, best first: from variables, the server's own, then the default ones.

    ``server`` is the prefix of the interpreter that runs the server (default: ``sys.base_prefix``).
    """
    found: dict[Path, Path] = {}
    for (path, _), real in _looks.run(_candidates(env, home, server or Path(sys.base_prefix))).items():
        if isinstance(real, Path):
            found.setdefault(real, path)
    return list(found.values())
