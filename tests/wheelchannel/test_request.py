from __future__ import annotations

import pytest

from tfenv_lab.errors import InvalidRequest
from tfenv_lab.wheelchannel import request as module
from tfenv_lab.wheelchannel.request import BuildRequest, digest


def key(request: BuildRequest, python: str = "3.11.7", subdir: str = "linux-64") -> str:
    return digest(request.recipe(python, subdir))


@pytest.mark.parametrize("release", ["", "2", "2.19.*", ">=2.19", "2.19; rm", "--index-url=x", "2.19.1.2", "latest"])
def test_a_release_is_two_or_three_numbers(release: str) -> None:
    with pytest.raises(InvalidRequest, match="is not a TensorFlow release") as refused:
        BuildRequest(tensorflow=(release,))
    assert refused.value.hint == "Write 2.19 or 2.19.1."


@pytest.mark.parametrize("release", ["2.19", "2.19.1", "2.21.0rc0"])
def test_releases_that_are_taken(release: str) -> None:
    assert BuildRequest(tensorflow=(release,)).tensorflow == (release,)


def test_no_release_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        BuildRequest(tensorflow=())


@pytest.mark.parametrize("package", ["", "--pre", "-r requirements.txt", "a b", "../x"])
def test_a_package_is_a_requirement(package: str) -> None:
    with pytest.raises(InvalidRequest):
        BuildRequest(packages=(package,))


def test_order_and_repetition_do_not_change_the_recipe() -> None:
    one = BuildRequest(("2.19", "2.20"), ("pandas", "tf-keras"))
    other = BuildRequest(("2.20", "2.19", "2.20"), ("tf-keras", "pandas"))
    assert key(one) == key(other)


def test_everything_that_changes_the_content_changes_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = BuildRequest(("2.19",))
    keys = [
        key(plain),
        key(BuildRequest(("2.19.1",))),
        key(BuildRequest(("2.19", "2.20"))),
        key(BuildRequest(("2.19",), ("pandas",))),
        key(plain, python="3.11.8"),
        key(plain, subdir="linux-aarch64"),
    ]
    monkeypatch.setattr(module, "RECIPE", module.RECIPE + 1)
    keys.append(key(plain))
    assert len(set(keys)) == len(keys)
