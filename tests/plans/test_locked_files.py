"""Test files that lock packages from an index: the same files come back, or the plan says why not."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest

from .. import python_package
from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel

FORMATS = ["explicit", "conda-lock", "pixi-lock", "pylock"]


@pytest.fixture
def tensorflow_channel(channel: TinyChannel, tmp_path: Path) -> TinyChannel:
    """A channel with a Python that has its own prefix, and one package with Python modules."""
    python_package.add(channel, tmp_path / "pip")
    channel.add("ipykernel", "7.0.0", noarch="generic", depends=["python"])
    channel.add("numpy", "2.1.0", noarch="generic", depends=["python"])
    channel.index()
    return channel


@pytest.fixture
def lines(channel: TinyChannel) -> list[str]:
    """The lines of an explicit list with Python alone."""
    (python,) = channel.root.glob("*/python-*.conda")
    return ["@EXPLICIT", python.as_uri()]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def entry(plan: dict[str, Any], name: str) -> dict[str, Any]:
    found = [each for each in plan["entries"] if each["name"] == name and each["source"] == "pypi"]
    assert found, f"{name} is not in the plan"
    return dict(found[0])


def said(plan: dict[str, Any]) -> str:
    return "\n".join(each["message"] for each in plan["warnings"])


def without_conda(text: str) -> str:
    """Return a pylock.toml without its comment on conda's packages, which it cannot hold."""
    return "\n".join(line for line in text.splitlines() if "left out" not in line)


def from_index(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in answer["packages"] if each["source"] == "pypi"]


async def refused(api: Api, content: str, **fields: Any) -> tuple[int, dict[str, Any]]:
    status, error = await api.call("POST", "plans", {"kind": "import", "name": "new", "content": content, **fields})
    assert status >= 400, error
    return status, error


async def export(api: Api, name: str, format_: str) -> str:
    identity = (await api.environment(name))["id"]
    _, text = await api.call("GET", f"environments/{identity}/export?format={format_}")
    return str(text)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("place", ["an index", "a directory"])
async def test_an_export_is_the_same_after_an_import(
    api: Api, simple_index: SimpleIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, format_: str
) -> None:
    simple_index.add("greet", "1.0", requires=["hello>=1"])
    hello = simple_index.add("hello", "1.2")
    if place == "a directory":
        folder = tmp_path / "some wheels"
        folder.mkdir()
        shutil.move(hello, folder)
        del simple_index.files["hello"]
        monkeypatch.setenv("PIP_FIND_LINKS", folder.as_uri())
    job = await api.apply(kind="create", name="one", packages=["pypi:greet>=1"])
    assert job["state"] == "succeeded", job
    first = await export(api, "one", format_)
    assert len(re.findall(r"\b[0-9a-f]{64}\b", first)) >= 2
    simple_index.add("greet", "1.0", tag="py2.py3-none-any", files={"greet/other.py": ""})
    simple_index.add("greet", "1.1", requires=["hello>=1"])
    plan = await api.plan(kind="import", name="two", content=first)
    assert (entry(plan, "greet")["requested"], entry(plan, "hello")["requested"]) == (True, False)
    job = await api.apply(kind="import", name="two", content=first)
    assert job["state"] == "succeeded", job
    second = await export(api, "two", format_)
    assert without_conda(second) == without_conda(first) if format_ == "pylock" else second == first
    one, two = [await api.environment(name) for name in ("one", "two")]
    _, before = await api.call("GET", f"environments/{one['id']}/packages")
    _, after = await api.call("GET", f"environments/{two['id']}/packages")
    assert from_index(after) == from_index(before)


async def test_another_file_of_a_locked_version_is_refused_with_the_way_on(
    api: Api, simple_index: SimpleIndex, lines: list[str]
) -> None:
    wheel = simple_index.add("greet", "1.0")
    text = "\n".join([*lines, f"# pip greet @ https://x.example/{wheel.name} --hash=sha256:{'ab' * 32}"])
    status, error = await refused(api, text)
    assert (status, error["reason"]) == (422, "unsatisfiable")
    for part in ("ab" * 32, digest(wheel)):
        assert part in error["details"]
    ways = [each["plan_request"] for each in error["alternatives"]]
    assert [way["builds"] for way in ways] == ["versions", "names"]
    for way in ways:
        assert entry(await api.plan(**way), "greet")["to"]["version"] == "1.0"


@pytest.mark.parametrize("hides_hashes", [False, True])
async def test_a_wrong_hash_is_refused_in_the_plan_if_the_index_states_the_right_one_and_in_the_job_otherwise(
    api: Api, simple_index: SimpleIndex, hides_hashes: bool
) -> None:
    wheel = simple_index.add("greet", "1.0")
    content = (
        'lock-version = "1.0"\ncreated-by = "me"\n[[packages]]\nname = "greet"\nversion = "1.0"\n'
        f'wheels = [{{ url = "{simple_index.file_url(wheel)}", size = {wheel.stat().st_size}, '
        f'hashes = {{ sha256 = "{"ab" * 32}" }} }}]\n'
    )
    simple_index.hides_hashes = hides_hashes
    if not hides_hashes:
        status, error = await refused(api, content)
        assert (status, error["reason"]) == (422, "unsatisfiable")
        assert "greet 1.0" in error["message"]
        assert wheel.name in error["details"]
        return
    job = await api.apply(kind="import", name="new", content=content)
    assert (job["state"], job["error"]["reason"]) == ("failed", "hash-mismatch"), job
    assert job["error"]["message"].endswith(" Nothing was changed.")
    _, found = await api.call("GET", "environments")
    assert "new" not in [each["name"] for each in found["environments"]]


async def test_a_lock_without_python_says_so_and_offers_one(api: Api, simple_index: SimpleIndex) -> None:
    wheel = simple_index.add("greet", "1.0")
    status, error = await refused(
        api, f"@EXPLICIT\n# pip greet @ {simple_index.file_url(wheel)}#sha256={digest(wheel)}\n"
    )
    assert (status, error["message"]) == (400, "The file has Python packages, but no Python for them: greet 1.0.")
    assert "Python" in error["hint"]
    plan = await api.plan(**error["alternatives"][0]["plan_request"])
    assert {"python", "greet"} <= {each["name"] for each in plan["entries"]}


async def test_packages_are_installed_without_pip(api: Api, simple_index: SimpleIndex, lines: list[str]) -> None:
    wheel = simple_index.add("greet", "1.0")
    text = "\n".join([*lines, f"# pip greet @ {simple_index.file_url(wheel)}#sha256={digest(wheel)}"])
    job = await api.apply(kind="import", name="new", content=text)
    assert job["state"] == "succeeded", job
    environment = await api.environment("new")
    _, found = await api.call("GET", f"environments/{environment['id']}/packages")
    assert {each["name"] for each in found["packages"]} == {"python", "greet"}


async def test_a_project_of_conda_and_of_the_index_must_agree(
    api: Api, simple_index: SimpleIndex, lines: list[str], channel: TinyChannel
) -> None:
    (numpy,) = channel.root.glob("*/numpy-*.conda")
    for version in ("2.1.0", "2.5.0"):
        wheel = simple_index.add("numpy", version)
        text = "\n".join(
            [*lines, numpy.as_uri(), f"# pip numpy @ {simple_index.file_url(wheel)}#sha256={digest(wheel)}"]
        )
        if version == "2.1.0":
            plan = await api.plan(kind="import", name="new", content=text)
            assert [each["source"] for each in plan["entries"] if each["name"] == "numpy"] == ["conda"]
            assert "numpy 2.1.0" in said(plan)
        else:
            _, error = await refused(api, text)
            assert "numpy 2.5.0 (from a channel: 2.1.0)" in error["message"]


async def test_a_pylock_of_ours_is_completed_with_what_conda_provided(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "1.0", requires=["numpy>=2"])
    job = await api.apply(kind="create", name="one", packages=["numpy", "pypi:greet"])
    assert job["state"] == "succeeded", job
    text = await export(api, "one", "pylock")
    simple_index.add("numpy", "2.5.0")
    plan = await api.plan(kind="import", name="two", content=text)
    assert entry(plan, "numpy")["to"]["version"] == "2.5.0"
    assert "The file leaves out packages that others need, and the newest that fit are taken: numpy." in said(plan)
    plan = await api.plan(kind="import", name="two", content=text.replace('"tfenv_lab"', '"another tool"'))
    assert "numpy" not in {each["name"] for each in plan["entries"]}, "other tools' locks are complete"


class TestHashesOfRequirements:
    """Lines of a requirements.txt, or of a section ``pip:``, with ``--hash``."""

    @pytest.mark.parametrize("format_", ["requirements", "environment-yml"])
    @pytest.mark.parametrize("tag", ["py3-none-any", "py2.py3-none-any"])
    async def test_choose_the_file(self, api: Api, simple_index: SimpleIndex, tag: str, format_: str) -> None:
        wheels = {each: simple_index.add("greet", "1.0", tag=each) for each in ("py3-none-any", "py2.py3-none-any")}
        line = f"greet>=1 --hash=sha256:{'ab' * 32} --hash=sha256:{digest(wheels[tag])}"
        yml = f"dependencies: [python, pip, {{pip: ['{line}']}}]"
        plan = await api.plan(kind="import", name="new", content=line if format_ == "requirements" else yml)
        assert entry(plan, "greet")["to"]["build"] == tag
        assert "ignored" not in said(plan)

    async def test_count_for_the_line_of_this_python(self, api: Api, simple_index: SimpleIndex) -> None:
        digests = {version: digest(simple_index.add("greet", version)) for version in ("1.0", "2.0")}
        text = (
            f"greet==1.0; python_version < '3.12' --hash=sha256:{digests['1.0']}\n"
            f"greet==2.0; python_version >= '3.12' --hash=sha256:{digests['2.0']}\n"
            "old; python_version < '3'\n"
        )
        plan = await api.plan(kind="import", name="new", content=text)
        found = [(e["name"], e["to"]["version"]) for e in plan["entries"] if e["source"] == "pypi"]
        assert found == [("greet", "1.0")]

    async def test_refuse_other_files(self, api: Api, simple_index: SimpleIndex) -> None:
        wheel = simple_index.add("greet", "1.0")
        status, error = await refused(api, f"greet==1.0 --hash=sha256:{'ab' * 32}\n")
        assert (status, error["reason"]) == (422, "unsatisfiable")
        assert "ab" * 32 in error["details"]
        assert digest(wheel) in error["details"]
        plan = await api.plan(**error["alternatives"][0]["plan_request"])
        assert entry(plan, "greet")["to"]["version"] == "1.0"


async def test_a_source_archive_of_a_lock_is_built_if_the_request_permits_it(
    api: Api, simple_index: SimpleIndex, lines: list[str]
) -> None:
    source = simple_index.add_source("greet", "1.0")
    text = "\n".join([*lines, f"# pip greet @ {simple_index.file_url(source)}#sha256={digest(source)}"])
    _, error = await refused(api, text)
    assert error["reason"] == "build-needed"
    assert "greet 1.0" in error["message"]
    job = await api.apply(kind="import", name="new", content=text, source_builds=True)
    assert job["state"] == "succeeded", job


async def test_a_notebook_gets_other_files_of_the_same_versions_and_says_so(
    api: Api, simple_index: SimpleIndex
) -> None:
    wheel = simple_index.add("greet", "1.0")
    await api.apply(kind="create", name="one", packages=["pypi:greet"])
    identity = (await api.environment("one"))["id"]
    _, record = await api.call("GET", f"environments/{identity}/export?format=notebook")
    plan = await api.plan(kind="import", name="two", content=json.dumps(record))
    assert "Other files" not in said(plan)
    lock = zlib.decompress(base64.b64decode(record["lock"])).replace(digest(wheel).encode(), b"ab" * 32)
    record["lock"] = base64.b64encode(zlib.compress(lock.replace(b"127.0.0.1", b"x.example"))).decode()
    plan = await api.plan(kind="import", name="two", content=json.dumps(record))
    assert (entry(plan, "greet")["to"]["version"], entry(plan, "greet")["requested"]) == ("1.0", True)
    assert "The exact file of greet 1.0 cannot be found. Other files of the same versions are taken." in said(plan)


UV_LOCK = """
version = 1
revision = 3
requires-python = ">=3.10"

[[package]]
name = "proj"
version = "0.1"
source = { virtual = "." }
dependencies = [
  { name = "greet", extra = ["loud"] },
  { name = "part" },
  { name = "old", marker = "python_full_version < '3'" },
]

[package.dev-dependencies]
dev = [{ name = "tests" }]

[package.metadata]
requires-dist = [{ name = "greet", extras = ["loud"], specifier = ">=1" }, { name = "part", editable = "part" }]

[[package]]
name = "part"
version = "1.0"
source = { editable = "part" }
dependencies = [{ name = "hello" }]

"""


async def test_a_uv_lock_gives_exactly_what_its_project_needs(api: Api, simple_index: SimpleIndex) -> None:
    text = UV_LOCK
    for name, more in (
        ("greet", 'optional-dependencies = { loud = [{ name = "noise" }] }'),
        *((n, "") for n in ("hello", "noise", "old", "tests")),
    ):
        wheel = simple_index.add(name, "1.0")
        hashed = f'{{ url = "{simple_index.file_url(wheel)}", hash = "sha256:{digest(wheel)}", size = 3 }}'
        source = f'source = {{ registry = "{simple_index.url}" }}'
        text += f'[[package]]\nname = "{name}"\nversion = "1.0"\n{source}\n{more}\nwheels = [{hashed}]\n\n'
        simple_index.add(name, "2.0")
    plan = await api.plan(kind="import", name="new", content=text, format="uv-lock")
    found = {each["name"]: each["to"]["version"] for each in plan["entries"] if each["source"] == "pypi"}
    assert found == {"greet": "1.0", "hello": "1.0", "noise": "1.0"}
    assert {each["name"] for each in plan["entries"] if each["requested"]} == {"greet", "python"}
    assert "part (from part)" in said(plan)
    assert "proj" in said(plan)
    assert "Packages in these categories are left out: dev. Taken: main." in said(plan)


async def test_a_package_is_added_to_a_lock_without_other_versions_of_its_packages(
    api: Api, simple_index: SimpleIndex
) -> None:
    wheel = simple_index.add("numpy", "2.0.0")
    simple_index.add("numpy", "2.5.0")
    simple_index.add("plots", "1.0", requires=["numpy"])
    hashed = f'wheels = [{{ url = "{simple_index.file_url(wheel)}", hashes = {{ sha256 = "{digest(wheel)}" }} }}]'
    text = f'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "numpy"\nversion = "2.0.0"\n{hashed}\n'
    for added in ("plots", "pypi:plots>=1"):
        plan = await api.plan(kind="import", name="new", content=text, packages=[added])
        found = {each["name"]: each["to"]["version"] for each in plan["entries"] if each["source"] == "pypi"}
        assert found == {"numpy": "2.0.0", "plots": "1.0"}


async def test_a_pyproject_is_solved(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "1.0")
    simple_index.add("torch", "1.0")
    text = """
[project]
name = "proj"
requires-python = ">=3.10"
dependencies = ["greet>=1", "torch", "old; python_version < '3'"]

[tool.uv.sources]
torch = { index = "pytorch" }
"""
    plan = await api.plan(kind="import", name="new", content=text, format="pyproject")
    assert [each["name"] for each in plan["entries"] if each["source"] == "pypi"] == ["greet"]
    assert "torch (from the index pytorch)" in said(plan)


def repository(folder: Path) -> str:
    """Make a Git repository of the source of a project, and return its commit."""
    identity = {f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True, env={**os.environ, **identity})
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


class TestOtherOrigins:
    """Packages of a lock that are from a repository or a directory, never from an index instead."""

    @pytest.fixture
    def source(self, simple_index: SimpleIndex, tmp_path: Path) -> Path:
        """A directory with the source of greet 1.0; the index has a wheel of the same version."""
        archive = simple_index.add_source("greet", "1.0")
        shutil.unpack_archive(archive, tmp_path)
        del simple_index.files["greet"]
        simple_index.add("greet", "1.0")
        return tmp_path / "greet-1.0"

    async def test_a_commit_is_built_if_the_request_permits_it(
        self, api: Api, simple_index: SimpleIndex, source: Path, lines: list[str]
    ) -> None:
        commit = repository(source)
        text = "\n".join([*lines, f"# pip greet @ git+{source.as_uri()}@{commit}"])
        status, error = await refused(api, text)
        assert (status, error["reason"]) == (422, "build-needed")
        assert "greet (from git+" in error["message"]
        job = await api.apply(kind="import", name="new", content=text, source_builds=True)
        assert job["state"] == "succeeded", job
        again = await export(api, "new", "explicit")
        assert f"# pip greet @ git+{source.as_uri()}@{commit}" in again
        assert f"# requested: pypi:greet @ git+{source.as_uri()}@{commit}" in again

    async def test_a_directory_is_built_if_the_request_permits_it(
        self, api: Api, simple_index: SimpleIndex, source: Path, lines: list[str]
    ) -> None:
        text = "\n".join([*lines, f"# pip greet @ {source.as_uri()}"])
        _, error = await refused(api, text)
        assert error["reason"] == "build-needed"
        plan = await api.plan(kind="import", name="new", content=text, source_builds=True)
        assert entry(plan, "greet")["to"]["build"] == "source"

    @pytest.mark.parametrize(
        ("origin", "reason"),
        [
            ("./greet", "does not say where this path begins"),
            ("git+https://x.example/greet.git@main", "names no commit"),
            ("file:///nowhere/greet", "does not exist"),
        ],
    )
    async def test_what_cannot_be_had_is_named(
        self, api: Api, simple_index: SimpleIndex, source: Path, lines: list[str], origin: str, reason: str
    ) -> None:
        plan = await api.plan(kind="import", name="new", content="\n".join([*lines, f"# pip greet @ {origin}"]))
        assert f"greet (from {origin})" in said(plan)
        assert reason in said(plan)
        assert "greet" not in {each["name"] for each in plan["entries"]}

    @pytest.mark.parametrize("settings", [{"allow_url_requirements": False}, {"allow_source_builds": False}])
    async def test_what_the_administrator_forbids_is_named(
        self, api: Api, simple_index: SimpleIndex, source: Path, lines: list[str]
    ) -> None:
        text = "\n".join([*lines, f"# pip greet @ git+{source.as_uri()}@{repository(source)}"])
        plan = await api.plan(kind="import", name="new", content=text)
        assert "administrator does not permit" in said(plan)
        assert "greet" not in {each["name"] for each in plan["entries"]}

    async def test_an_archive_of_a_url_must_have_its_hash(
        self, api: Api, simple_index: SimpleIndex, tmp_path: Path
    ) -> None:
        other = SimpleIndex(tmp_path / "other")
        other.directory.mkdir()
        other.up()
        wheel = other.add("greet", "1.0", files={"greet/of_the_other.py": ""})
        for digest_, is_taken in ((digest(wheel), True), ("ab" * 32, False)):
            archive = f'archive = {{ url = "{other.file_url(wheel)}", hashes = {{ sha256 = "{digest_}" }} }}'
            text = f'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "greet"\nversion = "1.0"\n{archive}\n'
            if is_taken:
                job = await api.apply(kind="import", name="new", content=text)
                assert job["state"] == "succeeded", job
                prefix = Path((await api.environment("new"))["prefix"])
                assert list(prefix.glob("lib/*/site-packages/greet/of_the_other.py"))
            else:
                _, error = await refused(api, text.replace("x", "y", 1), name="second")
                assert "ab" * 32 in error["details"]
        other.down()
