from __future__ import annotations

import zipfile
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tfenv_lab.wheelchannel.package import PLACEHOLDER, File
from tfenv_lab.wheelchannel.wheel import Layout, Wheel

from .tiny_wheel import MADE, make_wheel


def unpack(wheel: Wheel, tree: Path, layout: Layout) -> tuple[set[str], dict[str, File], set[str]]:
    """Unpack a wheel. Return the prefixed paths, the large files by path, and the paths on disk."""
    with zipfile.ZipFile(wheel.path) as archive:
        prefixed, large = wheel.unpack(archive, tree, layout)
    on_disk = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}
    return prefixed, large, on_disk


@pytest.mark.parametrize(
    ("tag", "pure"),
    [
        ("py3-none-any", True),
        ("py2.py3-none-any", True),
        ("cp311-none-any", True),
        ("cp311-cp311-manylinux_2_17_x86_64", False),
        ("cp39-abi3-manylinux2014_x86_64", False),
        ("py3-none-manylinux2014_x86_64", False),
    ],
)
def test_pure_is_what_runs_on_any_platform(tmp_path: Path, tag: str, pure: bool) -> None:
    assert Wheel(make_wheel(tmp_path, "x", tag=tag)).pure is pure


def test_a_wheel_can_declare_that_it_is_not_pure(tmp_path: Path) -> None:
    assert Wheel(make_wheel(tmp_path, "x", pure=False)).pure is False


def test_name_version_and_time(tmp_path: Path) -> None:
    wheel = Wheel(make_wheel(tmp_path, "Zope.Interface", "1!2.0rc1"))
    assert wheel.name == "zope-interface"
    assert str(wheel.version) == "1!2.0rc1"
    assert wheel.timestamp == datetime(*MADE, tzinfo=timezone.utc).timestamp() * 1000


def test_entry_points_are_read(tmp_path: Path) -> None:
    console = "[console_scripts]\nRun-Me = tool.cli:main\nextra = tool:go [colour]\n"
    text = f"{console}[gui_scripts]\nwin=tool:show\n[other]\nx = y:z\n"
    wheel = Wheel(make_wheel(tmp_path, "tool", entry_points=text))
    assert wheel.entry_points == {"Run-Me": "tool.cli:main", "extra": "tool:go", "win": "tool:show"}


FILES = {
    "tool/__init__.py": "",
    "tool-1.0.data/purelib/pure.py": "",
    "tool-1.0.data/platlib/plat.py": "",
    "tool-1.0.data/scripts/run": "#!python -u\nprint(1)\n",
    "tool-1.0.data/scripts/run.sh": "#!/bin/sh\necho\n",
    "tool-1.0.data/data/etc/tool.conf": "x",
    "tool-1.0.data/headers/tool.h": "",
}


def test_data_directories_of_a_pure_wheel(tmp_path: Path) -> None:
    wheel = Wheel(make_wheel(tmp_path, "tool", files=FILES))
    prefixed, _, files = unpack(wheel, tmp_path / "tree", Layout(None))
    assert files == {
        "site-packages/tool/__init__.py",
        "site-packages/pure.py",
        "site-packages/plat.py",
        "python-scripts/run",
        "python-scripts/run.sh",
        "etc/tool.conf",
        "include/tool/tool.h",
        "site-packages/tool-1.0.dist-info/METADATA",
        "site-packages/tool-1.0.dist-info/WHEEL",
    }
    assert prefixed == {"python-scripts/run"}


def test_data_directories_of_a_platform_wheel(tmp_path: Path) -> None:
    wheel = Wheel(make_wheel(tmp_path, "tool", tag="cp311-cp311-linux_x86_64", files=FILES))
    prefixed, _, files = unpack(wheel, tmp_path / "tree", Layout("3.11"))
    assert {
        "lib/python3.11/site-packages/pure.py",
        "bin/run",
        "include/python3.11/tool/tool.h",
        "etc/tool.conf",
    } < files
    assert prefixed == {"bin/run"}
    script = tmp_path / "tree/bin/run"
    assert script.read_text() == f"#!{PLACEHOLDER}/bin/python -u\nprint(1)\n"
    assert script.stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "tree/bin/run.sh").read_text() == "#!/bin/sh\necho\n"


def test_executable_files_stay_so(tmp_path: Path) -> None:
    files = {"tool/helper": "x", "tool/text": "y"}
    wheel = Wheel(make_wheel(tmp_path, "tool", files=files, executable=["tool/helper"]))
    unpack(wheel, tmp_path / "tree", Layout(None))
    modes = {name: (tmp_path / "tree/site-packages" / name).stat().st_mode & 0o777 for name in files}
    assert modes == {"tool/helper": 0o755, "tool/text": 0o644}


def test_large_files_do_not_pass_through_the_disk(tmp_path: Path) -> None:
    big = bytes(range(256)) * 8192
    made = make_wheel(tmp_path, "tool", files={"tool/big.so": big, "tool/small.so": b"x"}, executable=["tool/big.so"])
    wheel = Wheel(made)
    with zipfile.ZipFile(made) as archive:
        _, large = wheel.unpack(archive, tmp_path / "tree", Layout(None))
        (path, file), *others = large.items()
        with file.open() as content:
            assert content.read() == big
    assert (path, file.size, file.executable, others) == ("site-packages/tool/big.so", len(big), True, [])
    assert not (tmp_path / "tree/site-packages/tool/big.so").exists()


@pytest.mark.parametrize(
    "member", ["../evil.py", "/etc/evil", "tool/../../evil", "tool\\..\\evil", "tool-1.0.data/what/x"]
)
def test_members_that_would_land_elsewhere_are_refused(tmp_path: Path, member: str) -> None:
    wheel = Wheel(make_wheel(tmp_path, "tool", files={member: "x"}))
    with pytest.raises(ValueError, match=r"tool-1\.0"):
        unpack(wheel, tmp_path / "tree", Layout(None))


def test_data_cannot_climb_out_of_the_prefix(tmp_path: Path) -> None:
    wheel = Wheel(make_wheel(tmp_path, "tool", files={"tool-1.0.data/data/../../x": "x"}))
    with pytest.raises(ValueError, match="unsafe"):
        unpack(wheel, tmp_path / "tree", Layout(None))


def test_a_zip_without_dist_info_is_not_a_wheel(tmp_path: Path) -> None:
    path = tmp_path / "tool-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tool.py", "")
    with pytest.raises(ValueError, match="dist-info"):
        Wheel(path)
