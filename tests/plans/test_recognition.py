"""Recognize files that describe an environment, by name and by contents, over REST."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tfenv_lab.environment_names import check_name
from tfenv_lab.plans.recognition import FILE_PATTERN, recognize

from ..conftest import Api
from ..contract import CONTRACT

YML = "name: {}\ndependencies:\n- numpy\n"


async def _recognized(api: Api, content: str, name: str | None = None) -> Any:
    status, answer = await api.call("POST", "files", {"content": content, "name": name})
    assert status == 200, answer
    return answer


@pytest.mark.parametrize(
    "name",
    ["environment.yml", "environment-gpu.yaml", "tf.environment.yml", "conda-lock.yml", "tf.conda-lock.yml",
     "pixi.lock", "tf.pixi.lock", "tf.explicit.txt", "spec-file.txt", "package-list.txt", "pixi.toml",
     "anaconda-project.yml", "requirements.txt", "requirements-dev.txt", "pylock.toml", "pylock.tf.toml",
     "uv.lock", "pyproject.toml"],
)  # fmt: skip
def test_the_pattern_finds_files_that_conda_and_exports_name_so(name: str) -> None:
    assert re.search(FILE_PATTERN, name)


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "docker-compose.yml",
        "model.keras",
        "a.ipynb",
        "yarn.lock.bak",
        "yarn.lock",
        "poetry.lock",
        "cargo.lock",
    ],
)
def test_the_pattern_leaves_out_other_files(name: str) -> None:
    assert not re.search(FILE_PATTERN, name)


async def test_the_status_and_the_contract_have_the_pattern(api: Api) -> None:
    _, status = await api.call("GET", "status")
    assert status["limits"]["import_pattern"] == FILE_PATTERN
    limits = CONTRACT["components"]["schemas"]["Limits"]["properties"]
    assert limits["import_pattern"]["examples"] == [FILE_PATTERN]


@pytest.mark.parametrize("format_", ["environment-yml", "explicit", "conda-lock", "pixi-lock", "notebook"])
async def test_every_export_is_recognized(api: Api, made: Any, format_: str) -> None:
    _, text = await api.call("GET", f"environments/{made['id']}/export?format={format_}")
    text = text if isinstance(text, str) else json.dumps(text)
    answer = await _recognized(api, text, "environment.txt")
    inside = "tf" if format_ in ("environment-yml", "notebook") else "imported"
    assert answer == {"format": format_, "name": inside, "message": None}


@pytest.mark.parametrize(
    "content",
    ["", "just words", "- a\n- list", "{}", "a: [", "package: []\nmetadata: {}\n", "x: &a [*a]\ndependencies: [b]",
     "@EXPLICIT\n", "dependencies: []", "x" * 5_000_001],
)  # fmt: skip
def test_the_message_says_why_a_file_cannot_be_imported(content: str) -> None:
    found = recognize(content, "mine.environment.yml")
    assert (found.format, found.name) == (None, "mine")
    assert found.message
    assert found.message.endswith(".")


async def test_a_plan_is_refused_with_the_same_message(api: Api) -> None:
    content = "dependencies: []"
    answer = await _recognized(api, content)
    _, error = await api.call("POST", "plans", {"kind": "import", "name": "x", "content": content})
    assert error["message"] == answer["message"]


@pytest.mark.parametrize(
    ("inside", "file", "name"),
    [
        ("tf219", "environment.yml", "tf219"),
        ('"tf 219"', None, "tf-219"),
        ("größe", None, "größe"),
        ("gro\u0308ße", None, "größe"),
        ("日本.語", None, "日本.語"),
        ("c++", None, "c++"),
        ("../../etc", None, "etc"),
        ("/home/u/envs/tf", None, "tf"),
        ("C:\\envs\\tf", None, "tf"),
        ("x" * 80, None, "x" * 64),
        ("base", "mine.environment.yml", "mine"),
        ("base", None, "imported"),
        ("null", "mine.yml", "mine"),
        ("~", None, "imported"),
        ("[a]", None, "imported"),
        ("…", "my models.yml", "my-models"),
        ("…", "Modèle.environment.yml", "Modèle"),
        ("…", "environment.yml", "imported"),
        ("…", ".environment.yml", "imported"),
        ("…", "con.yml", "imported"),
        ("…", "tf_pixi.lock", "tf"),
        ("…", "a/b\\c.yml", "c"),
    ],
)
def test_the_proposed_name_is_valid(inside: str, file: str | None, name: str) -> None:
    assert recognize(YML.format(inside), file).name == check_name(name)


async def test_a_body_of_another_form_is_refused(api: Api) -> None:
    bodies: list[object] = [{}, {"content": None}, {"content": 1}, {"content": "x", "name": 1}, []]
    for body in bodies:
        status, error = await api.call("POST", "files", body)
        assert (status, error["reason"]) == (400, "invalid-request")
