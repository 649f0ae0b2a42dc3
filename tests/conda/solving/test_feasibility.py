from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from rattler import BuildString, GenericVirtualPackage, PackageName, PackageRecord, Version

from tfenv_lab.conda.solving.candidates import Node, Pool
from tfenv_lab.conda.solving.feasibility import Feasibility, Request, as_record

from ...tiny_channel import TinyChannel
from .pools import load


def cuda(version: str | None) -> dict[str, PackageRecord | None]:
    """Return a machine with or without a CUDA driver."""
    if version is None:
        return {"__cuda": None}
    return {"__cuda": as_record(GenericVirtualPackage(PackageName("__cuda"), Version(version), BuildString("0")))}


def check(
    pool: Pool,
    *specs: str,
    machine: Mapping[str, PackageRecord | None] | None = None,
    fixed: Mapping[str, Iterable[Node]] | None = None,
) -> Feasibility:
    return Request(pool, specs, fixed or {}).on(machine or {})


def test_everything_is_there(channel: TinyChannel) -> None:
    channel.add("app", "1.0", depends=["lib >=1"])
    channel.add("lib", "1.5")
    assert check(load(channel), "app").feasible


@pytest.mark.parametrize("spec", ["app >=2", "app 1.0 other*", "nothing"])
def test_nothing_matches_the_request(channel: TinyChannel, spec: str) -> None:
    channel.add("app", "1.0")
    found = check(load(channel, names=["app", "nothing"]), spec)
    assert not found.feasible
    assert found.cause() == (None, spec)


def test_a_dependency_far_down_is_missing_and_named(channel: TinyChannel) -> None:
    channel.add("app", "1.0", depends=["lib"])
    channel.add("lib", "1.0", depends=["deep >=2"])
    channel.add("deep", "1.0")
    found = check(load(channel), "app")
    assert not found.feasible
    assert found.cause() == ("lib", "deep >=2")
    assert found.unmet("deep") == ["deep >=2"]


def test_an_older_record_does_where_the_newest_cannot(channel: TinyChannel) -> None:
    channel.add("app", "2.0", depends=["gone"])
    channel.add("app", "1.0", depends=["lib"])
    channel.add("lib", "1.0")
    pool = load(channel, names=["app", "lib", "gone"])
    found = check(pool, "app")
    assert found.feasible
    best = found.best("app")
    assert best is not None
    assert str(best.version) == "1.0"


def test_packages_that_need_each_other(channel: TinyChannel) -> None:
    channel.add("python", "3.11.0", depends=["pip"])
    channel.add("pip", "24.0", depends=["python"])
    assert check(load(channel), "python").feasible


def test_packages_that_need_each_other_and_something_missing(channel: TinyChannel) -> None:
    channel.add("python", "3.11.0", depends=["pip"])
    channel.add("pip", "24.0", depends=["python", "gone"])
    assert not check(load(channel, names=["python", "pip", "gone"]), "python").feasible


class TestMachine:
    def test_a_virtual_package_that_is_absent_present_or_left_open(self, channel: TinyChannel) -> None:
        channel.add("app", "1.0", depends=["__cuda"])
        pool = load(channel)
        assert not check(pool, "app", machine=cuda(None)).feasible
        assert check(pool, "app", machine=cuda("12.6")).feasible
        assert check(pool, "app").feasible

    def test_its_version_counts(self, channel: TinyChannel) -> None:
        channel.add("app", "1.0", depends=["__cuda >=12"])
        pool = load(channel)
        assert not check(pool, "app", machine=cuda("11.8")).feasible
        assert check(pool, "app", machine=cuda("12.0")).feasible

    def test_a_constraint_counts_only_where_there_is_something(self, channel: TinyChannel) -> None:
        channel.add("cuda-version", "12.6", constrains=["__cuda >=12"])
        pool = load(channel)
        assert check(pool, "cuda-version", machine=cuda(None)).feasible
        assert not check(pool, "cuda-version", machine=cuda("11.8")).feasible


class TestNarrowing:
    """All records of these requests exist, but they exclude each other."""

    def test_two_who_need_different_versions_of_one(self, channel: TinyChannel) -> None:
        channel.add("app", "1.0", depends=["lib 1.*", "plugin"])
        channel.add("plugin", "1.0", depends=["lib 2.*"])
        channel.add("lib", "1.0")
        channel.add("lib", "2.0")
        assert not check(load(channel), "app").feasible

    def test_builds_for_another_python_do_not_count(self, channel: TinyChannel) -> None:
        for minor in (11, 12):
            channel.add("python", f"3.{minor}.0")
        channel.add("app", "1.0", build="py311_0", depends=["python >=3.11,<3.12", "lib"])
        channel.add("lib", "1.0", build="py312_0", depends=["python >=3.12,<3.13"])
        pool = load(channel)
        assert check(pool, "lib", "python").feasible
        assert not check(pool, "app", "python").feasible

    def test_a_constraint_of_a_companion(self, channel: TinyChannel) -> None:
        channel.add("tensorflow", "2.17.0")
        channel.add("keras", "3.12.0", constrains=["tensorflow >=2.18"])
        channel.add("keras", "3.11.0", constrains=["tensorflow >=2.15"])
        found = check(load(channel), "tensorflow", "keras")
        best = found.best("keras")
        assert best is not None
        assert str(best.version) == "3.11.0"

    def test_builds_that_differ_only_in_what_they_pin(self, channel: TinyChannel) -> None:
        channel.add("tensorflow", "2.12.1", build="b_0", depends=["base 2.12.1 h1_0"])
        channel.add("tensorflow", "2.12.1", build="b_1", depends=["base 2.12.1 h2_1"])
        channel.add("base", "2.12.1", build="h1_0", depends=["keras 2.12.*"])
        channel.add("base", "2.12.1", build="h2_1", depends=["keras 2.12.*"])
        channel.add("keras", "2.12.0")
        channel.add("keras", "3.0.0")
        found = check(load(channel), "tensorflow", "keras")
        best = found.best("keras")
        assert best is not None
        assert str(best.version) == "2.12.0"

    def test_only_fixed_records_may_be_used(self, channel: TinyChannel) -> None:
        channel.add("app", "1.0", build="cpu_0")
        channel.add("app", "1.0", build="cuda_0", depends=["gone"])
        pool = load(channel, names=["app", "gone"])
        cuda_build = [node for node in pool.named("app") if str(node.record.build) == "cuda_0"]
        assert check(pool, "app").feasible
        assert not check(pool, "app", fixed={"app": cuda_build}).feasible
