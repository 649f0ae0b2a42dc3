"""Find the root prefixes (base environments) of the conda installations on this machine."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from ...disk.paths import as_written, expanded
from ...disk.reads import BoundedReads

#: Names that the installers of conda's distributions give their directories, and common variants.
_DISTRIBUTIONS = (
    "miniconda3",
    "anaconda3",
    "miniforge3",
    "mambaforge",
    "micromamba",
    ".micromamba",
    "miniconda",
    "anaconda",
    "miniforge",
    "mamba",
    "conda",
    "miniforge-pypy3",
    "mambaforge-pypy3",
    "miniconda2",
    "anaconda2",
)

#: Names of their directories with a version or other letters, such as ``Miniconda3`` and ``anaconda3-2023.03``.
_LIKE_A_DISTRIBUTION = re.compile(r"(?:mini|ana)?conda|miniforge|mambaforge|\.?micromamba|mamba", re.IGNORECASE)

#: Directories in a home directory that hold distributions: Anaconda's graphical installer for macOS uses ``opt``,
#: micromamba ``.local/share``, pyenv ``.pyenv/versions``, and installers for Windows ``AppData/Local``.
_HOME_FOLDERS = (
    ".",
    "opt",
    ".local",
    ".local/share",
    ".local/opt",
    "apps",
    "software",
    "sw",
    "tools",
    ".pyenv/versions",
    *(("AppData/Local", "AppData/Local/Continuum") if sys.platform == "win32" else ()),
)

#: Default locations of the installers of conda's distributions, and where administrators put them.
SYSTEM_ROOTS = tuple(
    Path(folder, name)
    for folder, names in (
        ("/opt", _DISTRIBUTIONS),
        ("/usr/local", _DISTRIBUTIONS),
        ("/usr/local/share", _DISTRIBUTIONS),
        ("/usr/share", _DISTRIBUTIONS),
        ("/", _DISTRIBUTIONS),
        ("/opt/homebrew/Caskroom", ("miniconda/base", "miniforge/base")),
        ("/usr/local/Caskroom", ("miniconda/base", "miniforge/base")),
        ("C:/ProgramData", _DISTRIBUTIONS),
        ("C:/tools", _DISTRIBUTIONS),
    )
    for name in names
)

_PROGRAMS = (
    ("conda.exe", "conda.bat", "mamba.exe", "mamba.bat", "micromamba.exe")
    if sys.platform == "win32"
    else ("conda", "mamba", "micromamba")
)

#: An absolute path in a script; only one in quotes contains spaces.
_PATH = rb"(?:(?<=['\"])(?:~|\$\{?\w+\}?)?/[^\n'\":;=]+?|(?:~|\$\{?\w+\}?)?/[^\s'\":;=]+?)"
#: What names a root in a text. conda's own script starts Python, in one of two forms. Other scripts, and the lines that
#: ``conda init`` or a user adds to a shell's files, name conda, its directory, or the file that defines its function.
_NAMED = re.compile(
    rb"^(?:#!|'{3}exec' )\"?(?P<python>/[^\n\"]*?)/bin/python[0-9.]*(?=[\s\"])"
    rb"|(?P<root>" + _PATH + rb")/(?:(?:conda)?bin(?:/(?:conda|mamba|activate))?|etc/profile\.d/(?:conda|mamba)\.sh)"
    rb"(?=[\s'\":;)]|$)"
    rb"|MAMBA_ROOT_PREFIX[= ]['\"]?(?P<mamba>" + _PATH + rb")(?=[\s'\":;)]|$)",
    re.MULTILINE,
)

#: Files in a home directory that a shell reads when a terminal opens.
_SHELL_FILES = (".bashrc", ".bash_profile", ".profile", ".zshrc", ".zprofile", ".config/fish/config.fish", ".tcshrc")


def is_environment(prefix: Path) -> bool:
    """Return whether conda considers ``prefix`` an environment: whether it has ``conda-meta/history``."""
    try:
        return (prefix / "conda-meta" / "history").is_file()
    except OSError:
        return False


class _Candidate(NamedTuple):
    """A possible root prefix, or a program that may belong to one.

    A ``doubtful`` prefix must also have a ``condabin``, and a program on ``PATH`` must exist. A ``text`` is a file of a
    shell that may name a root prefix, and a ``folder`` may contain some.
    """

    path: Path
    kind: Literal["prefix", "named", "doubtful", "program", "on_path", "text", "folder"] = "prefix"


def _has_condabin(prefix: Path) -> bool:
    return any((prefix / "condabin").glob("conda*"))


def _is_root(prefix: Path, candidate: _Candidate) -> bool:
    """Return whether conda or mamba is installed in a prefix. micromamba's need not be an environment itself."""
    has_envs = (prefix / "envs").is_dir()
    if has_envs and (candidate.kind == "named" or (prefix / "pkgs").is_dir()):
        return True
    if not is_environment(prefix):
        return False
    # An environment can contain mamba as a package, like a root; conda's own prefix is always its root.
    is_mamba = candidate.kind == "on_path" and "mamba" in candidate.path.name
    is_other = candidate.kind == "folder" and prefix.name not in _DISTRIBUTIONS
    is_doubtful = candidate.kind in ("doubtful", "text") or is_mamba or is_other
    return _has_condabin(prefix) if is_doubtful else True


def _look(candidate: _Candidate) -> list[tuple[Path, Path]]:
    """Return the root prefixes of a candidate, each with its real path."""
    try:
        if candidate.kind == "on_path" and not candidate.path.is_file():
            return []
        found = [prefix for prefix in _prefixes(candidate) if _is_root(prefix, candidate)]
        return [(prefix, prefix.resolve()) for prefix in found]
    except OSError:
        return []


def _prefixes(candidate: _Candidate) -> Iterable[Path]:
    """Return the possible prefixes of a candidate, best first."""
    if candidate.kind in ("program", "on_path"):
        return _of_program(candidate.path)
    if candidate.kind == "text":
        return _of_text(candidate.path, 100_000)
    if candidate.kind == "folder":
        found = (path for path in candidate.path.iterdir() if _LIKE_A_DISTRIBUTION.match(path.name))
        ranks = {name: rank for rank, name in enumerate(_DISTRIBUTIONS)}
        return sorted(found, key=lambda path: (ranks.get(path.name, len(ranks)), path.name))
    return (candidate.path,)


#: A prefix on a drive that does not answer counts as absent.
_looks = BoundedReads(_look)


def _of_program(path: Path) -> Iterator[Path]:
    """Yield possible prefixes of a program (``bin/conda``, ``condabin/conda``, ``Scripts/conda.exe``, ``bin/python``).

    The program can be a link, a copy or a wrapper anywhere; then the link's target or the script leads to the prefix.
    """
    if not path.is_symlink():
        yield from _around(path)
    yield from _around(path.resolve())
    if sys.platform != "win32":
        yield from _of_text(path, 1000)


def _of_text(path: Path, limit: int) -> Iterator[Path]:
    """Yield the possible root prefixes that the first ``limit`` bytes of a file name."""
    if path.is_file():
        with path.open("rb") as file:
            text = file.read(limit)
        for found in _NAMED.finditer(text):
            named = os.fsdecode(found["python"] or found["root"] or found["mamba"])
            yield as_written(os.path.expandvars(named))


def _around(program: Path) -> Iterator[Path]:
    if len(program.parents) > 2:
        yield program.parents[1]
    if sys.platform == "win32":
        # <root>/python.exe
        yield program.parent


def _programs(env: Mapping[str, str]) -> Iterator[_Candidate]:
    """Yield the programs that variables of conda's and mamba's shell functions name, then those on ``PATH``."""
    for name in ("CONDA_EXE", "_CONDA_EXE", "CONDA_PYTHON_EXE", "MAMBA_EXE"):
        if env.get(name):
            yield _Candidate(Path(env[name]), "program")
    for folder in env.get("PATH", "").split(os.pathsep):
        yield from (_Candidate(Path(folder, name), "on_path") for name in _PROGRAMS if folder)


def _candidates(env: Mapping[str, str], home: Path, server: Path) -> Iterator[_Candidate]:
    """Yield possible root prefixes, best first."""
    for name in ("CONDA_ROOT_PREFIX", "CONDA_ROOT_DIR", "CONDA_ROOT", "_CONDA_ROOT", "MAMBA_ROOT_PREFIX"):
        path = expanded(env.get(name, ""))
        if env.get(name) and path is not None:
            yield _Candidate(path, "named")
    yield from (each for each in _programs(env) if each.path.is_absolute())
    for prefix in (Path(env["CONDA_PREFIX"]) if env.get("CONDA_PREFIX") else None, server):
        if prefix is not None:
            # The prefix is <root>/envs/<name>, or the root itself.
            if prefix.parent.name == "envs":
                yield _Candidate(prefix.parent.parent)
            yield _Candidate(prefix, "doubtful")
    # mamba 2 puts environments here, if no variable names another root prefix.
    if env.get("XDG_DATA_HOME"):
        yield _Candidate(Path(env["XDG_DATA_HOME"], "mamba"))
    yield from (_Candidate(home / name, "text") for name in _SHELL_FILES)
    yield from (_Candidate(home / folder, "folder") for folder in _HOME_FOLDERS)
    yield from map(_Candidate, SYSTEM_ROOTS)


def find(env: Mapping[str, str], home: Path, server: Path | None = None) -> list[Path]:
    """Return the root prefixes that exist, best first.

    They come from variables, from the programs on ``PATH``, from the server's own prefix, from the files that a shell
    reads when a terminal opens, and from usual locations.
    ``server`` is the prefix of the interpreter that runs the server (default: ``sys.base_prefix``).
    """
    found: dict[Path, Path] = {}
    for each in _looks.run(_candidates(env, home, server or Path(sys.base_prefix))).values():
        for prefix, real in each if isinstance(each, list) else ():
            found.setdefault(real, prefix)
    return list(found.values())
