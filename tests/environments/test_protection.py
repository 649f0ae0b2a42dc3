"""Test which environments are protected, and why."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Mount
from tests.environments.conftest import run
from tests.prefixes import make_prefix
from tests.privileges import as_ordinary_user
from tfenv_lab.environments.inventory import Seen
from tfenv_lab.environments.models import EnvironmentFacts
from tfenv_lab.environments.protection import Protection
from tfenv_lab.environments.service import EnvironmentService

Make = Callable[..., EnvironmentService]


def reasons(service: EnvironmentService) -> dict[str, str | None]:
    found = run(service.list())
    assert all(environment.protected == (environment.protected_reason is not None) for environment in found)
    return {environment.name: environment.protected_reason for environment in found}


def test_an_ordinary_environment_is_not_protected(service: EnvironmentService, envs: Path) -> None:
    make_prefix(envs / "tf")
    assert reasons(service) == {"tf": None}


def test_the_base_environment_is_protected(make_service: Make, base: Path) -> None:
    assert "base" in str(reasons(make_service())["base"])


def test_the_base_environment_of_another_installation_is_protected(make_service: Make, base: Path, home: Path) -> None:
    other = make_prefix(home / "miniforge3")
    assert {reasons(make_service())[name] is None for name in ("base", str(base))} == {False}
    assert other.is_dir()


def test_the_environment_of_the_server_is_protected(envs: Path, tmp_path: Path) -> None:
    prefix = make_prefix(envs / "jupyter")
    (tmp_path / "link").symlink_to(prefix)
    found = EnvironmentFacts("id", prefix, writable=True)
    seen = Seen(os.path.realpath(prefix), "jupyter", found, is_root=False, is_listed=True)
    assert "server" in str(Protection(server=["/venv", str(tmp_path / "link")]).reason(seen))
    assert Protection(server=["/venv", "/usr"]).reason(seen) is None


@pytest.mark.parametrize("how", ["name", "path", "home"])
def test_environments_that_the_administrator_lists_are_protected(how: str, make_service: Make, envs: Path) -> None:
    make_prefix(envs / "shared")
    make_prefix(envs / "mine")
    text = {"name": "shared", "path": str(envs / "shared"), "home": "~/.conda/envs/shared"}[how]
    found = reasons(make_service(protected=[text]))
    assert "configuration" in str(found["shared"])
    assert found["mine"] is None


def test_a_frozen_environment_gives_the_reason_in_its_file(service: EnvironmentService, envs: Path) -> None:
    prefix = make_prefix(envs / "course")
    (prefix / "conda-meta" / "frozen").write_text('{"message": "Ask the teacher."}')
    assert str(reasons(service)["course"]).endswith("Ask the teacher.")


def test_an_environment_without_write_permission_is_protected(
    service: EnvironmentService, envs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_prefix(envs / "central", python="3.11.9")
    access = os.access
    # Imitates the system's answer, because tests may run as root, who may write everywhere.
    monkeypatch.setattr("os.access", lambda path, mode: mode != os.W_OK and access(path, mode))
    assert "permission" in str(reasons(service)["central"])
    assert [found.writable for found in run(service.list())] == [False]


def test_the_reason_is_the_file_system_or_the_permission_and_ends_with_it(
    service: EnvironmentService, envs: Path, mount: Mount
) -> None:
    folder = mount(envs, "1m")
    prefix = make_prefix(folder / "tf", python="3.11.9")
    written = prefix / "conda-meta" / "history"
    remount = ["mount", "-o", "remount,ro", str(folder)]
    assert reasons(service) == {"tf": None}
    subprocess.run(remount, check=True)
    assert reasons(service) == {"tf": "This environment is on a read-only file system."}
    subprocess.run([*remount[:2], "remount,rw", str(folder)], check=True)
    assert reasons(service) == {"tf": None}
    written.chmod(0o444)
    with as_ordinary_user():
        assert reasons(service) == {"tf": "You do not have permission to change this environment."}
    written.chmod(0o666)
    assert reasons(service) == {"tf": None}


def test_a_broken_environment_is_protected_with_its_problem(service: EnvironmentService, envs: Path) -> None:
    (envs / "rest" / "lib").mkdir(parents=True)
    assert "conda-meta" in str(reasons(service)["rest"])


def test_every_reason_is_a_sentence(make_service: Make, base: Path, envs: Path) -> None:
    (make_prefix(envs / "frozen") / "conda-meta" / "frozen").touch()
    (envs / "rest" / "lib").mkdir(parents=True)
    make_prefix(envs / "named")
    found = [reason for reason in reasons(make_service(protected=["named"])).values() if reason]
    assert len(found) == 4
    assert all(reason[0].isupper() and reason.endswith(".") for reason in found)
