"""Test that kernelspecs are read, written in one step, and distinguished: ours, an environment's own, and others."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from jupyter_core.paths import jupyter_data_dir

from tests.prefixes import add_kernel, later, make_prefix
from tfenv_lab.kernels import kernelspecs
from tfenv_lab.kernels.kernelspecs import Cache, Kernelspec, program

MARK = {"metadata": {"tfenv_lab": {"prefix": "/p", "kernel": "python3"}}}


@pytest.fixture
def folder() -> Path:
    return Path(jupyter_data_dir()) / "kernels"


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return make_prefix(tmp_path / "env", python="3.11.9", kernels=["python3"])


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


class TestEnvironments:
    def of(self, *argv: object) -> Path | None:
        found = Cache().environments([Kernelspec("x", Path("/x"), {"argv": list(argv)})])
        return Path(found["x"]) if "x" in found else None

    def test_the_environment_whose_program_is_started(self, prefix: Path) -> None:
        assert self.of(f"{prefix}/bin/python", "-m", "ipykernel_launcher") == prefix
        assert self.of(f"{prefix}/bin/R") == prefix

    def test_our_kernelspecs_belong_to_the_environment_in_their_mark(self, prefix: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(prefix)
        mark = {"tfenv_lab": {"prefix": str(tmp_path / "link"), "kernel": "python3"}}
        spec = Kernelspec("x", Path("/x"), {"argv": ["/elsewhere/bin/python"], "metadata": mark})
        assert Cache().environments([spec]) == {"x": str(prefix)}

    def test_other_kernelspecs_belong_to_no_environment(self, tmp_path: Path) -> None:
        assert self.of(f"{tmp_path}/bin/python") is None
        assert self.of("R") is None
        assert self.of(1) is None
        assert self.of() is None

    def test_a_bare_python_is_the_servers(self, prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "prefix", str(prefix))
        assert self.of("python3", "-m", "ipykernel_launcher") == prefix


class TestCache:
    def put(self, folder: Path, name: str, shown: str) -> Path:
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "kernel.json").write_text(json.dumps({"argv": ["x"], "display_name": shown}))
        return folder / name / "kernel.json"

    def shown(self, cache: Cache) -> dict[str, str]:
        own = [found.spec for found in cache.everywhere() if found.spec.name.startswith("t")]
        return {spec.name: spec.display_name for spec in own}

    def test_only_what_changed_is_read_again(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        cache = Cache()
        first, _ = self.put(folder, "t1", "one"), self.put(folder, "t2", "two")
        assert self.shown(cache) == {"t1": "one", "t2": "two"}
        later(self.put(folder, "t1", "new"))
        read: list[str] = []
        original = kernelspecs.read

        def reading(path: Path) -> Kernelspec | None:
            read.append(path.name)
            return original(path)

        monkeypatch.setattr(kernelspecs, "read", reading)
        assert self.shown(cache) == {"t1": "new", "t2": "two"}
        assert read == [first.parent.name]

    def test_the_first_place_on_jupyters_path_wins(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "first"))
        self.put(folder, "t", "user's")
        self.put(tmp_path / "first" / "kernels", "T", "first")
        assert [found.spec.display_name for found in Cache().everywhere() if found.spec.name.lower() == "t"] == [
            "first"
        ]

    def test_damaged_ones_are_left_out(self, folder: Path) -> None:
        self.put(folder, "t1", "one").write_text("{")
        assert self.shown(Cache()) == {}


def test_an_environments_kernelspecs_are_in_order_python_first(prefix: Path) -> None:
    add_kernel(prefix, "ir")
    add_kernel(prefix, "conda-env-other-py")
    (prefix / kernelspecs.INSIDE / "stray file").touch()
    assert [spec.name for spec in kernelspecs.inside(prefix)] == ["python3", "ir"]
