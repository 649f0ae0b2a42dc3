"""Validate a server's answers and events against the REST contract, ``rest-api.yaml``.

Schemas are strict: an object may have only the fields that its schema names, even if the schema allows others. The
smoke test imports this module too, without pytest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

import tfenv_lab

PATH = Path(tfenv_lab.__file__).parent / "rest-api.yaml"
CONTRACT: dict[str, Any] = YAML(typ="safe").load(PATH.read_text(encoding="utf-8"))
#: Keywords whose schemas can name fields of the same object.
_PARTS = {"allOf", "anyOf", "oneOf", "if", "dependentSchemas"}
#: Statuses with which any call may answer, so operations may describe them by ``default``.
EVERYWHERE = (403, 500, 503, 507)


def check_answer(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raise AssertionError unless the contract describes this answer.

    ``path`` is relative to the root of the contract and has no query.
    """
    call = f"{method} {path}"
    found = next((item for item in CONTRACT["paths"] if _pattern(item).fullmatch("/" + path)), None)
    assert found is not None, f"the contract has no path for {call}"
    operation = CONTRACT["paths"][found].get(method.lower())
    assert operation is not None, f"the contract has no operation for {call}"
    responses = operation["responses"]
    name = "default" if str(status) not in responses and status in EVERYWHERE else str(status)
    assert name in responses, f"the contract does not say that {call} answers {status}: {body!r}"
    response = _resolved(responses[name])
    for header in response.get("headers", {}):
        assert header in headers, f"{call} answers without the header {header}"
    media_type, _, _ = headers["Content-Type"].partition(";")
    assert media_type in response["content"], f"{call} answers {media_type}, not {sorted(response['content'])}"
    if media_type == "application/json":
        told = _problems(body, found, method.lower(), name)
        assert not told, f"{call}: {told}"


def check_schema(name: str, value: Any) -> None:
    """Raise AssertionError unless ``value`` matches the contract's schema of this name."""
    told = _problems(json.dumps(value).encode(), name)
    assert not told, f"{name}: {told}"


# Tests often get the same answer again while they wait for a job.
@lru_cache(maxsize=256)
def _problems(body: bytes, *schema: str) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in _validator(*schema).iter_errors(json.loads(body))]


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{[^}]*\}", "[^/]+", path))


@cache
def _validator(*schema: str) -> Draft202012Validator:
    """Return the validator of a schema that is known by its name, or by the path, verb and status of an answer."""
    if len(schema) == 1:
        return _strict({"$ref": f"#/components/schemas/{schema[0]}"})
    path, verb, status = schema
    response = _resolved(CONTRACT["paths"][path][verb]["responses"][status])
    return _strict(response["content"]["application/json"]["schema"])


def _strict(schema: Any) -> Draft202012Validator:
    return Draft202012Validator(closed(schema), format_checker=Draft202012Validator.FORMAT_CHECKER)


def closed(schema: Any, is_part: bool = False) -> Any:
    """Return a schema with its references resolved (none is recursive) and its objects closed.

    An ``allOf`` is closed as a whole. Its parts stay open, because each would refuse the fields of the others.
    """
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = _resolved(schema)
    strict = {
        key: [closed(part, is_part=True) for part in value] if key == "allOf" else closed(value)
        for key, value in schema.items()
    }
    is_object = isinstance(schema.get("properties"), dict) or "allOf" in schema
    if is_part:
        strict.pop("additionalProperties", None)
    elif is_object and "additionalProperties" not in schema:
        # Validating “unevaluatedProperties” is slow, so it is used only where other schemas can name fields.
        strict["unevaluatedProperties" if schema.keys() & _PARTS else "additionalProperties"] = False
    return strict


def _resolved(item: dict[str, Any]) -> dict[str, Any]:
    """Resolve a reference inside the contract; the keys next to it are added."""
    while isinstance(reference := item.get("$ref"), str):
        target: Any = CONTRACT
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        item = {**target, **{key: value for key, value in item.items() if key != "$ref"}}
    return item
