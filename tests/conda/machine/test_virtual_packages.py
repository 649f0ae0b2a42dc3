"""Test virtual packages; the expected values follow conda's plugins (conda/plugins/virtual_packages)."""

from __future__ import annotations

import pytest
from rattler import BuildString, GenericVirtualPackage, PackageName, Version

from tfenv_lab.conda.machine import nvidia, virtual_packages
from tfenv_lab.conda.settings.condarc import CondaSettings
from tfenv_lab.errors import InvalidRequest


def _package(name: str, version: str, build: str = "0") -> GenericVirtualPackage:
    return GenericVirtualPackage(PackageName(name), Version(version), BuildString(build))


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> list[GenericVirtualPackage]:
    """Pretend to be a 64-bit Linux machine without a GPU."""
    found = [
        _package("__unix", "0"),
        _package("__linux", "6.1"),
        _package("__glibc", "2.36"),
        _package("__archspec", "1", "zen2"),
    ]
    monkeypatch.setattr(virtual_packages, "detected", lambda: tuple(found))
    monkeypatch.setenv("CONDA_SUBDIR", "linux-64")
    return found


def detected(overrides: dict[str, str], cuda: str | None = None, subdir: str | None = None) -> dict[str, str]:
    """Return the versions by name; for ``__archspec``, the build."""
    found = virtual_packages.describe(virtual_packages.detect(overrides, cuda, subdir))
    return {p["name"]: p["build"] if p["name"] == "__archspec" else p["version"] for p in found}


PLAIN = {"__unix": "0", "__linux": "6.1", "__glibc": "2.36", "__archspec": "zen2"}


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({}, PLAIN),
        ({"CONDA_OVERRIDE_CUDA": "12.6"}, {**PLAIN, "__cuda": "12.6"}),
        ({"CONDA_OVERRIDE_CUDA": " 12.6 "}, {**PLAIN, "__cuda": "12.6"}),
        ({"CONDA_OVERRIDE_CUDA": ""}, PLAIN),
        ({"CONDA_OVERRIDE_GLIBC": "2.17"}, {**PLAIN, "__glibc": "2.17"}),
        ({"CONDA_OVERRIDE_GLIBC": ""}, {k: v for k, v in PLAIN.items() if k != "__glibc"}),
        ({"CONDA_OVERRIDE_ARCHSPEC": "x86_64_v3"}, {**PLAIN, "__archspec": "x86_64_v3"}),
        ({"CONDA_OVERRIDE_ARCHSPEC": ""}, {k: v for k, v in PLAIN.items() if k != "__archspec"}),
        ({"CONDA_OVERRIDE_LINUX": "5.15"}, {**PLAIN, "__linux": "5.15"}),
        ({"CONDA_OVERRIDE_LINUX": "5.15.0-91-generic"}, {**PLAIN, "__linux": "5.15.0"}),
        ({"CONDA_OVERRIDE_LINUX": "rolling"}, {**PLAIN, "__linux": "0"}),
        ({"CONDA_OVERRIDE_LINUX": ""}, {**PLAIN, "__linux": "0"}),
        ({"CONDA_OVERRIDE_OSX": "14.0"}, PLAIN),
        ({"CONDA_OVERRIDE_WIN": "10"}, PLAIN),
        ({"CONDA_OVERRIDE_UNIX": ""}, PLAIN),
    ],
)
def test_overrides(overrides: dict[str, str], expected: dict[str, str]) -> None:
    assert detected(overrides) == expected


def test_an_empty_override_takes_a_driver_away(machine: list[GenericVirtualPackage]) -> None:
    machine.append(_package("__cuda", "12.8"))
    assert detected({})["__cuda"] == "12.8"
    assert "__cuda" not in detected({"CONDA_OVERRIDE_CUDA": ""})


@pytest.mark.parametrize("overrides", [{}, {"CONDA_OVERRIDE_CUDA": ""}, {"CONDA_OVERRIDE_CUDA": "11.8"}])
def test_the_users_request_takes_precedence(overrides: dict[str, str]) -> None:
    assert detected(overrides, cuda="12.6")["__cuda"] == "12.6"


@pytest.mark.parametrize("cuda", ["", "twelve", "12.6; rm", "--prefix=/", "12.", "1234", "12.6.1.1"])
def test_an_invalid_cuda_version_is_refused(cuda: str) -> None:
    with pytest.raises(InvalidRequest, match="is not a CUDA version"):
        virtual_packages.detect({}, cuda)


def test_a_variable_with_an_invalid_version_is_named() -> None:
    with pytest.raises(InvalidRequest, match="which CONDA_OVERRIDE_GLIBC or condarc sets for __glibc"):
        virtual_packages.detect({"CONDA_OVERRIDE_GLIBC": "2 17"})


@pytest.mark.parametrize(
    ("subdir", "expected"),
    [
        ("linux-aarch64", {"__unix": "0", "__linux": "6.1", "__glibc": "2.36", "__archspec": "aarch64"}),
        ("osx-arm64", {"__unix": "0", "__osx": "0", "__archspec": "arm64"}),
        ("win-64", {"__win": "0", "__archspec": "x86_64"}),
    ],
)
def test_of_another_platform(subdir: str, expected: dict[str, str]) -> None:
    assert detected({}, subdir=subdir) == expected


@pytest.mark.parametrize(
    ("subdir", "name", "others"),
    [
        ("osx-arm64", "osx", {"__unix": "0", "__archspec": "arm64"}),
        ("win-64", "win", {"__archspec": "x86_64"}),
        ("linux-aarch64", "glibc", {"__unix": "0", "__linux": "6.1", "__archspec": "aarch64"}),
    ],
)
def test_overrides_on_another_platform(subdir: str, name: str, others: dict[str, str]) -> None:
    variable = f"CONDA_OVERRIDE_{name.upper()}"
    assert detected({variable: "14.2"}, subdir=subdir) == {**others, f"__{name}": "14.2"}
    assert detected({variable: " "}, subdir=subdir) == others


def test_another_machine_that_pretends_to_be_linux_has_a_c_library(machine: list[GenericVirtualPackage]) -> None:
    machine[:] = [_package("__unix", "0"), _package("__osx", "14.2"), _package("__archspec", "1", "m1")]
    expected = {"__unix": "0", "__linux": "0", "__glibc": "0", "__archspec": "aarch64"}
    assert detected({}, subdir="linux-aarch64") == expected


class TestCondarc:
    """Variables take precedence over ``override_virtual_packages``."""

    def settings(self, **overrides: str) -> CondaSettings:
        return CondaSettings((), (), (), override_virtual_packages=overrides)

    def test_it_counts_where_no_variable_is_set(self) -> None:
        found = virtual_packages.overrides(self.settings(cuda="12.8", archspec="x86_64", glibc=""), {})
        expected = {**PLAIN, "__cuda": "12.8", "__archspec": "x86_64"}
        del expected["__glibc"]
        assert detected(found) == expected

    @pytest.mark.parametrize("variable", ["", "11.8"])
    def test_a_variable_wins(self, variable: str) -> None:
        found = virtual_packages.overrides(self.settings(cuda="12.8"), {"CONDA_OVERRIDE_CUDA": variable})
        assert detected(found).get("__cuda", "") == variable

    def test_only_packages_that_conda_allows_are_overridden(self) -> None:
        assert detected(virtual_packages.overrides(self.settings(unix="1", osx="14.0", CUDA="12.8"), {})) == PLAIN

    def test_overrides_in_force_are_returned(self) -> None:
        found = virtual_packages.overrides(self.settings(cuda="12.8", osx="14.0"), {"CONDA_OVERRIDE_LINUX": ""})
        expected = {"CONDA_OVERRIDE_CUDA": "12.8", "CONDA_OVERRIDE_LINUX": ""}
        assert virtual_packages.in_force(found) == expected


class TestGpu:
    def test_none(self) -> None:
        assert virtual_packages.gpu({}) == {"detected": False, "cuda": None, "driver": None}

    def test_a_driver(self, machine: list[GenericVirtualPackage], monkeypatch: pytest.MonkeyPatch) -> None:
        machine.append(_package("__cuda", "12.8"))
        monkeypatch.setattr(nvidia, "driver_version", lambda: "570.86.10")
        assert virtual_packages.gpu({}) == {"detected": True, "cuda": "12.8", "driver": "570.86.10"}
        assert virtual_packages.usable_cuda({}) == "12.8"
        assert virtual_packages.usable_cuda({"CONDA_OVERRIDE_CUDA": ""}) is None

    def test_an_override_detects_nothing(self) -> None:
        assert virtual_packages.gpu({"CONDA_OVERRIDE_CUDA": "12.6"}) == {
            "detected": False,
            "cuda": "12.6",
            "driver": None,
        }
        assert virtual_packages.usable_cuda({"CONDA_OVERRIDE_CUDA": "12.6"}) is None


def test_version_of() -> None:
    found = virtual_packages.detect({"CONDA_OVERRIDE_CUDA": "12.6"})
    assert virtual_packages.version_of(found, "__cuda") == "12.6"
    assert virtual_packages.version_of(found, "__osx") is None


def test_the_real_machine_has_a_kernel_and_a_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    found = {package["name"]: package for package in virtual_packages.describe(virtual_packages.detect({}))}
    assert found["__archspec"]["version"] == "1"
    assert any(name in found for name in ("__linux", "__osx", "__win"))
