"""Test that chosen variables stay out of kernelspecs, but reach the kernels that this server starts."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kernels.conftest import run
from tests.kernels.on_disk import spec_of
from tfenv_lab.kernels import building, kernelspecs
from tfenv_lab.kernels.service import KernelService

Make = Callable[..., KernelService]
SECRET = "s3cret-of-the-test"


def _own(prefix: Path) -> None:
    path = prefix / "share/jupyter/kernels/python3/kernel.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "env": {"HF_TOKEN": SECRET}}))


def _declared(prefix: Path) -> None:
    (prefix / "conda-meta/state").write_text(json.dumps({"env_vars": {"HF_TOKEN": SECRET}}))


def _package(prefix: Path) -> None:
    folder = prefix / "etc/conda/env_vars.d"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"HF_TOKEN": SECRET}))


def _script(prefix: Path) -> None:
    folder = prefix / "etc/conda/activate.d"
    folder.mkdir(parents=True)
    (folder / "a.sh").write_text(f"export HF_TOKEN={SECRET}\n")


SOURCES = [_own, _declared, _package, _script]


def _text() -> str:
    return (kernelspecs.user_folder() / "conda-env-tf219-py/kernel.json").read_text()


@pytest.mark.parametrize("add", SOURCES)
@pytest.mark.parametrize("pattern", ["HF_TOKEN", "*_TOKEN", "HF_?????"])
def test_an_excluded_variable_reaches_the_kernel_but_no_file(
    make_service: Make, tf219: Path, add: Callable[[Path], None], pattern: str
) -> None:
    add(tf219)
    run(make_service(excluded=[pattern]).register(tf219))
    assert SECRET not in _text()
    env, _ = building.activated(next(kernelspecs.ours()), {"PATH": "/usr/bin:/bin"})
    assert env["HF_TOKEN"] == SECRET


@pytest.mark.parametrize("pattern", ["hf_token", "TOKEN", "*_TOKENS"])
def test_a_pattern_is_for_the_whole_name(make_service: Make, tf219: Path, pattern: str) -> None:
    _declared(tf219)
    run(make_service(excluded=[pattern]).register(tf219))
    assert spec_of("conda-env-tf219-py")["env"]["HF_TOKEN"] == SECRET


def test_an_added_variable_is_excluded_too(make_service: Make, tf219: Path) -> None:
    run(make_service(excluded=["*_TOKEN"]).register(tf219, env={"MY_TOKEN": SECRET, "MINE": "1"}))
    assert SECRET not in _text()
    assert spec_of("conda-env-tf219-py")["env"]["MINE"] == "1"


def test_a_new_setting_rewrites_the_kernelspecs(make_service: Make, tf219: Path) -> None:
    _declared(tf219)
    run(make_service().reconcile())
    assert SECRET in _text()
    run(make_service(excluded=["*_TOKEN"]).reconcile())
    assert SECRET not in _text()
    run(make_service().reconcile())
    assert SECRET in _text()


def test_only_the_owner_can_read_the_variables(make_service: Make, tf219: Path) -> None:
    service = make_service()
    run(service.register(tf219))
    file = kernelspecs.user_folder() / "conda-env-tf219-py/kernel.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # A file of an earlier version is replaced.
    file.chmod(0o644)
    run(service.register(tf219))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
