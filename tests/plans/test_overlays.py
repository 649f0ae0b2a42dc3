"""Test overlays: environments over another one, with packages from an index."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Api
from tests.simple_index import SimpleIndex
from tests.tiny_channel import TinyChannel
from tests.tiny_tensorflow import PYTHON, SITE
from tfenv_lab.conda.prefix import activation, overlays

pytestmark = pytest.mark.usefixtures("simple_index")

Run = Callable[[Any], Any]


@pytest.fixture
def run(jp_asyncio_loop: asyncio.AbstractEventLoop) -> Run:
    return jp_asyncio_loop.run_until_complete


@pytest.fixture
def tensorflow_channel(tensorflow_channel: TinyChannel) -> TinyChannel:
    """Add a conda package that provides a project of the index, and one with a variable and a script."""
    info = f"{SITE}/lib_of_conda-1.0.dist-info"
    files = {
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: lib-of-conda\nVersion: 1.0\n",
        f"{info}/INSTALLER": "conda",
    }
    for version in ("1.0", "2.0"):
        given = {path.replace("1.0", version): text.replace("1.0", version) for path, text in files.items()}
        tensorflow_channel.add("lib-of-conda", version, noarch="generic", depends=["python"], files=given)
    script = {"etc/conda/activate.d/a.sh": 'export FROM_BASE="$CONDA_PREFIX"\n'}
    tensorflow_channel.add("scripted", "1.0", noarch="generic", files=script)
    tensorflow_channel.index()
    return tensorflow_channel


@pytest.fixture
def index(simple_index: SimpleIndex) -> SimpleIndex:
    simple_index.add("rich", "1.0", requires=["lib-of-conda", "small"])
    simple_index.add("small", "1.0")
    simple_index.add("small", "2.0")
    simple_index.add("lib-of-conda", "1.0")
    simple_index.add("lib-of-conda", "3.0")
    simple_index.add("modern", "1.0", requires=["lib-of-conda>=3"])
    return simple_index


@pytest.fixture
def base(api: Api, run: Run, index: SimpleIndex) -> Any:
    packages = ["lib-of-conda 1.0", "scripted", "pypi:small==1.0"]
    request = {"name": "team", "tensorflow": "2.19.*", "python": PYTHON, "packages": packages}
    job = run(api.apply(kind="create", **request))
    assert job["state"] == "succeeded", job
    return run(api.environment("team"))


def _over(api: Api, run: Run, base: Any, *packages: str, name: str = "mine") -> Any:
    job = run(api.apply(kind="overlay", environment=base["id"], name=name, packages=list(packages)))
    assert job["state"] == "succeeded", job
    return run(api.environment(name))


def _marks(environment: Any) -> dict[Path, tuple[int, int, int]]:
    found = {path: path.lstat() for path in Path(environment["prefix"]).rglob("*") if "__pycache__" not in str(path)}
    return {path: (status.st_ino, status.st_size, status.st_mtime_ns) for path, status in found.items()}


def _own(environment: Any) -> set[str]:
    site = Path(environment["prefix"], SITE)
    return {path.name.partition("-")[0] for path in site.glob("*.dist-info")}


def test_it_has_the_packages_of_the_base_and_its_own_and_a_kernel(api: Api, run: Run, base: Any) -> None:
    before = _marks(base)
    mine = _over(api, run, base, "pypi:rich")
    prefix = Path(mine["prefix"])
    assert mine["over"] == {"environment": base["id"], "name": "team", "prefix": base["prefix"]}
    assert mine["tensorflow"] == base["tensorflow"]
    assert (mine["python"], mine["protected"], mine["shared"]) == (base["python"], False, None)
    assert mine["kernel"]["name"] == "conda-env-mine-py"
    # What the base has is neither installed again nor replaced.
    assert _own(mine) == {"rich"}
    assert _marks(base) == before
    _, packages = run(api.call("GET", f"environments/{mine['id']}/packages"))
    assert [each["name"] for each in packages["packages"]] == ["rich"]
    lines = (prefix / "pyvenv.cfg").read_text().splitlines()
    assert "include-system-site-packages = true" in lines
    assert f"home = {base['prefix']}/bin" in lines
    spec = json.loads((prefix / "share/jupyter/kernels/python3/kernel.json").read_text())
    assert spec["argv"][0] == str(prefix / "bin/python")


def test_without_packages_it_is_small(api: Api, run: Run, base: Any) -> None:
    mine = _over(api, run, base)
    size = sum(path.lstat().st_blocks * 512 for path in Path(mine["prefix"]).rglob("*"))
    assert size < 1_000_000
    assert run(api.call("GET", f"environments/{mine['id']}/size"))[0] == 200


def test_its_activation_is_that_of_the_base(api: Api, run: Run, base: Any) -> None:
    prefix = Path(_over(api, run, base)["prefix"])
    variables = activation.activate(prefix, None, {"PATH": "/usr/bin"}).variables
    assert variables["FROM_BASE"] == variables["CONDA_PREFIX"] == base["prefix"]
    assert variables["VIRTUAL_ENV"] == str(prefix)
    assert variables["PATH"].split(os.pathsep)[:2] == [f"{prefix}/bin", f"{base['prefix']}/bin"]


def test_the_pip_on_its_path_installs_into_it(api: Api, run: Run, base: Any) -> None:
    prefix = Path(_over(api, run, base)["prefix"])
    done = subprocess.run([prefix / "bin/pip", "--version"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or "No module named pip" in done.stderr
    assert base["prefix"] not in (prefix / "bin/pip").read_text()


@pytest.mark.parametrize("specs", [["numpy"], ["pypi:rich", "scipy >=1", "conda-forge::x"], ["lib-of-conda=1.0"]])
def test_conda_packages_are_refused_by_name_and_a_copy_is_named(
    api: Api, run: Run, base: Any, specs: list[str]
) -> None:
    body = {"kind": "overlay", "environment": base["id"], "name": "mine", "packages": specs}
    _, error = run(api.call("POST", "plans", body))
    assert error["reason"] == "invalid-spec"
    assert specs[-1] in error["message"]
    assert "rich" not in error["message"]
    assert "copy “team”" in error["hint"]


def test_a_package_that_needs_another_version_of_the_base_is_refused(api: Api, run: Run, base: Any) -> None:
    for spec in ("pypi:modern", "pypi:lib-of-conda==3.0", "pypi:small==2.0"):
        body = {"kind": "overlay", "environment": base["id"], "name": "mine", "packages": [spec]}
        _, error = run(api.call("POST", "plans", body))
        assert error["reason"] == "unsatisfiable", error
        assert "Copy “team”" in error["hint"]


def test_what_the_base_has_is_said_and_not_installed_again(api: Api, run: Run, base: Any) -> None:
    body = {"environment": base["id"], "name": "mine", "packages": ["pypi:small", "pypi:lib-of-conda"]}
    plan = run(api.plan(kind="overlay", **body))
    assert plan["entries"] == []
    (warning,) = [each for each in plan["warnings"] if each["code"] == "already-in-base"]
    assert "lib-of-conda" in warning["message"]
    assert "small" in warning["message"]


def test_its_packages_are_added_updated_and_removed_by_plans(api: Api, run: Run, base: Any, index: SimpleIndex) -> None:
    index.add("other", "1.0")
    mine = _over(api, run, base, "pypi:rich")
    job = run(api.apply(kind="install", environment=mine["id"], specs=["pypi:other"]))
    assert job["state"] == "succeeded", job
    assert _own(mine) == {"rich", "other"}
    index.add("other", "1.5")
    plan = run(api.plan(kind="update", environment=mine["id"], packages="all"))
    assert [(e["name"], e["to"]["version"]) for e in plan["entries"]] == [("other", "1.5")]
    assert run(api.apply(kind="update", environment=mine["id"], packages=["other"]))["state"] == "succeeded"
    assert run(api.apply(kind="remove", environment=mine["id"], packages=["rich"]))["state"] == "succeeded"
    assert _own(mine) == {"other"}
    for request in ({"kind": "remove", "packages": ["numpy"]}, {"kind": "update", "packages": ["tensorflow"]}):
        _, error = run(api.call("POST", "plans", {**request, "environment": mine["id"]}))
        assert error["reason"] == "not-found"
    _, error = run(api.call("POST", "plans", {"kind": "install", "environment": mine["id"], "specs": ["numpy"]}))
    assert error["reason"] == "invalid-spec"
    assert run(api.environment("mine"))["over"] is not None


def test_it_is_copied_renamed_exported_and_deleted_like_every_environment(api: Api, run: Run, base: Any) -> None:
    mine = _over(api, run, base, "pypi:rich")
    assert run(api.apply(kind="clone", environment=mine["id"], name="copy"))["state"] == "succeeded"
    assert run(api.apply(kind="rename", environment=mine["id"], name="renamed"))["state"] == "succeeded"
    for name in ("copy", "renamed"):
        found = run(api.environment(name))
        assert found["over"]["name"] == "team"
        assert found["advice"] == []
        assert _own(found) == {"rich"}
        kernel = Path(found["prefix"], "share/jupyter/kernels/python3/kernel.json").read_text()
        assert json.loads(kernel)["argv"][0] == f"{found['prefix']}/bin/python"
    _, text = run(api.call("GET", f"environments/{found['id']}/export?format=pixi-lock"))
    assert "tensorflow" in str(text)
    assert "rich" in str(text)
    status, job = run(api.call("DELETE", f"environments/{found['id']}"))
    assert status == 202
    assert run(api.finished(job["id"]))["state"] == "succeeded"
    assert run(api.environment("renamed")) is None
    assert Path(base["prefix"], "bin/python").exists()


def _codes(environment: Any) -> list[str]:
    return [each["code"] for each in environment["advice"]]


def test_it_is_rebuilt_after_its_base_changed(api: Api, run: Run, base: Any) -> None:
    mine = _over(api, run, base, "pypi:rich")
    assert _codes(mine) == []
    job = run(api.apply(kind="install", environment=base["id"], specs=["lib-of-conda 2.0"]))
    assert job["state"] == "succeeded", job
    stale = run(api.environment("mine"))
    (advice,) = stale["advice"]
    assert (advice["code"], advice["severity"]) == ("base-changed", "warning")
    plan = run(api.plan(**advice["plan_request"]))
    assert plan["rebuilds"] is True
    job = run(api.apply(**advice["plan_request"]))
    assert job["state"] == "succeeded", job
    assert _codes(run(api.environment("mine"))) == []
    _, error = run(api.call("POST", "jobs", {"plan": run(api.plan(**advice["plan_request"]))["id"]}))
    assert error["reason"] == "invalid-request"


def test_an_overlay_of_a_published_version_moves_to_the_next(api: Api, run: Run, base: Any) -> None:
    first, second = (Path(base["prefix"]).with_name(f"shared-{digit * 8}") for digit in "12")
    link = first.with_name("shared")
    for version in (first, second):
        assert run(api.apply(kind="clone", environment=base["id"], name=version.name))["state"] == "succeeded"
    link.symlink_to(first.name)
    mine = _over(api, run, run(api.environment(first.name)), "pypi:rich")
    assert mine["over"]["name"] == "shared"
    link.unlink()
    link.symlink_to(second.name)
    (advice,) = run(api.environment("mine"))["advice"]
    assert advice["code"] == "base-changed"
    assert run(api.apply(**advice["plan_request"]))["state"] == "succeeded"
    assert run(api.environment("mine"))["over"]["prefix"] == str(second)
    shutil.rmtree(first)
    moved = run(api.environment("mine"))
    assert (_codes(moved), _own(moved)) == ([], {"rich"})


def test_without_its_base_it_says_so_and_can_be_deleted(api: Api, run: Run, base: Any) -> None:
    mine = _over(api, run, base)
    shutil.rmtree(base["prefix"])
    lost = run(api.environment("mine"))
    assert _codes(lost) == ["base-missing"]
    assert lost["advice"][0]["plan_request"] is None
    for request in ({"kind": "repair"}, {"kind": "install", "specs": ["pypi:rich"]}):
        _, error = run(api.call("POST", "plans", {**request, "environment": mine["id"]}))
        assert error["reason"] == "not-found"
        assert "team" in error["message"]
    _, job = run(api.call("DELETE", f"environments/{mine['id']}"))
    assert run(api.finished(job["id"]))["state"] == "succeeded"


def test_a_plan_is_stale_after_the_base_changed(api: Api, run: Run, base: Any) -> None:
    plan = run(api.plan(kind="overlay", environment=base["id"], name="mine", packages=["pypi:rich"]))
    assert run(api.apply(kind="install", environment=base["id"], specs=["lib-of-conda 2.0"]))["state"] == "succeeded"
    _, error = run(api.call("POST", "jobs", {"plan": plan["id"]}))
    assert error["reason"] == "stale-plan"


def test_if_its_base_loses_python_a_change_leaves_it_as_it_was(api: Api, run: Run, base: Any) -> None:
    mine = _over(api, run, base, "pypi:rich")
    plans = [
        run(api.plan(kind="remove", environment=mine["id"], packages=["rich"])),
        run(api.plan(kind="overlay", environment=base["id"], name="other", packages=["pypi:rich"])),
    ]
    before = _marks(mine)
    Path(base["prefix"], "bin/python").unlink()
    for plan in plans:
        _, job = run(api.call("POST", "jobs", {"plan": plan["id"]}))
        assert run(api.finished(job["id"]))["state"] == "failed"
    assert _marks(mine) == before
    envs = Path(mine["prefix"]).parent
    assert {path.name for path in envs.iterdir() if not path.name.startswith(".")} == {"mine", "team"}


def test_a_request_can_add_some_packages_and_remove_others(api: Api, run: Run, base: Any, index: SimpleIndex) -> None:
    index.add("other", "1.0")
    mine = _over(api, run, base, "pypi:rich")
    job = run(api.apply(kind="install", environment=mine["id"], specs=["pypi:other"], remove=["rich"]))
    assert job["state"] == "succeeded", job
    assert _own(mine) == {"other"}


def test_requests_that_an_overlay_cannot_have_are_refused(api: Api, run: Run, base: Any) -> None:
    mine = _over(api, run, base)
    body = {"kind": "overlay", "environment": mine["id"], "name": "more", "packages": []}
    _, error = run(api.call("POST", "plans", body))
    assert error["reason"] == "invalid-request"
    assert "Add the packages to it" in error["hint"]
    _, error = run(api.call("POST", "plans", {"kind": "revert", "environment": mine["id"], "revision": 0}))
    assert error["reason"] == "invalid-request"
    _, error = run(api.call("POST", "plans", {**body, "environment": base["id"], "name": "mine"}))
    assert error["reason"] == "prefix-exists"


@pytest.mark.parametrize(
    "text", ["", "{}", '{"prefix": 7}', '{"prefix": "/dev", "path": "", "mark": "", "python": ""}']
)
def test_a_damaged_record_of_the_base_does_not_break_the_list(api: Api, run: Run, base: Any, text: str) -> None:
    mine = _over(api, run, base)
    Path(mine["prefix"], "conda-meta/tfenv_lab/base.json").write_text(text)
    found = run(api.environment("mine"))
    assert found["id"] == mine["id"]
    assert overlays.read(Path(base["prefix"])) is None
