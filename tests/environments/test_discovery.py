"""Test that every environment of a machine is found once, under conda's name, in whatever condition it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.environments.conftest import run
from tests.prefixes import make_prefix
from tfenv_lab.conda.settings import condarc
from tfenv_lab.environments import discovery
from tfenv_lab.environments.discovery import id_of
from tfenv_lab.environments.service import EnvironmentService

Make = Callable[..., EnvironmentService]
Register = Callable[[Path | str], None]


def names(service: EnvironmentService) -> list[str]:
    return [environment.name for environment in run(service.list())]


def codes(service: EnvironmentService) -> dict[str, list[str]]:
    return {found.name: [advice.code for advice in found.advice] for found in run(service.list())}


class TestPlaces:
    def test_a_new_machine_has_no_environments(self, service: EnvironmentService) -> None:
        assert names(service) == []

    def test_the_users_envs_dir(self, service: EnvironmentService, envs: Path) -> None:
        make_prefix(envs / "b")
        make_prefix(envs / "a")
        assert names(service) == ["a", "b"]

    def test_base_and_its_envs(self, make_service: Make, base: Path) -> None:
        make_prefix(base / "envs" / "tf")
        assert names(make_service()) == ["base", "tf"]

    def test_envs_dirs_of_condarc(self, make_service: Make, home: Path, tmp_path: Path) -> None:
        (home / ".condarc").write_text(f"envs_dirs: [{tmp_path}/shared]\n")
        make_prefix(tmp_path / "shared" / "team")
        assert names(make_service()) == ["team"]

    def test_the_directory_for_new_environments(self, home: Path, tmp_path: Path) -> None:
        make_prefix(tmp_path / "own" / "new")
        assert names(EnvironmentService(condarc.load({}, home), envs_dir=tmp_path / "own")) == ["new"]

    def test_an_environment_created_by_path_is_found(
        self, service: EnvironmentService, register: Register, tmp_path: Path
    ) -> None:
        prefix = make_prefix(tmp_path / "project" / ".venv")
        register(prefix)
        assert names(service) == [str(prefix)]

    def test_the_active_environment_is_found(
        self, service: EnvironmentService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        prefix = make_prefix(tmp_path / "active")
        monkeypatch.setenv("CONDA_PREFIX", str(prefix))
        assert names(service) == [str(prefix)]

    def test_another_installation_and_its_envs(self, make_service: Make, base: Path, home: Path) -> None:
        other = make_prefix(home / "miniforge3")
        make_prefix(other / "envs" / "mine")
        found = names(make_service())
        assert found == ["base", str(base), "mine"]

    def test_micromambas_root_need_not_be_an_environment(self, make_service: Make, home: Path) -> None:
        make_prefix(home / "micromamba" / "envs" / "mine")
        (home / "micromamba" / "pkgs").mkdir()
        assert names(make_service()) == ["mine"]

    def test_a_root_prefix_in_condarc_that_does_not_exist_is_ignored(self, make_service: Make, home: Path) -> None:
        (home / ".condarc").write_text("root_prefix: /no/such/conda\n")
        assert names(make_service()) == []

    def test_an_environment_inside_another_is_found(
        self, service: EnvironmentService, envs: Path, register: Register
    ) -> None:
        outer = make_prefix(envs / "outer")
        register(make_prefix(outer / "inner"))
        assert names(service) == [str(outer / "inner"), "outer"]

    def test_of_a_very_long_list_the_newest_count(
        self, service: EnvironmentService, tmp_path: Path, register: Register
    ) -> None:
        newest = make_prefix(tmp_path / "newest")
        register("\n".join(f"{tmp_path}/gone-{number}" for number in range(400_000)))
        register(newest)
        assert names(service) == [str(newest)]

    def test_a_line_that_was_cut_is_no_path(
        self, service: EnvironmentService, tmp_path: Path, register: Register, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        outer = make_prefix(tmp_path / "outer")
        register(f"/nowhere{outer}")
        monkeypatch.setattr(discovery, "MOST_BYTES", len(f"{outer}\n"))
        assert names(service) == []


class TestOnce:
    def test_links_in_the_same_folder(self, service: EnvironmentService, envs: Path) -> None:
        make_prefix(envs / "real")
        (envs / "alias").symlink_to("real")
        assert names(service) == ["real"]

    def test_registered_under_another_path(self, service: EnvironmentService, envs: Path, register: Register) -> None:
        make_prefix(envs / "tf")
        (envs.parent / "link").symlink_to(envs)
        register(envs.parent / "link" / "tf")
        register(str(envs / "tf") + "/")
        assert names(service) == ["tf"]

    def test_a_link_to_an_environment_elsewhere_has_the_links_name(
        self, service: EnvironmentService, envs: Path, tmp_path: Path
    ) -> None:
        (envs / "tf").symlink_to(make_prefix(tmp_path / "scratch" / "tf-1"))
        assert names(service) == ["tf"]

    def test_ids_are_the_same_by_every_path_and_safe_in_a_url(self, envs: Path, tmp_path: Path) -> None:
        prefix = make_prefix(envs / "my env é")
        (tmp_path / "link").symlink_to(prefix)
        assert id_of(prefix) == id_of(tmp_path / "link") == id_of(Path(f"{prefix}/../my env é"))
        assert id_of(prefix).isalnum()


class TestState:
    def test_a_half_deleted_environment_is_shown_as_broken(self, service: EnvironmentService, envs: Path) -> None:
        (envs / "rest" / "bin").mkdir(parents=True)
        assert codes(service) == {"rest": ["no-conda-meta"]}

    def test_other_directories_are_not_shown(self, service: EnvironmentService, envs: Path) -> None:
        (envs / "notes").mkdir()
        (envs / ".trash" / "x").mkdir(parents=True)
        (envs / "file").touch()
        assert names(service) == []

    def test_what_a_transaction_is_building_is_not_shown(self, service: EnvironmentService, envs: Path) -> None:
        make_prefix(envs / ".tfenv-new-1-tf")
        make_prefix(envs / ".tfenv-old-1-tf")
        assert names(service) == []

    def test_a_registered_one_that_was_deleted_is_not_shown(
        self, service: EnvironmentService, register: Register, tmp_path: Path
    ) -> None:
        prefix = make_prefix(tmp_path / "project" / "env")
        register(prefix)
        shutil.rmtree(prefix)
        assert names(service) == []

    def test_an_environment_on_an_unavailable_drive_is_shown(
        self, service: EnvironmentService, register: Register, tmp_path: Path
    ) -> None:
        register(tmp_path / "drive" / "envs" / "tf")
        assert codes(service) == {str(tmp_path / "drive" / "envs" / "tf"): ["unreachable"]}

    def test_lines_that_are_not_paths_are_ignored(self, service: EnvironmentService, register: Register) -> None:
        for line in ("", "relative/env", "~/env", "# comment", "\x00"):
            register(line)
        assert names(service) == []

    def test_registered_paths_may_contain_anything_except_a_line_break(
        self, service: EnvironmentService, register: Register, tmp_path: Path
    ) -> None:
        prefixes = [make_prefix(tmp_path / name) for name in ("my env", "größe", "a\u2028b", "c\x85d", "#e", "f\tg")]
        for prefix in prefixes:
            register(prefix)
        assert sorted(names(service)) == sorted(map(str, prefixes))

    def test_a_link_to_an_unavailable_drive_is_shown(
        self, service: EnvironmentService, envs: Path, tmp_path: Path
    ) -> None:
        (envs / "tf").symlink_to(tmp_path / "drive" / "envs" / "tf")
        assert codes(service) == {"tf": ["unreachable"]}

    def test_a_dangling_link_is_not_shown(self, service: EnvironmentService, envs: Path) -> None:
        (envs / "gone").symlink_to(envs / "nowhere")
        assert names(service) == []

    def test_names_that_are_not_unicode(self, service: EnvironmentService, envs: Path) -> None:
        make_prefix(Path(os.fsdecode(os.fsencode(envs) + b"/caf\xe9")))
        assert len(names(service)) == 1

    def test_one_folder_that_cannot_be_listed_hides_no_other(
        self, make_service: Make, home: Path, envs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (home / ".condarc").write_text(f"envs_dirs: [{tmp_path}/locked]\n")
        (tmp_path / "locked").mkdir()
        make_prefix(envs / "mine")
        listed = os.scandir

        def refuse(path: str) -> object:
            if str(path) == str(tmp_path / "locked"):
                raise PermissionError(path)
            return listed(path)

        # Imitates the system's refusal, because tests may run as root, who may list everything.
        monkeypatch.setattr("os.scandir", refuse)
        assert names(make_service()) == ["mine"]


def test_what_conda_lists_is_known(
    make_service: Make, register: Register, base: Path, home: Path, envs: Path, tmp_path: Path
) -> None:
    """conda searches its own installation, envs_dirs and environments.txt; only tfenv_lab finds the others."""
    own = make_prefix(home / "miniforge3")
    listed = [own, make_prefix(own / "envs" / "a"), make_prefix(envs / "b"), make_prefix(tmp_path / "anywhere")]
    register(listed[-1])
    only_here = [base, make_prefix(base / "envs" / "c")]
    found = make_service().known_prefixes()
    assert found == {**dict.fromkeys(listed, True), **dict.fromkeys(only_here, False)}
