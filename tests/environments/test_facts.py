"""Test the facts in an environment's files: versions, where they come from, and problems."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.prefixes import add_dist_info, add_record, make_prefix, recorded
from tfenv_lab.environments import facts
from tfenv_lab.environments.models import EnvironmentFacts, Keras, TensorFlow


def read(prefix: Path) -> EnvironmentFacts:
    reading = facts.read(str(prefix), os.path.realpath(prefix))
    assert reading is not None
    return reading.facts


def codes(found: EnvironmentFacts) -> list[str]:
    return [problem.code for problem in found.problems]


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return make_prefix(tmp_path / "env", ["python-dateutil-2.9-pyh_0"], python="3.11.9")


@pytest.fixture
def site(prefix: Path) -> Path:
    return prefix / "lib" / "python3.11" / "site-packages"


class TestVersions:
    def test_python(self, prefix: Path) -> None:
        assert read(prefix).python == "3.11.9"

    def test_none_without_python(self, tmp_path: Path) -> None:
        found = read(make_prefix(tmp_path / "r", ["r-base-4.4.1-h1_0", "python-dateutil-2.9-pyh_0"]))
        assert (found.python, found.tensorflow, found.keras) == (None, None, None)
        assert codes(found) == []

    @pytest.mark.parametrize(
        ("stem", "build", "variant"),
        [
            ("tensorflow-2.19.1-cpu_py311h6ac8430_0", "cpu_py311h6ac8430_0", "cpu"),
            ("tensorflow-2.19.1-cuda126py311h5379a72_200", "cuda126py311h5379a72_200", "cuda12.6"),
            ("tensorflow-base-2.18.0-cuda120py311h5cbd639_2", "cuda120py311h5cbd639_2", "cuda12.0"),
        ],
    )
    def test_condas_tensorflow(self, stem: str, build: str, variant: str, prefix: Path) -> None:
        add_record(prefix, stem)
        assert read(prefix).tensorflow == TensorFlow(stem.split("-")[-2], build, variant, "conda")

    def test_condas_keras(self, prefix: Path) -> None:
        add_record(prefix, "keras-3.5.0-pyh_0")
        assert read(prefix).keras == Keras("3.5.0", "conda")

    def test_packages_whose_names_only_begin_like_tensorflow_are_ignored(self, prefix: Path) -> None:
        for stem in ("tensorflow-estimator-2.15.0-0", "tensorflow-datasets-4.9-0", "keras-preprocessing-1.1.2-0"):
            add_record(prefix, stem)
        assert (read(prefix).tensorflow, read(prefix).keras) == (None, None)

    @pytest.mark.parametrize(
        ("name", "others", "variant"),
        [
            ("tensorflow", (), None),
            ("tensorflow", ("nvidia_cuda_runtime_cu12-12.5.82",), "cuda12.5"),
            ("tensorflow_cpu", (), "cpu"),
            ("tf_nightly", (), None),
        ],
    )
    def test_pips_tensorflow(self, name: str, others: tuple[str, ...], variant: str, prefix: Path, site: Path) -> None:
        add_dist_info(site, name, "2.20.0")
        for other in others:
            add_dist_info(site, *other.rsplit("-", 1))
        assert read(prefix).tensorflow == TensorFlow("2.20.0", None, variant, "pypi")

    def test_pips_keras_next_to_condas_tensorflow(self, prefix: Path, site: Path) -> None:
        add_record(prefix, "tensorflow-2.19.1-cpu_py311h1_0")
        add_dist_info(site, "tensorflow", "2.19.1", installer="conda")
        add_dist_info(site, "keras", "3.11.0")
        found = read(prefix)
        assert found.tensorflow is not None
        assert (found.tensorflow.source, found.keras) == ("conda", Keras("3.11.0", "pypi"))

    def test_pip_over_condas_tensorflow(self, prefix: Path, site: Path) -> None:
        path = add_dist_info(site, "tensorflow", "2.20.0")
        add_record(prefix, "tensorflow-2.19.1-cpu_py311h1_0")
        add_record(prefix, "tensorflow-base-2.19.1-cpu_py311h1_0", **recorded(prefix, path / "METADATA"))
        found = read(prefix)
        assert found.tensorflow == TensorFlow("2.20.0", None, None, "pypi")
        assert [(package.name, package.version) for package in found.pypi] == [("tensorflow", "2.20.0")]

    def test_pip_over_any_conda_package_is_among_the_facts(self, prefix: Path, site: Path) -> None:
        add_record(prefix, "numpy-1.26.0-py311_0")
        add_record(prefix, "jinja2-3.1.4-pyh_0")
        add_record(prefix, "typing_extensions-4.12-pyh_0")
        add_dist_info(site, "numpy", "2.1.0")
        add_dist_info(site, "Jinja2", "3.1.4", installer="conda")
        add_record(prefix, "ruamel_yaml-0.17-0")
        add_dist_info(site, "typing_extensions", "4.12", installer="conda")
        add_dist_info(site, "ruamel.yaml", "0.18")
        add_dist_info(site, "rich", "13.0")
        found = read(prefix)
        assert [package.name for package in found.pypi] == ["numpy", "ruamel-yaml"]
        assert {name: stem.version for name, stem in found.packages.items()} == {
            "python": "3.11.9", "python-dateutil": "2.9", "numpy": "1.26.0", "ruamel-yaml": "0.17",
        }  # fmt: skip


class TestKernels:
    def test_its_own_kernelspecs_are_its_kernels(self, tmp_path: Path) -> None:
        prefix = make_prefix(tmp_path / "env", kernels=["python3", "ir"])
        (prefix / "share" / "jupyter" / "kernels" / "empty").mkdir()
        assert read(prefix).kernels == ("ir", "python3")


class TestProblems:
    def test_no_interpreter(self, prefix: Path) -> None:
        (prefix / "bin" / "python").unlink()
        assert codes(read(prefix)) == ["no-interpreter"]

    def test_an_interpreter_that_is_a_broken_link(self, prefix: Path) -> None:
        (prefix / "bin" / "python").unlink()
        (prefix / "bin" / "python").symlink_to("python3.11")
        found = read(prefix)
        assert codes(found) == ["no-interpreter"]
        assert found.python == "3.11.9"

    def test_no_conda_meta(self, tmp_path: Path) -> None:
        (tmp_path / "env" / "lib").mkdir(parents=True)
        assert codes(read(tmp_path / "env")) == ["no-conda-meta"]

    def test_conda_meta_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "env" / "lib").mkdir(parents=True)
        (tmp_path / "env" / "conda-meta").touch()
        assert codes(read(tmp_path / "env")) == ["no-conda-meta"]

    def test_an_environment_without_read_permission(self, prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(path: Any) -> Any:
            raise PermissionError(path)

        # Imitates the system's refusal, because tests may run as root, who may read everything.
        monkeypatch.setattr("tfenv_lab.environments.facts.names_in", refuse)
        assert codes(read(prefix)) == ["unreadable"]

    @pytest.mark.parametrize("content", ["", "{", '{"name": "x"', "null", "}{", "binary \x00"])
    def test_a_damaged_record_is_seen_by_a_closer_look(self, content: str, prefix: Path) -> None:
        (prefix / "conda-meta" / "zlib-1.3-0.json").write_text(content)
        found = read(prefix)
        assert codes(found) == []
        problems = facts.damage(prefix)
        assert [problem.code for problem in problems] == ["damaged-record"]
        assert "zlib-1.3-0.json" in problems[0].message

    def test_complete_records_are_not_damaged(self, prefix: Path) -> None:
        assert facts.damage(prefix) == []


class TestFrozen:
    def test_the_frozen_file_has_the_message(self, prefix: Path) -> None:
        (prefix / "conda-meta" / "frozen").write_text('{"message": "Ask the lab first."}')
        assert read(prefix).frozen == "Ask the lab first."

    @pytest.mark.parametrize("content", ["", "{}", "[]", "no json", '{"message": ""}'])
    def test_a_frozen_file_without_a_message_has_a_default(self, content: str, prefix: Path) -> None:
        (prefix / "conda-meta" / "frozen").write_text(content)
        assert read(prefix).frozen

    def test_an_environment_without_the_file_is_not_frozen(self, prefix: Path) -> None:
        assert read(prefix).frozen is None


def test_modified_is_the_last_change_of_a_package(prefix: Path) -> None:
    for name in ("", "history"):
        os.utime(prefix / "conda-meta" / name, (0, 1_700_000_000))
    assert read(prefix).modified == "2023-11-14T22:13:20.000+00:00"
    os.utime(prefix / "conda-meta" / "history", (0, 1_700_000_060.5))
    assert read(prefix).modified == "2023-11-14T22:14:20.500+00:00"
