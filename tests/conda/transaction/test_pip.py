"""Test pip in a new environment: its requirements, where it installs, and what remains if it fails."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.formats.model import requirement
from tfenv_lab.conda.prefix.pypi import pypi_packages
from tfenv_lab.errors import JobFailed

from ... import python_package
from ...tiny_channel import TinyChannel
from ...wheelchannel.tiny_wheel import make_wheel
from ..conftest import Lab

GREET = {"greet/__init__.py": "def main():\n    import sys\n    print('hello from', sys.prefix)\n"}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a directory of wheels, and configure pip to use only that."""
    folder = tmp_path / "wheels"
    make_wheel(folder, "tiny-dep", "1.2")
    make_wheel(
        folder,
        "greet",
        "2.0",
        requires=["tiny-dep>=1"],
        files=GREET,
        entry_points="[console_scripts]\ngreet = greet:main\n",
    )
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def lab(channel: TinyChannel, tmp_path: Path) -> Lab:
    python_package.add(channel, tmp_path / "pip")
    channel.add("tool", "1.0", noarch="generic")
    channel.add("stray", "1.0", noarch="generic", files={"random.py": "raise ImportError('of the user')"})
    channel.index()
    return Lab(channel, tmp_path)


async def test_requirements_are_installed_after_condas_packages(lab: Lab, index: Path) -> None:
    await lab.change("python", "pip", pypi=["greet>=1"])
    found = [(package.name, package.version) for package in pypi_packages(lab.prefix)]
    assert found == [("greet", "2.0"), ("tiny-dep", "1.2")]
    assert lab.beside() == ["tf"]


async def test_scripts_run_at_the_final_prefix(lab: Lab, index: Path) -> None:
    await lab.change("python", "pip", pypi=["greet"])
    done = subprocess.run([lab.prefix / "bin" / "greet"], capture_output=True, text=True, check=True)
    assert done.stdout == f"hello from {lab.prefix}\n"
    mentioned = [path for path, (_, content) in lab.tree().items() if b".tfenv-new" in content]
    assert mentioned == [], "nothing may name the place it was built in"


async def test_the_record_of_an_installed_package_is_true(lab: Lab, index: Path) -> None:
    await lab.change("python", "pip", pypi=["greet"])
    check = "import importlib.metadata as m; [print(f.hash.value, f.size, f) for f in m.files('greet') if f.hash]"
    done = subprocess.run([lab.prefix / "bin/python", "-c", check], capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert any(row[2].endswith("bin/greet") for row in rows)
    site = next(lab.prefix.glob("lib/python*/site-packages"))
    assert rows == [[*_hashed(site / row[2]), row[2]] for row in rows]


def _hashed(path: Path) -> tuple[str, str]:
    import base64
    import hashlib

    content = path.read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return digest, str(len(content))


async def test_a_failure_of_pip_leaves_nothing(lab: Lab, index: Path) -> None:
    with pytest.raises(JobFailed) as failed:
        await lab.change("python", "pip", pypi=["nowhere==1"])
    assert "nowhere==1" in failed.value.message
    assert "No matching distribution" in (failed.value.details or "")
    assert ".tfenv-new" not in (failed.value.details or "")
    assert lab.beside() == []


async def test_the_environment_around_does_not_lead_pip_away(
    lab: Lab, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_TARGET", "PIP_PREFIX", "PYTHONPATH"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PIP_USER", "1")
    await lab.change("python", "pip", pypi=["greet"])
    assert [package.name for package in pypi_packages(lab.prefix)] == ["greet", "tiny-dep"]
    assert not (tmp_path / "elsewhere").exists()


async def test_modules_of_the_user_do_not_reach_pip(
    lab: Lab, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pip runs in the new tree, and a package can put a file there.
    monkeypatch.setenv("PYTHONINSPECT", "1")
    await lab.change("python", "pip", "stray", pypi=["greet"])
    assert [package.name for package in pypi_packages(lab.prefix)] == ["greet", "tiny-dep"]


@pytest.mark.parametrize(
    "line", ["seaborn", "seaborn==0.13", "keras-hub[tests]>=0.1,<2", "tomli; python_version < '3.11'", "A.b_c ~= 1.0"]
)
def test_names_and_versions_are_taken(line: str) -> None:
    assert requirement(line)


HOSTILE = [
    "-r other.txt",
    "--index-url=https://evil.example",
    "-e .",
    "./package",
    "/etc",
    "..",
    "git+https://evil.example/x",
    "x @ https://evil.example/x.whl",
    "x @ file:///etc/passwd",
    "x --global-option=y",
    "x\n--index-url=https://evil.example",
    "x # --pre\r\n-e .",
    "$(id)",
    "",
]


@pytest.mark.parametrize("line", HOSTILE)
def test_options_paths_and_addresses_are_not(line: str) -> None:
    assert requirement(line) is None


async def test_only_text_that_names_this_prefix_is_rewritten(lab: Lab) -> None:
    from tfenv_lab.conda.transaction import relocation

    tree = lab.root / "tree"
    files: dict[str, Any] = {
        "bin/a": b"#!/envs/tf/bin/python\n",
        "etc/b": b"/envs/tf2/bin and /envs/tf.bak and '/envs/tf'",
        "etc/binary": b"\0/envs/tf",
        "etc/owned": b"/envs/tf/x",
    }
    for name, content in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content)
    shared = lab.root / "shared"
    shared.hardlink_to(tree / "bin/a")
    (tree / "bin/a").chmod(0o750)
    theirs = list(relocation.not_owned(tree, {"etc/owned"}))
    relocation.rewrite(tree, Path("/envs/tf"), Path("/envs/new"), theirs)
    assert {name: (tree / name).read_bytes() for name in files} == {
        "bin/a": b"#!/envs/new/bin/python\n",
        "etc/b": b"/envs/tf2/bin and /envs/tf.bak and '/envs/new'",
        "etc/binary": b"\0/envs/tf",
        "etc/owned": b"/envs/tf/x",
    }
    assert (tree / "bin/a").stat().st_mode & 0o777 == 0o750
    assert shared.read_bytes() == files["bin/a"], "what shared its contents is not touched"


async def test_a_copy_runs_itself_and_not_the_original(lab: Lab, index: Path) -> None:
    await lab.change("python", "pip", pypi=["greet"])
    copy = lab.prefix.with_name("tf2")
    before = lab.tree()
    await lab.change("python", "pip", prefix=copy, kind="clone", origin="copy", source=lab.prefix, job="1job")
    done = subprocess.run([copy / "bin" / "greet"], capture_output=True, text=True, check=True)
    assert done.stdout == f"hello from {copy}\n"
    assert lab.tree() == before
    assert [package.name for package in pypi_packages(copy)] == ["greet", "tiny-dep"]
