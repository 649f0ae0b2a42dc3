"""Test what is said if packages from an index cannot be installed, and that the old environment stays."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.errors import BuildFailed, HashMismatch, IndexUnreachable, NoSpace, TfenvError, UnusableDirectory

from ...conftest import Mount
from ...simple_index import SimpleIndex
from ..conftest import Lab


@pytest.fixture
def lab(python_lab: Lab) -> Lab:
    return python_lab


async def refused(lab: Lab, kind: type[TfenvError], *wheels: Any) -> TfenvError:
    """Return the error of a change that must fail and change nothing."""
    if not lab.prefix.exists():
        await lab.change("python")
    before = lab.tree()
    with pytest.raises(kind) as failed:
        await lab.change("python", wheels=wheels, job="1job")
    assert lab.tree() == before
    assert lab.beside() == ["tf"]
    error = failed.value
    assert type(error) is kind
    assert error.message.endswith("Nothing was changed.")
    assert error.message.count("Nothing was changed.") == 1
    assert ".tfenv-new" not in f"{error.message}{error.details}"
    return error


async def test_a_file_with_another_hash(lab: Lab, simple_index: SimpleIndex) -> None:
    wheel = simple_index.distribution(simple_index.add("greet"), sha256="0" * 64)
    error = await refused(lab, HashMismatch, wheel)
    assert "greet==1.0" in error.message


async def test_a_file_with_another_hash_than_that_in_uvs_cache(lab: Lab, simple_index: SimpleIndex) -> None:
    path = simple_index.add("greet")
    wheel = simple_index.distribution(path)
    await lab.change("python", wheels=[wheel])
    error = await refused(lab, HashMismatch, simple_index.distribution(path, sha256="0" * 64))
    assert "greet==1.0" in error.message


async def test_a_file_in_uvs_cache_that_the_index_replaced_is_fetched_again(
    lab: Lab, simple_index: SimpleIndex
) -> None:
    old = simple_index.distribution(simple_index.add("greet", files={"greet.py": "old"}))
    await lab.change("python", wheels=[old])
    new = simple_index.distribution(simple_index.add("greet", files={"greet.py": "new"}))
    await lab.change("python", wheels=[new], job="1job")
    assert next(lab.prefix.rglob("greet.py")).read_text() == "new"


async def test_a_yanked_file_is_installed_because_the_lock_has_it(lab: Lab, simple_index: SimpleIndex) -> None:
    wheel = simple_index.distribution(simple_index.add("greet", yanked="broken"))
    await lab.change("python", wheels=[wheel])
    assert list(lab.prefix.rglob("greet-1.0.dist-info"))


async def test_a_file_that_vanished(lab: Lab, simple_index: SimpleIndex) -> None:
    path = simple_index.add("greet")
    wheel = simple_index.distribution(path)
    del simple_index.files["greet"]
    error = await refused(lab, IndexUnreachable, wheel)
    assert path.name in f"{error.message}{error.details}"


async def test_an_index_that_is_down(lab: Lab, simple_index: SimpleIndex) -> None:
    wheel = simple_index.distribution(simple_index.add("greet"))
    simple_index.down()
    error = await refused(lab, IndexUnreachable, wheel)
    assert "127.0.0.1" in error.message


async def test_an_index_that_demands_credentials_that_nobody_has(lab: Lab, simple_index: SimpleIndex) -> None:
    simple_index.credentials = ("user", "secret-password")
    error = await refused(lab, IndexUnreachable, simple_index.distribution(simple_index.add("greet")))
    assert "credentials" in error.message


async def test_credentials_of_the_index_are_used_for_its_files_and_never_shown(
    lab: Lab, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    simple_index.credentials = ("user", "secret-password")
    monkeypatch.setenv("UV_DEFAULT_INDEX", simple_index.url_with_credentials)
    await lab.change("python", wheels=[simple_index.distribution(simple_index.add("greet"))])
    wheel = simple_index.distribution(simple_index.add("other"), sha256="0" * 64)
    error = await refused(lab, HashMismatch, wheel)
    captured = capfd.readouterr()
    texts = [captured.out, captured.err, error.message, error.details or ""]
    contents = [content.decode(errors="replace") for _, content in lab.tree().values()]
    assert not [text for text in (*texts, *contents) if "secret-password" in text]


async def test_a_source_that_does_not_build(lab: Lab, simple_index: SimpleIndex) -> None:
    path = simple_index.add_source("broken")
    with tarfile.open(path, "w:gz") as archive:
        for name, text in {
            "PKG-INFO": "Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n",
            "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
            "backend.py": "raise SystemExit('a compiler is missing')\n",
        }.items():
            member = tarfile.TarInfo(f"broken-1.0/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    error = await refused(lab, BuildFailed, simple_index.distribution(path))
    assert "broken" in error.message
    assert "a compiler is missing" in (error.details or "")


@pytest.mark.parametrize("which", ["environments", "cache"])
async def test_a_full_disk(
    lab: Lab, simple_index: SimpleIndex, mount: Mount, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    place = mount(lab.root / ("envs" if which == "environments" else "full"), "2m")
    if which == "cache":
        monkeypatch.setenv("UV_CACHE_DIR", str(place / "uv"))
    big = simple_index.add("big", files={"big.bin": os.urandom(4_000_000)})
    error = await refused(lab, NoSpace, simple_index.distribution(big))
    assert error.hint


def _file(place: Path) -> None:
    place.write_text("")


def _foreign(place: Path) -> None:
    place.mkdir()
    for name in ("archive-v0", "wheels-v8", "sdists-v11", "interpreter-v5"):
        (place / name).write_text("")


@pytest.mark.parametrize("spoil", [_file, _foreign])
async def test_a_cache_that_cannot_be_used(
    lab: Lab, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], None]
) -> None:
    place = lab.root / "spoiled"
    spoil(place)
    monkeypatch.setenv("UV_CACHE_DIR", str(place))
    error = await refused(lab, UnusableDirectory, simple_index.distribution(simple_index.add("greet")))
    assert str(place) in error.message


async def test_a_read_only_cache(
    lab: Lab, simple_index: SimpleIndex, mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = mount(lab.root / "read-only", "2m")
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    monkeypatch.setenv("UV_CACHE_DIR", str(place / "uv"))
    error = await refused(lab, UnusableDirectory, simple_index.distribution(simple_index.add("greet")))
    assert str(place) in error.message


async def test_constraints_of_the_user_do_not_disturb_what_the_lock_has_chosen(
    lab: Lab, simple_index: SimpleIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "constraints.txt").write_text("greet<1\n")
    for name in ("UV_CONSTRAINT", "UV_OVERRIDE", "PIP_CONSTRAINT"):
        monkeypatch.setenv(name, str(tmp_path / "constraints.txt"))
    for name in ("UV_TARGET", "UV_PREFIX", "PIP_TARGET", "PIP_PREFIX", "PYTHONPATH"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    await lab.change("python", wheels=[simple_index.distribution(simple_index.add("greet"))])
    assert list(lab.prefix.rglob("greet-1.0.dist-info"))
    assert not (tmp_path / "elsewhere").exists()
