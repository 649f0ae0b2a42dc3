"""Find the variables that activating an environment sets, in the form of a kernelspec's ``env``.

``conda activate`` (conda/activate.py) sets PATH and the CONDA_ variables, then the variables in
``etc/conda/env_vars.d`` and ``conda-meta/state``, and then runs the scripts in ``etc/conda/activate.d``. A kernelspec's
values are templates: ``${NAME}`` is replaced when the kernel starts, and ``$$`` is a dollar sign (``string.Template``).
"""

from __future__ import annotations

import json
import logging
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ...processes import kill_group

log = logging.getLogger(__name__)

#: Seconds that all scripts of an environment may take together.
SCRIPT_LIMIT = 10.0
#: conda's mark for a variable that a user unset, and the variables that nobody may set (conda/base/constants.py).
_UNSET, _RESERVED = "***unset***", ("PATH",)
#: Variables that a shell sets by itself.
_OF_THE_SHELL = frozenset(("_", "SHLVL", "PWD", "OLDPWD", "BASHOPTS", "SHELLOPTS", "PS1"))

#: Values with which Python replaces the C locale for itself and its children (PEP 538).
_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")

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
    return [prefix / "bin"]


def _default_env(prefix: Path, root: Path | None) -> str:
    if root is not None and prefix == root:
        return "base"
    return prefix.name if prefix.parent.name == "envs" else str(prefix)


def _load(path: Path) -> dict[str, str]:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.warning("Ignoring the variables in %s: %s", path, error)
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _variables(prefix: Path) -> dict[str, str]:
    """Return the packages' variables, overridden by those of the environment itself (``conda env config vars``)."""
    found: dict[str, str] = {}
    for path in sorted((prefix / "etc" / "conda" / "env_vars.d").glob("*")):
        found.update(_load(path))
    own: object = _load(prefix / "conda-meta" / "state").get("env_vars", {})
    found.update(own if isinstance(own, dict) else {})
    # conda exports their names in upper case, however they are written (its setting envvars_force_uppercase).
    capital = {str(name).upper(): str(value) for name, value in found.items() if value != _UNSET}
    return {name: value for name, value in capital.items() if name not in _RESERVED}


def _run_scripts(scripts: list[Path], env: Mapping[str, str]) -> dict[str, str] | None:
    """Source the scripts in a shell that starts with ``env``; return the shell's variables, or None on failure."""
    shell = shutil.which("bash") or shutil.which("sh")
    if shell is None:
        return None
    # This server's interpreter reads the variables, because the scripts can break the environment's own interpreter.
    dump = "import os,sys;sys.stdout.buffer.write(b'\\0'.join(k+b'='+v for k,v in os.environb.items()))"
    lines = [f". {shlex.quote(str(script))} >/dev/null 2>&1 </dev/null || true" for script in scripts]
    lines.append(f"exec {shlex.quote(sys.executable)} -I -S -c {shlex.quote(dump)}")
    arguments = [
        shell,
        *(["--norc", "--noprofile"] if shell.endswith("bash") else []),
        "-c",
        "\n".join(lines),
    ]
    process = subprocess.Popen(  # noqa: S603 - the scripts are the environment's own; conda runs them too
        arguments,
        env=dict(env),
        # A script that runs Python must not import the files in the directory where the server was started.
        cwd=scripts[0].parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=SCRIPT_LIMIT)
    except subprocess.TimeoutExpired:
        kill_group(process)
        process.communicate()
        return None
    # If a script calls exit, the shell ends before it writes anything.
    if process.returncode != 0 or not output:
        return None
    pairs = (item.partition(b"=") for item in output.split(b"\0") if item)
    found = {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}
    if "LC_CTYPE" not in env and found.get("LC_CTYPE") in _COERCED:
        # Python set it because there is no locale; the scripts did not.
        del found["LC_CTYPE"]
    return found


def _template(value: str) -> str:
    return value.replace("$", "$$")


def sources(prefix: Path) -> str:
    """Return a text that changes when a script or a variable file is added, removed or rewritten."""
    found = []
    for name in ("activate.d", "env_vars.d"):
        for path in sorted((prefix / "etc" / "conda" / name).glob("*")):
            status = path.lstat()
            found.append(f"{path.name} {status.st_mtime_ns} {status.st_size}")
    return "; ".join(found)


def environment_variables(
    prefix: Path, root: Path | None = None, base: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the variables that activating ``prefix`` sets, as templates for a kernelspec.

    ``root`` is conda's root prefix, whose environment is named ``base``. The scripts start with the variables in
    ``base``. If the scripts fail or take longer than ``SCRIPT_LIMIT`` seconds, their effect is left out, with a warning
    in the log. This runs a shell and blocks, so call it in a thread.
    """
    # conda comes after the environment's own programs, so that “!conda” works in a notebook.
    programs = [root / "condabin"] if root is not None and (root / "condabin").is_dir() else []
    front = os.pathsep.join(map(str, [*path_directories(prefix), *programs]))
    name = _default_env(prefix, root)
    set_first = {
        "CONDA_PREFIX": str(prefix),
        "CONDA_DEFAULT_ENV": name,
        "CONDA_SHLVL": "1",
        "CONDA_PROMPT_MODIFIER": f"({name}) ",
    }
    set_first.update(_variables(prefix))
    result = {"PATH": _template(front) + os.pathsep + "${PATH}"}
    result.update((key, _template(value)) for key, value in set_first.items())
    scripts = sorted((prefix / "etc" / "conda" / "activate.d").glob("*.sh"))
    if not scripts or _WINDOWS:
        return result
    marker = "/tfenv-lab-path-end"
    before = {
        **base,
        **set_first,
        "PATH": front + os.pathsep + base.get("PATH", os.defpath) + os.pathsep + marker,
    }
    after = _run_scripts(scripts, before)
    if after is None:
        log.warning("The activation scripts of %s failed; its kernel starts without their variables", prefix)
        return result
    # A kernelspec cannot unset a variable, so it becomes empty, as with conda (``unset_var_tmpl``).
    unset = {key: "" for key in before.keys() - after.keys() if key.isidentifier()}
    for key, value in (unset | after).items():
        if key in _OF_THE_SHELL or key.startswith("BASH_FUNC_") or before.get(key) == value:
            continue
        result[key] = _template(value)
    inherited = base.get("PATH", os.defpath) + os.pathsep + marker
    if after.get("PATH") != before["PATH"]:
        # Keep what scripts added to PATH. The inherited part is read again when the kernel starts.
        head, found, tail = after.get("PATH", "").partition(inherited)
        result["PATH"] = _template(head) + "${PATH}" + _template(tail) if found else result["PATH"]
    return result
