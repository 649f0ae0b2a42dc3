"""Requests that no panel sends: every answer is a sentence for the user, and never “Internal server error”."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

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


async def failures(api: Api, calls: Iterable[tuple[str, str, str, Any]]) -> dict[str, str]:
    """Return the answers that are errors of the server, by the names of the calls."""
    found = {}
    for name, method, path, body in calls:
        status, answer = await api.call(method, path, body)
        if status >= 500:
            found[name] = ascii(answer)
    return found


# Each test makes all its calls to one server, because a server starts more slowly than it answers all of them.


async def test_a_text_in_a_plan_request(api: Api, made: Any) -> None:
    calls = (
        (f"{kind} as {place}", "POST", "plans", filled(request, TEXT=text, MADE=made["id"]))
        for place, request in REQUESTS.items()
        for kind, text in TEXTS.items()
    )
    assert await failures(api, calls) == {}


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


#: The bodies of the methods that need one.
EMPTY: dict[str, Any] = {"PUT": {}}


async def test_a_text_in_an_address(api: Api, made: Any) -> None:
    texts = {
        kind: quote(text, safe="")
        for kind, text in TEXTS.items()
        if text.strip() and len(text) < 4000 and text.isprintable()
    }
    calls = (
        (f"{kind} in {method} {path}", method, path.replace("{}", text).replace("MADE", made["id"]), EMPTY.get(method))
        for method, path in PATHS
        for kind, text in texts.items()
    )
    assert await failures(api, calls) == {}


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


async def test_a_text_in_a_body(api: Api, made: Any) -> None:
    calls = (
        (f"{kind} as {place}", method, path.replace("MADE", made["id"]), filled(body, TEXT=text))
        for place, (method, path, body) in BODIES.items()
        for kind, text in TEXTS.items()
    )
    assert await failures(api, calls) == {}


async def test_a_name_of_a_variable(api: Api, made: Any) -> None:
    path = f"environments/{made['id']}/variables"
    calls = ((kind, "PUT", path, {"variables": {text: "1"}}) for kind, text in TEXTS.items())
    assert await failures(api, calls) == {}


NUMBERS: list[Any] = [-1, 0, 10**21, 10**400, 1.5, 1e308, True, None, "1", [], {}]


async def test_a_number_of_a_revision(api: Api, made: Any) -> None:
    request = {"kind": "revert", "environment": made["id"]}
    calls = ((f"{number!s:.20}", "POST", "plans", {**request, "revision": number}) for number in NUMBERS)
    assert await failures(api, calls) == {}


RAW = [
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
]


async def test_a_body(api: Api) -> None:
    for path in ("plans", "jobs", "files"):
        for raw in RAW:
            status, answer = await api.call("POST", path, raw=raw)
            assert status < 500, (path, raw[:20], ascii(answer))
