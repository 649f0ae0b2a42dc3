"""Test the icons that tell the kernels of environments apart."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.prefixes import add_kernel, make_prefix
from tfenv_lab.kernels.icons import icon, letters
from tfenv_lab.kernels.service import KernelService

from .conftest import run
from .on_disk import kernels


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter() if element.tag.endswith("text")]


def color(svg: str) -> str:
    return next(element.attrib["fill"] for element in ET.fromstring(svg).iter() if element.tag.endswith("rect"))


def contrast_with_white(color: str) -> float:
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 1.05 / (sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True)) + 0.05)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("tf219", "tf219"),
        ("my-thesis", "mt"),
        ("a_b-c.d", "abcd"),
        ("größe", "größe"),
        ("environment", "envir"),
        ("研究-環境", "研環"),
        ("x", "x"),
        ("--", "--"),
    ],
)
def test_an_icon_has_letters_of_the_name(name: str, shown: str) -> None:
    assert letters(name) == shown
    assert texts(icon(name)) == [shown]


def test_a_name_never_becomes_markup() -> None:
    assert texts(icon("<&>")) == ["<&>"]


def test_icons_can_be_read_and_differ_by_color() -> None:
    colors = {color(icon(f"tf{number}")) for number in range(200)}
    assert len(colors) == 10
    assert min(map(contrast_with_white, colors)) >= 4.5


def test_a_kernel_of_ipykernel_gets_an_icon_of_its_environment(service: KernelService, tf219: Path) -> None:
    run(service.register(tf219))
    assert texts((kernels() / "conda-env-tf219-py" / "logo-svg.svg").read_text(encoding="utf-8")) == ["tf219"]


def test_other_kernels_keep_their_icons(service: KernelService, envs: Path) -> None:
    prefix = make_prefix(envs / "r", ["r-base-4.4.1-h1_0"])
    add_kernel(prefix, "ir", {"argv": ["R"], "display_name": "R", "language": "R"})
    (prefix / "share/jupyter/kernels/ir/logo-svg.svg").write_text("own")
    run(service.register(prefix))
    assert (kernels() / "conda-env-r-r" / "logo-svg.svg").read_text() == "own"
