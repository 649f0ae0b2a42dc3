"""Fixtures of a fake channel that looks like conda-forge, of its catalog on any machine, and of an environment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.repodata.repodata import Repodata
from tfenv_lab.conda.settings.channels import ChannelRef
from tfenv_lab.conda.settings.condarc import CondaSettings
from tfenv_lab.tensorflow.catalog.catalog import Catalog
from tfenv_lab.tensorflow.models import CatalogModel, Release, Variant

from ..tiny_channel import TinyChannel

#: A Linux machine with an x86-64-v3 processor and no GPU, whatever machine runs the tests.
MACHINE = {
    "CONDA_OVERRIDE_CUDA": "",
    "CONDA_OVERRIDE_GLIBC": "2.36",
    "CONDA_OVERRIDE_ARCHSPEC": "x86_64_v3",
    "CONDA_OVERRIDE_LINUX": "6.1",
}


class Forge(TinyChannel):
    """A channel with Python versions, ipykernel, pip and Keras; ``tensorflow`` adds a build of TensorFlow."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        for minor in (10, 11, 12, 13):
            self.add("python", f"3.{minor}.4")
            self.add("python_abi", f"3.{minor}", build=f"8_cp3{minor}", constrains=[f"python 3.{minor}.*"])
        for name, version in (("ipykernel", "6.29.0"), ("pip", "24.0"), ("keras", "3.5.0"), ("keras", "2.15.0")):
            self.add(name, version, depends=["python >=3.9"], noarch="python")

    def tensorflow(
        self, version: str, variant: str, python: str, number: int = 0, *, base: Sequence[str] = (), **fields: Any
    ) -> None:
        """Add ``tensorflow`` and its ``tensorflow-base``, which has the dependencies ``base``."""
        digits = python.replace(".", "")
        build = f"{variant}_py{digits}h0_{number}" if variant == "cpu" else f"{variant}py{digits}h0_{number}"
        cuda = ["__cuda"] if variant.startswith("cuda") else []
        abi = f"python_abi {python}.* *_cp{digits}"
        self.add("tensorflow-base", version, build=build, depends=["python", abi, "keras", *cuda, *base], **fields)
        self.add(
            "tensorflow",
            version,
            build=build,
            depends=[*cuda, "python", abi, f"tensorflow-base {version} {build}"],
            **fields,
        )


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    return Forge(tmp_path / "forge")


def settings_of(url: str) -> CondaSettings:
    return CondaSettings(channels=(ChannelRef("forge", url),), envs_dirs=(), pkgs_dirs=())


@pytest.fixture
def catalog_of() -> Callable[..., Catalog]:
    """Return a function that makes the catalog of a channel's URL.

    Its variables imitate another machine; their names have no ``CONDA_OVERRIDE_``.
    """

    def make(url: str, overrides: Mapping[str, str] | None = None, subdir: str = "linux-64") -> Catalog:
        settings = settings_of(url)
        named = {f"CONDA_OVERRIDE_{name}": value for name, value in (overrides or {}).items()}
        return Catalog(Repodata(settings, subdir), {**MACHINE, **named})

    return make


def get(catalog: Catalog, **options: Any) -> CatalogModel:
    return asyncio.run(catalog.get(**options))


def release_of(model: CatalogModel, version: str) -> Release:
    return next(release for release in model.releases if release.version == version)


def variant_of(model: CatalogModel, version: str, name: str) -> Variant:
    return next(variant for variant in release_of(model, version).variants if variant.name == name)
