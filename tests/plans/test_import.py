"""Test imports: every export can be imported again, and invalid or hostile files are refused."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tfenv_lab.conda.formats import exact, reading
from tfenv_lab.conda.formats.model import Pinned
from tfenv_lab.errors import InvalidRequest

from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON

SUBDIR = "linux-64"


async def _packages(api: Api, name: str) -> list[Any]:
    environment = await api.environment(name)
    _, found = await api.call("GET", f"environments/{environment['id']}/packages")
    return list(found["packages"])


async def _removed(api: Api, environment: Any) -> None:
    _, job = await api.call("DELETE", f"environments/{environment['id']}")
    assert (await api.finished(job["id"]))["state"] == "succeeded"


async def _refused(api: Api, content: str, format_: str | None = None) -> tuple[int, str, str]:
    status, error = await api.call(
        "POST", "plans", {"kind": "import", "name": "new", "content": content, "format": format_}
    )
    return status, error["reason"], f"{error['message']} {error['details'] or ''}"


@pytest.mark.parametrize(
    "query", ["environment-yml", "environment-yml&specs=all", "explicit", "conda-lock", "pixi-lock"]
)
async def test_importing_an_export_recreates_the_environment(api: Api, made: Any, query: str) -> None:
    before = await _packages(api, "tf")
    status, text = await api.call("GET", f"environments/{made['id']}/export?format={query}")
    assert status == 200, text
    await _removed(api, made)
    assert await api.environment("tf") is None
    job = await api.apply(kind="import", name="tf", content=text)
    assert job["state"] == "succeeded", job
    after = await _packages(api, "tf")
    if "specs=all" in query:
        # The file requests every package by name, so all of them are remembered.
        before = [{**package, "requested": True} for package in before]
    assert after == before
    assert (await api.environment("tf"))["kernel"] is not None


@pytest.mark.parametrize("query", ["environment-yml&specs=all", "explicit", "conda-lock", "pixi-lock", "notebook"])
async def test_every_build_string_that_conda_allows_survives_export_and_import(
    api: Api, tensorflow_channel: TinyChannel, query: str
) -> None:
    builds = {"cudnn": "cuda10.1_0", "pytorch": "py3.9_cuda10.2_cudnn7.6.5_0", "rev": "h1+g2.3_1", "_dot": "1.0"}
    for name, build in builds.items():
        tensorflow_channel.add(name, "1!7.6.5", build=build)
    await asyncio.to_thread(tensorflow_channel.index)
    listed = "".join(
        f"{tensorflow_channel.url}/linux-64/{name}-1!7.6.5-{build}.conda\n" for name, build in builds.items()
    )
    assert (await api.apply(kind="import", name="first", content=f"@EXPLICIT\n{listed}"))["state"] == "succeeded"
    first = await api.environment("first")
    _, text = await api.call("GET", f"environments/{first['id']}/export?format={query}")
    content = json.dumps(text) if isinstance(text, dict) else text
    plan = await api.plan(kind="import", name="second", content=content)
    assert {entry["name"]: entry["to"]["build"] for entry in plan["entries"]} == builds
    assert plan["warnings"] == []


async def test_a_lock_installs_its_versions_although_newer_ones_are_available(
    api: Api, tensorflow_channel: TinyChannel
) -> None:
    package = tensorflow_channel.root / "noarch/numpy-2.1.0-0.conda"
    plan = await api.plan(kind="import", name="np", content=f"@EXPLICIT\n{package.as_uri()}\n")
    assert [(entry["name"], entry["to"]["version"]) for entry in plan["entries"]] == [("numpy", "2.1.0")]
    assert plan["entries"][0]["requested"], "what nothing else needs counts as asked for"
    assert plan["warnings"] == []


async def test_an_environment_yml_is_solved(api: Api, tensorflow_channel: TinyChannel) -> None:
    text = f"channels: [{tensorflow_channel.url}, nodefaults]\ndependencies: [numpy=2.1, python={PYTHON}]\n"
    plan = await api.plan(kind="import", name="np", content=text)
    asked = {entry["name"]: entry["to"]["version"] for entry in plan["entries"] if entry["requested"]}
    assert asked == {"numpy": "2.1.0", "python": f"{PYTHON}.9"}


async def test_parts_that_cannot_be_honored_are_warnings_of_the_plan(api: Api) -> None:
    text = "dependencies:\n- numpy\n- pip:\n  - -e .\nb: c\n"
    plan = await api.plan(kind="import", name="np", content=text, format="environment-yml")
    said = [warning["message"] for warning in plan["warnings"] if warning["code"] == "import-not-honoured"]
    assert any("-e ." in message for message in said)
    assert any("section “b”" in message for message in said)


async def test_a_package_that_the_channel_no_longer_lists_is_taken_from_the_lock(
    api: Api, tensorflow_channel: TinyChannel
) -> None:
    gone = tensorflow_channel.root / "noarch/old-1.0-0.conda"
    text = f"@EXPLICIT\n{gone.as_uri()}#{'0' * 64}\n"
    plan = await api.plan(kind="import", name="np", content=text)
    assert plan["entries"][0]["name"] == "old"
    assert "old-1.0-0.conda" in plan["warnings"][0]["message"]


async def test_a_lock_that_this_machine_cannot_run_gives_a_warning(api: Api, tensorflow_channel: TinyChannel) -> None:
    package = tensorflow_channel.add("gpu", "1.0", depends=["__cuda >=99"])
    tensorflow_channel.add("glibc", "1.0", depends=["__glibc >=2"])
    fine = package.with_name("glibc-1.0-0.conda")
    await asyncio.to_thread(tensorflow_channel.index)
    plan = await api.plan(kind="import", name="gpu", content=f"@EXPLICIT\n{package.as_uri()}\n{fine.as_uri()}\n")
    [warning] = plan["warnings"]
    assert "__cuda >=99 (gpu)" in warning["message"]


async def test_a_changed_package_is_refused_by_its_hash(api: Api, tensorflow_channel: TinyChannel) -> None:
    package = tensorflow_channel.root / "noarch/numpy-2.1.0-0.conda"
    status, reason, message = await _refused(api, f"@EXPLICIT\n{package.as_uri()}#sha256:{'0' * 64}\n")
    assert (status, reason) == (400, "invalid-request")
    assert "hash" in message


async def test_a_channel_that_is_not_allowed_is_refused(api: Api, tensorflow_channel: TinyChannel) -> None:
    url, evil = tensorflow_channel.url, "https://evil.example/c"
    files = [
        f"channels: [{evil}]\ndependencies: [numpy]\n",
        "channels: ['https://[']\ndependencies: [numpy]\n",
        "channels: [/etc]\ndependencies: [numpy]\n",
        "channels: [defaults]\ndependencies: [numpy]\n",
        "dependencies: ['evil::numpy']\n",
        f"@EXPLICIT\n{evil}/noarch/numpy-2.1.0-0.conda\n",
        f"@EXPLICIT\n{url}/../other/noarch/numpy-2.1.0-0.conda\n",
        f"@EXPLICIT\n{url}/%2e%2e/other/noarch/numpy-2.1.0-0.conda\n",
        f"@EXPLICIT\n{url}@evil.example/noarch/numpy-2.1.0-0.conda\n",
        "@EXPLICIT\nfile:///etc/noarch/numpy-2.1.0-0.conda\n",
    ]
    for text in files:
        status, reason, _ = await _refused(api, text)
        assert (status, reason) == (403, "channel-not-allowed"), text


async def test_a_lock_must_not_install_another_package_under_a_name(api: Api, tensorflow_channel: TinyChannel) -> None:
    url = f"{tensorflow_channel.url}/noarch/evil-9-0.conda"
    forged = f"""version: 7
platforms:
- name: {SUBDIR}
environments:
  default:
    channels:
    - url: {tensorflow_channel.url}
    packages:
      {SUBDIR}:
      - conda: {url}
packages:
- conda: {url}
  name: numpy
  version: 2.1.0
  build: '0'
  subdir: noarch
  noarch: generic
  sha256: '{"0" * 64}'
"""
    status, reason, message = await _refused(api, forged)
    assert (status, reason) == (400, "invalid-request"), message
    assert "another name" in message


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\ndependencies: *c\n"
LOCK = "version: 1\nmetadata: {platforms: []}\npackage:\n"
HOSTILE = [
    ("", "empty"),
    (" \n\t\n", "empty"),
    ("just words", "none of"),
    ("[1, 2]", "none of"),
    ("a: [", "neither YAML"),
    ("\x00\x01", "neither YAML"),
    ("dependencies: [\ud800]", "neither YAML"),
    (BOMB, "invalid value"),
    ("dependencies: !!python/object/apply:os.system ['id']", "tag"),
    ("dependencies: [!!python/name:os.system x]", "tag"),
    ("dependencies: " + "[" * 10_000 + "]" * 10_000, "nested"),
    ("dependencies: " + "[" * 10_000, "nested"),
    ("dependencies:\n" + "- numpy\n" * 700_000, "5 MB"),
    ("dependencies: numpy", "list"),
    ("dependencies: [[numpy]]", "invalid value"),
    ("dependencies: [{conda: [x]}]", "pip"),
    ("dependencies: []", "no conda package"),
    ("dependencies: [numpy]\nchannels: {a: b}", "list"),
    ("dependencies: [numpy]\n? [a, b]\n: c", "not a string"),
    ("@EXPLICIT\n# nothing", "no packages"),
    ("@EXPLICIT\nnumpy", "URL"),
    ("@EXPLICIT\n../../etc/passwd", "URL"),
    ("@EXPLICIT\nhttps://x/noarch/numpy-2.1.0-0.conda#zzz", "line of an explicit list"),
    ("@EXPLICIT\nhttps://x/noarch/..%2f..%2fx-1-0.conda", "URL"),
    ("@EXPLICIT\nhttps://[/noarch/numpy-2.1.0-0.conda", "URL"),
    ("# platform: osx-64\n@EXPLICIT\nhttps://x/osx-64/numpy-2.1.0-0.conda", "osx-64"),
    (LOCK + "- {name: a, platform: osx-64, manager: conda, url: x}", "osx-64"),
    (LOCK + "- {name: a, platform: linux-64, manager: conda, url: x, hash: {md5: zz}}", "md5"),
    (LOCK + "- [a]", "mapping"),
    ("version: 2\nmetadata: {}\npackage: []", "version 1"),
    ("version: 6\nenvironments: {}\npackages: []", "pixi.lock"),
]


@pytest.mark.parametrize(("text", "said"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_malformed_or_hostile_file_gets_a_clear_sentence(text: str, said: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        found = reading.read(text, None, SUBDIR)
        for package in found.pinned or ():
            exact.address(package.url, ["https://x"], SUBDIR)
    assert said in refused.value.message


async def test_a_hostile_file_is_a_bad_request(api: Api) -> None:
    for text, said in HOSTILE[:8]:
        if text.isprintable():
            status, reason, message = await _refused(api, text)
            assert (status, reason) == (400, "invalid-request")
            assert said in message


async def test_a_body_of_nothing_but_brackets_is_a_bad_request(api: Api) -> None:
    status, error = await api.call("POST", "plans", raw="[" * 1_000_000)
    assert (status, error["reason"]) == (400, "invalid-request")


async def test_a_file_of_fifty_megabytes_is_refused(api: Api) -> None:
    status, reason, message = await _refused(api, "x" * 50_000_000)
    assert (status, reason) == (400, "invalid-request")
    assert "larger than" in message


async def test_an_imported_name_that_is_a_path_is_refused(api: Api) -> None:
    for name in ("../evil", "/tmp/evil", "..", "a/b", "a\\b", "-n", "", "nul"):
        body = {"kind": "import", "name": name, "content": "name: ../evil\ndependencies: [numpy]"}
        status, error = await api.call("POST", "plans", body)
        assert (status, error["reason"]) == (422, "invalid-name"), name


async def test_a_spec_in_a_file_never_becomes_an_option_or_a_path(api: Api) -> None:
    for spec in ("--prefix=/tmp/x", "/tmp/x-1-0.conda", "https://example.org/x-1-0.conda", "numpy[url=file:///x]"):
        status, reason, _ = await _refused(api, f"dependencies: ['{spec}']")
        assert (status, reason) == (422, "invalid-spec"), spec


async def test_a_file_of_another_format_than_stated_is_refused(api: Api) -> None:
    status, _, message = await _refused(api, "dependencies: [numpy]", "pixi-lock")
    assert status == 400
    assert "environment.yml" in message
    status, _, message = await _refused(api, "dependencies: [numpy]", "toml")
    assert status == 400
    assert "format" in message


def test_a_conda_lock_of_several_platforms_is_read_for_this_one() -> None:
    def package(name: str, platform: str, **more: str) -> str:
        fields = {"name": name, "version": "1", "manager": "conda", "platform": platform, "category": "main", **more}
        return "- {" + ", ".join(f"{key}: {value}" for key, value in fields.items()) + "}\n"

    text = LOCK + "".join(
        [
            package("a", "linux-64", url="https://c/noarch/a-1-0.conda", dependencies="{python: '>=3.9', pip: ''}"),
            package("b", "osx-64", url="https://c/noarch/b-1-0.conda"),
            package("c", "linux-64", url="https://c/noarch/c-1-0.conda", category="dev"),
            package("d", "linux-64", manager="pip", url="https://p/d-1.whl"),
        ]
    )
    found = reading.read(text, None, SUBDIR)
    assert found.format == "conda-lock"
    assert found.pinned == (Pinned("https://c/noarch/a-1-0.conda", depends=("python >=3.9", "pip")),)
    assert [(each.label, each.files[0].url) for each in found.index.packages] == [("d 1", "https://p/d-1.whl")]
    assert any("dev" in note for note in found.notes)
