"""Recognize files that describe an environment by their contents, and list what can be chosen in them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import tomli

from .. import environment_names
from ..errors import InvalidRequest, TfenvError
from ..sentences import Translatable

#: The names of files whose contents are worth a look, in lower case; JavaScript reads the pattern alike.
FILE_PATTERN = (
    r"^(?!(yarn|cargo|composer|gemfile|podfile|poetry|pipfile|pdm|flake|mix|bun|deno|package|\.terraform)[^/]*\.lock$)"
    r"(.*\.(ya?ml|txt|lock|toml|ipynb)|(.*\.)?(docker|container)file(\.[^/]*)?)$"
)
#: The end of a file's name that names a format and not the environment.
_ENDING = re.compile(r"\.[^.]*$")
_FORMAT = re.compile(r"[._-]?(environment|conda-lock|pixi|explicit|requirements|pylock|pyproject|\buv)$", re.IGNORECASE)
#: Names of files in which a list of bare words is one of packages.
_OF_PACKAGES = re.compile(r"require|constraint|package|depend|\bpip|\bdeps?\b|\benv", re.IGNORECASE)
#: Names of files that have commands in them and are something else.
_NO_COMMANDS = re.compile(r"\.(ya?ml|lock|toml|ipynb)$", re.IGNORECASE)
#: The proposed name if neither the text nor the file has one.
_UNNAMED = "imported"


@dataclass(frozen=True)
class RecognizedFile(Translatable):
    """The RecognizedFile of the REST contract: the format, a valid name for the environment, and what can be chosen.

    If the file cannot be imported as it is, ``message`` says why. ``format`` is None if no choice helps.
    """

    format: str | None
    name: str
    message: str | None = None
    offered: bool = False
    environments: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    builds: tuple[str, ...] = ()
    needs_cuda: bool = False


def recognize(content: str, file_name: str | None) -> RecognizedFile:
    """Recognize the format of a file, and propose a name: the one in the text, else the file's own. Parses the text."""
    from ..conda.formats import choices, python_files, reading
    from ..conda.formats.model import REQUIREMENTS, SOLVE_AGAIN, Choice
    from ..conda.machine.virtual_packages import current_subdir

    own, subdir = _of_file(file_name), current_subdir()
    try:
        text, format_, _ = reading.detect(content)
    except TfenvError as error:
        is_list = python_files.mistake_in(content) is not None
        offered = reading.is_mistaken(content) or (is_list and _is_offered(content, REQUIREMENTS, file_name))
        return RecognizedFile(None, own, error.message, offered)
    offered = _is_offered(text, format_, file_name)
    message = None
    try:
        try:
            found = reading.read(content, None, subdir)
        except InvalidRequest as error:
            if error.hint != SOLVE_AGAIN:
                raise
            message = error.message
            found = reading.read(content, None, subdir, Choice(any_platform=True))
    except TfenvError as error:
        return RecognizedFile(None, own, error.message, offered)
    each = choices.choices(text, format_, found, subdir, is_here=message is None)
    name = environment_names.suggest(_inside(text, format_)) or own
    return RecognizedFile(
        format_, name, message, offered, each.environments, each.categories, each.platforms, each.builds,
        each.needs_cuda,
    )  # fmt: skip


def _is_offered(text: str, format_: str, file_name: str | None) -> bool:
    """Return whether a file browser should offer a file of this format: people keep other things in such files, too."""
    from ..conda.formats.model import COMMANDS, REQUIREMENTS

    name = file_name or ""
    if format_ == COMMANDS:
        return not _NO_COMMANDS.search(name)
    if format_ == REQUIREMENTS:
        # A list of bare words can be anything, such as the labels of a data set.
        return bool(_OF_PACKAGES.search(name) or re.search(r"^\s*[\w.-]+(?:\[.*\])?\s*(?:[=<>!~]=|[<>;])", text, re.M))
    return True


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
