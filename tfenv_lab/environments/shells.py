"""Activate an environment in the shell of a new terminal.

The text of the activation is in a variable of the terminal. What is typed into the shell is always the same, so no
name or path of a user can be read as a command there. It is typed after the shell's own startup files, which may set
``PATH`` too.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import NamedTuple

from ..conda.prefix.activation import activation_scripts, path_directories, variables_before_scripts
from ..errors import Alternative, InvalidRequest
from ..sentences import say

#: The variable with the text of the activation, and that with TensorBoard's directory.
TEXT, LOGS = "TFENV_LAB_ACTIVATE", "TFENV_LAB_LOGS"
#: What is typed. The space in front keeps it out of the history of most shells.
ACTIVATE = f' eval "${TEXT}"'
TENSORBOARD = f'{ACTIVATE}; tensorboard --logdir "${LOGS}"'
#: Names that no shell expands in a prompt.
_PLAIN = re.compile(r"[\w.+-]+")
_POSIX = ("sh", "bash", "zsh", "dash", "ksh", "ash", "mksh")


class Shell(NamedTuple):
    """The variables of a new terminal, and the line to type into it; None if its shell is not known."""

    variables: dict[str, str]
    line: str | None


def shell_of(prefix: Path, root: Path | None, program: str, logs: Path | None = None) -> Shell:
    """Return how to activate a prefix in a shell, and to start TensorBoard on the directory ``logs``, if there is one.

    ``root`` is conda's root prefix, and ``program`` the shell's path. A shell that is not known only gets the
    variables. Raises InvalidRequest if TensorBoard cannot be started from it.
    """
    name = Path(program).name
    variables = variables_before_scripts(prefix, root)
    if name not in (*_POSIX, "fish"):
        if logs is not None:
            raise InvalidRequest(
                say("TensorBoard cannot be started from the shell {name}.", name=name),
                hint=say("Open a terminal, and run: tensorboard --logdir DIRECTORY"),
            )
        return Shell(variables, None)
    text = _fish(prefix, variables) if name == "fish" else _posix(prefix, variables)
    found = {TEXT: text}
    if logs is None:
        return Shell(found, ACTIVATE)
    return Shell({**found, LOGS: str(logs)}, TENSORBOARD)


def _posix(prefix: Path, variables: dict[str, str]) -> str:
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items() if name != "PATH"]
    front = os.pathsep.join(map(str, path_directories(prefix)))
    lines.append(f'export PATH={shlex.quote(front)}:"$PATH"')
    lines += [f". {shlex.quote(str(script))}" for script in activation_scripts(prefix)]
    if _PLAIN.fullmatch(prefix.name):
        lines.append(f'PS1="({prefix.name}) $PS1"')
    return "\n".join([*lines, f"unset {TEXT}"])


def _fish(prefix: Path, variables: dict[str, str]) -> str:
    lines = [f"set -gx {name} {_fish_quoted(value)}" for name, value in variables.items() if name != "PATH"]
    lines.append(" ".join(["set -gx PATH", *(_fish_quoted(str(path)) for path in path_directories(prefix)), "$PATH"]))
    scripts = sorted((prefix / "etc" / "conda" / "activate.d").glob("*.fish"))
    lines += [f"source {_fish_quoted(str(script))}" for script in scripts]
    return "\n".join([*lines, f"set -e {TEXT}"])


def _fish_quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def require_tensorboard(prefix: Path, environment_id: str) -> None:
    """Raise InvalidRequest, which offers to install it, if an environment has no TensorBoard."""
    if not any((folder / "tensorboard").is_file() for folder in path_directories(prefix)):
        request = {"kind": "install", "environment": environment_id, "specs": ["tensorboard"]}
        raise InvalidRequest(
            say("TensorBoard is not installed in “{name}”.", name=prefix.name),
            hint=say("Install it, then open TensorBoard again."),
            alternatives=[Alternative(label=say("Install TensorBoard"), plan_request=request)],
        )
