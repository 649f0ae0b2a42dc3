from __future__ import annotations

import pytest

from tfenv_lab.errors import InvalidRequest
from tfenv_lab.plan_request_parser import parse


@pytest.mark.parametrize("keras", [3, 2.0, None, ["3"]])
def test_a_keras_that_is_neither_a_choice_nor_a_version_is_refused(keras: object) -> None:
    with pytest.raises(InvalidRequest, match="“keras” must be true, false or a version"):
        parse({"kind": "create", "name": "tf", "tensorflow": "2.19.*", "keras": keras})


@pytest.mark.parametrize("variant", ["rocm", "cuda12", "cuda12.6", "cpu_*"])
def test_another_variant_is_refused(variant: str) -> None:
    with pytest.raises(InvalidRequest, match="must be “auto”, “cpu” or “cuda”"):
        parse({"kind": "create", "name": "tf", "variant": variant})
