"""The kernelspecs that Jupyter lists, and the environment of each."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.prefixes import later
from tfenv_lab.kernels import kernelspecs
from tfenv_lab.kernels.kernelspecs import Kernelspec
from tfenv_lab.kernels.listed_kernelspecs import KernelspecCache


class TestEnvironments:
    def of(self, *argv: object) -> Path | None:
        found = KernelspecCache().environments([Kernelspec("x", Path("/x"), {"argv": list(argv)})])
        return Path(found["x"]) if "x" in found else None

    def test_the_environment_whose_program_is_started(self, prefix: Path) -> None:
        assert self.of(f"{prefix}/bin/python", "-m", "ipykernel_launcher") == prefix
        assert self.of(f"{prefix}/bin/R") == prefix

    def test_our_kernelspecs_belong_to_the_environment_in_their_mark(self, prefix: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(prefix)
        mark = {"tfenv_lab": {"prefix": str(tmp_path / "link"), "kernel": "python3"}}
        spec = Kernelspec("x", Path("/x"), {"argv": ["/elsewhere/bin/python"], "metadata": mark})
        assert KernelspecCache().environments([spec]) == {"x": str(prefix)}

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

    def shown(self, cache: KernelspecCache) -> dict[str, str]:
        own = [found.spec for found in cache.everywhere() if found.spec.name.startswith("t")]
        return {spec.name: spec.display_name for spec in own}

    def test_only_what_changed_is_read_again(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        cache = KernelspecCache()
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
        listed = [found.spec for found in KernelspecCache().everywhere()]
        assert [spec.display_name for spec in listed if spec.name.lower() == "t"] == ["first"]

    def test_damaged_ones_are_left_out(self, folder: Path) -> None:
        self.put(folder, "t1", "one").write_text("{")
        assert self.shown(KernelspecCache()) == {}
