"""Requests that no panel sends: every answer is a sentence for the user, and never “Internal server error”."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from .conftest import Api

#: Texts that break parsers of versions, specs, names and paths.
TEXTS = {
    "21 digits": "1" * 21,
    "a number too long for Python": "1" * 5000,
    "2. and 13 digits": "2." + "9" * 13,
    "2. and 21 digits": "2." + "9" * 21,
    "21 digits and a star": "1" * 21 + ".*",
    "an epoch": "9" * 30 + "!1",
    "digits of another script": "٢.١٩",
    "superscript digits": "2²",
    "nothing": "",
    "a space": " ",
    "a null character": "a\0b",
    "a lone surrogate": "\ud800",
    "a name of 300 characters": "n" * 300,
    "100 letters of 3 bytes": "あ" * 100,
    "a path": "../../etc/passwd",
    "an option": "--help",
    "a line break": "a\nb",
    "brackets": "[" * 2000,
    "a percent sign": "%s%(x)d%",
    "braces": "{0.__class__}",
}

#: Plan requests with TEXT where a user's text is.
REQUESTS: dict[str, dict[str, Any]] = {
    "name": {"kind": "create", "name": "TEXT"},
    "tensorflow": {"kind": "create", "name": "new", "tensorflow": "TEXT"},
    "python": {"kind": "create", "name": "new", "python": "TEXT"},
    "cuda": {"kind": "create", "name": "new", "tensorflow": "2.19.*", "cuda": "TEXT"},
    "package": {"kind": "create", "name": "new", "packages": ["TEXT"]},
    "version of a package": {"kind": "create", "name": "new", "packages": ["numpy TEXT"]},
    "build of a package": {"kind": "create", "name": "new", "packages": ["numpy 2.1 TEXT"]},
    "version for the index": {"kind": "create", "name": "new", "packages": ["pypi:numpy==TEXT"]},
    "spec": {"kind": "install", "environment": "MADE", "specs": ["TEXT"]},
    "name of a copy": {"kind": "install", "environment": "MADE", "specs": ["numpy"], "into": "TEXT"},
    "environment": {"kind": "update", "environment": "TEXT", "packages": "all"},
    "package to update": {"kind": "update", "environment": "MADE", "packages": ["TEXT"]},
    "package to remove": {"kind": "remove", "environment": "MADE", "packages": ["TEXT"]},
    "new name": {"kind": "rename", "environment": "MADE", "name": "TEXT"},
    "file": {"kind": "import", "name": "new", "content": "TEXT"},
    "format": {"kind": "import", "name": "new", "content": "dependencies: [python]", "format": "TEXT"},
    "environment of a lock": {"kind": "import", "name": "new", "content": "version: 6", "lock_environment": "TEXT"},
    "category": {"kind": "import", "name": "new", "content": "version: 1", "categories": ["TEXT"]},
    "spec in a file": {"kind": "import", "name": "new", "content": "dependencies:\n- TEXT\n"},
    "version in a file": {"kind": "import", "name": "new", "content": "dependencies:\n- numpy=TEXT\n"},
    "channel in a file": {"kind": "import", "name": "new", "content": "channels:\n- TEXT\ndependencies: [python]\n"},
    "requirement in a file": {"kind": "import", "name": "new", "content": "dependencies:\n- pip:\n  - TEXT\n"},
    "variable in a file": {"kind": "import", "name": "new", "content": "dependencies: []\nvariables:\n  A: TEXT\n"},
    "name of a file": {"kind": "import", "name": "new", "content": "dependencies: [python]", "file": "TEXT"},
    "file to match": {"kind": "match", "environment": "MADE", "content": "TEXT"},
    "environment to match": {"kind": "match", "environment": "TEXT", "content": "dependencies: [python]"},
    "new environment to match": {"kind": "match", "name": "TEXT", "content": "dependencies: [python]"},
    "copy of a revision": {"kind": "revert", "environment": "MADE", "revision": 0, "into": "TEXT"},
    "what to clean": {"kind": "clean", "what": ["TEXT"]},
    "line of a list": {"kind": "import", "name": "new", "content": "@EXPLICIT\nTEXT\n"},
}


def filled(value: Any, **texts: str) -> Any:
    """Return JSON with other texts for the words TEXT and MADE."""
    if isinstance(value, dict):
        return {key: filled(each, **texts) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, **texts) for each in value]
    for word, text in texts.items():
        value = value.replace(word, text) if isinstance(value, str) else value
    return value


@pytest.mark.parametrize("place", REQUESTS)
async def test_a_text_in_a_plan_request(api: Api, made: Any, place: str) -> None:
    failures = {}
    for name, text in TEXTS.items():
        status, answer = await api.call("POST", "plans", filled(REQUESTS[place], TEXT=text, MADE=made["id"]))
        if status >= 500:
            failures[name] = ascii(answer)
    assert failures == {}


PATHS = [
    ("GET", "environments/{}"),
    ("DELETE", "environments/{}"),
    ("GET", "environments/{}/packages"),
    ("GET", "environments/{}/revisions"),
    ("GET", "environments/{}/export?format={}"),
    ("GET", "plans/{}"),
    ("GET", "jobs/{}"),
    ("GET", "jobs/{}/log"),
    ("DELETE", "jobs/{}"),
    ("GET", "packages?query={}"),
    ("GET", "packages?query=pypi:{}"),
    ("GET", "installed-packages?name={}"),
    ("GET", "environments/MADE/packages/{}/why"),
    ("GET", "environments/MADE/newer-packages?names={}"),
    ("GET", "environments/MADE/comparison?with={}"),
    ("GET", "environments/MADE/comparison?revision={}"),
    ("GET", "environments/MADE/export?format={}"),
    ("GET", "environments/MADE/files?contents={}"),
    ("GET", "environments/{}/variables"),
    ("GET", "environments/{}/kernels"),
    ("GET", "environments/{}/size"),
    ("POST", "environments/{}/checks"),
    ("POST", "environments/{}/terminals"),
    ("PUT", "environments/{}/kernelspec"),
    ("POST", "jobs/{}/undo"),
    ("DELETE", "jobs/{}/undo"),
    ("GET", "tensorflow?python={}"),
]


@pytest.mark.parametrize(("method", "path"), PATHS, ids=[" ".join(each) for each in PATHS])
async def test_a_text_in_an_address(api: Api, made: Any, method: str, path: str) -> None:
    failures = {}
    for name, text in TEXTS.items():
        if text.strip() and len(text) < 4000 and text.isprintable():
            address = path.replace("{}", quote(text, safe="")).replace("MADE", made["id"])
            status, answer = await api.call(method, address, {} if method == "PUT" else None)
            if status >= 500:
                failures[name] = ascii(answer)
    assert failures == {}


BODIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "note": ("PATCH", "environments/MADE/revisions/0", {"note": "TEXT"}),
    "value of a variable": ("PUT", "environments/MADE/variables", {"variables": {"A": "TEXT"}}),
    "name of a terminal's command": ("POST", "environments/MADE/terminals", {"command": "TEXT"}),
    "record of a notebook": ("POST", "environments/MADE/differences", {"content": "TEXT"}),
    "argument of pip": ("POST", "conda-specs", {"arguments": ["TEXT"]}),
    "version for pip": ("POST", "conda-specs", {"arguments": ["numpy==TEXT"]}),
    "contents of a file": ("POST", "files", {"content": "TEXT"}),
    "name of a file": ("POST", "files", {"content": "dependencies: []", "name": "TEXT"}),
    "plan": ("POST", "jobs", {"plan": "TEXT"}),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_text_in_a_body(api: Api, made: Any, name: str) -> None:
    method, path, body = BODIES[name]
    failures = {}
    for kind, text in TEXTS.items():
        status, answer = await api.call(method, path.replace("MADE", made["id"]), filled(body, TEXT=text))
        if status >= 500:
            failures[kind] = ascii(answer)
    assert failures == {}


@pytest.mark.parametrize("kind", TEXTS)
async def test_a_name_of_a_variable(api: Api, made: Any, kind: str) -> None:
    body = {"variables": {TEXTS[kind]: "1"}}
    status, answer = await api.call("PUT", f"environments/{made['id']}/variables", body)
    assert status < 500, ascii(answer)


NUMBERS: list[Any] = [-1, 0, 10**21, 10**400, 1.5, 1e308, True, None, "1", [], {}]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: f"{number!s:.20}")
async def test_a_number_of_a_revision(api: Api, made: Any, number: Any) -> None:
    body = {"kind": "revert", "environment": made["id"], "revision": number}
    status, answer = await api.call("POST", "plans", body)
    assert status < 500, ascii(answer)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "null",
        "[]",
        "1",
        '"x"',
        "{",
        '{"plan": 1}',
        '{"plan": null}',
        '{"plan": []}',
        '{"plan": {}}',
        "\x00",
        "[" * 9000,
        '{"kind": "revert", "environment": "x", "revision": 1' + "0" * 5000 + "}",
        '{"kind": NaN}',
        '{"kind": {"a": 1}}',
    ],
    ids=lambda raw: f"{raw!r:.20}",
)
@pytest.mark.parametrize("path", ["plans", "jobs", "files"])
async def test_a_body(api: Api, path: str, raw: str) -> None:
    status, answer = await api.call("POST", path, raw=raw)
    assert status < 500, ascii(answer)
