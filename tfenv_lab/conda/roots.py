"""Where conda itself is installed: the root (base) prefixes that this machine may have."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

_FLAVOURS = (
    "miniconda3",
    "anaconda3",
    "miniforge3",
    "mambaforge",
    "micromamba",
    "miniconda",
    "anaconda",
    "mamba",
)

#: Install places offered by the installers of conda's distributions.
SYSTEM_ROOTS = tuple(
    Path(folder, name)
    for folder, names in (
        ("/opt", ("conda", *_FLAVOURS)),
        ("/usr/local", _FLAVOURS),
        ("/opt/homebrew/Caskroom", ("miniconda/base", "miniforge/base")),
        ("C:/ProgramData", _FLAVOURS),
    )
    for name in names
)


def is_environment(prefix: Path) -> bool:
    """Return whether conda takes ``prefix`` for an environment: it has ``conda-meta/history``."""
    try:
        return (prefix / "conda-meta" / "history").is_file()
    except OSError:
        return False


def _is_root(path: Path) -> bool:
    """Tell whether conda or mamba is installed there; micromamba's root need not be an environment itself."""
    try:
        return is_environment(path) or ((path / "envs").is_dir() and (path / "pkgs").is_dir())
    except OSError:
        return False


def _of_executable(path: str) -> Path | None:
    """Return the prefix of a conda executable (``bin/conda``, ``condabin/conda``, ``Scripts/conda.exe``)."""
    exe = Path(path)
    return exe.parent.parent if exe.is_absolute() and len(exe.parents) > 2 else None


def _candidates(env: Mapping[str, str], home: Path, server: Path) -> Iterator[Path | None]:
    for name in ("CONDA_ROOT_PREFIX", "CONDA_ROOT_DIR", "CONDA_ROOT", "_CONDA_ROOT", "MAMBA_ROOT_PREFIX"):
        if env.get(name):
            yield Path(env[name]).expanduser()
    if env.get("CONDA_EXE"):
        yield _of_executable(env["CONDA_EXE"])
    for prefix in (Path(env["CONDA_PREFIX"]) if env.get("CONDA_PREFIX") else None, server):
        if prefix is not None:
            # <root>/envs/<name>, or the root itself.
            yield prefix.parent.parent if prefix.parent.name == "envs" else None
            yield prefix if any((prefix / "condabin").glob("conda*")) else None
    yield from (home / name for name in _FLAVOURS)
    yield from SYSTEM_ROOTS


def find(env: Mapping[str, str], home: Path, server: Path | None = None) -> list[Path]:
    """Return the root prefixes that exist, best first: named by variables, the server's, well-known places.

    ``server`` is the prefix of the interpreter that runs the server (default: ``sys.base_prefix``).
    """
    found: dict[Path, Path] = {}
    for path in _candidates(env, home, server or Path(sys.base_prefix)):
        if path is not None and _is_root(path):
            found.setdefault(path.resolve(), path)
    return list(found.values())
