"""Test the catalog with real conda-forge metadata, against a handmade table and the solver."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from tfenv_lab.conda.engine import GenericVirtualPackage
from tfenv_lab.conda.machine import virtual_packages
from tfenv_lab.conda.repodata.repodata import Repodata
from tfenv_lab.conda.settings.channels import ChannelRef
from tfenv_lab.conda.settings.condarc import CondaSettings
from tfenv_lab.conda.solving.solve import solve
from tfenv_lab.errors import Unsatisfiable
from tfenv_lab.tensorflow.catalog import catalog as module
from tfenv_lab.tensorflow.catalog.catalog import Catalog
from tfenv_lab.tensorflow.models import CatalogModel

#: Release, variant and Pythons, read from the channel's list of files by hand.
TABLE = """
2.19.1  cpu       3.11 3.12
2.19.1  cuda12.9  3.12
2.19.1  cuda12.8  3.12
2.18.0  cpu       3.11 3.12
2.18.0  cuda12.6  3.11 3.12
2.17.0  cpu       3.11 3.12
2.17.0  cuda12.0  3.10 3.12
2.16.2  cuda12.0  3.11 3.12
2.16.1  cpu       3.10 3.11
2.16.1  cuda12.0  3.11 3.12
2.15.0  cpu       3.11
2.15.0  cuda12.0  3.11
2.15.0  cuda11.8  3.11
2.14.0  cpu       3.9 3.11
2.14.0  cuda11.8  3.11
2.13.1  cpu       3.10
2.13.1  cuda11.2  3.11
2.12.1  cpu       3.10 3.11
2.12.1  cuda11.2  3.10 3.11
2.11.1  cpu       3.10
2.11.1  cuda11.2  3.10
2.11.0  cuda11.2  3.10
2.10.0  cpu       3.10
2.10.0  cuda11.2  3.10
2.9.1   cuda11.2  3.9
"""

ROWS = [
    (release, variant, pythons) for release, variant, *pythons in (line.split() for line in TABLE.split("\n") if line)
]
CELLS = [(release, variant, python) for release, variant, pythons in ROWS for python in pythons]

#: The machines to test; the slice has only the processors x86_64 and x86_64_v3.
_PLAIN = {"CONDA_OVERRIDE_ARCHSPEC": "x86_64_v3", "CONDA_OVERRIDE_GLIBC": "2.36", "CONDA_OVERRIDE_CUDA": ""}
MACHINES = {
    "no GPU": _PLAIN,
    "driver 12.9": {**_PLAIN, "CONDA_OVERRIDE_CUDA": "12.9"},
    "driver 11.8": {**_PLAIN, "CONDA_OVERRIDE_CUDA": "11.8"},
    "old C library": {**_PLAIN, "CONDA_OVERRIDE_GLIBC": "2.12"},
    "old processor": {**_PLAIN, "CONDA_OVERRIDE_ARCHSPEC": "x86_64", "CONDA_OVERRIDE_CUDA": "12.9"},
    "unknown processor": {**_PLAIN, "CONDA_OVERRIDE_ARCHSPEC": "zen2"},
}


@dataclass
class Slice:
    """The repodata of the slice, loaded once, with the catalog of each machine."""

    repodata: Repodata
    models: dict[str, CatalogModel]

    def virtual(self, machine: str) -> list[GenericVirtualPackage]:
        overrides = virtual_packages.overrides(self.repodata.settings, MACHINES[machine])
        return virtual_packages.detect(overrides, subdir=self.repodata.subdir)

    def installable(self, machine: str, version: str, variant: str, python: str) -> bool:
        release = next(release for release in self.models[machine].releases if release.version == version)
        found = next(entry for entry in release.variants if entry.name == variant)
        return found.installable and python not in {blocked.python for blocked in found.blocked}


def _settings(slice_dir: Path) -> CondaSettings:
    return CondaSettings(channels=(ChannelRef("slice", slice_dir.as_uri()),), envs_dirs=(), pkgs_dirs=())


@pytest.fixture(scope="module")
def conda_forge(slice_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Slice:
    repodata = Repodata(_settings(slice_dir), "linux-64", tmp_path_factory.mktemp("cache"))
    models = {name: asyncio.run(Catalog(repodata, overrides).get()) for name, overrides in MACHINES.items()}
    return Slice(repodata, models)


@pytest.mark.parametrize("machine", MACHINES)
def test_the_table(conda_forge: Slice, machine: str) -> None:
    """The builds that exist do not depend on the machine."""
    found = [
        (release.version, variant.name, variant.python)
        for release in conda_forge.models[machine].releases
        for variant in release.variants
    ]
    assert found == ROWS


def test_pythons_of_a_release(conda_forge: Slice) -> None:
    found = {release.version: release.python for release in conda_forge.models["no GPU"].releases}
    assert found["2.17.0"] == ["3.10", "3.11", "3.12"]
    assert found["2.14.0"] == ["3.9", "3.11"]


@pytest.mark.parametrize(
    ("machine", "version"),
    [
        ("no GPU", "2.19.1"),
        ("driver 12.9", "2.19.1"),
        ("old C library", "2.16.1"),
        ("unknown processor", "2.18.0"),
    ],
)
def test_one_release_is_recommended(conda_forge: Slice, machine: str, version: str) -> None:
    releases = conda_forge.models[machine].releases
    assert [release.version for release in releases if release.recommended] == [version]


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("version", "variant", "python"), CELLS)
def test_the_solver_agrees(conda_forge: Slice, machine: str, version: str, variant: str, python: str) -> None:
    build = "cpu_*" if variant == "cpu" else f"{variant.replace('.', '')}*"
    specs = [f"tensorflow =={version} {build}", f"python {python}.*", "keras", "ipykernel", "pip"]
    virtual = conda_forge.virtual(machine)
    try:
        records = asyncio.run(solve(conda_forge.repodata, specs, virtual_packages=virtual))
    except Unsatisfiable:
        assert not conda_forge.installable(machine, version, variant, python)
        return
    assert conda_forge.installable(machine, version, variant, python)
    release = next(r for r in conda_forge.models[machine].releases if r.version == version)
    if python == release.python[-1]:
        assert release.keras == next(str(r.version) for r in records if r.name.normalized == "keras")


@pytest.mark.parametrize("version", ["2.16.1", "2.19.1"])
def test_python_313_is_neither_offered_nor_solved(conda_forge: Slice, version: str) -> None:
    release = next(r for r in conda_forge.models["no GPU"].releases if r.version == version)
    assert "3.13" not in release.python
    virtual = conda_forge.virtual("no GPU")
    with pytest.raises(Unsatisfiable):
        asyncio.run(solve(conda_forge.repodata, [f"tensorflow =={version}", "python 3.13.*"], virtual_packages=virtual))


def test_reading_only_the_needed_names_gives_the_same_catalog(
    conda_forge: Slice, slice_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SMALL", 0)
    fresh = Catalog(conda_forge.repodata, MACHINES["no GPU"])
    assert asyncio.run(fresh.get()) == conda_forge.models["no GPU"]
