"""Find the variables that activating an environment sets, in the form of a kernelspec's ``env``.

``conda activate`` (conda/activate.py) sets PATH and the CONDA_ variables, then the variables in
``etc/conda/env_vars.d`` and ``conda-meta/state``, and then runs the scripts in ``etc/conda/activate.d``. A kernelspec's
values are templates: ``${NAME}`` is replaced when the kernel starts, and ``$$`` is a dollar sign (``string.Template``).
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType

from . import overlays
from . import scripts as shell
from .variables import UNSET, can_be_set, load, stored

log = logging.getLogger(__name__)

#: Variables that a shell sets by itself.
_OF_THE_SHELL = frozenset(("_", "SHLVL", "PWD", "OLDPWD", "BASHOPTS", "SHELLOPTS", "PS1"))

#: Variables in the text of a script: those that it reads, and those that it sets.
_USED = re.compile(r"\$\{?[#!]?([A-Za-z_]\w*)|\b([A-Za-z_]\w*)\+?=")

_WINDOWS = sys.platform == "win32"


def path_directories(prefix: Path) -> list[Path]:
    """Return the directories that activation puts at the front of PATH."""
    if _WINDOWS:
        library = prefix / "Library"
        return [
            prefix,
            library / "mingw-w64" / "bin",
            library / "usr" / "bin",
            library / "bin",
            prefix / "Scripts",
            prefix / "bin",
        ]
    base = overlays.read(prefix)
    return [prefix / "bin"] if base is None else [prefix / "bin", Path(base.prefix) / "bin"]


def _default_env(prefix: Path, root: Path | None) -> str:
    if root is not None and prefix == root:
        return "base"
    return prefix.name if prefix.parent.name == "envs" else str(prefix)


def _variables(prefix: Path) -> dict[str, str]:
    """Return the packages' variables, overridden by those of the environment itself (``conda env config vars``)."""
    found: dict[str, str] = {}
    for path in sorted((prefix / "etc" / "conda" / "env_vars.d").glob("*")):
        found.update(load(path))
    base = overlays.read(prefix)
    if base is not None:
        found.update(stored(Path(base.prefix)))
    found.update(stored(prefix))
    # conda exports their names in upper case, however they are written (its setting envvars_force_uppercase).
    capital = {str(name).upper(): str(value) for name, value in found.items() if value not in (None, UNSET)}
    return {name: value for name, value in capital.items() if can_be_set(name, value)}


def template(value: str) -> str:
    """Return the template that Jupyter fills in to exactly this value."""
    return value.replace("$", "$$")


def sources(prefix: Path) -> str:
    """Return a text that changes when a script or a variable file is added, removed or rewritten."""
    found = []
    for name in ("activate.d", "env_vars.d"):
        with contextlib.suppress(OSError), os.scandir(f"{prefix}{os.sep}etc{os.sep}conda{os.sep}{name}") as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                status = entry.stat(follow_symlinks=False)
                found.append(f"{entry.name} {status.st_mtime_ns} {status.st_size}")
    base = overlays.read(prefix)
    for place in (prefix,) if base is None else (prefix, base.prefix):
        with contextlib.suppress(FileNotFoundError):
            status = os.stat(f"{place}{os.sep}conda-meta{os.sep}state")  # noqa: PTH116 - as above, for many environments
            found.append(f"state {status.st_mtime_ns} {status.st_size}")
    return "; ".join(found)


def activation_scripts(prefix: Path) -> list[Path]:
    """Return the scripts that activation runs in a shell, in their order."""
    return [] if _WINDOWS else sorted((prefix / "etc" / "conda" / "activate.d").glob("*.sh"))


def inherited_names(prefix: Path) -> list[str]:
    """Return the names of the variables that the scripts may inherit from the server.

    The names come from the scripts' text, so those in a file that a script reads are missing.
    """
    names: set[str] = set()
    for script in activation_scripts(prefix):
        try:
            text = script.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        names.update(found for pair in _USED.findall(text) for found in pair if found)
        names.add("PATH")
    own = {"CONDA_PREFIX", "CONDA_DEFAULT_ENV", "CONDA_SHLVL", "CONDA_PROMPT_MODIFIER", *_variables(prefix)}
    return sorted(names - (own - {"PATH"}) - _OF_THE_SHELL)


def inherited_digest(names: Iterable[str], variables: Mapping[str, str], base: Mapping[str, str] = os.environ) -> str:
    """Return a text that changes if ``variables``, which were made from ``base``, are not right for another base.

    A variable that refers to its value at the kernel's start counts only as set or not.
    """
    kept = []
    for name in names:
        value = base.get(name)
        refers = value and f"${{{name}}}" in variables.get(name, "").replace("$$", "")
        kept.append((name, bool(value) if refers else value))
    return blake2b(repr(kept).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


@dataclass(frozen=True)
class Activated:
    """The effect of activation on a process: the variables that it sets, and the names of those that it unsets.

    ``skipped`` are the names of the scripts whose effect is missing, with what each of them did. ``complete`` is False
    if the effect of all scripts is missing.
    """

    variables: Mapping[str, str]
    unset: frozenset[str] = frozenset()
    skipped: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True


def _front(prefix: Path, root: Path | None) -> str:
    # conda comes after the environment's own programs, so that “!conda” works in a notebook.
    programs = [root / "condabin"] if root is not None and (root / "condabin").is_dir() else []
    return os.pathsep.join(map(str, [*path_directories(prefix), *programs]))


def _programs(root: Path | None) -> dict[str, str]:
    """Return the variables that name conda's own programs (``conda_exe_vars_dict`` in conda/base/context.py)."""
    folder, suffix = ("Scripts", ".exe") if _WINDOWS else ("bin", "")
    conda = root / folder / f"conda{suffix}" if root is not None else None
    if root is None or conda is None or not conda.is_file():
        return {}
    python = root / "python.exe" if _WINDOWS else root / "bin" / "python"
    return {"CONDA_EXE": str(conda), "CONDA_PYTHON_EXE": str(python), "_CE_M": "", "_CE_CONDA": ""}


def variables_before_scripts(
    prefix: Path, root: Path | None = None, base: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the variables that activation sets before it runs the scripts."""
    name, base_of = _default_env(prefix, root), overlays.read(prefix)
    return {
        **_variables(prefix),
        # No file may set these.
        "PATH": _front(prefix, root) + os.pathsep + base.get("PATH", os.defpath),
        # The scripts of activation look for files of their packages there.
        "CONDA_PREFIX": str(prefix) if base_of is None else base_of.prefix,
        **({} if base_of is None else {"VIRTUAL_ENV": str(prefix)}),
        "CONDA_DEFAULT_ENV": name,
        "CONDA_SHLVL": "1",
        "CONDA_PROMPT_MODIFIER": f"({name}) ",
        **_programs(root),
    }


def activate(
    prefix: Path,
    root: Path | None = None,
    base: Mapping[str, str] = os.environ,
    skipped: Mapping[str, str] = MappingProxyType({}),
) -> Activated:
    """Return what activating ``prefix`` changes in a process that has the variables ``base``.

    ``root`` is conda's root prefix, whose environment is named ``base``. ``skipped`` are scripts that are known to
    hang or to end the shell; they are not run. If others do so, their effect is left out, with a warning in the log.
    This runs a shell and blocks, so call it in a thread.
    """
    set_first = variables_before_scripts(prefix, root, base)
    scripts = activation_scripts(prefix)
    if not scripts:
        return Activated(set_first)
    before = {**base, **set_first}
    after, faulty = shell.run(scripts, before, skipped)
    for name in faulty.keys() - skipped.keys():
        log.warning(
            "The activation script %s of %s %s; its kernel starts without the script's variables",
            name, prefix, faulty[name],
        )  # fmt: skip
    if after is None:
        log.warning("The activation scripts of %s failed; its kernel starts without their variables", prefix)
        return Activated(set_first, skipped=faulty, complete=False)
    changed = {
        key: value
        for key, value in after.items()
        if before.get(key) != value and key not in _OF_THE_SHELL and not key.startswith("BASH_FUNC_")
    }
    unset = {key for key in before.keys() - after.keys() if key.isidentifier() and key not in _OF_THE_SHELL}
    kept = {key: value for key, value in set_first.items() if key not in unset}
    return Activated({**kept, **changed}, frozenset(unset), faulty)


def _references(
    prefix: Path, root: Path | None, base: Mapping[str, str], found: Activated
) -> dict[str, tuple[str, str]]:
    """Return what the scripts put before and after the lists of directories that they inherit from ``base``."""
    values = found.variables
    inherited = {key: base[key] for key, value in values.items() if base.get(key) and base[key] in value}
    # A value can look inherited by chance, so find out where one more directory goes.
    longer = {key: f"{value}{os.pathsep}/tfenv-lab-inherited" for key, value in inherited.items()}
    again = activate(prefix, root, {**base, **longer}, found.skipped).variables
    result = {}
    for key, value in inherited.items():
        head, is_there, tail = again.get(key, "").partition(longer[key])
        is_list = head[-1:] in ("", os.pathsep) and tail[:1] in ("", os.pathsep)
        if is_there and is_list and values[key] == head + value + tail:
            result[key] = (head, tail)
    return result


@dataclass(frozen=True)
class Templates:
    """The variables of an environment as templates for a kernelspec, and the scripts whose effect they lack."""

    variables: Mapping[str, str]
    skipped: Mapping[str, str]


def templates(
    prefix: Path,
    root: Path | None = None,
    base: Mapping[str, str] = os.environ,
    *,
    scripts: bool = True,
    skipped: Mapping[str, str] = MappingProxyType({}),
) -> Templates:
    """Return the variables that activating ``prefix`` sets, as templates for a kernelspec.

    The parameters are those of ``activate``; without ``scripts``, no script is run, and its effect is missing. A list
    of directories that a script extends (``LD_LIBRARY_PATH``) refers to its value at the kernel's start, if it has a
    value in ``base``. Jupyter would leave the reference as it is if the variable were not set, and that is harmless
    only in a list of directories; any other value is the one for ``base``. A variable that a script unsets is empty,
    because a kernelspec cannot unset one. A value that is not UTF-8 is left out, because a kernelspec cannot hold it.
    """
    base = {**base, "PATH": base.get("PATH", os.defpath)}
    found = (
        activate(prefix, root, base, skipped) if scripts else Activated(variables_before_scripts(prefix, root, base))
    )
    result = dict.fromkeys(sorted(found.unset), "")
    result.update((key, template(value)) for key, value in found.variables.items())
    if scripts and found.complete and activation_scripts(prefix):
        around = _references(prefix, root, base, found)
    else:
        around = {"PATH": (_front(prefix, root) + os.pathsep, "")}
    result.update((key, f"{template(head)}${{{key}}}{template(tail)}") for key, (head, tail) in around.items())
    return Templates({key: value for key, value in result.items() if _is_text(value)}, found.skipped)


def environment_variables(
    prefix: Path, root: Path | None = None, base: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the variables that activating ``prefix`` sets, as ``templates`` does."""
    return dict(templates(prefix, root, base).variables)


def _is_text(value: str) -> bool:
    """Return whether JSON can hold a value: bytes that are not UTF-8 are lone surrogates here."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
