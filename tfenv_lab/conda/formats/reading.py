"""Recognize and read files that describe an environment, without trusting their contents.

The result is either specs and channels to solve (environment.yml and its kind) or exact packages (explicit list,
conda-lock, pixi.lock), with notes on what is not supported. :mod:`exact` and the planner decide whether the channels
are allowed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from msgspec import structs

from ... import serde
from ...errors import InvalidRequest
from ...sentences import megabytes, say
from . import lists, locks, manifests, python_files, python_projects
from .encoding import repaired
from .explicit import explicit_list, index_lock
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
    PYPROJECT,
    READ_ONLY,
    REQUIREMENTS,
    UV_LOCK,
    VARIABLE,
    Choice,
    Imported,
    requests_in,
    requirements,
)
from .untrusted import MAX_BYTES, environment_variables, parse_json, parse_yaml

_NAMES = {
    ENVIRONMENT_YML: say("an environment.yml"),
    EXPLICIT: say("an explicit list"),
    CONDA_LOCK: say("a conda-lock file"),
    PIXI_LOCK: say("a pixi.lock"),
    NOTEBOOK: say("a notebook that records its environment"),
    PYLOCK: say("a pylock.toml"),
    REQUIREMENTS: say("a requirements.txt"),
    LIST: say("a list of “conda list --export”"),
    PIXI_TOML: say("a pixi.toml"),
    ANACONDA_PROJECT: say("an anaconda-project.yml"),
    UV_LOCK: say("a uv.lock"),
    PYPROJECT: say("a pyproject.toml"),
    COMMANDS: say("a text with “conda install” or “pip install”"),
}
_VARIABLE = re.compile(rf"#\s*{VARIABLE}\s*(\w+)=(.+)")
_DEFAULT = Choice()


def read(text: str, format_: str | None, subdir: str, choice: Choice = _DEFAULT) -> Imported:
    """Read a file for one platform. If ``format_`` is None, the format is detected.

    Raises InvalidRequest if the format is unknown or differs from ``format_``, or if the file is for another
    platform.
    """
    from . import notebook

    if format_ is not None and format_ not in _NAMES:
        raise InvalidRequest(say("“format” must be one of {value}.", value=", ".join((*FORMATS, *READ_ONLY))))
    text, found, data = detect(text)
    lines = [line.strip() for line in text.splitlines()]
    if format_ is not None and found != format_:
        raise InvalidRequest(say("The file is {names}, not {names_2}.", names=_NAMES[found], names_2=_NAMES[format_]))
    if found == NOTEBOOK:
        return notebook.read(data, subdir)
    if found in (ENVIRONMENT_YML, ANACONDA_PROJECT):
        return manifests.environment_yml(data, found)
    if found == PIXI_TOML:
        return manifests.pixi_toml(text, subdir)
    asked, of_index = requests_in(lines)
    if found == PYLOCK:
        return _with_requests(python_files.read_pylock(text, subdir, choice), of_index)
    if found == UV_LOCK:
        return python_projects.uv_lock(text, subdir, choice)
    if found == PYPROJECT:
        return python_projects.pyproject(text, choice)
    if found == REQUIREMENTS:
        return python_files.read_requirements(text)
    if found == LIST:
        return lists.exported(lines)
    if found == COMMANDS:
        return lists.commands(text)
    if found == EXPLICIT:
        imported = _explicit(lines, asked, subdir, choice)
    elif found == CONDA_LOCK:
        imported = locks.conda_lock(data, asked, subdir, choice)
    else:
        imported = locks.pixi_lock(text, asked, subdir, choice)
    if not imported.pinned and not imported.index.packages:
        raise InvalidRequest(say("The file lists no packages."))
    imported = _with_requests(imported, of_index)
    variables, notes = environment_variables(_variables(lines))
    return replace(imported, variables=variables, notes=(*imported.notes, *notes))


def _explicit(lines: list[str], asked: tuple[str, ...], subdir: str, choice: Choice) -> Imported:
    pinned, by_pip = explicit_list(lines, subdir, any_platform=choice.any_platform)
    index, others = index_lock(by_pip)
    pypi, notes = requirements(others)
    return Imported(EXPLICIT, specs=asked, pinned=pinned, pypi=pypi, notes=tuple(notes), index=index)


def _with_requests(imported: Imported, texts: tuple[str, ...]) -> Imported:
    """Return the contents with the requirements that led to the packages from an index, as comments say."""
    return replace(imported, index=structs.replace(imported.index, requested=texts)) if texts else imported


def detect(text: str) -> tuple[str, str, Any]:
    """Return a text without marks of its encoding, its format, and its parsed contents if the format is YAML or JSON.

    Raises InvalidRequest if it has none of the formats.
    """
    from . import notebook

    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise InvalidRequest(
            say(
                "The file is larger than {size}, the limit for a file that describes an environment.",
                size=megabytes(MAX_BYTES, 0),
            )
        )
    text = repaired(text)
    if not text.strip():
        raise InvalidRequest(say("The file is empty."))
    _require_text(text)
    lines = [line.strip() for line in text.splitlines()]
    parsed: Any = parse_json(text)
    data = notebook.find(parsed)
    if data is not None:
        return text, NOTEBOOK, data
    if isinstance(parsed, dict) and "cells" in parsed:
        hint = say("Open it with a kernel of the environment, and choose Record Environment in Notebook.")
        raise InvalidRequest(
            say("The notebook records no environment, and has none of the supported formats."), hint=hint
        )
    if "@EXPLICIT" in lines:
        return text, EXPLICIT, None
    if python_projects.is_pyproject(text):
        return text, PYPROJECT, None
    if manifests.is_pixi_toml(text):
        return text, PIXI_TOML, None
    if python_projects.is_uv_lock(text):
        return text, UV_LOCK, None
    if python_files.is_pylock(text):
        return text, PYLOCK, None
    if lists.is_list(lines):
        return text, LIST, None
    if lists.is_commands(lines):
        return text, COMMANDS, None
    if python_files.is_requirements(text):
        return text, REQUIREMENTS, None
    try:
        data = parse_yaml(text)
    except InvalidRequest as error:
        raise python_files.mistake_in(text) or error from error
    if isinstance(data, str):
        raise python_files.mistake_in(text) or _unknown()
    return text, _recognize(data), data


def is_mistaken(text: str) -> bool:
    """Return whether a text without a format is an environment.yml with a mistake in its YAML."""
    if len(text) > MAX_BYTES or not re.search(r"^dependencies\s*:", text, re.MULTILINE):
        return False
    try:
        parse_yaml(text)
    except InvalidRequest:
        return True
    return False


def _variables(lines: list[str]) -> dict[str, str]:
    found = {}
    for line in lines:
        match = _VARIABLE.fullmatch(line)
        if match:
            try:
                found[match[1]] = str(serde.parse(match[2]))
            except ValueError as error:
                raise InvalidRequest(say("“{line}” is not a comment with a variable.", line=line[:80])) from error
    return found


def _require_text(text: str) -> None:
    """Raise InvalidRequest for what people bring in place of a file: an archive, or an address."""
    if text.startswith(("PK\x03\x04", "\x1f\x8b", "\x1f\ufffd")):
        hint = say("Unpack it, and import the environment file in it.")
        raise InvalidRequest(say("The file is an archive, which cannot be imported."), hint=hint)
    if re.fullmatch(r"(?:https?|git|ssh|ftp)(?:\+\w+)?://\S+", text.strip()):
        hint = say("Download the file, and import it.")
        raise InvalidRequest(say("The text is an address, which is not downloaded."), hint=hint)


#: What other YAML files are that have the same keys, by a key that only they have.
_OTHER_FILES = {
    "__metadata": say("a lock of JavaScript packages"),
    "lockfileVersion": say("a lock of JavaScript packages"),
    "sdks": say("a lock of Dart packages"),
    "apiVersion": say("a manifest of Kubernetes or Helm"),
    "asyncapi": say("a description of an interface"),
    "galaxy_info": say("a description of an Ansible role"),
}


def _are_specs(packages: Any) -> bool:
    """Return whether a list may be one of specs, and not one of folders, as other tools have it."""
    if packages in (None, "", []):
        return packages is not None
    return isinstance(packages, list) and all(
        isinstance(item, dict) or (isinstance(item, str) and ("/" not in item or "::" in item)) for item in packages
    )


def _recognize(data: Any) -> str:
    if isinstance(data, dict):
        for key, kind in _OTHER_FILES.items():
            if key in data:
                raise InvalidRequest(say("The file is {kind}, not of an environment.", kind=kind))
        if "package" in data and "metadata" in data:
            return CONDA_LOCK
        if "environments" in data and "packages" in data:
            return PIXI_LOCK
        if isinstance(data.get("dependencies"), dict) and "channels" not in data:
            # Such files are of other languages.
            raise InvalidRequest(say("“dependencies” must be a list: write one item per line, after a hyphen."))
        if "dependencies" in data or (isinstance(data.get("channels"), list | str) and "packages" not in data):
            return ENVIRONMENT_YML
        if "env_specs" in data or _are_specs(data.get("packages")):
            return ANACONDA_PROJECT
    raise _unknown()


def _unknown() -> InvalidRequest:
    return InvalidRequest(
        say(
            "The file has none of the supported formats: environment.yml, explicit list, "
            "conda-lock.yml, pixi.lock, notebook that records its environment, pylock.toml, uv.lock, "
            "pyproject.toml, requirements.txt, “conda list --export”, pixi.toml, "
            "anaconda-project.yml, “conda install …”."
        )
    )
