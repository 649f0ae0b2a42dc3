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
     "anaconda-project.yml", "requirements.txt", "requirements-dev.txt", "pylock.toml", "pylock.tf.toml", "a.ipynb",
     "notes.txt", "anything.yaml", "dockerfile", "dockerfile.gpu", "gpu.dockerfile", "containerfile", "uv.lock",
     "pyproject.toml"],
)  # fmt: skip
def test_the_contents_of_files_with_such_names_are_looked_at(name: str) -> None:
    assert re.search(FILE_PATTERN, name)


@pytest.mark.parametrize(
    "name",
    [
        "notes.md",
        "model.keras",
        "package-lock.json",
        "dockerfiles",
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
    assert (answer["format"], answer["name"], answer["message"], answer["offered"]) == (format_, inside, None, True)


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


class TestOffers:
    """The file browser offers a file by its contents, even if they have mistakes."""

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("tf.yml", YML.format("tf")),
            ("notes.txt", "@EXPLICIT\nhttps://c/noarch/a-1-0.conda\n"),
            ("packages.txt", "numpy=1.26.4=py311_0\npip=25.0=0\n"),
            ("a.txt", "tensorflow>=2.15\nnumpy\n"),
            ("requirements.txt", "tensorflow\nnumpy\n"),
            ("any.toml", '[workspace]\nchannels = ["conda-forge"]\n[dependencies]\nnumpy = "*"\n'),
            ("Dockerfile", "FROM python:3.11\nRUN pip install tensorflow\n"),
            ("project.yaml", "packages: [numpy, python=3.11]\n"),
            ("environment.yml", "dependencies:\n\t- numpy\n"),
            ("environment.yml", "dependencies: [numpy]\ndependencies: [pandas]\n"),
            ("environment.yml", "dependencies: ['numpy>=1.2 <2']\n"),
            ("environment.yml", "<<<<<<< ours\ndependencies: [numpy]\n=======\n"),
            ("explicit.txt", "# platform: win-64\n@EXPLICIT\nhttps://c/win-64/a-1-0.conda\n"),
        ],
    )
    def test_a_file_that_describes_an_environment_is_offered(self, name: str, content: str) -> None:
        assert recognize(content, name).offered

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("yarn.lock", '# yarn lockfile v1\n\nabbrev@1:\n  version "1.1.1"\n  dependencies:\n    a "1"\n'),
            ("yarn.lock", '__metadata:\n  version: 8\n"a@npm:1":\n  version: 1\n'),
            ("package-lock.yml", json.dumps({"lockfileVersion": 3, "packages": {"": {}}, "dependencies": {}})),
            ("pnpm-lock.yaml", "lockfileVersion: '9.0'\npackages:\n  a@1: {}\n"),
            ("pnpm-workspace.yaml", "packages:\n- 'packages/*'\n- docs/site\n"),
            ("pubspec.yaml", "name: app\nenvironment: {sdk: '>=3'}\ndependencies:\n  http: ^1.0.0\n"),
            ("pubspec.lock", "packages:\n  http: {version: 1}\nsdks: {dart: '>=3'}\n"),
            ("Chart.yaml", "apiVersion: v2\nname: x\ndependencies:\n- name: redis\n  version: 1\n"),
            ("main.yml", "galaxy_info: {author: x}\ndependencies: []\n"),
            ("docker-compose.yml", "services:\n  a:\n    command: sh -c 'x && pip install numpy'\n"),
            ("ci.yml", "jobs:\n  a:\n    steps:\n    - run: pip install numpy\n"),
            ("mkdocs.yml", "site_name: x\nplugins: [search]\nnav: [a.md]\n"),
            ("asyncapi.yml", "asyncapi: 3.0.0\nchannels:\n  a: {}\n"),
            ("Cargo.toml", '[package]\nname = "x"\n[dependencies]\nserde = "1"\n'),
            ("Cargo.toml", "[workspace]\nmembers = ['a']\n"),
            ("Cargo.lock", 'version = 3\n[[package]]\nname = "a"\nversion = "1"\n'),
            ("labels.txt", "cat\ndog\nhorse\n"),
            ("notes.txt", "Buy milk. Then train the model.\n"),
            ("robots.txt", "User-agent: *\nDisallow: /\n"),
            ("a.ipynb", json.dumps({"cells": [{"source": ["!pip install numpy\n"]}], "metadata": {}})),
            ("empty.yml", ""),
            ("a.txt", "https://example.org/environment.yml"),
        ],
    )
    def test_a_file_that_is_something_else_is_not_offered(self, name: str, content: str) -> None:
        assert not recognize(content, name).offered


class TestChoices:
    """What can be chosen in a file before it is imported, with the default first."""

    PIXI = (
        "version: 6\nenvironments:\n"
        + "".join(
            f"  {name}:\n    channels: [{{url: 'https://c/'}}]\n    packages:\n"
            "      linux-64: [{conda: 'https://c/noarch/a-1-0.conda'}]\n      osx-64: []\n"
            for name in ("cpu", "default", "gpu")
        )
        + "packages: [{conda: 'https://c/noarch/a-1-0.conda', name: a, version: '1', build: '0', subdir: noarch}]\n"
    )
    PACKAGE = (
        "- {name: %s, version: '1', manager: conda, platform: %s, category: %s, url: 'https://c/noarch/%s-1-0.conda'}\n"
    )

    def test_the_environments_and_platforms_of_a_pixi_lock(self) -> None:
        found = recognize(self.PIXI, "pixi.lock")
        assert found.message is None
        assert found.environments == ("default", "cpu", "gpu")
        assert found.platforms == ("linux-64", "osx-64")
        assert found.builds == ("exact", "versions", "names")

    def test_the_categories_of_a_conda_lock_file_for_this_machine(self) -> None:
        packages = [("a", "linux-64", "main"), ("b", "linux-64", "dev"), ("c", "osx-64", "docs")]
        lock = "version: 1\nmetadata: {}\npackage:\n" + "".join(
            self.PACKAGE % (name, platform, category, name) for name, platform, category in packages
        )
        found = recognize(lock, "conda-lock.yml")
        assert (found.categories, found.platforms) == (("main", "dev"), ("linux-64", "osx-64"))

    @pytest.mark.parametrize(
        ("dependencies", "builds"),
        [
            ("numpy, python", ()),
            ("numpy, python=3.11", ("exact", "names")),
            ("numpy=1.26=py311_0, python", ("exact", "versions", "names")),
        ],
    )
    def test_only_simplifications_that_make_a_difference(self, dependencies: str, builds: tuple[str, ...]) -> None:
        assert recognize(f"dependencies: [{dependencies}]", None).builds == builds

    def test_a_lock_of_another_platform_can_only_be_solved_again(self) -> None:
        found = recognize("# platform: win-64\n@EXPLICIT\nhttps://c/win-64/a-1-0.conda\n", "a.txt")
        assert (found.format, found.builds) == ("explicit", ("versions", "names"))
        assert "Its platforms: win-64." in (found.message or "")

    @pytest.mark.parametrize(
        ("spec", "needs"),
        [
            ("tensorflow=2.18.*=cuda*", True),
            ("tensorflow-gpu", True),
            ("tensorflow[build=*cuda*]", True),
            ("cudatoolkit=11.2", True),
            ("tensorflow=*=cpu*", False),
            ("tensorflow", False),
        ],
    )
    def test_a_file_with_cuda_builds_needs_a_cuda_version(self, spec: str, needs: bool) -> None:
        assert recognize(f"dependencies: ['{spec}']", None).needs_cuda is needs

    async def test_a_spec_with_a_mistake_is_no_error_of_the_request(self, api: Api) -> None:
        answer = await _recognized(api, "dependencies: ['numpy>=1.2 <2']")
        assert answer["format"] is None
        assert "a comma is missing" in answer["message"]
