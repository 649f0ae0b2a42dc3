from __future__ import annotations

import pytest

from tfenv_lab import plan_requests
from tfenv_lab.errors import InvalidRequest, InvalidSpec


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
        plan_requests.parse({"kind": "create", "name": "tf", **fields})


@pytest.mark.parametrize("variant", ["rocm", "cuda12", "cuda12.6", "cpu_*"])
def test_another_variant_is_refused(variant: str) -> None:
    with pytest.raises(InvalidRequest, match="must be “auto”, “cpu” or “cuda”"):
        plan_requests.parse({"kind": "create", "name": "tf", "variant": variant})


@pytest.mark.parametrize("tensorflow", ["2.19.*", "2.19", "2.19.1", "2.20.0rc0"])
@pytest.mark.parametrize("cuda", [None, "12", "12.6"])
def test_versions_are_taken_as_they_are_written(tensorflow: str, cuda: str | None) -> None:
    request = plan_requests.parse(
        {"kind": "create", "name": "tf", "tensorflow": tensorflow, "python": "3.11", "cuda": cuda}
    )
    assert isinstance(request, plan_requests.Create)
    assert (request.tensorflow, request.python, request.cuda) == (tensorflow, "3.11", cuda)
