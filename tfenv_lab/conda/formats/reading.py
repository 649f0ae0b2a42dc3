"""Recognize and read files that describe an environment, without trusting their contents.

The result is either specs and channels to solve (environment.yml and its kind) or exact packages (explicit list,
conda-lock, pixi.lock), with notes on what is not supported. :mod:`exact` and the planner decide whether the channels
are allowed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ... import serde
from ...errors import InvalidRequest
from ...sentences import megabytes
from . import lists, locks, manifests, python_files
from .encoding import repaired
from .explicit import explicit_list
from .model import (
    ANACONDA_PROJECT,
    COMMANDS,
    CONDA_LOCK,
    ENVIRONMENT_YML,
    EXPLICIT,
    FORMATS,
    LIST,
    NOTEBOOK,
    PIXI_LOCK,
    PIXI_TOML,
    PYLOCK,
    READ_ONLY,
    REQUESTED,
    REQUIREMENTS,
    VARIABLE,
    Choice,
    Imported,
    requirements,
)
from .untrusted import MAX_BYTES, environment_variables, parse_json, parse_yaml

_NAMES = {
    ENVIRONMENT_YML: "an environment.yml",
    EXPLICIT: "an explicit list",
    CONDA_LOCK: "a conda-lock file",
    PIXI_LOCK: "a pixi.lock",
    NOTEBOOK: "a notebook that records its environment",
    PYLOCK: "a pylock.toml",
    REQUIREMENTS: "a requirements.txt",
    LIST: "a list of “conda list --export”",
    PIXI_TOML: "a pixi.toml",
    ANACONDA_PROJECT: "an anaconda-project.yml",
    COMMANDS: "a text with “conda install” or “pip install”",
}
_COMMENT = re.compile(rf"#\s*{REQUESTED}\s*(.+)")
_VARIABLE = re.compile(rf"#\s*{VARIABLE}\s*(\w+)=(.+)")
_DEFAULT = Choice()


def read(text: str, format_: str | None, subdir: str, choice: Choice = _DEFAULT) -> Imported:
    """Read a file for one platform. If ``format_`` is None, the format is detected.

    Raises InvalidRequest if the format is unknown or differs from ``format_``, or if the file is for another
    platform.
    """
    from . import notebook

    if format_ is not None and format_ not in _NAMES:
        raise InvalidRequest(f"“format” must be one of {', '.join((*FORMATS, *READ_ONLY))}.")
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise InvalidRequest(
            f"The file is larger than {megabytes(MAX_BYTES, 0)}, the limit for a file that describes an environment."
        )
    text = repaired(text)
    if not text.strip():
        raise InvalidRequest("The file is empty.")
    _require_text(text)
    lines = [line.strip() for line in text.splitlines()]
    data: Any = notebook.find(parse_json(text))
    if data is not None:
        found = NOTEBOOK
    elif "@EXPLICIT" in lines:
        found = EXPLICIT
    elif manifests.is_pixi_toml(text):
        found = PIXI_TOML
    elif python_files.is_pylock(text):
        found = PYLOCK
    elif lists.is_list(lines):
        found = LIST
    elif lists.is_commands(lines):
        found = COMMANDS
    elif python_files.is_requirements(text):
        found = REQUIREMENTS
    else:
        data = parse_yaml(text)
        found = _recognize(data)
    if format_ is not None and found != format_:
        raise InvalidRequest(f"The file is {_NAMES[found]}, not {_NAMES[format_]}.")
    if found == NOTEBOOK:
        return notebook.read(data, subdir)
    if found in (ENVIRONMENT_YML, ANACONDA_PROJECT):
        return manifests.environment_yml(data, found)
    if found == PIXI_TOML:
        return manifests.pixi_toml(text, subdir)
    if found == PYLOCK:
        return python_files.read_pylock(text)
    if found == REQUIREMENTS:
        return python_files.read_requirements(text)
    if found == LIST:
        return lists.exported(lines)
    if found == COMMANDS:
        return lists.commands(text)
    asked = tuple(match[1] for line in lines if (match := _COMMENT.fullmatch(line)))
    if found == EXPLICIT:
        pinned, by_pip = explicit_list(lines, subdir, any_platform=choice.any_platform)
        pypi, notes = requirements(re.sub(r" @ (\S+).*", _pinned_wheel, line) for line in by_pip)
        imported = Imported(EXPLICIT, specs=asked, pinned=pinned, pypi=pypi, notes=tuple(notes))
    elif found == CONDA_LOCK:
        imported = locks.conda_lock(data, asked, subdir, choice)
    else:
        imported = locks.pixi_lock(text, asked, subdir, choice)
    if not imported.pinned:
        raise InvalidRequest("The file lists no conda packages.")
    variables, notes = environment_variables(_variables(lines))
    return replace(imported, variables=variables, notes=(*imported.notes, *notes))


def _pinned_wheel(found: re.Match[str]) -> str:
    """Return the version of a wheel from an index, which conda-lock writes as an address."""
    wheel = re.fullmatch(r"(?:.*/)?[^/]+?-([^-/]+)-[^/]*\.whl", found[1].partition("#")[0])
    return f"=={wheel[1]}" if wheel else found[0]


def _variables(lines: list[str]) -> dict[str, str]:
    found = {}
    for line in lines:
        match = _VARIABLE.fullmatch(line)
        if match:
            try:
                found[match[1]] = str(serde.parse(match[2]))
            except ValueError as error:
                raise InvalidRequest(f"“{line[:80]}” is not a comment with a variable.") from error
    return found


def _require_text(text: str) -> None:
    """Raise InvalidRequest for what people bring in place of a file: an archive, or an address."""
    if text.startswith(("PK\x03\x04", "\x1f\x8b", "\x1f\ufffd")):
        hint = "Unpack it, and import the environment file in it."
        raise InvalidRequest("The file is an archive, which cannot be imported.", hint=hint)
    if re.fullmatch(r"(?:https?|git|ssh|ftp)(?:\+\w+)?://\S+", text.strip()):
        hint = "Download the file, and import it."
        raise InvalidRequest("The text is an address, which is not downloaded.", hint=hint)


def _recognize(data: Any) -> str:
    if isinstance(data, dict):
        if "package" in data and "metadata" in data:
            return CONDA_LOCK
        if "environments" in data and "packages" in data:
            return PIXI_LOCK
        if "dependencies" in data or ("channels" in data and "packages" not in data):
            return ENVIRONMENT_YML
        if "packages" in data or "env_specs" in data:
            return ANACONDA_PROJECT
        if "__metadata" in data or "lockfileVersion" in data:
            raise InvalidRequest("The file is a lock of JavaScript packages, not of an environment.")
    raise InvalidRequest(
        "The file has none of the supported formats: environment.yml, explicit list, conda-lock.yml, pixi.lock, "
        "notebook that records its environment, “conda list --export”, pixi.toml, anaconda-project.yml, "
        "“conda install …”."
    )
