from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from tfenv_lab.conda.machine import virtual_packages
from tfenv_lab.conda.repodata.repodata import Repodata
from tfenv_lab.conda.solving.solve import solve
from tfenv_lab.tensorflow.catalog.catalog import Catalog
from tfenv_lab.tensorflow.models import Suggestion

from ..conftest import MACHINE, Forge, settings_of
from .test_selection import Wanted

CatalogOf = Callable[..., Catalog]


def suggest(catalog: Catalog, **fields: object) -> Suggestion | None:
    return asyncio.run(catalog.suggest(replace(Wanted(), **fields)))  # type: ignore[arg-type]


def said(catalog: Catalog, **fields: object) -> tuple[str, dict[str, object]] | None:
    found = suggest(catalog, **fields)
    return (str(found), found.change) if found else None


@pytest.fixture
def channel_of_releases(forge: Forge) -> Forge:
    for python in ("3.10", "3.11", "3.12"):
        forge.tensorflow("2.19.1", "cpu", python)
    forge.tensorflow("2.18.0", "cpu", "3.10")
    forge.tensorflow("2.18.0", "cuda126", "3.10")
    forge.tensorflow("2.15.0", "cpu", "3.10")
    forge.add("pandas", "2.2.0", depends=["python >=3.10"], noarch="python")
    forge.add("oldlib", "1.0", depends=["python >=3.10,<3.11.0a0"])
    forge.add("quarrel", "1.0", constrains=["keras <1"])
    return forge


@pytest.fixture
def catalog(channel_of_releases: Forge, catalog_of: CatalogOf) -> Catalog:
    return catalog_of(channel_of_releases.index())


def test_the_nearest_python_is_suggested(catalog: Catalog) -> None:
    assert said(catalog, python="3.13") == ("Use Python 3.12 with TensorFlow 2.19.", {"python": "3.12"})


def test_the_nearest_python_that_the_packages_support_is_suggested(catalog: Catalog) -> None:
    found = said(catalog, python="3.12", packages=("oldlib",))
    assert found == ("Use Python 3.10 with TensorFlow 2.19.", {"python": "3.10"})


def test_the_newest_release_for_this_python_is_suggested(catalog: Catalog) -> None:
    assert said(catalog, tensorflow="2.16.*", python="3.11") == (
        "Use TensorFlow 2.19.1 with Python 3.11.",
        {"tensorflow": "2.19.1"},
    )


def test_the_cpu_build_is_suggested_without_a_driver(catalog: Catalog) -> None:
    assert said(catalog, tensorflow="2.18.*", python="3.10", variant="cuda") == (
        "Use the CPU build of TensorFlow 2.18.",
        {"variant": "cpu"},
    )


def test_release_and_python_are_suggested_together(catalog: Catalog) -> None:
    assert said(catalog, tensorflow="2.16.*", python="3.9") == (
        "Use TensorFlow 2.19.1 with Python 3.12.",
        {"tensorflow": "2.19.1", "python": "3.12", "variant": "cpu"},
    )


def test_a_mistyped_name_is_corrected(catalog: Catalog) -> None:
    assert said(catalog, packages=("pandsa>=2", "oldlib"), python="3.10") == (
        "No channel has “pandsa”; did you mean “pandas”?",
        {"packages": ["pandas", "oldlib"]},
    )


def test_an_unknown_name_and_a_wrong_python_are_suggested_together(catalog: Catalog) -> None:
    assert said(catalog, packages=("qqqqqq",), python="3.13") == (
        "No channel has “qqqqqq”. Use Python 3.12 with TensorFlow 2.19.",
        {"packages": [], "python": "3.12"},
    )


def test_leaving_out_a_conflicting_package_is_suggested(catalog: Catalog) -> None:
    assert said(catalog, packages=("pandas", "quarrel")) == ("Leave out “quarrel”.", {"packages": ["pandas"]})


def test_there_is_no_suggestion_if_nothing_helps(forge: Forge, catalog_of: CatalogOf) -> None:
    forge.add("broken", "1.0", depends=["gone"])
    assert suggest(catalog_of(forge.index()), packages=()) is None


def test_a_suggestion_has_a_solution(channel_of_releases: Forge, catalog_of: CatalogOf) -> None:
    url = channel_of_releases.index()
    catalog, settings = catalog_of(url), settings_of(url)
    virtual = virtual_packages.detect(virtual_packages.overrides(settings, MACHINE), subdir="linux-64")
    wanted = Wanted(python="3.13", packages=("pandas",))
    found = asyncio.run(catalog.suggest(wanted))
    assert found is not None

    async def solved() -> list[str]:
        specs = await catalog.specs_for(replace(wanted, **found.change))
        records = await solve(Repodata(settings, "linux-64"), [*specs, "pandas"], virtual_packages=virtual)
        return [record.name.normalized for record in records]

    assert {"tensorflow", "pandas", "ipykernel"} <= set(asyncio.run(solved()))
