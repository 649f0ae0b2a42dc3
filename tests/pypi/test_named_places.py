"""Test which of the places of packages that a file names are configured."""

from __future__ import annotations

import pytest

from tfenv_lab.pypi import named_places
from tfenv_lab.pypi.models import IndexSettings

OWN = IndexSettings(
    {
        "UV_DEFAULT_INDEX": "https://user:secret@own.example/simple/",
        "UV_INDEX": "extra=https://extra.example/simple",
        "UV_FIND_LINKS": "file:///srv/wheels",
    }
)


@pytest.mark.parametrize(
    "place",
    [
        "https://own.example/simple",
        "https://OWN.example/simple/",
        "https://extra.example/simple",
        "/srv/wheels",
        "file:///srv/wheels/",
        "https://pypi.org/simple",
        "https://pypi.org/simple/",
    ],
)
def test_a_configured_place_is_known(place: str) -> None:
    assert named_places.unconfigured([place], OWN) == []


@pytest.mark.parametrize(
    "place",
    [
        "http://own.example/simple",
        "https://own.example/simple/team",
        "https://own.example",
        "https://own.example/simple/../other",
        "srv/wheels",
        "./wheels",
        "/srv/wheels/more",
        "--no-index",
        "https://[",
        "",
    ],
)
def test_another_place_is_not(place: str) -> None:
    assert named_places.unconfigured([place], OWN) == [place]


def test_without_an_index_nothing_stands_for_pypi() -> None:
    found = IndexSettings(OWN.variables, options=("--no-index",))
    assert named_places.unconfigured(["--no-index", "/srv/wheels"], found) == []
    assert named_places.unconfigured(["https://pypi.org/simple"], found) == ["https://pypi.org/simple"]


def test_labels_have_no_credentials() -> None:
    assert named_places.label("https://user:secret@own.example/simple?token=x") == "https://own.example/simple"
