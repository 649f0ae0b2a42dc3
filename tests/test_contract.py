"""Test the OpenAPI description, the handlers, and the rules for every endpoint."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from ruamel.yaml import YAML

import tfenv_lab
from tfenv_lab.app import HANDLERS
from tfenv_lab.handlers.base import AUTH_RESOURCE
from tfenv_lab.jobs.events import SCHEMAS
from tfenv_lab.settings import TfenvLab

from .contract import CONTRACT, check_answer, check_schema, closed

VERBS = ("get", "post", "put", "patch", "delete")
ROOT = Path(tfenv_lab.__file__).parent
JSON = {"Content-Type": "application/json"}
ERROR: dict[str, object] = {
    "reason": "not-found",
    "message": "There is no such job.",
    "hint": None,
    "details": None,
    "alternatives": [],
    "lasting": True,
}
#: Schemas of requests, which answers may contain too, as the client sent them.
REQUESTS = re.compile(r"\w+Request|KernelSettings")


def _calls() -> list[tuple[str, str, Any]]:
    """Return ``(verb, path with {id}, method)`` for every verb that a handler defines."""
    found = []
    for pattern, handler in HANDLERS:
        path = "/" + re.sub(r"\([^)]*\)", "{id}", pattern).replace("\\.", ".")
        found += [(verb, path, vars(handler)[verb]) for verb in VERBS if verb in vars(handler)]
    return found


def test_the_description_is_valid_openapi() -> None:
    validate(CONTRACT)


def test_the_description_has_every_call_of_the_handlers_and_no_other() -> None:
    described = {
        (verb, re.sub(r"\{[^}]*\}", "{id}", path))
        for path, item in CONTRACT["paths"].items()
        for verb in VERBS
        if verb in item
    }
    assert described == {(verb, path) for verb, path, _ in _calls()}


class TestAnswersAreHeldAgainstIt:
    """``jp_fetch`` in ``conftest.py`` validates the answers in all tests with ``check_answer``."""

    def test_an_answer_that_matches_passes(self) -> None:
        check_answer("GET", "jobs/17", 404, JSON, json.dumps(ERROR).encode())
        check_answer("GET", "jobs/17/log", 200, {"Content-Type": "text/plain; charset=utf-8"}, b"anything")

    @pytest.mark.parametrize(
        ("method", "path", "status", "headers", "body", "said"),
        [
            ("GET", "nowhere", 404, JSON, ERROR, "no path"),
            ("PATCH", "jobs/17", 404, JSON, ERROR, "no operation"),
            ("GET", "jobs/17", 418, JSON, ERROR, "does not say"),
            ("GET", "jobs/17", 404, {"Content-Type": "text/html"}, ERROR, "text/html"),
            ("GET", "jobs/17", 404, JSON, {**ERROR, "more": 1}, "'more' was unexpected"),
            ("GET", "jobs/17", 404, JSON, {**ERROR, "reason": "other"}, "'other' is not one of"),
            ("GET", "jobs/17", 404, JSON, {"reason": "not-found"}, "'message' is a required property"),
            ("GET", "packages", 200, JSON, {"packages": [{"name": 1, "versions": []}]}, "packages[0].name"),
            ("POST", "jobs", 202, JSON, {}, "without the header Location"),
        ],
    )
    def test_an_answer_that_does_not_match_fails(
        self, method: str, path: str, status: int, headers: dict[str, str], body: Any, said: str
    ) -> None:
        with pytest.raises(AssertionError, match=re.escape(said)):
            check_answer(method, path, status, headers, json.dumps(body).encode())

    def test_a_schema_in_all_of_may_have_the_fields_of_the_other_schemas(self) -> None:
        one, other = ({"type": "object", "properties": {name: {"type": "string"}}} for name in "ab")
        validator = Draft202012Validator(closed({"allOf": [one, other]}))
        assert validator.is_valid({"a": "", "b": ""})
        assert not validator.is_valid({"a": "", "b": "", "c": ""})
        assert not Draft202012Validator(closed(one)).is_valid({"a": "", "b": ""})

    def test_a_time_in_another_form_fails(self) -> None:
        check = {"ok": True, "finished": "yesterday", "outdated": False}
        with pytest.raises(AssertionError, match="is not a 'date-time'"):
            check_schema("LastCheck", check)


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every object schema inside a schema, without following references."""
    if isinstance(schema, list):
        for item in schema:
            yield from _objects(item)
    elif isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield schema
        for item in schema.values():
            yield from _objects(item)


def test_every_field_of_an_answer_is_required() -> None:
    schemas = {name: schema for name, schema in CONTRACT["components"]["schemas"].items() if not REQUESTS.match(name)}
    operations = [item[verb] for item in CONTRACT["paths"].values() for verb in VERBS if verb in item]
    responses = [operation["responses"] for operation in operations]
    objects = list(_objects([*schemas.values(), responses, CONTRACT["components"]["responses"]]))
    assert len(objects) > len(schemas) / 2
    for schema in objects:
        # Clients show the English text where its parts for a translation are missing.
        assert set(schema["required"]) == set(schema["properties"]) - {"sentences"}, sorted(schema["properties"])


def test_every_schema_is_used() -> None:
    text = (ROOT / "rest-api.yaml").read_text(encoding="utf-8")
    for section, items in CONTRACT["components"].items():
        # An export returns a notebook record as text, and ``security`` refers to the token by name.
        for name in items.keys() - {"NotebookRecord", "token"}:
            assert f"#/components/{section}/{name}'" in text, name


def test_an_event_is_a_job_of_the_contract() -> None:
    event, job = YAML(typ="safe").load(SCHEMAS / "job.v1.yaml"), CONTRACT["components"]["schemas"]["Job"]
    assert event["properties"].keys() == job["properties"].keys()
    assert set(event["required"]) == set(job["required"])


@pytest.mark.parametrize(("verb", "path", "method"), _calls())
def test_every_verb_is_authenticated_and_then_authorized(verb: str, path: str, method: Any) -> None:
    source = inspect.getsource(method)
    # The order matters, because an unauthenticated request must not reach the authorizer.
    decorators = re.findall(r"^\s*@(\S+)", source, re.MULTILINE)
    assert decorators[:2] == ["web.authenticated", "authorized"], f"{verb} {path}"


def test_every_handler_names_the_projects_resource() -> None:
    assert {getattr(handler, "auth_resource", None) for _, handler in HANDLERS} == {AUTH_RESOURCE}


def test_every_reason_of_the_errors_is_described() -> None:
    from tfenv_lab.errors import TfenvError, subclasses

    described = set(CONTRACT["components"]["schemas"]["Reason"]["enum"])
    assert {error.reason for error in subclasses(TfenvError)} <= described


def test_every_trait_has_a_help_text() -> None:
    for name, trait in TfenvLab.class_own_traits(config=True).items():
        assert trait.help, name


def test_loading_the_extension_imports_nothing_heavy() -> None:
    code = "import sys, tfenv_lab.app; print([m for m in ('rattler', 'ruamel.yaml', 'jsonschema') if m in sys.modules])"
    heavy = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent)
    assert "rattler" not in heavy.stdout


def test_rattler_is_imported_in_one_room_only() -> None:
    rooms = {"conda", "wheelchannel"}
    outside = [
        path
        for path in ROOT.rglob("*.py")
        if path.relative_to(ROOT).parts[0] not in rooms
        and re.search(r"^(?!if TYPE_CHECKING)(from|import) rattler", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert outside == []


async def test_the_server_serves_the_contract(api: Any) -> None:
    status, text = await api.call("GET", "openapi.yaml")
    assert (status, api.headers["Content-Type"]) == (200, "application/yaml")
    assert YAML(typ="safe").load(text) == CONTRACT


async def test_an_unknown_path_and_a_foreign_user_get_an_error_body(api: Any, jp_base_url: str) -> None:
    status, error = await api.call("GET", "environments/none/packages")
    assert (status, error["reason"]) == (404, "not-found")


@pytest.mark.parametrize("variable", ["CONDA_OVERRIDE_CUDA", "CONDA_OVERRIDE_GLIBC"])
async def test_a_variable_with_an_invalid_version_is_reported(
    api: Any, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "=!=")
    refused = []
    for method, path in (
        ("GET", "status"),
        ("GET", "environments"),
        ("GET", "tensorflow"),
        ("DELETE", "local-channel"),
    ):
        status, body = await api.call(method, path)
        assert status == 200 or (status == 400 and variable in body["message"]), (path, body)
        refused += [path] * (status == 400)
    assert refused == ["status", "tensorflow", "local-channel"]
