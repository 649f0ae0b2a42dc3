from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.machine import virtual_packages
from tfenv_lab.conda.prefix.pypi import PypiPackage
from tfenv_lab.conda.prefix.records import PackageStem
from tfenv_lab.environments.models import AvailableUpdate, EnvironmentFacts, Keras, TensorFlow
from tfenv_lab.models import Advice
from tfenv_lab.plan_requests import Install, Repair, Update
from tfenv_lab.tensorflow.advice import Known, advise
from tfenv_lab.tensorflow.catalog.catalog import Catalog
from tfenv_lab.tensorflow_packages import keras_fits

from .conftest import Forge

GPU = Known(cuda="12.8", cuda_release="2.19.1")


def facts(
    tensorflow: str | None = "2.19.1",
    keras: str | None = "3.5.0",
    *,
    variant: str = "cpu",
    source: Any = "conda",
    keras_source: Any = "conda",
    tf_keras: str | None = None,
    packages: tuple[str, ...] = (),
    pypi: dict[str, str] | None = None,
    problems: tuple[Advice, ...] = (),
) -> EnvironmentFacts:
    return EnvironmentFacts(
        id="e1",
        prefix=Path("/envs/e1"),
        packages={stem.name: stem for stem in (PackageStem(*text.rsplit("-", 2)) for text in packages)},
        python="3.12.4",
        tensorflow=TensorFlow(tensorflow, f"{variant}_py312h0_0", variant, source) if tensorflow else None,
        keras=Keras(keras, keras_source) if keras else None,
        tf_keras=Keras(tf_keras, keras_source) if tf_keras else None,
        pypi=tuple(PypiPackage(name, version, Path("/x")) for name, version in (pypi or {}).items()),
        problems=problems,
    )


def codes(found: EnvironmentFacts, known: Known | None = None) -> list[str]:
    return [advice.code for advice in advise(found, known or Known())]


def only(found: EnvironmentFacts, known: Known | None = None) -> Advice:
    (advice,) = advise(found, known or Known())
    return advice


def test_there_are_no_warnings_if_everything_fits() -> None:
    assert codes(facts()) == []
    assert codes(facts(tensorflow=None, keras=None), GPU) == []


class TestGpu:
    def test_a_cpu_build_on_a_machine_with_a_gpu(self) -> None:
        advice = only(facts(), GPU)
        assert (advice.code, advice.severity) == ("cpu-build-with-gpu", "warning")
        assert "CUDA 12.8" in advice.message
        assert advice.plan_request == Install("e1", ("tensorflow=2.19.1=cuda*",))

    def test_a_cpu_build_without_a_possible_cuda_build_has_no_plan_request(self) -> None:
        advice = only(facts(), Known(cuda="12.8"))
        assert (advice.severity, advice.plan_request) == ("info", None)

    @pytest.mark.parametrize(
        ("found", "known"),
        [(facts(variant="cuda12.8"), GPU), (facts(), Known(cuda_release="2.19.1")), (facts(source="pypi"), GPU)],
    )
    def test_other_environments_have_no_warning_about_a_gpu(self, found: EnvironmentFacts, known: Known) -> None:
        assert "cpu-build-with-gpu" not in codes(found, known)


class TestPip:
    def test_two_tensorflows(self) -> None:
        found = facts("2.20.0", packages=("tensorflow-2.19.1-cpu_py312h0_0",), pypi={"tensorflow": "2.20.0"})
        advice = only(found)
        assert advice.code == "two-tensorflows"
        assert "2.20.0 over conda's 2.19.1" in advice.message

    def test_other_packages_are_named_with_both_versions(self) -> None:
        found = facts(packages=("numpy-1.26.4-py312_0", "h5py-3.11.0-py312_0"), pypi={"numpy": "2.1.0"})
        advice = only(found)
        assert advice.code == "pip-over-conda"
        assert "numpy 2.1.0 (conda's is 1.26.4)" in advice.message
        assert "h5py" not in advice.message

    def test_more_than_three_packages_are_counted(self) -> None:
        names = [f"lib{number}" for number in range(5)]
        found = facts(packages=tuple(f"{name}-1.0-0" for name in names), pypi=dict.fromkeys(names, "2.0"))
        assert "and 2 more" in only(found).message

    def test_packages_that_conda_never_had_are_fine(self) -> None:
        assert codes(facts(pypi={"nvidia-cuda-runtime-cu12": "12.5"})) == []

    def test_a_tensorflow_from_the_index_needs_no_warning(self) -> None:
        assert codes(facts(source="pypi", pypi={"tensorflow": "2.19.1"})) == []


class TestKeras:
    @pytest.mark.parametrize(
        ("tensorflow", "keras", "fits"),
        [
            ("2.19.1", "3.5.0", True),
            ("2.16.1", "3.0.5", True),
            ("2.16.1", "2.15.0", False),
            ("2.15.0", "2.15.0", True),
            ("2.15.1", "2.15.0", True),
            ("2.15.0", "2.14.0", False),
            ("2.15.0", "3.5.0", False),
            ("2.9.1", "2.9.0", True),
            ("2.10.0", "2.1.0", False),
            ("3.0.0", "3.5.0", True),
            ("nightly", "3.5.0", True),
        ],
    )
    def test_keras_fits_the_releases_of_its_generation(self, tensorflow: str, keras: str, fits: bool) -> None:
        assert keras_fits(tensorflow, keras) == fits
        assert ("keras-mismatch" in codes(facts(tensorflow, keras))) != fits

    def test_the_remedy(self) -> None:
        assert only(facts("2.19.1", "2.15.0")).plan_request == Install("e1", ("keras>=3",))
        assert only(facts("2.15.0", "3.5.0")).plan_request == Install("e1", ("keras=2.15.*",))

    def test_the_remedy_for_pips_keras_is_from_the_index(self) -> None:
        found = facts("2.19.1", "2.15.0", keras_source="pypi")
        assert only(found).plan_request == Install("e1", ("pypi:keras>=3",))
        found = facts("2.15.0", "3.5.0", keras_source="pypi")
        assert only(found).plan_request == Install("e1", ("pypi:keras==2.15.*",))

    def test_the_remedy_for_pips_keras_over_condas_is_a_repair(self) -> None:
        found = facts("2.19.1", "2.15.0", keras_source="pypi", packages=("keras-3.5.0-0",))
        assert only(found).plan_request == Repair("e1")

    def test_tf_keras_of_another_release(self) -> None:
        found = facts("2.19.1", tf_keras="2.17.0")
        advice = only(found)
        assert advice.code == "tf-keras-mismatch"
        assert advice.plan_request == Install("e1", ("tf-keras=2.19.*",))
        assert codes(facts("2.17.1", tf_keras="2.17.0")) == []


def test_an_update() -> None:
    advice = only(facts("2.18.0"), Known(update=AvailableUpdate(tensorflow="2.19.1")))
    assert (advice.code, advice.severity, advice.message) == ("update", "info", "TensorFlow 2.19.1 is available.")
    assert advice.plan_request == Update("e1", ("tensorflow",))


def test_an_unusable_environment_has_no_other_warning() -> None:
    broken = facts("2.19.1", "2.15.0", problems=(Advice("no-interpreter", "error", "gone"),))
    assert codes(broken, GPU) == []


def test_the_catalog_provides_what_is_known(
    forge: Forge, catalog_of: Callable[..., Catalog], monkeypatch: pytest.MonkeyPatch
) -> None:
    forge.tensorflow("2.19.1", "cpu", "3.12")
    forge.tensorflow("2.18.0", "cuda126", "3.12")
    forge.tensorflow("2.18.0", "cpu", "3.12")
    catalog = catalog_of(forge.index(), {"CUDA": "12.6"})
    assert catalog.known(facts("2.18.0")) == Known()
    asyncio.run(catalog.get())
    # The variable allows CUDA builds, but does not mean that there is a GPU.
    assert catalog.known(facts("2.18.0")).cuda is None
    with_gpu = tuple(virtual_packages.detect(cuda="12.6"))
    monkeypatch.setattr(virtual_packages, "detected", lambda: with_gpu)
    known = catalog.known(facts("2.18.0"))
    assert known == Known(cuda="12.6", update=AvailableUpdate(tensorflow="2.19.1"), cuda_release="2.18.0")
    assert catalog.known(facts("2.19.1")).cuda_release == "2.18.0"
