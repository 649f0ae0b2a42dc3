from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from tfenv_lab.plan_requests import Source
from tfenv_lab.tensorflow.catalog.catalog import Catalog
from tfenv_lab.tensorflow.catalog.selection import fits

from ...tiny_channel import TinyChannel
from ..conftest import Forge

CatalogOf = Callable[..., Catalog]


@dataclass(frozen=True)
class Wanted:
    tensorflow: str | None = "2.19.*"
    python: str | None = "3.12"
    variant: str = "auto"
    cuda: str | None = None
    keras: bool | str = True
    packages: tuple[str, ...] = ()
    source: Source | None = None


KERNEL = ["ipykernel", "pip"]


def specs(catalog: Catalog, **fields: object) -> list[str]:
    return asyncio.run(catalog.specs_for(replace(Wanted(), **fields)))  # type: ignore[arg-type]


@pytest.fixture
def url(forge: Forge) -> str:
    forge.tensorflow("2.19.1", "cpu", "3.11")
    forge.tensorflow("2.19.1", "cpu", "3.12")
    forge.tensorflow("2.19.1", "cuda128", "3.12")
    forge.tensorflow("2.19.1", "cuda129", "3.12")
    forge.tensorflow("2.18.0", "cuda126", "3.11")
    forge.tensorflow("2.17.0", "cpu", "3.12")
    forge.add("tensorflow", "2.4.1", build="py310hf3d152e_0", depends=["python >=3.10,<3.11.0a0"])
    return forge.index()


class TestHardware:
    """The spec names the build, so that a later update keeps it, with or without track_features."""

    def test_auto_is_the_cpu_without_a_driver(self, url: str, catalog_of: CatalogOf) -> None:
        assert specs(catalog_of(url))[0] == "tensorflow 2.19.* cpu_*"

    def test_auto_is_cuda_with_a_driver(self, url: str, catalog_of: CatalogOf) -> None:
        assert specs(catalog_of(url, {"CUDA": "12.9"}))[0] == "tensorflow 2.19.* cuda*"

    def test_auto_is_cuda_with_an_assumed_driver(self, url: str, catalog_of: CatalogOf) -> None:
        assert specs(catalog_of(url), cuda="12.9")[0] == "tensorflow 2.19.* cuda*"

    def test_auto_is_the_cpu_without_a_cuda_build_for_this_python(self, url: str, catalog_of: CatalogOf) -> None:
        assert specs(catalog_of(url, {"CUDA": "12.9"}), python="3.11")[0] == "tensorflow 2.19.* cpu_*"

    def test_auto_is_the_cpu_if_the_release_has_no_cuda_build(self, url: str, catalog_of: CatalogOf) -> None:
        assert specs(catalog_of(url, {"CUDA": "12.9"}), tensorflow="2.17.*")[0] == "tensorflow 2.17.* cpu_*"

    def test_auto_is_any_existing_variant_if_none_can_be_installed(self, url: str, catalog_of: CatalogOf) -> None:
        found = specs(catalog_of(url), tensorflow="2.18.*", python="3.11")
        assert found[0] == "tensorflow 2.18.* cuda*"

    @pytest.mark.parametrize(("variant", "pin"), [("cpu", "cpu_*"), ("cuda", "cuda*")])
    @pytest.mark.parametrize("driver", ["", "12.9"])
    def test_a_named_variant_is_requested_whatever_the_driver(
        self, url: str, catalog_of: CatalogOf, variant: str, pin: str, driver: str
    ) -> None:
        catalog = catalog_of(url, {"CUDA": driver})
        assert specs(catalog, variant=variant)[0] == f"tensorflow 2.19.* {pin}"

    def test_old_cpu_builds_have_no_prefix(self, url: str, catalog_of: CatalogOf) -> None:
        found = specs(catalog_of(url), tensorflow="2.4.*", python="3.10", variant="cpu")
        assert found[0] == "tensorflow 2.4.* py*"


class TestVersions:
    @pytest.mark.parametrize(
        ("asked", "spec"),
        [
            ("2.19.*", "tensorflow 2.19.* cpu_*"),
            ("2.19", "tensorflow 2.19.* cpu_*"),
            ("2.19.1", "tensorflow ==2.19.1 cpu_*"),
            ("2.99.*", "tensorflow 2.99.* cpu_*"),
            ("2.20.0rc0", "tensorflow ==2.20.0rc0 cpu_*"),
        ],
    )
    def test_tensorflow(self, url: str, catalog_of: CatalogOf, asked: str, spec: str) -> None:
        assert specs(catalog_of(url), tensorflow=asked)[0] == spec

    def test_python_keras_and_the_kernel(self, url: str, catalog_of: CatalogOf) -> None:
        catalog = catalog_of(url)
        assert specs(catalog)[1:] == ["python 3.12.*", "keras", *KERNEL]
        assert specs(catalog, python=None)[1:] == ["python", "keras", *KERNEL]
        assert specs(catalog, keras=False)[1:] == ["python 3.12.*", *KERNEL]

    def test_without_tensorflow(self, url: str, catalog_of: CatalogOf) -> None:
        assert specs(catalog_of(url), tensorflow=None) == ["python 3.12.*", *KERNEL]

    def test_pip_is_included_only_if_a_channel_has_it(self, channel: TinyChannel, catalog_of: CatalogOf) -> None:
        channel.add("python", "3.12.4")
        channel.add("ipykernel", "6.29.0", depends=["python"])
        assert specs(catalog_of(channel.index()), tensorflow=None) == ["python 3.12.*", "ipykernel"]


@pytest.mark.parametrize(
    ("version", "text", "expected"),
    [
        ("2.19.1", "2.19.*", True),
        ("2.19.1", "2.19", True),
        ("2.19.1", "2.*", True),
        ("2.19.1", "*", True),
        ("2.19.1", "2.19.1", True),
        ("2.19.1", "2.1.*", False),
        ("2.1.0", "2.19.*", False),
        ("2.19.1", "2.19.0", False),
    ],
)
def test_fits(version: str, text: str, expected: bool) -> None:
    assert fits(version, text) == expected
