"""Test packages from a package index in a transaction: what comes, stays and leaves, and what is shared."""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.metadata
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.prefix import revisions, wheels
from tfenv_lab.conda.prefix.pypi import pypi_packages
from tfenv_lab.conda.prefix.state import fingerprint
from tfenv_lab.errors import JobFailed, TfenvError

from ...simple_index import SimpleIndex
from ...tiny_tensorflow import PYTHON, SITE
from ..conftest import Lab
from .conftest import EARLIER, EARLIER_SITE

GREET = {"greet/__init__.py": "def main():\n    import sys\n    print('hello from', sys.prefix)\n"}
ENTRY_POINTS = "[console_scripts]\ngreet = greet:main\n"


@pytest.fixture
def lab(python_lab: Lab) -> Lab:
    return python_lab


@pytest.fixture
def greet(simple_index: SimpleIndex) -> Any:
    """Add the package “greet”, with a command, to the index."""
    path = simple_index.add("greet", "1.0", files=GREET, entry_points=ENTRY_POINTS, scripts={"hi": "#!python\n1\n"})
    return simple_index.distribution(path)


def added(index: SimpleIndex, name: str, version: str = "1.0", **fields: Any) -> Any:
    return index.distribution(index.add(name, version, **fields))


def names(prefix: Path) -> list[tuple[str, str]]:
    return [(package.name, package.version) for package in pypi_packages(prefix)]


def run(prefix: Path, command: str) -> str:
    return subprocess.run([prefix / "bin" / command], capture_output=True, text=True, check=True).stdout


def require_true_records(prefix: Path) -> None:
    """Assert that the RECORD of every package from an index lists files as they are, and nothing else."""
    for info in (prefix / SITE).glob("*.dist-info"):
        for path, digest, size in csv.reader((info / "RECORD").read_text().splitlines()):
            content = (prefix / SITE / path).read_bytes()
            hashed = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            assert (digest, size) in ((f"sha256={hashed}", str(len(content))), ("", "")), path


async def test_packages_are_installed_beside_condas_and_remembered(
    lab: Lab, simple_index: SimpleIndex, greet: Any
) -> None:
    dependency = added(simple_index, "tiny-dep", "1.2", requires=["other ; extra == 'x'"])
    await lab.change("python", wheels=[greet, dependency], requirements={"greet": "greet>=1"})
    assert names(lab.prefix) == [("greet", "1.0"), ("tiny-dep", "1.2")]
    known = wheels.read(lab.prefix)
    assert known.requirements == {"greet": "greet>=1"}
    assert [(each.name, each.sha256) for each in known.distributions] == [
        ("greet", greet.sha256),
        ("tiny-dep", dependency.sha256),
    ]
    assert [need.split(" ")[0].split(";")[0] for need in known.distributions[1].requires] == ["other"]
    assert revisions.read(lab.prefix)[-1].requirements == {"greet": "greet>=1"}
    assert lab.beside() == ["tf"]
    assert sorted(path.name for path in lab.prefix.iterdir() if path.name.startswith(".")) == []


async def test_commands_run_at_the_final_prefix_and_records_are_true(lab: Lab, greet: Any) -> None:
    await lab.change("python", wheels=[greet])
    assert run(lab.prefix, "greet") == f"hello from {lab.prefix}\n"
    assert [path for path, (_, content) in lab.tree().items() if b".tfenv-new" in content] == []
    require_true_records(lab.prefix)


async def test_only_what_was_requested_is_marked_so_also_when_that_changes(
    lab: Lab, simple_index: SimpleIndex, greet: Any
) -> None:
    dependency = added(simple_index, "tiny-dep")

    def marked() -> list[str]:
        return sorted(path.parent.name for path in (lab.prefix / SITE).glob("*.dist-info/REQUESTED"))

    await lab.change("python", wheels=[greet, dependency], requirements={"greet": "greet"})
    assert marked() == ["greet-1.0.dist-info"]
    await lab.change("python", wheels=[greet, dependency], requirements={"tiny-dep": "tiny-dep"}, job="1job")
    assert marked() == ["tiny_dep-1.0.dist-info"]
    require_true_records(lab.prefix)
    installers = {path.read_text() for path in (lab.prefix / SITE).glob("*.dist-info/INSTALLER")}
    assert installers == {"uv"}


async def test_files_are_shared_with_uvs_cache_and_between_environments(lab: Lab, greet: Any) -> None:
    other = lab.prefix.with_name("other")
    await lab.change("python", wheels=[greet])
    await lab.change("python", wheels=[greet], prefix=other, job="1job")
    module = f"{SITE}/greet/__init__.py"
    assert (lab.prefix / module).samefile(other / module)


async def test_what_is_in_uvs_cache_is_installed_without_the_index(
    lab: Lab, simple_index: SimpleIndex, greet: Any
) -> None:
    await lab.change("python", wheels=[greet])
    simple_index.down()
    await lab.change("python", wheels=[greet], prefix=lab.prefix.with_name("other"), job="1job")
    assert names(lab.prefix.with_name("other")) == [("greet", "1.0")]


async def test_an_update_replaces_one_package_and_leaves_the_others_alone(
    lab: Lab, simple_index: SimpleIndex, greet: Any
) -> None:
    old = added(simple_index, "data", "1.0", files={"data/__init__.py": "", "data/old.py": "", "old_data.py": ""})
    new = added(simple_index, "data", "2.0", files={"data/__init__.py": "", "data/new.py": ""})
    await lab.change("python", wheels=[greet, old])
    site = lab.prefix / SITE
    module = (site / "greet/__init__.py").stat().st_ino
    simple_index.requests.clear()
    await lab.change("python", wheels=[greet, new], job="1job")
    assert names(lab.prefix) == [("data", "2.0"), ("greet", "1.0")]
    assert sorted(path.name for path in (site / "data").iterdir()) == ["__init__.py", "__pycache__", "new.py"]
    assert not (site / "old_data.py").exists()
    assert (site / "greet/__init__.py").stat().st_ino == module
    assert {path.rsplit("/")[-1] for path, _ in simple_index.requests} == {"data-2.0-py3-none-any.whl"}


async def test_a_package_that_leaves_leaves_nothing_but_what_users_added(
    lab: Lab, simple_index: SimpleIndex, greet: Any
) -> None:
    await lab.change("python", wheels=[])
    before = set(lab.tree())
    await lab.change("python", wheels=[greet], requirements={"greet": "greet"}, job="1job")
    (lab.prefix / SITE / "greet" / "notes.txt").write_text("mine")
    await lab.change("python", wheels=[], job="2job")
    found = {path for path in lab.tree() if not path.startswith("conda-meta/")}
    assert found - before == {f"{SITE}/greet/notes.txt"}
    assert not (lab.prefix / "conda-meta/tfenv_lab/pypi.json").exists()


async def test_a_file_that_two_packages_have_stays_with_the_other(lab: Lab, simple_index: SimpleIndex) -> None:
    one, other = (
        added(simple_index, name, files={f"{name}.py": "", "tests/__init__.py": ""}) for name in ("one", "other")
    )
    await lab.change("python", wheels=[one, other])
    await lab.change("python", wheels=[other], job="1job")
    assert (lab.prefix / SITE / "tests/__init__.py").exists()
    assert not (lab.prefix / SITE / "one.py").exists()


async def test_a_file_that_pips_package_has_too_stays_with_it(lab: Lab, simple_index: SimpleIndex) -> None:
    one, other = (
        added(simple_index, name, files={f"{name}.py": "", "tests/__init__.py": ""}) for name in ("one", "other")
    )
    await lab.change("python", wheels=[one, other])
    (lab.prefix / "conda-meta/tfenv_lab/pypi.json").unlink()
    await lab.change("python", wheels=[], others_removed=["one"], job="1job")
    assert names(lab.prefix) == [("other", "1.0")]
    assert (lab.prefix / SITE / "tests/__init__.py").exists()


async def test_what_pip_installed_stays_until_it_is_removed(lab: Lab, simple_index: SimpleIndex, greet: Any) -> None:
    theirs = added(simple_index, "theirs")
    await lab.change("python", wheels=[greet, theirs])
    (lab.prefix / "conda-meta/tfenv_lab/pypi.json").unlink()
    await lab.change("python", "tool", wheels=[], job="1job")
    assert names(lab.prefix) == [("greet", "1.0"), ("theirs", "1.0")]
    await lab.change("python", wheels=[], others_removed=["greet"], job="2job")
    assert names(lab.prefix) == [("theirs", "1.0")]
    assert not (lab.prefix / "bin/greet").exists()


async def test_what_pip_installed_is_adopted_by_a_lock_that_has_it(
    lab: Lab, simple_index: SimpleIndex, greet: Any
) -> None:
    old = added(simple_index, "data", "1.0", files={"data.py": "", "only_old.py": ""})
    new = added(simple_index, "data", "2.0", files={"data.py": "2"})
    await lab.change("python", wheels=[greet, old])
    (lab.prefix / "conda-meta/tfenv_lab/pypi.json").unlink()
    await lab.change("python", wheels=[new], requirements={"data": "data"}, job="1job")
    assert names(lab.prefix) == [("data", "2.0"), ("greet", "1.0")]
    assert [each.name for each in wheels.read(lab.prefix).distributions] == ["data"]
    assert not (lab.prefix / SITE / "only_old.py").exists()


async def test_a_package_without_a_list_of_its_files_is_not_half_removed(lab: Lab, greet: Any) -> None:
    await lab.change("python", wheels=[greet])
    (lab.prefix / SITE / "greet-1.0.dist-info/RECORD").unlink()
    before = lab.tree()
    with pytest.raises(JobFailed, match=r"greet cannot be removed .*RECORD"):
        await lab.change("python", wheels=[], job="1job")
    assert lab.tree() == before
    assert lab.beside() == ["tf"]


async def test_a_conda_package_takes_over_a_project(lab: Lab, simple_index: SimpleIndex) -> None:
    wheel = added(simple_index, "data", files={"data/__init__.py": "", "data/wheels.py": ""})
    await lab.change("python", wheels=[wheel], requirements={"data": "data"})
    await lab.change("python", "data", wheels=[], job="1job")
    site = lab.prefix / SITE
    assert (site / "data/__init__.py").read_text() == "conda's"
    assert not (site / "data/wheels.py").exists()
    assert sorted(path.name for path in site.glob("data-*.dist-info")) == ["data-2.0.dist-info"]


async def test_a_wheel_takes_over_from_a_conda_package(lab: Lab, simple_index: SimpleIndex) -> None:
    wheel = added(simple_index, "data", files={"data/__init__.py": "wheel = 1"})
    await lab.change("python", "data")
    await lab.change("python", wheels=[wheel], job="1job")
    site = lab.prefix / SITE
    assert (site / "data/__init__.py").read_text() == "wheel = 1"
    assert not (site / "data/condas.py").exists()


@pytest.mark.parametrize("origin", ["copy", "move"])
async def test_a_copy_and_a_renamed_environment_have_both_kinds(lab: Lab, greet: Any, origin: str) -> None:
    await lab.change("python", "tool", wheels=[greet], requirements={"greet": "greet"})
    before = lab.tree()
    other = lab.prefix.with_name("other")
    mark = fingerprint(lab.prefix) if origin == "move" else None
    fields: dict[str, Any] = {
        "origin": origin,
        "source": lab.prefix,
        "fingerprint": mark,
        "requirements": {"greet": "greet"},
    }
    await lab.change("python", "tool", wheels=[greet], prefix=other, job="1job", **fields)
    assert run(other, "greet") == f"hello from {other}\n"
    assert wheels.read(other).requirements == {"greet": "greet"}
    assert names(other) == [("greet", "1.0")]
    require_true_records(other)
    assert [path for path, (_, content) in lab.tree(other).items() if f"{lab.prefix}/".encode() in content] == []
    if origin == "copy":
        assert lab.tree() == before
        assert (other / SITE / "greet/__init__.py").samefile(lab.prefix / SITE / "greet/__init__.py")


@pytest.mark.parametrize("name", ["with space", "long" * 35])
async def test_commands_run_in_a_copy_whose_path_cannot_be_in_a_first_line(lab: Lab, greet: Any, name: str) -> None:
    await lab.change("python", wheels=[greet])
    other = lab.prefix.with_name(name)
    await lab.change("python", wheels=[greet], prefix=other, job="1job", origin="copy", source=lab.prefix)
    assert run(other, "greet") == f"hello from {other}\n"
    require_true_records(other)


async def test_a_copy_with_other_packages_has_both_kinds(lab: Lab, simple_index: SimpleIndex, greet: Any) -> None:
    await lab.change("python", wheels=[greet])
    before = lab.tree()
    other, data = lab.prefix.with_name("other"), added(simple_index, "data")
    fields: dict[str, Any] = {"origin": "copy", "source": lab.prefix, "job": "1job", "prefix": other}
    await lab.change("python", "tool", wheels=[data], **fields)
    assert names(other) == [("data", "1.0")]
    assert lab.tree() == before


async def test_a_revert_brings_back_both_kinds(lab: Lab, simple_index: SimpleIndex, greet: Any) -> None:
    await lab.change("python", wheels=[greet], requirements={"greet": "greet"})
    before = {path: content for path, content in lab.tree().items() if not path.startswith("conda-meta/")}
    await lab.change("python", "tool", wheels=[added(simple_index, "data")], job="1job")
    await lab.change("python", wheels=[greet], requirements={"greet": "greet"}, job="2job", kind="revert")
    after = {path: content for path, content in lab.tree().items() if not path.startswith("conda-meta/")}
    assert after == before


async def test_another_python_has_all_packages_anew_and_keeps_pips(lab: Lab, greet: Any) -> None:
    await lab.change(f"python {EARLIER}.*")
    old = lab.prefix / EARLIER_SITE
    for name in ("greet-1.0", "theirs-1.0"):
        (old / f"{name}.dist-info").mkdir()
        (old / f"{name}.dist-info/RECORD").write_text(f"{name}.py,,\n")
        (old / f"{name}.py").write_text("")
    wheels.write(lab.prefix, wheels.Managed({}, (greet,)))
    await lab.change(f"python {PYTHON}.*", wheels=[greet], job="1job")
    assert run(lab.prefix, "greet") == f"hello from {lab.prefix}\n"
    assert not (old / "greet-1.0.py").exists()
    assert not (old / "greet-1.0.dist-info").exists()
    assert (old / "theirs-1.0.py").exists()


async def test_a_project_requested_by_url_keeps_its_origin_as_pip_records_it(
    lab: Lab, simple_index: SimpleIndex, greet: Any
) -> None:
    data = added(simple_index, "data")
    await lab.change("python", wheels=[greet, data], requirements={"greet": f"greet @ {greet.url}", "data": "data"})
    found = {path.parent.name: json.loads(path.read_text()) for path in lab.prefix.rglob("direct_url.json")}
    assert {name: origin["url"] for name, origin in found.items()} == {"greet-1.0.dist-info": greet.url}


async def test_a_source_archive_is_built(lab: Lab, simple_index: SimpleIndex) -> None:
    source = simple_index.distribution(simple_index.add_source("built", "1.0"))
    await lab.change("python", wheels=[source])
    assert names(lab.prefix) == [("built", "1.0")]


async def test_a_project_in_a_directory_is_built(lab: Lab, simple_index: SimpleIndex, tmp_path: Path) -> None:
    import tarfile

    with tarfile.open(simple_index.add_source("built", "1.0")) as archive:
        archive.extractall(tmp_path / "source")
    place = tmp_path / "source" / "built-1.0"
    source = simple_index.distribution(simple_index.add_source("built", "1.0"), url=place.as_uri(), sha256=None)
    await lab.change("python", wheels=[source], requirements={"built": f"built @ {place.as_uri()}"})
    assert names(lab.prefix) == [("built", "1.0")]


async def test_a_file_without_a_hash_is_refused(lab: Lab, simple_index: SimpleIndex, greet: Any) -> None:
    with pytest.raises(JobFailed, match="no hash for greet-1"):
        await lab.change("python", wheels=[type(greet)(greet.name, greet.version, greet.url)])
    assert lab.beside() == []


async def test_packages_without_a_python_are_refused(lab: Lab, greet: Any) -> None:
    with pytest.raises(TfenvError, match="need Python"):
        await lab.change("tool", wheels=[greet])
    assert lab.beside() == []


async def test_pip_and_uv_list_what_we_list(lab: Lab, simple_index: SimpleIndex, greet: Any) -> None:
    from tfenv_lab.pypi.uv import binary

    await lab.change("python", "pip", wheels=[greet, added(simple_index, "tiny-dep", "1.2")])
    python = str(lab.prefix / "bin/python")
    listed = {
        "pip": [python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"],
        "uv": [binary(), "pip", "list", "--format", "json", "--python", python],
    }
    ours = dict(names(lab.prefix))
    for tool, command in listed.items():
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = {each["name"]: each["version"] for each in json.loads(done.stdout) if each["name"] != "pip"}
        assert found == ours, tool
    metadata = importlib.metadata.distributions(path=[str(lab.prefix / SITE)])
    assert {each.name: each.version for each in metadata} == ours
    subprocess.run([python, "-m", "pip", "uninstall", "-y", "greet"], capture_output=True, check=True)
    assert [each.name for each in wheels.read(lab.prefix).distributions] == ["tiny-dep"]
    assert not (lab.prefix / "bin/greet").exists()
