"""Test which packages of a lock count, for which Python, and what was requested of them."""

from __future__ import annotations

import pytest

from tfenv_lab.errors import InvalidRequest
from tfenv_lab.pypi.locked import counted, python_spec, requested
from tfenv_lab.pypi.models import Distribution, IndexLock, Locked

FORKS = IndexLock(
    (
        Locked("numpy", "1.26.4", marker="(python_full_version < '3.12')", is_optional=True),
        Locked("numpy", "2.1.0", marker="(python_full_version >= '3.12')", is_optional=True),
        Locked(
            "app", "1.0", requires=("numpy", "plot ; extra == 'gui'", "left ; python_version < '3'"), is_optional=True
        ),
        Locked("plot", "3.0", requires=("app",), is_optional=True),
        Locked("left", "1.0", is_optional=True),
    ),
    roots=("app",),
)


def labels(lock: IndexLock, python: str = "3.11.9") -> list[str]:
    return [each.label for each in counted(lock, python)]


def wheel(name: str, tag: str) -> Locked:
    return Locked(name, "1.0", (Distribution(name, "1.0", f"https://x.example/{name}-1.0-{tag}.whl"),))


@pytest.mark.parametrize(("python", "version"), [("3.11.9", "1.26.4"), ("3.12.0", "2.1.0")])
def test_the_fork_of_the_python_counts(python: str, version: str) -> None:
    assert labels(FORKS, python) == ["app 1.0", f"numpy {version}"]


def test_a_dependency_may_name_its_fork() -> None:
    lock = IndexLock(
        (Locked("numpy", "1.0", is_optional=True), Locked("numpy", "2.0", is_optional=True)),
        roots=("numpy==1.0 ; python_version >= '3.12'", "numpy==2.0 ; python_version < '3.12'"),
    )
    assert labels(lock) == ["numpy 2.0"]


def test_the_packages_of_an_extra_count_only_where_it_is_requested() -> None:
    lock = IndexLock(FORKS.packages, roots=("app[gui]",))
    assert labels(lock) == ["app 1.0", "numpy 1.26.4", "plot 3.0"]


def test_groups_and_extras_count_as_in_a_pylock() -> None:
    packages = (
        Locked("a", "1", marker="'dev' in dependency_groups"),
        Locked("b", "1", marker="'gui' in extras"),
        Locked("c", "1", marker="sys_platform == 'win32'"),
    )
    assert labels(IndexLock(packages)) == []
    assert labels(IndexLock(packages, groups=("dev",))) == ["a 1"]


def test_a_marker_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="greet"):
        counted(IndexLock((Locked("greet", "1", marker="python is new"),)), "3.11.9")


def test_two_versions_that_count_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="1 and 2"):
        counted(IndexLock((Locked("greet", "1"), Locked("greet", "2"))), "3.11.9")


def test_what_the_file_says_was_requested() -> None:
    packages = (Locked("app", "1.0", requires=("lib",)), Locked("lib", "2.0"))
    told = IndexLock(packages, requested=("App>=1", "lib<2", "gone", "other ; python_version < '3'"))
    assert requested(told, packages, "3.11.9") == {"app": "app>=1"}, "lib 2.0 does not meet “lib<2”"


def test_otherwise_what_no_other_package_requires() -> None:
    packages = (Locked("app", "1.0", requires=("lib", "app[all]")), Locked("lib", "2.0"), Locked("more", "3.0"))
    assert requested(IndexLock(packages), packages, "3.11.9") == {"app": "app", "more": "more"}


@pytest.mark.parametrize(
    ("tags", "requires", "spec"),
    [
        (["py3-none-any"], "", "python"),
        (["py3-none-any"], ">=3.9,<3.13", "python <3.13,>=3.9"),
        (["py3-none-any"], "not a version", "python"),
        (["cp311-cp311-manylinux_2_17_x86_64"], "", "python 3.11.*"),
        (["cp311-cp311-manylinux_2_17_x86_64"], ">=3.11.4", "python >=3.11.4,3.11.*"),
        (["cp311-abi3-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_17_x86_64"], "", "python 3.12.*"),
        (["py3-none-any"], "==3.11.*", "python 3.11.*"),
        (["py3-none-any"], "~=3.15", "python 3.15.*|3.16.*"),
        (["cp311-cp311-win_amd64"], ">=3.11", "python >=3.11"),
    ],
)
def test_the_python_is_one_that_the_wheels_fit(tags: list[str], requires: str, spec: str) -> None:
    lock = IndexLock(tuple(wheel(f"p{number}", tag) for number, tag in enumerate(tags)))
    assert python_spec(lock, requires, "linux-64") == spec
