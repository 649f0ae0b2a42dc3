from __future__ import annotations

import pytest

from tfenv_lab.tensorflow.checks import probe
from tfenv_lab.tensorflow_packages import CHECKED, has_keras_3, has_own_keras_2, is_tf_keras, rank, wheel_admits
from tfenv_lab.versions import minor_numbers, minor_of


@pytest.mark.parametrize(
    ("version", "minor", "numbers"),
    [
        ("2.19.1", "2.19", (2, 19)),
        ("2.20.0rc0", "2.20", (2, 20)),
        ("3.11", "3.11", (3, 11)),
        ("3", "3", (3,)),
        ("2.x.1", "2.x", (2,)),
        ("", "", ()),
    ],
)
def test_a_minor_version_is_the_first_two_numbers(version: str, minor: str, numbers: tuple[int, ...]) -> None:
    assert minor_of(version) == minor
    assert minor_numbers(version) == numbers


def test_keras_3_begins_with_2_16() -> None:
    assert [has_keras_3(version) for version in ("1.15.0", "2.15.1", "2.16.1", "2.20.0rc0", "3.0.0")] == [
        *(False, False),
        *(True, True, True),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.15.*", True),
        ("2.15.1", True),
        ("2.4", True),
        ("2.16.*", False),
        ("2.19.1", False),
        ("2.*", False),
        ("", False),
    ],
)
def test_a_request_for_a_release_before_2_16_surely_brings_keras_2(text: str, expected: bool) -> None:
    assert has_own_keras_2(text) is expected


@pytest.mark.parametrize(
    ("tensorflow", "keras", "expected"),
    [
        ("2.16.2", "3.0.0", True),
        ("2.19.1", "3.4.1", False),
        ("2.19.1", "3.5.0", True),
        ("2.20.0", "3.9.2", False),
        ("2.21.0", "3.12.0", True),
        ("2.99.0", "3.11.0", False),
        ("2.19.1", "2.19.0", False),
        ("2.15.0", "2.15.0", True),
        ("2.15.0", "3.5.0", False),
    ],
)
def test_a_wheel_admits_keras_from_the_version_that_it_requires(tensorflow: str, keras: str, expected: bool) -> None:
    assert wheel_admits(tensorflow, keras) is expected


def test_tensorflow_keras_and_python_come_first() -> None:
    assert sorted(["numpy", "python", "absl", "keras", "tensorflow"], key=lambda name: (rank(name), name)) == [
        *("tensorflow", "keras", "python", "absl", "numpy")
    ]


def test_the_probe_which_imports_nothing_looks_at_the_same_packages() -> None:
    assert probe.CHECKED == CHECKED


@pytest.mark.parametrize(
    ("tensorflow", "keras", "expected"),
    [
        ("2.19.1", "2.19.0", True),
        ("2.19.1", "3.12.0", False),
        ("2.15.0", "2.15.0", False),
        (None, "2.19.0", False),
        ("2.19.1", None, False),
    ],
)
def test_keras_2_is_tf_keras_under_a_tensorflow_with_keras_3(
    tensorflow: str | None, keras: str | None, expected: bool
) -> None:
    assert is_tf_keras(tensorflow, keras) is expected
