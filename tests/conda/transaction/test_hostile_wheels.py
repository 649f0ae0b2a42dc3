"""Test that a wheel writes nothing outside the environment, and nothing over conda's files, whoever built it."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.prefix.pypi import pypi_packages
from tfenv_lab.errors import JobFailed, TfenvError

from ...simple_index import SimpleIndex
from ...tiny_tensorflow import SITE
from ..conftest import Lab

LINK = 0o120777


@pytest.fixture
def lab(python_lab: Lab) -> Lab:
    return python_lab


def hostile(
    index: SimpleIndex, files: Mapping[str, str], *, record: str | None = None, modes: Mapping[str, int] | None = None
) -> Any:
    """Add a wheel “evil” with any paths to the index; ``record`` is its RECORD, ``modes`` are those of its files."""
    path = index.add("evil", files={})
    info = "evil-1.0.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    listed = "".join(f"{name},,\n" for name in [*contents, f"{info}/RECORD"]) if record is None else record
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**contents, f"{info}/RECORD": listed}.items():
            member = zipfile.ZipInfo(name, (2024, 5, 6, 7, 8, 10))
            member.create_system = 3  # Unix
            member.external_attr = (modes or {}).get(name, 0o100644) << 16
            archive.writestr(member, text)
    return index.distribution(path)


def everything(lab: Lab) -> set[str]:
    """Return all paths in the test's directory, except the caches, the environment and the index."""
    apart = ("uv-cache", "pkgs", "bytecode", "repodata", "channel", "index", "home", "pip", "envs/tf")
    found = {path.relative_to(lab.root).as_posix() for path in lab.root.rglob("*")}
    return {path for path in found if not path.startswith(apart)}


@pytest.mark.parametrize(
    "name",
    [
        "../../../evil.txt",
        "../" * 12 + "tmp/tfenv-evil.txt",
        "/tmp/tfenv-evil.txt",
        "evil-1.0.data/data/../../../../evil.txt",
        "evil-1.0.data/scripts/../../../evil.txt",
        "evil-1.0.data/headers/../../../../evil.txt",
    ],
)
async def test_no_file_is_written_outside(lab: Lab, simple_index: SimpleIndex, name: str) -> None:
    await lab.change("python")
    before, inside = everything(lab), set(lab.tree())
    wheel = hostile(simple_index, {name: "x", "evil.py": ""})
    try:
        await lab.change("python", wheels=[wheel], job="1job")
    except TfenvError:
        assert set(lab.tree()) == inside
    assert everything(lab) == before
    assert not [path for path in lab.tree() if path.endswith("evil.txt")]
    assert not Path("/tmp/tfenv-evil.txt").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("evil-1.0.data/data/conda-meta/history", "reserved"),
        ("evil-1.0.data/data/Conda-Meta/frozen", "reserved"),
        ("evil-1.0.data/data/.tfenv-journal", "reserved"),
        ("evil-1.0.data/data/pyvenv.cfg", "file of conda's package python"),
        (f"evil-1.0.data/data/{SITE}/README.txt", "file of conda's package python"),
        ("README.txt", "file of conda's package python"),
        ("data/__init__.py", "file of conda's package data"),
        ("evil-1.0.data/platlib/data/__init__.py", "file of conda's package data"),
        ("bin", "directory"),
        ("pyvenv.cfg/x", "file"),
    ],
)
async def test_a_file_of_conda_is_not_overwritten(lab: Lab, simple_index: SimpleIndex, name: str, said: str) -> None:
    await lab.change("python", "data")
    before = lab.tree()
    name = {"bin": "evil-1.0.data/data/bin", "pyvenv.cfg/x": "evil-1.0.data/data/pyvenv.cfg/x"}.get(name, name)
    with pytest.raises(JobFailed, match="evil") as failed:
        await lab.change("python", "data", wheels=[hostile(simple_index, {name: "x"})], job="1job")
    assert said in failed.value.message
    assert failed.value.message.endswith("Nothing was changed.")
    assert lab.tree() == before
    assert lab.beside() == ["tf"]


@pytest.mark.parametrize("name", ["python", "python3", "Python.exe"])
async def test_no_command_replaces_python(lab: Lab, simple_index: SimpleIndex, name: str) -> None:
    files = {f"evil-1.0.data/scripts/{name}": "#!python\n", f"evil-1.0.data/data/bin/{name}": "x"}
    await lab.change("python")
    before = (lab.prefix / "bin/python").read_bytes()
    wheel = hostile(simple_index, files)
    try:
        await lab.change("python", wheels=[wheel], job="1job")
    except TfenvError:
        assert pypi_packages(lab.prefix) == []
    assert (lab.prefix / "bin/python").read_bytes() == before


async def test_a_file_that_conda_has_with_the_same_contents_stays_condas(lab: Lab, simple_index: SimpleIndex) -> None:
    await lab.change("python", "data")
    same = lab.prefix / SITE / "data/same.py"
    before = same.stat().st_ino
    await lab.change("python", "data", wheels=[hostile(simple_index, {"data/same.py": "same = 1\n"})], job="1job")
    assert same.stat().st_ino == before
    await lab.change("python", "data", wheels=[], job="2job")
    assert same.exists()


@pytest.mark.parametrize("target", ["/etc/passwd", "..", "/tmp"])
async def test_a_link_in_a_wheel_leads_nowhere(lab: Lab, simple_index: SimpleIndex, target: str) -> None:
    wheel = hostile(simple_index, {"evil": target, "evil.py": ""}, modes={"evil": LINK})
    try:
        await lab.change("python", wheels=[wheel])
    except TfenvError:
        assert lab.beside() == []
    assert not [path for path in lab.prefix.rglob("*") if path.is_symlink()]


@pytest.mark.parametrize("to", ["elsewhere", "envs/tf/other"])
async def test_nothing_is_written_behind_a_users_link(lab: Lab, simple_index: SimpleIndex, to: str) -> None:
    await lab.change("python")
    place = lab.root / to
    place.mkdir()
    (place / "__init__.py").write_text("mine")
    (lab.prefix / SITE / "evil").symlink_to(place)
    with pytest.raises(JobFailed, match=r"evil.*is a link in this environment"):
        await lab.change("python", wheels=[hostile(simple_index, {"evil/__init__.py": "x"})], job="1job")
    assert (place / "__init__.py").read_text() == "mine"
    assert lab.beside() == ["tf"]


async def test_a_users_link_is_replaced_and_not_written_through(lab: Lab, simple_index: SimpleIndex) -> None:
    await lab.change("python")
    mine = lab.root / "mine.py"
    mine.write_text("mine")
    (lab.prefix / SITE / "evil.py").symlink_to(mine)
    await lab.change("python", wheels=[hostile(simple_index, {"evil.py": "x = 1"})], job="1job")
    assert mine.read_text() == "mine"
    assert (lab.prefix / SITE / "evil.py").read_text() == "x = 1"


CLAIMED = [
    "../../../bin/python",
    "../../../conda-meta/history",
    "../../../notes.txt",
    "../../../../../mine.txt",
    "data/__init__.py",
]


@pytest.mark.parametrize("is_absolute", [False, True])
async def test_a_package_takes_no_file_with_it_that_its_list_only_claims(
    lab: Lab, simple_index: SimpleIndex, is_absolute: bool
) -> None:
    await lab.change("python", "data")
    (lab.prefix / "notes.txt").write_text("mine")
    (lab.root / "mine.txt").write_text("mine")
    site = lab.prefix / SITE
    claimed = [str((site / path).resolve()) if is_absolute else path for path in CLAIMED]
    record = "".join(f"{path},,\n" for path in ["evil.py", *claimed, "evil-1.0.dist-info/RECORD"])
    await lab.change("python", "data", wheels=[hostile(simple_index, {"evil.py": ""}, record=record)], job="1job")
    await lab.change("python", "data", wheels=[], job="2job")
    assert not (site / "evil.py").exists()
    assert [path for path in CLAIMED if not (site / path).exists()] == []


async def test_a_list_that_somebody_edited_takes_no_file_of_conda_or_outside(
    lab: Lab, simple_index: SimpleIndex
) -> None:
    await lab.change("python", "data", wheels=[hostile(simple_index, {"evil.py": ""})])
    (lab.root / "mine.txt").write_text("mine")
    site = lab.prefix / SITE
    condas = [path for path in CLAIMED if "notes" not in path]
    with (site / "evil-1.0.dist-info/RECORD").open("a") as record:
        record.writelines(f"{path},,\n" for path in [*condas, "", "\0", "a,b", '"', "../../.."])
    await lab.change("python", "data", wheels=[], job="1job")
    assert not (site / "evil.py").exists()
    assert [path for path in condas if not (site / path).exists()] == []
