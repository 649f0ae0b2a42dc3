"""Repair environments whose files differ from their packages, in the ways in which users and pip damage them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..checkable import check, create, fill, pip_install
from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tensorflow.checks.fake_environment import tensorflow_code
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import SITE


@pytest.fixture(autouse=True)
def clean_variables(jp_environ: None, monkeypatch: pytest.MonkeyPatch) -> None:
    # Servers in tests start with a PYTHONPATH that has this interpreter's packages.
    monkeypatch.delenv("PYTHONPATH", raising=False)


@pytest.fixture
def tensorflow_channel(channel: TinyChannel, tmp_path: Path) -> TinyChannel:
    return fill(channel, tmp_path / "pip")


def site(environment: Any) -> Path:
    return Path(environment["prefix"]) / SITE


async def files(api: Api, environment: Any, contents: bool = False) -> Any:
    """Return the names of the packages whose files differ, by the kind of the difference."""
    query = "?contents=true" if contents else ""
    status, found = await api.call("GET", f"environments/{environment['id']}/files{query}")
    assert status == 200, found
    return {kind: [package["name"] for package in packages] for kind, packages in found.items() if packages}


async def repair(api: Api, environment: Any) -> dict[str, str]:
    """Repair an environment, and return the actions of the plan by package."""
    plan = await api.plan(kind="repair", environment=environment["id"])
    status, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert status == 202, job
    job = await api.finished(job["id"])
    assert job["state"] == "succeeded", job
    assert await files(api, environment, contents=True) == {}
    return {entry["name"]: entry["action"] for entry in plan["entries"]}


def edited(path: Path, text: str) -> None:
    """Edit a file as editors do that write into it, which also changes its other hard links."""
    with path.open("r+") as file:
        file.write(text)


# What is compared


async def test_a_healthy_environment_has_nothing_to_repair(api: Api) -> None:
    environment = await create(api)
    assert await files(api, environment) == {}
    assert await files(api, environment, contents=True) == {}
    plan = await api.plan(kind="repair", environment=environment["id"])
    assert plan["entries"] == []
    status, error = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert (status, error["reason"]) == (400, "invalid-request")


async def test_files_that_python_and_users_add_are_not_damage(api: Api) -> None:
    environment = await create(api)
    cached = site(environment) / "h5py" / "__pycache__"
    cached.mkdir()
    (cached / "__init__.cpython-311.pyc").write_bytes(b"x")
    (site(environment) / "h5py" / "mine.py").write_text("")
    (Path(environment["prefix"]) / "notebook.ipynb").write_text("{}")
    assert await files(api, environment, contents=True) == {}


async def test_a_missing_and_an_altered_file(api: Api) -> None:
    environment = await create(api)
    (site(environment) / "h5py" / "__init__.py").unlink()
    path = site(environment) / "keras" / "__init__.py"
    path.unlink()
    path.write_text("__version__ = 'mine'\n")
    _, found = await api.call("GET", f"environments/{environment['id']}/files")
    h5py = {"name": "h5py", "version": "3.12.1", "source": "conda", "overwritten_by": None}
    assert found["missing"] == [{**h5py, "files": [f"{SITE}/h5py/__init__.py"]}]
    assert [package["name"] for package in found["altered"]] == ["keras"]


async def test_only_reading_shows_a_change_that_keeps_size_and_time(api: Api) -> None:
    environment = await create(api)
    path = site(environment) / "h5py" / "__init__.py"
    status, text = path.stat(), path.read_text()
    edited(path, text.replace("3.12.1", "9.12.1"))
    os.utime(path, (status.st_atime, status.st_mtime))
    assert await files(api, environment) == {}
    assert await files(api, environment, contents=True) == {"altered": ["h5py"]}
    assert await repair(api, environment) == {"h5py": "repair"}


async def test_a_file_that_was_only_touched_is_intact(api: Api) -> None:
    environment = await create(api)
    os.utime(site(environment) / "h5py" / "__init__.py")
    assert await files(api, environment) == {}


async def test_the_parameter_must_be_a_truth_value(api: Api) -> None:
    environment = await create(api)
    status, error = await api.call("GET", f"environments/{environment['id']}/files?contents=yes")
    assert (status, error["reason"]) == (400, "invalid-request")
    assert "contents" in error["message"]
    assert (await api.call("GET", "environments/unknown/files"))[0] == 404


# Damage to conda's packages


def delete_module(folder: Path, cache: Path) -> None:
    shutil.rmtree(folder / "h5py")


def delete_file(folder: Path, cache: Path) -> None:
    (folder / "h5py" / "__init__.py").unlink()


def delete_everything(folder: Path, cache: Path) -> None:
    delete_module(folder, cache)
    shutil.rmtree(folder / "h5py-3.12.1.dist-info")


def edit_in_place(folder: Path, cache: Path) -> None:
    edited(folder / "h5py" / "__init__.py", "raise ImportError('edited')\n")


def replace_file(folder: Path, cache: Path) -> None:
    (folder / "h5py" / "__init__.py").unlink()
    (folder / "h5py" / "__init__.py").write_text("raise ImportError('replaced')\n")


def replace_by_directory(folder: Path, cache: Path) -> None:
    (folder / "h5py" / "__init__.py").unlink()
    (folder / "h5py" / "__init__.py").mkdir()


def replace_by_link(folder: Path, cache: Path) -> None:
    (folder / "h5py" / "__init__.py").unlink()
    (folder / "h5py" / "__init__.py").symlink_to("nothing.py")


def lose_the_cache(folder: Path, cache: Path) -> None:
    delete_file(folder, cache)
    shutil.rmtree(cache)


def damage_the_cache(folder: Path, cache: Path) -> None:
    delete_file(folder, cache)
    [cached] = cache.glob("h5py-3.12.1-*/lib/python*/site-packages/h5py/__init__.py")
    cached.unlink()


@pytest.mark.parametrize(
    "damage",
    [
        delete_module,
        delete_file,
        delete_everything,
        edit_in_place,
        replace_file,
        replace_by_directory,
        replace_by_link,
        lose_the_cache,
        damage_the_cache,
    ],
)
async def test_damage_is_repaired(api: Api, damage: Callable[[Path, Path], None]) -> None:
    environment = await create(api)
    damage(site(environment), api.services.package_cache)
    assert not (await check(api, environment))["ok"]
    assert await repair(api, environment) == {"h5py": "repair"}
    assert (await check(api, environment))["problems"] == []


async def test_a_package_that_no_channel_has_anymore_changes_nothing(api: Api, tensorflow_channel: TinyChannel) -> None:
    environment = await create(api)
    lose_the_cache(site(environment), api.services.package_cache)
    next(tensorflow_channel.root.glob("*/h5py-3.12.1-*.conda")).unlink()
    plan = await api.plan(kind="repair", environment=environment["id"])
    assert "packages-missing" in [warning["code"] for warning in plan["warnings"]]
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    job = await api.finished(job["id"])
    assert job["state"] == "failed"
    assert await files(api, environment) == {"missing": ["h5py"]}


async def test_the_plan_names_the_changes_that_are_lost(api: Api) -> None:
    environment = await create(api)
    replace_file(site(environment), Path())
    plan = await api.plan(kind="repair", environment=environment["id"])
    [warning] = [warning for warning in plan["warnings"] if warning["code"] == "files-replaced"]
    assert "h5py/__init__.py" in warning["message"]
    assert any("h5py" in command and command.startswith("conda install") for command in plan["commands"])


async def test_a_repair_is_a_revision(api: Api) -> None:
    environment = await create(api)
    delete_file(site(environment), Path())
    await repair(api, environment)
    _, found = await api.call("GET", f"environments/{environment['id']}/revisions")
    assert (found["revisions"][0]["kind"], found["revisions"][0]["summary"]) == ("repair", "1 repaired")


async def test_another_environment_with_the_same_files_stays_as_it_is(api: Api) -> None:
    environment = await create(api)
    job = await api.apply(kind="clone", environment=environment["id"], name="copy")
    assert job["state"] == "succeeded", job
    delete_file(site(environment), Path())
    await repair(api, environment)
    assert await files(api, await api.environment("copy"), contents=True) == {}


# pip over conda


@pytest.mark.parametrize("name", ["numpy", "protobuf", "typing_extensions", "ml_dtypes", "h5py", "keras"])
async def test_what_pip_installed_over_condas_is_taken_away(api: Api, simple_index: SimpleIndex, name: str) -> None:
    environment = await create(api)
    module = "google/protobuf" if name == "protobuf" else name
    simple_index.add(name, "99.0", files={f"{module}/__init__.py": "raise ImportError('of pip')\n"})
    pip_install(environment, simple_index.directory, f"{name}==99.0")
    found = await files(api, environment)
    assert name in found["overwritten"]
    assert not (await check(api, environment))["ok"]
    plan = await api.plan(kind="repair", environment=environment["id"])
    [entry] = plan["entries"]
    assert (entry["action"], entry["name"], entry["from"]["version"]) == ("repair", name, "99.0")
    assert "99.0" in next(w["message"] for w in plan["warnings"] if w["code"] == "pip-overwritten")
    await repair(api, environment)
    assert not list(site(environment).glob(f"{name}-99*"))
    assert (await check(api, environment))["problems"] == []
    assert (await api.environment("tf"))["advice"] == []


@pytest.mark.parametrize("name", ["tensorflow", "tensorflow-cpu"])
async def test_a_tensorflow_of_pip_over_condas(api: Api, simple_index: SimpleIndex, name: str) -> None:
    environment = await create(api)
    simple_index.add(
        name, "2.20.0", files={"tensorflow/__init__.py": tensorflow_code("2.20.0"), "tensorflow/new.py": ""}
    )
    pip_install(environment, simple_index.directory, f"{name}==2.20.0")
    result = await check(api, environment)
    assert result["problems"][0]["code"] == "two-tensorflows"
    assert result["problems"][0]["remedy"]["plan_request"] == {"kind": "repair", "environment": environment["id"]}
    await repair(api, environment)
    assert not (site(environment) / "tensorflow" / "new.py").exists()
    result = await check(api, environment)
    assert (result["problems"], result["tensorflow"]) == ([], "2.19.1")


async def test_the_advice_offers_the_repair(api: Api, simple_index: SimpleIndex) -> None:
    environment = await create(api)
    simple_index.add("numpy", "99.0")
    pip_install(environment, simple_index.directory, "numpy==99.0")
    [advice] = [each for each in (await api.environment("tf"))["advice"] if each["code"] == "pip-over-conda"]
    assert advice["plan_request"] == {"kind": "repair", "environment": environment["id"]}


async def test_other_packages_of_pip_stay(api: Api, simple_index: SimpleIndex) -> None:
    environment = await create(api)
    simple_index.add("numpy", "99.0")
    simple_index.add("greet", "1.0", files={"greet/__init__.py": "", "numpy/of_greet.py": ""})
    pip_install(environment, simple_index.directory, "numpy==99.0", "greet")
    await repair(api, environment)
    assert (site(environment) / "greet" / "__init__.py").exists()
    assert (site(environment) / "numpy" / "of_greet.py").exists()


# Packages from an index


@pytest.mark.parametrize("damage", ["missing", "altered", "altered in uv's cache"])
@pytest.mark.parametrize("by", ["us", "pip"])
async def test_packages_from_an_index_are_installed_again(
    api: Api, simple_index: SimpleIndex, damage: str, by: str
) -> None:
    simple_index.add("greet", "1.0")
    simple_index.add("greet", "2.0")
    environment = await create(api)
    if by == "us":
        job = await api.apply(kind="install", environment=environment["id"], specs=["pypi:greet==1.*"])
        assert job["state"] == "succeeded", job
    else:
        pip_install(environment, simple_index.directory, "greet==1.0")
    path = site(environment) / "greet" / "__init__.py"
    if damage == "altered in uv's cache":
        edited(path, "raise ImportError('edited')")
    else:
        path.unlink()
    if damage == "altered":
        path.write_text("raise ImportError('altered')\n")
    assert await files(api, environment) == {"missing" if damage == "missing" else "altered": ["greet"]}
    assert await repair(api, environment) == {"greet": "repair"}
    assert "1.0" in path.read_text()


async def test_what_pip_installed_from_elsewhere_stays_and_the_plan_says_so(
    api: Api, simple_index: SimpleIndex
) -> None:
    environment = await create(api)
    wheel = simple_index.add("greet", "1.0")
    pip_install(environment, simple_index.directory, str(wheel))
    (site(environment) / "greet" / "__init__.py").unlink()
    delete_file(site(environment), Path())
    plan = await api.plan(kind="repair", environment=environment["id"])
    assert [entry["name"] for entry in plan["entries"]] == ["h5py"]
    assert "greet" in next(w["message"] for w in plan["warnings"] if w["code"] == "not-repaired")


async def test_two_tensorflows_of_pip(api: Api, simple_index: SimpleIndex) -> None:
    for name, version in (("tensorflow", "2.19.1"), ("tensorflow-cpu", "2.18.0")):
        code = {"tensorflow/__init__.py": tensorflow_code(version), f"tensorflow/of_{version[:4]}.py": ""}
        simple_index.add(name, version, files=code)
    simple_index.add("keras", "3.5.0")
    job = await api.apply(kind="create", name="tf", packages=["python", "pip", "numpy 2.1.*", "pypi:tensorflow"])
    assert job["state"] == "succeeded", job
    environment = await api.environment("tf")
    pip_install(environment, simple_index.directory, "tensorflow-cpu", "keras")
    assert (await check(api, environment))["problems"][0]["code"] == "two-tensorflows"
    assert await repair(api, environment) == {"tensorflow": "repair", "tensorflow-cpu": "remove"}
    result = await check(api, environment)
    assert (result["problems"], result["tensorflow"]) == ([], "2.19.1")


# Other changes of a damaged environment


@pytest.mark.parametrize("damage", ["file", "pip", "package"])
async def test_the_current_revision_can_be_reverted_to(api: Api, simple_index: SimpleIndex, damage: str) -> None:
    simple_index.add("greet", "1.0")
    simple_index.add("greet", "2.0")
    simple_index.add("numpy", "99.0")
    environment = await create(api)
    job = await api.apply(kind="install", environment=environment["id"], specs=["pypi:greet==1.*"])
    assert job["state"] == "succeeded", job
    if damage == "file":
        delete_file(site(environment), Path())
    else:
        pip_install(environment, simple_index.directory, "numpy==99.0" if damage == "pip" else "greet==2.0")
    plan = await api.plan(kind="revert", environment=environment["id"], revision=1)
    name = {"file": "h5py", "pip": "numpy", "package": "greet"}[damage]
    assert [entry["name"] for entry in plan["entries"]] == [name]
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert (await api.finished(job["id"]))["state"] == "succeeded"
    assert await files(api, environment, contents=True) == {}
    plan = await api.plan(kind="revert", environment=environment["id"], revision=1)
    assert plan["entries"] == []


@pytest.mark.parametrize("kind", ["clone", "into"])
async def test_a_copy_says_what_it_copies(api: Api, kind: str) -> None:
    environment = await create(api)
    delete_file(site(environment), Path())
    request = (
        {"kind": "clone", "name": "copy"}
        if kind == "clone"
        else {"kind": "install", "specs": ["ipykernel"], "into": "copy"}
    )
    plan = await api.plan(environment=environment["id"], **request)
    [warning] = [warning for warning in plan["warnings"] if warning["code"] == "damage-copied"]
    assert "h5py (1 missing)" in warning["message"]
    assert warning["plan_request"] == {"kind": "repair", "environment": environment["id"]}
