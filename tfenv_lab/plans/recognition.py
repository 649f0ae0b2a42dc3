"""Recognize files that describe an environment: by their names in a folder, and by their contents."""

from __future__ import annotations

import re
from dataclasses import dataclass

import tomli

from .. import environment_names
from ..errors import InvalidRequest

#: The names of files that are offered for import in a folder, in lower case; JavaScript reads the pattern alike.
FILE_PATTERN = (
    r"^(?!(yarn|cargo|composer|gemfile|podfile|poetry|pipfile|pdm|flake|mix|bun|deno|package|\.terraform)[^/]*\.lock$)"
    r".*((^|[._-])environment[^/]*\.ya?ml$|conda-lock\.ya?ml$|\.lock$|(explicit|spec|conda|env|package)[^/]*\.txt$"
    r"|^pixi\.toml$|^anaconda-project\.ya?ml$|requirements[^/]*\.txt$|^pylock(\.[^/.]+)?\.toml$|^pyproject\.toml$)"
)
#: The end of a file's name that names a format and not the environment.
_ENDING = re.compile(r"\.[^.]*$")
_FORMAT = re.compile(r"[._-]?(environment|conda-lock|pixi|explicit|requirements|pylock|pyproject|\buv)$", re.IGNORECASE)
#: The proposed name if neither the text nor the file has one.
_UNNAMED = "imported"


@dataclass(frozen=True)
class RecognizedFile:
    """The RecognizedFile of the REST contract: the format, and a valid name for the environment.

    If the file cannot be imported on this machine, ``format`` is None and ``message`` says why.
    """

    format: str | None
    name: str
    message: str | None = None


def recognize(content: str, file_name: str | None) -> RecognizedFile:
    """Recognize the format of a file, and propose a name: the one in the text, else the file's own. Parses the text."""
    from ..conda.formats import reading
    from ..conda.machine.virtual_packages import current_subdir

    try:
        format_ = reading.read(content, None, current_subdir()).format
    except InvalidRequest as error:
        return RecognizedFile(None, _of_file(file_name), error.message)
    name = environment_names.suggest(_inside(content, format_))
    return RecognizedFile(format_, name or _of_file(file_name))


def _inside(content: str, format_: str) -> str:
    """Return the name of the environment in a file that was read before, or "" if it has none."""
    from ..conda.formats import notebook
    from ..conda.formats.model import ENVIRONMENT_YML, NOTEBOOK, PYPROJECT
    from ..conda.formats.untrusted import parse_json, parse_yaml

    if format_ == ENVIRONMENT_YML:
        name = parse_yaml(content).get("name")
    elif format_ == NOTEBOOK:
        name = (notebook.find(parse_json(content)) or {}).get("name")
    elif format_ == PYPROJECT:
        name = tomli.loads(content).get("project", {}).get("name")
    else:
        return ""
    # conda writes "null" for an environment outside its directories.
    return name if isinstance(name, str) and name not in ("null", "~") else ""


def _of_file(name: str | None) -> str:
    stem = _FORMAT.sub("", _ENDING.sub("", name or ""))
    return environment_names.suggest(stem) or _UNNAMED
