"""Read and change the variables of an environment, which ``conda env config vars`` keeps in ``conda-meta/state``."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ... import serde
from ...disk import writes
from ...errors import InvalidRequest
from ...sentences import say

log = logging.getLogger(__name__)

#: conda's mark for a variable that a user unset (conda/base/constants.py).
UNSET = "***unset***"
#: The variables that activation itself sets; no file may set them.
_RESERVED = ("PATH", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "CONDA_SHLVL", "CONDA_PROMPT_MODIFIER")
#: The names that a shell can export.
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
#: Maximum number of bytes in a name and its value: Linux does not start a program with a longer one.
_MAX = 131_072 - 2
_FILE, _KEY = "conda-meta/state", "env_vars"


def load(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file; an empty one if there is none, or, with a warning in the log, no object."""
    try:
        loaded = serde.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.warning("Ignoring the variables in %s: %s", path, error)
        return {}
    return loaded if isinstance(loaded, dict) else {}


def stored(prefix: Path) -> dict[str, Any]:
    """Return the variables of an environment as they are stored, with conda's marks."""
    own: object = load(prefix / _FILE).get(_KEY, {})
    return own if isinstance(own, dict) else {}


def read(prefix: Path) -> dict[str, str]:
    """Return the variables that are set for the environment itself, as ``conda env config vars list`` shows them."""
    found = {str(name): str(value) for name, value in stored(prefix).items() if value not in (None, UNSET)}
    return {name: value for name, value in found.items() if can_be_set(name, value)}


def can_be_set(name: str, value: str) -> bool:
    """Return whether a process can have a variable. conda's files are JSON, which can hold any text."""
    try:
        os.fsencode(value)
        if _NAME.fullmatch(name) and "\0" not in value:
            return True
    except UnicodeEncodeError:
        pass
    log.warning("Ignoring the variable %r: no process can have its name or its value", name)
    return False


def require_valid(wanted: Mapping[str, object]) -> dict[str, str | None]:
    """Return new values of variables by name, None for those to remove. Raises InvalidRequest, naming the variable."""
    found: dict[str, str | None] = {}
    for name, value in wanted.items():
        shown = name[:60]
        if not _NAME.fullmatch(name):
            raise InvalidRequest(
                say("“{shown}” is not a name of a variable.", shown=shown),
                hint=say("Use letters, digits and underscores, and begin with a letter."),
            )
        if name.upper() in _RESERVED:
            raise InvalidRequest(say("The variable {shown} cannot be set for an environment.", shown=shown))
        if value is not None and not isinstance(value, str):
            raise InvalidRequest(
                say("The value of {shown} must be a string, or null to remove the variable.", shown=shown)
            )
        if value is not None and (value == UNSET or "\0" in value or not _is_unicode(value)):
            raise InvalidRequest(say("The value of {shown} is not a text that a variable can have.", shown=shown))
        if value is not None and len(f"{name}={value}".encode()) > _MAX:
            raise InvalidRequest(say("The value of {shown} is longer than {max} bytes.", shown=shown, max=_MAX))
        found[name] = value
    if len({name.upper() for name in found}) < len(found):
        raise InvalidRequest(say("Two names of variables differ only in case, but conda sets all in upper case."))
    return found


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def change(prefix: Path, wanted: Mapping[str, str | None]) -> None:
    """Set variables, and remove those that are None. The caller must hold the prefix lock.

    conda sets variables in upper case, so a name replaces the same name in other letters. Everything else in the file
    stays. Raises InvalidRequest if the file is not conda's, and OSError if it cannot be written.
    """
    path = prefix / _FILE
    try:
        whole = serde.parse(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError as error:
        raise _unreadable(path, str(error)) from error
    before = whole.get(_KEY, {}) if isinstance(whole, dict) else None
    if not isinstance(before, dict):
        raise _unreadable(path, "")
    names = {name.upper() for name in wanted}
    after = {name: value for name, value in before.items() if name.upper() not in names}
    after.update((name, value) for name, value in wanted.items() if value is not None)
    if after != before:
        writes.replace(path, json.dumps({**whole, _KEY: after}))


def _unreadable(path: Path, details: str) -> InvalidRequest:
    return InvalidRequest(
        say("The variables in {path} cannot be read, so nothing was changed.", path=path),
        details or None,
        hint=say("Correct this file, or delete it."),
    )
