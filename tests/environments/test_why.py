"""Test why a package is in an environment: what needs it, across conda's packages and those of an index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Api
from tests.prefixes import add_dist_info, add_record, make_prefix
from tfenv_lab.environments.discovery import id_of
from tfenv_lab.environments.why import Why, why
from tfenv_lab.errors import NotFound

_HISTORY = "==> 2025-01-01 10:00:00 <==\n# cmd: conda create\n# update specs: ['python=3.11', 'tensorflow=2.19']\n"


def add_project(prefix: Path, name: str, version: str, *needs: str) -> Path:
    """Add a package as pip does, with its dependencies."""
    dist_info = add_dist_info(prefix / "lib/python3.11/site-packages", name.replace("-", "_"), version)
    with (dist_info / "METADATA").open("a") as file:
        file.writelines(f"Requires-Dist: {need}\n" for need in needs)
    return dist_info


@pytest.fixture
def prefix(envs: Path) -> Path:
    """Make an environment in which conda's TensorFlow needs NumPy, and pip's keras-hub needs both."""
    made = make_prefix(envs / "tf", history=_HISTORY, python="3.11.9")
    build = "cpu_py311h1_0"
    add_record(made, f"tensorflow-2.19.1-{build}", depends=[f"tensorflow-base 2.19.1 {build}", "python"])
    add_record(
        made, f"tensorflow-base-2.19.1-{build}", depends=["__unix", "numpy >=1.26,<3", "python >=3.11,<3.12.0a0"]
    )
    add_record(made, "numpy-2.1.0-py311_0", depends=["libblas >=3.9"])
    add_record(made, "zlib-1.3-h1_0")
    add_project(made, "keras_hub", "0.20.0", "tensorflow>=2.18", "NumPy", "rich; extra == 'pretty'")
    return made


def names(related: Any) -> list[tuple[str, str]]:
    return [(each.name, each.spec) for each in related]


def test_a_requested_package_has_its_spec(prefix: Path) -> None:
    found = why(prefix, "tensorflow")
    assert (found.requested, found.spec, found.because) == (True, "tensorflow=2.19", ())
    assert names(found.needs) == [("python", ""), ("tensorflow-base", "2.19.1 cpu_py311h1_0")]


def test_a_dependency_has_the_chain_from_a_requested_package(prefix: Path) -> None:
    found = why(prefix, "numpy")
    assert (found.requested, found.spec) == (False, None)
    assert found.because == ("tensorflow", "tensorflow-base")


def test_packages_of_both_sources_need_a_package(prefix: Path) -> None:
    found = why(prefix, "numpy")
    assert [(each.name, each.version, each.source, each.spec) for each in found.needed_by] == [
        ("keras-hub", "0.20.0", "pypi", ""),
        ("tensorflow-base", "2.19.1", "conda", ">=1.26,<3"),
    ]


def test_pips_package_needs_condas(prefix: Path) -> None:
    found = why(prefix, "keras-hub")
    assert [(each.name, each.source, each.spec) for each in found.needs] == [
        ("numpy", "conda", ""), ("tensorflow", "conda", ">=2.18"),
    ]  # fmt: skip


def test_a_project_is_found_by_the_name_that_its_conda_package_has(prefix: Path) -> None:
    add_record(prefix, "pytables-3.10-py311_0", files=["lib/python3.11/site-packages/tables-3.10.dist-info/METADATA"])
    add_project(prefix, "reader", "1.0", "tables>=3")
    assert names(why(prefix, "pytables").needed_by) == [("reader", ">=3")]


def test_a_conda_package_needs_what_pip_installed(prefix: Path) -> None:
    add_record(prefix, "tool-1.0-py_0", depends=["absl-py >=1"])
    add_project(prefix, "absl_py", "2.1.0")
    assert names(why(prefix, "absl-py").needed_by) == [("tool", ">=1")]


def test_a_missing_dependency_has_no_version(prefix: Path) -> None:
    (need,) = why(prefix, "numpy").needs
    assert (need.name, need.version, need.source, need.spec) == ("libblas", None, None, ">=3.9")


def test_a_package_that_nothing_needs(prefix: Path) -> None:
    found = why(prefix, "zlib")
    assert (found.requested, found.because, found.needed_by, found.needs) == (False, (), (), ())


def test_the_needs_of_an_extra_count_only_if_it_is_named(prefix: Path) -> None:
    add_project(prefix, "rich", "13.0")
    assert why(prefix, "rich").needed_by == ()
    add_project(prefix, "app", "1.0", "keras-hub[pretty]")
    assert names(why(prefix, "rich").needed_by) == [("keras-hub", "")]


@pytest.mark.parametrize("alias", ["tensorflow-cpu", "tf-nightly"])
def test_every_distribution_of_tensorflow_meets_the_need(envs: Path, alias: str) -> None:
    prefix = make_prefix(envs / "pip", python="3.11.9")
    add_project(prefix, alias, "2.20.0")
    add_project(prefix, "keras-hub", "0.20.0", "tensorflow")
    assert names(why(prefix, alias).needed_by) == [("keras-hub", "")]


def test_packages_that_need_each_other(prefix: Path) -> None:
    add_project(prefix, "one", "1.0", "two")
    add_project(prefix, "two", "1.0", "one")
    found = why(prefix, "one")
    assert (names(found.needed_by), names(found.needs), found.because) == ([("two", "")], [("two", "")], ())


def test_of_two_packages_with_one_name_pips_counts(prefix: Path) -> None:
    add_project(prefix, "numpy", "2.3.0", "h5py")

    def versions(found: Why) -> tuple[str, str]:
        return found.version, found.source

    assert versions(why(prefix, "numpy")) == ("2.3.0", "pypi")
    assert versions(why(prefix, "numpy", "conda")) == ("2.1.0", "conda")


def test_damaged_records_and_metadata_are_passed_over(prefix: Path) -> None:
    (prefix / "conda-meta" / "zlib-1.3-h1_0.json").write_text("{")
    add_record(prefix, "odd-1.0-0", depends=[1, None, "numpy"], files="all")
    add_project(prefix, "other", "1.0", "numpy >!< 3", "numpy; sys_platform")
    assert [name for name, _ in names(why(prefix, "numpy").needed_by)] == ["keras-hub", "odd", "tensorflow-base"]
    assert why(prefix, "zlib").needs == ()


def test_an_address_loses_its_credentials(envs: Path) -> None:
    history = "==> 2025-01-01 10:00:00 <==\n# cmd: x\n# update specs: ['https://me:secret@host/chan::numpy']\n"
    prefix = make_prefix(envs / "tf", ["numpy-2.1.0-py311_0"], history=history)
    assert "secret" not in str(why(prefix, "numpy"))


@pytest.mark.parametrize("name", ["scipy", "", "..", "rich "])
def test_a_package_that_is_not_installed(prefix: Path, name: str) -> None:
    with pytest.raises(NotFound):
        why(prefix, name)


async def test_the_answer(api: Api, prefix: Path) -> None:
    path = f"environments/{id_of(prefix)}/packages"
    status, body = await api.call("GET", f"{path}/numpy/why")
    assert (status, body["because"]) == (200, ["tensorflow", "tensorflow-base"])
    assert (await api.call("GET", f"{path}/keras_hub/why?source=pypi"))[1]["name"] == "keras-hub"
    assert (await api.call("GET", f"{path}/keras_hub/why?source=conda"))[0] == 404
    assert (await api.call("GET", f"{path}/numpy/why?source=cran"))[0] == 400
    assert (await api.call("GET", f"{path}/scipy/why"))[1]["reason"] == "not-found"
