"""Texts of any origin, taken as lists, mappings and texts and as nothing else.

YAML is read without tags, anchors and deep nesting; every complaint is a sentence that names the place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from ...errors import InvalidRequest

#: A text of more bytes is refused.
MAX_BYTES = 5_000_000
#: Lists and mappings inside each other, more than any of the formats has.
_MAX_DEPTH = 12
_TOO_DEEP = "The file nests deeper than a file that describes an environment does."


def parse_json(text: str) -> Any:
    """Return JSON, as a notebook is; None for a text that is none."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def parse_yaml(text: str) -> Any:
    """Return YAML as texts, lists and mappings. Raises InvalidRequest for what is not YAML, or more than that."""
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
                raise InvalidRequest("The file uses YAML anchors (“&” or “*”), which are not read.")
            tag = getattr(event, "tag", None)
            if tag:
                raise InvalidRequest(f"The file uses the YAML tag “{tag[:60]}”, which is not read.")
        return yaml.load(text, Loader=loader)  # noqa: S506 - makes texts, lists and mappings alone
    except (yaml.YAMLError, ValueError) as error:
        # libyaml has a limit of its own, and looks ahead: it may refuse before it tells of what nests.
        if "nesting" in str(error):
            raise InvalidRequest(_TOO_DEEP, str(error)) from error
        raise InvalidRequest("The file is neither YAML nor an explicit list.", str(error)) from error


def as_list(value: Any, where: str) -> list[Any]:
    """Return a list (an empty one for nothing), or raise InvalidRequest naming ``where`` it should be."""
    if value in (None, ""):
        return []
    if not isinstance(value, list):
        raise InvalidRequest(f"“{where}” must be a list.")
    return value


def as_mapping(value: Any, where: str) -> Mapping[str, Any]:
    """Return a mapping by texts (an empty one for nothing), or raise InvalidRequest naming ``where``."""
    if value in (None, ""):
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise InvalidRequest(f"“{where}” must be a mapping.")
    return value


def as_text(value: Any, where: str) -> str:
    """Return a text that is not empty, or raise InvalidRequest naming ``where`` it should be."""
    if not isinstance(value, str) or not value:
        raise InvalidRequest(f"“{where}” must be a text.")
    return value
