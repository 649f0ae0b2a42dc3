"""Test which versions of Keras can be chosen with a release, and what a choice requests from each source."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tfenv_lab.plan_requests import Create
from tfenv_lab.tensorflow.catalog.catalog import Catalog
from tfenv_lab.tensorflow.catalog.selection import Chosen
from tfenv_lab.tensorflow.models import CatalogModel

from ...simple_index import SimpleIndex
from ...tiny_tensorflow import PYTHON, TAG
from ..conftest import Forge, get, release_of
from .test_sources import LINUX, catalog_with

CatalogOf = Callable[..., Catalog]


def choices(model: CatalogModel, release: str) -> list[tuple[str, str, list[str]]]:
    return [(each.source, each.version, each.python) for each in release_of(model, release).keras_versions]


class TestOnAChannel:
    @pytest.fixture
    def url(self, forge: Forge) -> str:
        for python in ("3.11", "3.12"):
            forge.tensorflow("2.19.1", "cpu", python, base=["keras >=3.5"])
        forge.tensorflow("2.19.1", "cuda128", "3.13", base=["keras >=3.5"])
        forge.tensorflow("2.15.0", "cpu", "3.11", base=["keras >=2.15,<2.16"])
        forge.add("keras", "3.4.1", depends=["python >=3.9"], noarch="python")
        forge.add("keras", "3.12.0", depends=["python >=3.12"], noarch="python")
        forge.add("keras", "3.13.0rc1", depends=["python >=3.9"], noarch="python")
        return forge.index()

    def test_the_versions_fit_tensorflow_and_python(self, url: str, catalog_of: CatalogOf) -> None:
        assert choices(get(catalog_of(url)), "2.19.1") == [
            ("conda", "3.12.0", ["3.12"]),
            ("conda", "3.5.0", ["3.11", "3.12"]),
        ]

    def test_a_python_that_this_machine_cannot_have_does_not_count(self, url: str, catalog_of: CatalogOf) -> None:
        assert choices(get(catalog_of(url, {"CUDA": "12.8"})), "2.19.1")[0] == ("conda", "3.12.0", ["3.12", "3.13"])

    def test_before_2_16_there_is_nothing_to_choose(self, url: str, catalog_of: CatalogOf) -> None:
        assert choices(get(catalog_of(url)), "2.15.0") == []

    def test_keras_2_is_the_newest_tf_keras_of_the_same_minor_version(
        self, url: str, forge: Forge, catalog_of: CatalogOf
    ) -> None:
        for version in ("2.18.0", "2.19.0", "2.19.1", "2.20.0"):
            forge.add("tf-keras", version, depends=["python"], noarch="python")
        assert choices(get(catalog_of(forge.index())), "2.19.1")[-1] == ("conda", "2.19.1", ["3.11", "3.12"])


@pytest.fixture
def both(forge: Forge, simple_index: SimpleIndex) -> Catalog:
    """A channel and an index with TensorFlow 2.20.0; only the index has tf-keras, and 2.15.0."""
    forge.tensorflow("2.20.0", "cpu", PYTHON)
    forge.add("python", f"{PYTHON}.1")
    for version in ("2.15.0", "2.20.0"):
        simple_index.add("tensorflow-cpu", version, tag=f"cp{TAG}-cp{TAG}-{LINUX}")
    for version in ("2.15.0", "3.5.0", "3.10.0", "3.12.0", "3.13.0rc1"):
        simple_index.add("keras", version)
    simple_index.add("keras", "3.14.0", requires_python="<3")
    for version in ("2.15.1", "2.20.0", "2.20.1", "2.21.0"):
        simple_index.add("tf-keras", version)
    return catalog_with(forge, simple_index)


class TestOnTheIndex:
    def test_the_versions_fit_the_wheel_and_python(self, both: Catalog) -> None:
        found = choices(get(both), "2.20.0")
        assert [each for each in found if each[0] == "pypi"] == [
            ("pypi", "3.12.0", [PYTHON]),
            ("pypi", "3.10.0", [PYTHON]),
            ("pypi", "2.20.1", [PYTHON]),
        ]

    def test_a_channel_without_tf_keras_has_that_of_the_index(self, both: Catalog) -> None:
        found = choices(get(both), "2.20.0")
        assert [each for each in found if each[0] == "conda"] == [
            ("conda", "3.5.0", [PYTHON]),
            ("conda", "2.20.1", [PYTHON]),
        ]

    def test_before_2_16_there_is_nothing_to_choose(self, both: Catalog) -> None:
        assert choices(get(both), "2.15.0") == []

    def test_the_keras_that_comes_with_a_release_fits_its_python(self, both: Catalog) -> None:
        assert release_of(get(both), "2.15.0").keras == "2.15.0"


def chosen(catalog: Catalog, keras: bool | str, source: str, tensorflow: str = "2.20.*") -> Chosen:
    return asyncio.run(catalog.chosen(Create("new", tensorflow, keras=keras, source=source)))  # type: ignore[arg-type]


class TestRequest:
    """What a create request with a choice of Keras gets from each source."""

    @pytest.mark.parametrize(
        ("keras", "spec"),
        [
            (True, "keras"),
            ("3", "keras 3.*"),
            ("3.5", "keras 3.5.*"),
            ("3.5.*", "keras 3.5.*"),
            ("3.5.0", "keras ==3.5.0"),
        ],
    )
    def test_keras_3_from_a_channel(self, both: Catalog, keras: bool | str, spec: str) -> None:
        found = chosen(both, keras, "conda")
        assert [text for text in found.specs if "keras" in text] == [spec]
        assert found.requirements == []

    @pytest.mark.parametrize(
        ("keras", "requirement"),
        [(True, "keras"), ("3", "keras==3.*"), ("3.12", "keras==3.12.*"), ("3.12.0", "keras==3.12.0")],
    )
    def test_keras_3_from_the_index(self, both: Catalog, keras: bool | str, requirement: str) -> None:
        assert chosen(both, keras, "pypi").requirements == ["tensorflow-cpu==2.20.*", requirement]

    @pytest.mark.parametrize("tensorflow", ["2.20.*", "2.20.0", "2.*"])
    def test_keras_2_is_tf_keras_of_the_same_minor_version(self, both: Catalog, tensorflow: str) -> None:
        assert chosen(both, "2", "pypi", tensorflow).requirements[1:] == ["tf-keras==2.20.*"]

    def test_keras_2_comes_from_the_index_if_no_channel_has_it(self, both: Catalog) -> None:
        found = chosen(both, "2", "conda")
        assert not any("keras" in text for text in found.specs)
        assert found.requirements == ["tf-keras==2.20.*"]

    def test_keras_2_comes_from_the_channel_that_has_it(
        self, both: Catalog, forge: Forge, simple_index: SimpleIndex
    ) -> None:
        forge.add("tf-keras", "2.20.0", depends=["python"], noarch="python")
        found = chosen(catalog_with(forge, simple_index), "2", "conda")
        assert [text for text in found.specs if "keras" in text] == ["tf-keras 2.20.*"]
        assert found.requirements == []

    @pytest.mark.parametrize("source", ["conda", "pypi"])
    def test_a_tensorflow_with_a_keras_2_of_its_own_gets_that(
        self, both: Catalog, forge: Forge, simple_index: SimpleIndex, source: str
    ) -> None:
        forge.tensorflow("2.15.0", "cpu", PYTHON, base=["keras >=2.15,<2.16"])
        found = chosen(catalog_with(forge, simple_index), "2", source, "2.15.*")
        assert [text for text in [*found.specs, *found.requirements] if "keras" in text] == ["keras"]

    def test_a_version_that_no_channel_has_leads_to_a_suggestion(self, both: Catalog) -> None:
        found = asyncio.run(both.suggest(Create("new", "2.20.*", PYTHON, keras="3.99.*", source="conda")))
        assert found is not None
        assert (str(found), found.change) == ("Use the newest Keras that fits.", {"keras": True})
