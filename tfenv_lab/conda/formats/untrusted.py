"""Parse untrusted text into lists, mappings and strings, and nothing else.

YAML tags, anchors and deep nesting are refused. Every error is a sentence that names the field, if there is one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from ...errors import InvalidRequest

#: Maximum size of a text in bytes.
MAX_BYTES = 5_000_000
#: Maximum nesting of lists and mappings; none of the formats needs as much.
_MAX_DEPTH = 12
_TOO_DEEP = f"The file is nested deeper than {_MAX_DEPTH} levels."


def parse_json(text: str) -> Any:
    """Parse a JSON object, such as a notebook; return None if the text is not one."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def parse_yaml(text: str) -> Any:
    """Parse YAML into strings, lists and mappings. Raises InvalidRequest if it is not YAML or contains more."""
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        depth = 0
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > _MAX_DEPTH:
                raise InvalidRequest(_TOO_DEEP)
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise InvalidRequest("The file uses YAML anchors (“&” or “*”), which are not supported.")
            tag = getattr(event, "tag", None)
            if tag:
                raise InvalidRequest(f"The file uses the YAML tag “{tag[:60]}”, which is not supported.")
        return yaml.load(text, Loader=loader)  # noqa: S506 - this loader makes only strings, lists and mappings
    except (yaml.YAMLError, ValueError) as error:
        # libyaml also limits the nesting, and reads ahead, so it can fail before the check above.
        if "nesting" in str(error):
            raise InvalidRequest(_TOO_DEEP, str(error)) from error
        raise InvalidRequest("The file is neither YAML nor an explicit list.", str(error)) from error


def as_list(value: Any, where: str) -> list[Any]:
    """Return ``value`` if it is a list, or an empty list if it is empty. Raises InvalidRequest naming ``where``."""
    if value in (None, ""):
        return []
    if not isinstance(value, list):
        raise InvalidRequest(f"“{where}” must be a list.")
    return value


def as_mapping(value: Any, where: str) -> Mapping[str, Any]:
    """Return ``value`` if it is a mapping with string keys, or an empty one. Raises InvalidRequest naming ``where``."""
    if value in (None, ""):
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise InvalidRequest(f"“{where}” must be a mapping.")
    return value


def as_text(value: Any, where: str) -> str:
    """Return ``value`` if it is a string that is not empty. Raises InvalidRequest naming ``where``."""
    if not isinstance(value, str) or not value:
        raise InvalidRequest(f"“{where}” has an invalid value; only non-empty strings are supported.")
    return value
