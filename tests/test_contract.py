"""The OpenAPI description, the handlers and the rules that every endpoint keeps."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate
from ruamel.yaml import YAML

import tfenv_lab
from tfenv_lab.app import HANDLERS, TfenvLab
from tfenv_lab.base import AUTH_RESOURCE

VERBS = ("get", "post", "put", "patch", "delete")
ROOT = Path(tfenv_lab.__file__).parent
CONTRACT: dict[str, Any] = YAML(typ="safe").load((ROOT / "rest-api.yaml").read_text(encoding="utf-8"))


def _calls() -> list[tuple[str, str, Any]]:
    """Return ``(verb, path with {id}, method)`` for every verb that a handler defines itself."""
    found = []
    for pattern, handler in HANDLERS:
        path = "/" + re.sub(r"\([^)]*\)", "{id}", pattern)
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


@pytest.mark.parametrize(("verb", "path", "method"), _calls())
def test_every_verb_is_authenticated_and_then_authorized(verb: str, path: str, method: Any) -> None:
    source = inspect.getsource(method)
    # The order matters: an unauthenticated request must not reach the authorizer.
    decorators = re.findall(r"^\s*@(\S+)", source, re.MULTILINE)
    assert decorators[:2] == ["web.authenticated", "authorized"], f"{verb} {path}"


def test_every_handler_names_the_projects_resource() -> None:
    assert {getattr(handler, "auth_resource", None) for _, handler in HANDLERS} == {AUTH_RESOURCE}


def test_every_reason_of_the_errors_is_described() -> None:
    from tfenv_lab.errors import TfenvError, _subclasses

    described = set(CONTRACT["components"]["schemas"]["Reason"]["enum"])
    assert {error.reason for error in _subclasses(TfenvError)} <= described


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


async def test_an_unknown_path_and_a_foreign_user_get_an_error_body(api: Any, jp_base_url: str) -> None:
    status, error = await api.call("GET", "environments/none/packages")
    assert (status, error["reason"]) == (404, "not-found")
