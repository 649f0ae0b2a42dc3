"""Test that bytecode of noarch packages is compiled once, shared by hard links, and removed with its package."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tfenv_lab.conda.prefix.records import read
from tfenv_lab.conda.transaction import bytecode, compiling
from tfenv_lab.pypi.models import Distribution

from ...simple_index import SimpleIndex
from ...tiny_tensorflow import PYTHON, SITE, TAG, fill
from ..conftest import Lab, Watched, run

PYC = f"{SITE}/pure/__pycache__/__init__.cpython-{TAG}.pyc"


@pytest.fixture
def pure(lab: Lab) -> Lab:
    """Add a Python and a noarch Python package, ``pure``, to the lab."""
    fill(lab.channel, releases=())
    for version in ("1.0", "2.0"):
        link = json.dumps({"noarch": {"type": "python"}, "package_metadata_version": 1})
        lab.channel.add(
            "pure",
            version,
            noarch="python",
            depends=[f"python {PYTHON}.*"],
            files={"site-packages/pure/__init__.py": f"VALUE = {version}\n"},
            info_files={"link.json": link},
        )
    lab.channel.index()
    return lab


def test_a_noarch_package_is_compiled_and_its_record_says_so(pure: Lab) -> None:
    run(pure.change("python", "pure 1.0"))
    assert (pure.prefix / PYC).exists()
    record = json.loads((pure.prefix / "conda-meta/pure-1.0-0.json").read_text())
    assert PYC in record["files"]


def test_progress_is_reported_while_files_are_compiled(pure: Lab) -> None:
    files = {f"site-packages/wide/m{number}.py": f"VALUE = {number}\n" for number in range(100)}
    link = json.dumps({"noarch": {"type": "python"}, "package_metadata_version": 1})
    depends = [f"python {PYTHON}.*"]
    pure.channel.add("wide", "1.0", noarch="python", depends=depends, files=files, info_files={"link.json": link})
    pure.channel.index()
    run(pure.change("python", job="1job"))
    watcher = Watched()
    run(pure.change("python", "wide", job="2job", watcher=watcher))
    fractions = [progress.fraction for progress in watcher.seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 0.99
    assert (pure.prefix / f"{SITE}/wide/__pycache__/m99.cpython-{TAG}.pyc").exists()
    seen: list[float] = []
    bytecode.add(pure.prefix, read(pure.prefix, ["wide-1.0-0.json"]), pure.root / "other", seen.append)
    assert len(seen) == 7, "after every 16 of 100 files"
    assert max(seen) == 1


def test_a_compiler_that_hangs_is_killed_with_its_processes(pure: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    run(pure.change("python", "pure 1.0"))
    python = pure.prefix / "bin/python"
    python.unlink()
    python.write_text("#!/bin/sh\nsleep 600 &\nwait\n")
    python.chmod(0o755)
    monkeypatch.setattr(compiling, "LIMIT", 0.5)
    others = psutil.Process().children(recursive=True)
    with pytest.raises(subprocess.TimeoutExpired):
        bytecode.add(pure.prefix, read(pure.prefix, ["pure-1.0-0.json"]), pure.root / "other")
    assert psutil.Process().children(recursive=True) == others
    assert not list((pure.root / "other").rglob(".whole"))


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    """Return a function that lets a signal end each compiler after some files."""

    def set_up(number: int, after: int) -> None:
        loop = "for line in sys.stdin.buffer:"
        crashing = (
            f"for count, line in enumerate(sys.stdin.buffer):\n    count == {after} and os.kill(os.getpid(), {number})"
        )
        assert loop in compiling._COMPILE
        monkeypatch.setattr(compiling, "_COMPILE", compiling._COMPILE.replace(loop, crashing))

    return set_up


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
@pytest.mark.parametrize("after", [0, 1, 20])
def test_incomplete_bytecode_of_a_compiler_that_dies_is_not_kept(
    pure: Lab,
    number: int,
    after: int,
    crash: Callable[[int, int], None],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    files = {f"site-packages/wide/m{number}.py": f"VALUE = {number}\n" for number in range(200)}
    link = json.dumps({"noarch": {"type": "python"}, "package_metadata_version": 1})
    pure.channel.add("wide", "1.0", noarch="python", files=files, info_files={"link.json": link})
    pure.channel.index()
    run(pure.change("python", "wide"))
    store, names = pure.root / "other", ["wide-1.0-0.json"]
    for path in compiled(pure.prefix):
        (pure.prefix / path).unlink()
    crash(number, after)
    bytecode.add(pure.prefix, read(pure.prefix, names), store)
    monkeypatch.undo()
    assert not list(store.rglob(".whole"))
    assert "Python files could not be compiled" in capfd.readouterr().err
    bytecode.add(pure.prefix, read(pure.prefix, names), store)
    assert len(compiled(store)) == 200


def test_files_of_a_compiler_that_died_are_compiled_again(pure: Lab) -> None:
    run(pure.change("python", "pure 1.0"))
    python, real = pure.prefix / "bin/python", pure.prefix / "bin/real"
    python.rename(real)
    # The second process compiles everything.
    python.write_text(f'#!/bin/sh\nif mkdir "{pure.root}/tried" 2>/dev/null; then kill -9 $$; fi\nexec {real} "$@"\n')
    python.chmod(0o755)
    store = pure.root / "other"
    bytecode.add(pure.prefix, read(pure.prefix, ["pure-1.0-0.json"]), store)
    assert len(compiled(store)) == 1


def test_bytecode_that_cannot_be_written_is_not_kept_as_complete(pure: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    run(pure.change("python", "pure 1.0"))
    cannot = f"import py_compile\ndef cannot(*given, **more): raise OSError({errno.ENOSPC}, '')\n"
    cannot += "py_compile.compile = cannot\n"
    monkeypatch.setattr(compiling, "_COMPILE", cannot + compiling._COMPILE)
    store = pure.root / "other"
    bytecode.add(pure.prefix, read(pure.prefix, ["pure-1.0-0.json"]), store)
    assert not list(store.rglob(".whole"))


def test_a_python_that_cannot_run_leaves_no_empty_bytecode_to_others(pure: Lab) -> None:
    run(pure.change("python", "pure 1.0"))
    (pure.prefix / "bin/python").unlink()
    (pure.prefix / "bin/python").write_text("#!/no/such/program\n")
    store = pure.root / "other"
    bytecode.add(pure.prefix, read(pure.prefix, ["pure-1.0-0.json"]), store)
    assert not list(store.rglob(".whole"))


def test_the_bytecode_of_a_dead_compiler_leaves_with_its_package(pure: Lab, crash: Callable[[int, int], None]) -> None:
    run(pure.change("python", "pure 1.0"))
    shutil.rmtree(pure.root / "bytecode")
    place = pure.prefix / "conda-meta/pure-1.0-0.json"
    stored = json.loads(place.read_text())
    stored["files"].remove(PYC)
    stored["paths_data"]["paths"] = [each for each in stored["paths_data"]["paths"] if each["_path"] != PYC]
    place.write_text(json.dumps(stored))
    crash(signal.SIGKILL, 0)
    bytecode.add(pure.prefix, read(pure.prefix, [place.name]), pure.root / "other")
    assert PYC in json.loads(place.read_text())["files"]


def test_a_change_that_fails_leaves_no_compiler_behind(pure: Lab) -> None:
    run(pure.change("python", "pure 1.0"))
    others = psutil.Process().children(recursive=True)
    compiler = compiling.Compiler(pure.prefix / "bin/python", pure.prefix)
    with pytest.raises(ZeroDivisionError), compiler:
        compiler.add([f"{SITE}/pure/__init__.py"])
        raise ZeroDivisionError
    assert psutil.Process().children(recursive=True) == others


def test_the_next_environment_shares_the_same_file(pure: Lab) -> None:
    run(pure.change("python", "pure 1.0"))
    other: Path = pure.prefix.with_name("other")
    run(pure.change("python", "pure 1.0", job="1job", prefix=other))
    assert (other / PYC).stat().st_ino == (pure.prefix / PYC).stat().st_ino


def test_a_removed_package_leaves_no_bytecode_and_no_importable_folder(pure: Lab) -> None:
    run(pure.change("python", "pure 1.0"))
    run(pure.change("python", job="1job"))
    assert not (pure.prefix / SITE / "pure").exists()


def test_an_update_never_runs_the_old_bytecode(pure: Lab) -> None:
    run(pure.change("python", "pure 1.0"))
    before = (pure.prefix / PYC).read_bytes()
    run(pure.change("python", "pure 2.0", job="1job"))
    assert (pure.prefix / PYC).read_bytes() != before


@pytest.fixture
def wheel(pure: Lab, simple_index: SimpleIndex) -> Distribution:
    """Add a wheel with a module, a command and a data file that look like sources, to the index."""
    files = {"mod/__init__.py": "VALUE = 1\n", "mod-1.0.data/data/share/x.py": "", "mod/broken.py": "def\n"}
    path = simple_index.add("mod", files=files, scripts={"run.py": "#!python\n"})
    return simple_index.distribution(path)


def compiled(prefix: Path) -> list[Path]:
    return sorted(path.relative_to(prefix) for path in prefix.rglob("*.pyc"))


def test_a_wheel_is_compiled_once_and_its_bytecode_shared(
    pure: Lab, wheel: Distribution, simple_index: SimpleIndex
) -> None:
    run(pure.change("python", wheels=[wheel]))
    module = Path(f"{SITE}/mod/__pycache__/__init__.cpython-{TAG}.pyc")
    assert compiled(pure.prefix) == [module]
    other = pure.prefix.with_name("other")
    run(pure.change("python", wheels=[wheel], job="1job", prefix=other))
    assert (other / module).samefile(pure.prefix / module)
    source = pure.prefix / SITE / "mod/__init__.py"
    done = subprocess.run(
        [sys.executable, "-v", "-c", "import mod"],
        env={"PYTHONPATH": str(pure.prefix / SITE)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"code object from '{pure.prefix / module}'" in done.stderr, "Python takes the bytecode of this source"
    assert source.exists()


def test_a_wheel_unpacked_anew_is_compiled_anew(pure: Lab, wheel: Distribution, tmp_path: Path) -> None:
    run(pure.change("python", wheels=[wheel]))
    shutil.rmtree(tmp_path / "uv-cache")
    other = pure.prefix.with_name("other")
    run(pure.change("python", wheels=[wheel], job="1job", prefix=other))
    source = other / SITE / "mod/__init__.py"
    bytecode = (other / SITE / f"mod/__pycache__/__init__.cpython-{TAG}.pyc").read_bytes()
    assert int.from_bytes(bytecode[8:12], "little") == int(source.stat().st_mtime)


def test_a_wheel_that_leaves_takes_its_bytecode_with_it(pure: Lab, wheel: Distribution) -> None:
    run(pure.change("python", wheels=[wheel]))
    run(pure.change("python", job="1job"))
    assert not (pure.prefix / SITE / "mod").exists()
    assert compiled(pure.prefix) == []


def test_bytecode_names_no_environment(pure: Lab, wheel: Distribution) -> None:
    run(pure.change("python", "pure 1.0", wheels=[wheel]))
    found = [pure.prefix / path for path in compiled(pure.prefix)]
    assert len(found) == 2
    assert not [path for path in found if str(pure.root).encode() in path.read_bytes()]
