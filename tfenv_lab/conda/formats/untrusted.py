"""Parse untrusted text into lists, mappings and strings, and nothing else.

YAML tags and deep nesting are refused. Every error is a sentence that names the field or the line, if there is one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from ...errors import InvalidRequest
from ...sentences import say

#: Maximum size of a text in bytes.
MAX_BYTES = 5_000_000
#: Maximum nesting of lists and mappings; none of the formats needs as much.
_MAX_DEPTH = 12
#: A lock of 1,500 packages for five platforms has about this many. A value takes much more memory than its text.
_MOST_VALUES = 300_000
#: Maximum number of packages in a file. The largest environments of conda-forge have about 2,000.
MOST_PACKAGES = 5_000
#: Tags that say what a value is anyway: in these files, every value is read as a string.
_PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq", "int", "float", "bool")}
_CONFLICT = re.compile(r"(?:<{7}|={7}|>{7}|\|{7})(?:\s|$)")
#: A key of one of the formats at the start of a line.
_KEYS = re.compile(r"^[\"']?(?:dependencies|channels|environments|packages?|metadata)[\"']?\s*:", re.MULTILINE)
_TOO_DEEP = say("The file is nested deeper than {max_depth} levels.", max_depth=_MAX_DEPTH)


def require_few(count: int) -> None:
    """Raise InvalidRequest if a file lists too many packages; before they are read, because that takes seconds."""
    if count > MOST_PACKAGES:
        raise InvalidRequest(
            say(
                "The file lists {count} packages. At most {most_packages} can be imported at once.",
                count=f"{count:,}",
                most_packages=f"{MOST_PACKAGES:,}",
            )
        )


def parse_json(text: str) -> Any:
    """Parse a JSON object, such as a notebook; return None if the text is not one."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def parse_yaml(text: str) -> Any:
    """Parse YAML into strings, lists and mappings. Raises InvalidRequest, which names the line, if that fails.

    Aliases and merge keys are followed, as conda does. A key that occurs twice is refused, because one of its values
    would be lost.
    """
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    for number, line in enumerate(text.splitlines(), 1):
        if _CONFLICT.match(line):
            raise InvalidRequest(
                say(
                    "Line {number} of the file is a mark of a merge conflict (“{line}”).",
                    number=number,
                    line=line[:20].strip(),
                ),
                hint=say("Resolve the conflict, and remove the three lines that mark it."),
            )
    try:
        depth = 0
        for count, event in enumerate(yaml.parse(text, Loader=loader)):
            if count > _MOST_VALUES:
                raise InvalidRequest(
                    say(
                        "The file has more than {most_values} values, the limit for one to import.",
                        most_values=f"{_MOST_VALUES:,}",
                    )
                )
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > _MAX_DEPTH:
                raise InvalidRequest(_TOO_DEEP)
            tag = getattr(event, "tag", None)
            if tag and tag not in _PLAIN_TAGS:
                number = event.start_mark.line + 1 if event.start_mark else 0
                raise InvalidRequest(
                    say(
                        "Line {number} of the file uses the YAML tag “{tag}”, which is not supported.",
                        number=number,
                        tag=tag[:60],
                    )
                )
        return _Builder().build(yaml.compose(text, Loader=loader))
    except (yaml.YAMLError, ValueError) as error:
        # libyaml also limits the nesting, and reads ahead, so it can fail before the check above.
        if "nesting" in str(error):
            raise InvalidRequest(_TOO_DEEP, str(error)) from error
        raise _not_yaml(text, error) from error


def _not_yaml(text: str, error: Exception) -> InvalidRequest:
    """Return the error for a text that is not YAML, with the line if the text looks like an environment file."""
    mark = getattr(error, "problem_mark", None)
    if mark is None or not _KEYS.search(text):
        return InvalidRequest(say("The file is neither YAML nor an explicit list."), str(error))
    start = getattr(error, "context_mark", None)
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    if "quoted scalar" in (getattr(error, "context", None) or "") and start is not None:
        return InvalidRequest(say("The quotation mark in line {line} is not closed.", line=start.line + 1), str(error))
    if "\t" in line[: len(line) - len(line.lstrip())]:
        hint = say("YAML indents with spaces. Replace the tab.")
        return InvalidRequest(say("Line {line} of the file begins with a tab.", line=mark.line + 1), str(error), hint)
    problem = getattr(error, "problem", None) or say("the text ends too early")
    return InvalidRequest(
        say("Line {line} of the file is not valid YAML: {problem}.", line=mark.line + 1, problem=problem), str(error)
    )


class _Builder:
    """A builder of values from YAML nodes. An alias gives the same object again, so a small file stays small."""

    def __init__(self) -> None:
        self._sizes: dict[int, int] = {}
        self._open: set[int] = set()
        self._made: dict[int, Any] = {}

    def build(self, node: yaml.Node | None) -> Any:
        """Return the value of a node. Raises InvalidRequest for a loop, a duplicate key or too many values."""
        if node is None:
            return None
        if isinstance(node, yaml.ScalarNode):
            return node.value
        if id(node) in self._open:
            raise InvalidRequest(
                say("The value in line {line} of the file contains itself.", line=node.start_mark.line + 1)
            )
        if id(node) not in self._made:
            self._open.add(id(node))
            self._made[id(node)] = self._collection(node)
            self._open.remove(id(node))
        return self._made[id(node)]

    def _collection(self, node: yaml.Node) -> Any:
        value: Any
        if isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
            value = self._mapping(node)
        else:
            parts = node.value
            value = [self.build(part) for part in parts]
        # The size counts aliases as if they were written out.
        self._sizes[id(node)] = 1 + sum(self._sizes.get(id(part), 1) for part in parts)
        if self._sizes[id(node)] > MAX_BYTES:
            raise InvalidRequest(say("The file refers to its YAML anchors too often."))
        return value

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise InvalidRequest(say("The key in line {line} of the file is not a string.", line=line))
            key, value = key_node.value, self.build(value_node)
            if key == "<<" and isinstance(value, dict | list):
                for each in value if isinstance(value, list) else [value]:
                    merged = {**each, **merged} if isinstance(each, dict) else merged
                continue
            if key in lines:
                raise InvalidRequest(
                    say(
                        "The key “{key}” occurs twice, in lines {lines} and {line} of the file.",
                        key=key[:40],
                        lines=lines[key],
                        line=line,
                    ),
                    hint=say("Write the key once, with everything that belongs to it."),
                )
            lines[key] = line
            found[key] = value
        return {**merged, **found}


def as_list(value: Any, where: str) -> list[Any]:
    """Return ``value`` if it is a list, or an empty list if it is empty. Raises InvalidRequest naming ``where``."""
    if value in (None, ""):
        return []
    if not isinstance(value, list):
        raise InvalidRequest(say("“{where}” must be a list: write one item per line, after a hyphen.", where=where))
    return value


def as_mapping(value: Any, where: str) -> Mapping[str, Any]:
    """Return ``value`` if it is a mapping with string keys, or an empty one. Raises InvalidRequest naming ``where``."""
    if value in (None, ""):
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise InvalidRequest(say("“{where}” must be a mapping, as in “key: value”.", where=where))
    return value


def as_text(value: Any, where: str) -> str:
    """Return ``value`` if it is a string that is not empty. Raises InvalidRequest naming ``where``."""
    if not isinstance(value, str) or not value:
        kind = say("a mapping") if isinstance(value, dict) else say("a list") if isinstance(value, list) else "nothing"
        raise InvalidRequest(
            say("“{where}” has an invalid value: {kind} in place of a string.", where=where, kind=kind)
        )
    return value


def environment_variables(value: Any) -> tuple[dict[str, str], list[str]]:
    """Return the variables in a section, and sentences on those that cannot be set. Raises InvalidRequest."""
    found, refused = {}, []
    for name, text in as_mapping(value, "variables").items():
        if isinstance(text, bool):
            text = str(text).lower()
        if isinstance(text, dict | list) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or "\0" in str(text):
            refused.append(name[:60])
        else:
            found[name] = "" if text is None else str(text)
    note = say(
        "These variables cannot be set: {refused}. A variable has a name and one value.", refused=", ".join(refused)
    )
    return found, [note] if refused else []
