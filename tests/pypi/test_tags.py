"""Test which wheels fit a platform."""

from __future__ import annotations

import pytest

from tfenv_lab.pypi import tags


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run on a machine that none of these wheels is for."""
    monkeypatch.setattr(tags, "native_subdir", lambda: "linux-ppc64le")


@pytest.mark.parametrize(
    ("subdir", "platform"),
    [
        ("linux-aarch64", "manylinux2014_aarch64"),
        ("linux-aarch64", "manylinux_2_17_aarch64.manylinux2014_aarch64"),
        ("linux-aarch64", "manylinux_2_28_aarch64"),
        ("linux-64", "manylinux1_x86_64"),
        ("linux-64", "manylinux2010_x86_64"),
        ("linux-64", "manylinux2014_x86_64"),
        ("linux-64", "manylinux_2_27_x86_64"),
        ("osx-arm64", "macosx_11_0_arm64"),
        ("osx-arm64", "macosx_10_9_universal2"),
        ("osx-64", "macosx_10_15_x86_64"),
        ("win-64", "win_amd64"),
    ],
)
def test_the_wheels_of_a_platform_fit(subdir: str, platform: str) -> None:
    for python in ("cp312-cp312", "cp38-abi3", "py2.py3-none"):
        assert tags.Chooser("3.12.4", subdir).rank(f"greet-1.0-{python}-{platform}.whl") is not None


@pytest.mark.parametrize(
    ("subdir", "platform"),
    [
        ("linux-aarch64", "manylinux2014_x86_64"),
        ("linux-aarch64", "manylinux2010_aarch64"),
        ("linux-64", "manylinux_2_39_x86_64"),
        ("linux-64", "musllinux_1_2_x86_64"),
        ("osx-arm64", "macosx_10_15_x86_64"),
        ("osx-64", "macosx_26_0_x86_64"),
        ("win-64", "win_arm64"),
    ],
)
def test_the_wheels_of_another_system_do_not_fit(subdir: str, platform: str) -> None:
    assert tags.Chooser("3.12.4", subdir).rank(f"greet-1.0-cp312-cp312-{platform}.whl") is None
