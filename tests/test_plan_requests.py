from __future__ import annotations

import pytest

from tfenv_lab import plan_requests
from tfenv_lab.errors import InvalidRequest, InvalidSpec
from tfenv_lab.plan_request_parser import parse


@pytest.mark.parametrize(
    "fields",
    [
        {"tensorflow": "--prefix=/tmp/x"},
        {"tensorflow": ""},
        {"tensorflow": "*"},
        {"tensorflow": "2..19"},
        {"tensorflow": "2.19.* cuda*"},
        {"tensorflow": ">=2.19"},
        {"tensorflow": "2.19[channel=evil]"},
        {"tensorflow": "evil::tensorflow"},
        {"tensorflow": "2.19\n"},
        {"python": "3"},
        {"python": "3.11.*"},
        {"python": "-c 3"},
        {"cuda": "newest"},
        {"cuda": "12.6\n"},
    ],
)
def test_a_version_of_another_form_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(InvalidSpec):
        parse({"kind": "create", "name": "tf", **fields})


@pytest.mark.parametrize("keras", ["4", "2.15.0", "3.", "3.9.2.1", "newest", "", "3\n", ">=3.5"])
def test_a_keras_of_another_form_is_refused(keras: str) -> None:
    with pytest.raises(InvalidSpec):
        parse({"kind": "create", "name": "tf", "tensorflow": "2.19.*", "keras": keras})


@pytest.mark.parametrize("keras", ["3", "3.9.*"])
def test_keras_3_needs_a_tensorflow_that_works_with_it(keras: str) -> None:
    with pytest.raises(InvalidRequest, match=r"TensorFlow 2\.15 comes with Keras 2\.15"):
        parse({"kind": "create", "name": "tf", "tensorflow": "2.15.*", "keras": keras})
    with pytest.raises(InvalidRequest, match="only together with “tensorflow”"):
        parse({"kind": "create", "name": "tf", "keras": keras})


@pytest.mark.parametrize(
    ("tensorflow", "keras", "legacy"),
    [
        ("2.19.*", "2", True),
        ("2.*", "2", True),
        ("2.15.*", "2", False),
        ("2.19.*", "3", False),
        ("2.19.*", "3.9.2", False),
        ("2.19.*", True, False),
        ("2.19.*", False, False),
    ],
)
def test_keras_2_sets_the_kernel_unless_tensorflow_brings_it(tensorflow: str, keras: bool | str, legacy: bool) -> None:
    request = parse({"kind": "create", "name": "tf", "tensorflow": tensorflow, "keras": keras})
    assert isinstance(request, plan_requests.Create)
    assert (request.keras, request.legacy_keras) == (keras, legacy)


@pytest.mark.parametrize("tensorflow", ["2.19.*", "2.19", "2.19.1", "2.20.0rc0"])
@pytest.mark.parametrize("cuda", [None, "12", "12.6"])
def test_versions_are_taken_as_they_are_written(tensorflow: str, cuda: str | None) -> None:
    request = parse({"kind": "create", "name": "tf", "tensorflow": tensorflow, "python": "3.11", "cuda": cuda})
    assert isinstance(request, plan_requests.Create)
    assert (request.tensorflow, request.python, request.cuda) == (tensorflow, "3.11", cuda)
