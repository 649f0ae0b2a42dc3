"""Test that kernelspecs are read, written in one step, and distinguished: ours, an environment's own, and others."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.prefixes import add_kernel
from tfenv_lab.kernels import kernelspecs
from tfenv_lab.kernels.kernelspecs import Kernelspec, program

MARK = {"metadata": {"tfenv_lab": {"prefix": "/p", "kernel": "python3"}}}


class TestWrite:
    def test_the_specification_and_the_icons(self, folder: Path, prefix: Path) -> None:
        kernelspecs.write(folder / "x", {"display_name": "é"}, prefix / kernelspecs.INSIDE / "python3", prefix)
        assert json.loads((folder / "x" / "kernel.json").read_text(encoding="utf-8")) == {"display_name": "é"}
        assert sorted(path.name for path in (folder / "x").iterdir()) == ["kernel.json", "logo-64x64.png"]

    def test_writing_again_replaces(self, folder: Path, tmp_path: Path) -> None:
        for number in (1, 2):
            kernelspecs.write(folder / "x", {"n": number}, tmp_path / "no icons", tmp_path)
        assert json.loads((folder / "x" / "kernel.json").read_text()) == {"n": 2}
        assert [path.name for path in folder.iterdir()] == ["x"]

    def test_a_failure_leaves_the_old_one(self, folder: Path, tmp_path: Path) -> None:
        kernelspecs.write(folder / "x", {"n": 1}, tmp_path, tmp_path)
        with pytest.raises(TypeError):
            kernelspecs.write(folder / "x", {"n": object()}, tmp_path, tmp_path)
        assert json.loads((folder / "x" / "kernel.json").read_text()) == {"n": 1}
        assert [path.name for path in folder.iterdir()] == ["x"]

    @pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a right on Windows")
    def test_icons_outside_the_environment_are_not_copied(self, folder: Path, prefix: Path, tmp_path: Path) -> None:
        own = prefix / kernelspecs.INSIDE / "python3"
        (tmp_path / "id_rsa").write_text("private")
        (tmp_path / "private").mkdir()
        (tmp_path / "private/key").write_text("private")
        (own / "logo-32x32.png").symlink_to(tmp_path / "id_rsa")
        (own / "logo-svg.svg").symlink_to("../../../../../id_rsa")
        (prefix / "out").symlink_to(tmp_path / "private")
        (own / "kernel.js").symlink_to("../../../../out/key")
        os.mkfifo(own / "pipe.png")
        (prefix / "share/logo.png").write_text("logo")
        (own / "logo-16x16.png").symlink_to("../../../logo.png")
        kernelspecs.write(folder / "x", {}, own, prefix)
        shown = {path.name: path.read_bytes() for path in (folder / "x").iterdir() if path.name != "kernel.json"}
        assert shown == {"logo-16x16.png": b"logo", "logo-64x64.png": (own / "logo-64x64.png").read_bytes()}
        assert not any(path.is_symlink() for path in (folder / "x").iterdir())

    @pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in folders on Windows")
    def test_a_pipe_is_not_a_kernelspec_and_is_not_read(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "kernel.json")
        assert kernelspecs.read(tmp_path) is None


class TestRemove:
    def test_ours(self, folder: Path, tmp_path: Path) -> None:
        kernelspecs.write(folder / "x", MARK, tmp_path, tmp_path)
        kernelspecs.remove(Kernelspec("x", folder / "x", MARK))
        assert list(folder.iterdir()) == []

    def test_a_kernelspec_that_another_program_wrote_meanwhile_stays(self, folder: Path, tmp_path: Path) -> None:
        kernelspecs.write(folder / "x", {"argv": ["mine"]}, tmp_path, tmp_path)
        kernelspecs.remove(Kernelspec("x", folder / "x", MARK))
        assert (folder / "x" / "kernel.json").exists()

    def test_a_missing_one_is_not_an_error(self, folder: Path) -> None:
        kernelspecs.remove(Kernelspec("x", folder / "x", MARK))


class TestMark:
    @pytest.mark.parametrize(
        "metadata", [None, [], {}, {"tfenv_lab": 1}, {"tfenv_lab": {}}, {"tfenv_lab": {"prefix": 1, "kernel": "k"}}]
    )
    def test_a_kernelspec_without_a_complete_mark_is_not_ours(self, metadata: object) -> None:
        assert Kernelspec("x", Path("/x"), {"metadata": metadata}).mark is None

    def test_ours(self) -> None:
        assert Kernelspec("x", Path("/x"), MARK).mark == {"prefix": "/p", "kernel": "python3"}


class TestProgram:
    @pytest.mark.parametrize("first", ["python", "python3", "/original/env/bin/python", "{prefix}/bin/python"])
    def test_the_environments_own_program_is_used(self, first: str, prefix: Path) -> None:
        (prefix / "bin" / "python3").touch()
        argv = program([first.format(prefix=prefix), "-m", "x"], prefix)
        assert Path(argv[0]).parent == prefix / "bin"
        assert argv[1:] == ["-m", "x"]

    @pytest.mark.parametrize("first", ["/usr/bin/xeus", "tool"])
    def test_a_program_that_the_environment_lacks_stays_as_it_is(self, first: str, prefix: Path) -> None:
        assert program([first, "x"], prefix) == [first, "x"]


def test_an_environments_kernelspecs_are_in_order_python_first(prefix: Path) -> None:
    add_kernel(prefix, "ir")
    add_kernel(prefix, "conda-env-other-py")
    (prefix / kernelspecs.INSIDE / "stray file").touch()
    assert [spec.name for spec in kernelspecs.inside(prefix)] == ["python3", "ir"]
