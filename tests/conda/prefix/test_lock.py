"""Test that a lock keeps the distributions of a package index with their hashes, and that a digest identifies it."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from tfenv_lab.conda.prefix import lock
from tfenv_lab.pypi.models import Distribution

CHANNEL = "https://conda.anaconda.org/conda-forge"
WHEEL = "https://files.pythonhosted.org/packages/a_b-1.0-py3-none-any.whl"


def stored(*distributions: Distribution, subdir: str = "linux-64") -> list[Distribution]:
    return lock.distributions(lock.dumps((), [CHANNEL], "linux-64", distributions), subdir)


@pytest.mark.parametrize("sha256", ["ab" * 32, "1" * 64, "0e" + "1" * 62, f"{'1' * 30}e{'2' * 33}"])
def test_a_hash_is_text_whatever_its_digits_are(sha256: str) -> None:
    wheel = Distribution("a-b", "1.0", WHEEL, sha256)
    assert stored(wheel) == [wheel]


def test_dependencies_are_kept_for_each_distribution() -> None:
    one = Distribution("a-b", "1.0", WHEEL, "a" * 64, requires=("numpy>=1", "c[extra] ; sys_platform == 'linux'"))
    other = Distribution("c", "2.0", "https://x.example/c-2.0-py3-none-any.whl", "b" * 64)
    assert stored(other, one) == [one, other]


def test_a_dependency_that_is_none_is_left_out_so_that_the_lock_can_be_read() -> None:
    wheel = Distribution("a-b", "1.0", WHEEL, "a" * 64, requires=("numpy >> 1", "six", "\n- pypi: x"))
    assert [each.requires for each in stored(wheel)] == [("six",)]


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example/a_b-1.0%2Bcpu-py3-none-any.whl",
        "https://x.example/a_b-1.0-py3-none-any.whl?token=a:b#c%20d",
        "file:///srv/with%20space/a_b-1.0-py3-none-any.whl",
        "git+https://github.com/x/y@0123456789012345678901234567890123456789#subdirectory=z",
        "https://x.example/a_b-1.0.tar.gz",
    ],
)
def test_a_url_is_kept_exactly(url: str) -> None:
    source = Distribution("a-b", "1.0", url, "c" * 64, requires=("six",))
    assert stored(source) == [source]


@pytest.mark.parametrize("version", ["1.10", "1", "2024.1", "1.0+cpu"])
def test_a_version_that_looks_like_a_number_is_text(version: str) -> None:
    assert [each.version for each in stored(Distribution("a-b", version, WHEEL, "a" * 64))] == [version]


def test_a_size_is_not_part_of_a_lock() -> None:
    assert [each.size for each in stored(Distribution("a-b", "1.0", WHEEL, "a" * 64, size=5))] == [None]


def test_another_platform_has_no_distributions() -> None:
    assert stored(Distribution("a-b", "1.0", WHEEL, "a" * 64), subdir="osx-arm64") == []


@dataclass
class _Record:
    name: Any
    version: str = "1"
    build: str = "0"
    sha256: bytes | None = b"\x01"


def _record(name: str, **fields: Any) -> Any:
    return _Record(SimpleNamespace(normalized=name), **fields)


def test_the_order_does_not_matter_for_a_digest() -> None:
    wheels = [Distribution("a", "1", WHEEL, "a" * 64), Distribution("b", "1", WHEEL, "b" * 64)]
    records = [_record("x"), _record("y")]
    assert lock.digest(records, wheels) == lock.digest(records[::-1], wheels[::-1])


@pytest.mark.parametrize(
    "other",
    [
        Distribution("b", "1", WHEEL, "a" * 64),
        Distribution("a", "2", WHEEL, "a" * 64),
        Distribution("a", "1", WHEEL, "b" * 64),
        Distribution("a", "1", WHEEL.replace("py3-none", "cp311-cp311"), "a" * 64),
        Distribution("a", "1", "git+https://x.example/a@0123"),
    ],
    ids=["name", "version", "hash", "tag", "origin"],
)
def test_every_part_of_a_distribution_changes_the_digest(other: Distribution) -> None:
    assert lock.digest((), [other]) != lock.digest((), [Distribution("a", "1", WHEEL, "a" * 64)])


def test_another_commit_is_another_digest() -> None:
    one, other = (Distribution("a", "1", f"git+https://x.example/a@{commit}") for commit in ("0123", "4567"))
    assert lock.digest((), [one]) != lock.digest((), [other])


@pytest.mark.parametrize("fields", [{"version": "2"}, {"build": "1"}, {"sha256": b"\x02"}, {"sha256": None}])
def test_every_part_of_a_record_changes_the_digest(fields: Any) -> None:
    assert lock.digest([_record("x", **fields)]) != lock.digest([_record("x")])


def test_where_a_distribution_is_fetched_from_does_not_change_the_digest() -> None:
    mirrored = Distribution("a", "1", WHEEL.replace("files.pythonhosted.org", "mirror.example"), "a" * 64)
    assert lock.digest((), [mirrored]) == lock.digest((), [Distribution("a", "1", WHEEL, "a" * 64)])
