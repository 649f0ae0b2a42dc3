"""Test how the links of packages count for the paths of others, and which links are accepted."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rattler.package_streaming import extract

from tfenv_lab.conda.transaction.package_paths import PackagePaths
from tfenv_lab.errors import JobFailed

from ..conftest import Lab, run
from .hostile_packages import everything

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a right on Windows")


class TestTogether:
    """Each of two packages is harmless by itself, but one has a file behind the other's link."""

    def two(self, lab: Lab, first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
        lab.channel.add("first", "1.0", **first)
        lab.channel.add("second", "1.0", **second)
        lab.channel.index()

    @pytest.mark.parametrize("link", ["..", "../nobody", "a/../../x", "/nobody/knows"])
    @pytest.mark.parametrize("file", ["lnk/x", "lnk/new/folder/x", "LNK/x", "lnk"])
    def test_in_one_change(self, lab: Lab, home: Path, link: str, file: str) -> None:
        self.two(lab, {"links": {"lnk": link}}, {"files": {file: "x" * 10_000}})
        before = everything(lab.root)
        with pytest.raises(JobFailed, match=r"The package (first|second)-1\.0-0 was refused: "):
            run(lab.change("first", "second"))
        assert everything(lab.root) == before

    @pytest.mark.parametrize("is_cached", [False, True])
    def test_one_after_the_other(self, lab: Lab, home: Path, is_cached: bool) -> None:
        self.two(lab, {"links": {"lnk": "../nobody"}}, {"files": {"lnk/x": "x"}})
        run(lab.change("first"))
        if is_cached:
            extract(lab.channel.root / "linux-64/second-1.0-0.conda", lab.root / "pkgs/second-1.0-0")
        before = everything(lab.root)
        with pytest.raises(JobFailed, match=r"second-1.0-0 was refused: its file “lnk/x” would be .* the link “lnk”"):
            run(lab.change("first", "second", job="1job"))
        assert everything(lab.root) == before

    def test_by_way_of_a_link_of_a_third_that_is_installed(self, lab: Lab, home: Path) -> None:
        self.two(lab, {"links": {"lnk": "../nobody"}}, {"files": {"share/x": "x"}, "links": {"a": "lnk"}})
        lab.channel.add("third", "1.0", files={"a/x": "x"})
        lab.channel.index()
        run(lab.change("first"))
        before = everything(lab.root)
        with pytest.raises(JobFailed, match=r"(second|third)-1\.0-0 was refused"):
            run(lab.change("first", "second", "third", job="1job"))
        assert everything(lab.root) == before

    def test_a_link_that_shows_what_is_outside_by_way_of_the_others(self, lab: Lab, home: Path) -> None:
        private = "a/b/c/d/../../../home/.ssh/id_rsa"
        self.two(lab, {"files": {"x/f": "x"}, "links": {"a/b/c/d": "../../../x"}}, {"links": {"logo.png": private}})
        before = everything(lab.root)
        with pytest.raises(JobFailed, match=r"second-1.0-0 was refused: its link “logo.png” leads out"):
            run(lab.change("first", "second"))
        assert everything(lab.root) == before
        run(lab.change("first", job="1job"))
        with pytest.raises(JobFailed, match=r"second-1.0-0 was refused: its link “logo.png” leads out"):
            run(lab.change("first", "second", job="2job"))
        assert not (lab.root / "pkgs/second-1.0-0").exists()

    def test_a_link_in_the_place_of_a_folder(self, lab: Lab, home: Path) -> None:
        self.two(lab, {"files": {"lnk/x": "x"}}, {"links": {"lnk": "../nobody"}})
        run(lab.change("first"))
        (lab.prefix / "lnk/notebook.ipynb").write_text("mine")
        before = everything(lab.root)
        with pytest.raises(JobFailed, match=r"second-1.0-0 was refused: its link “lnk”"):
            run(lab.change("first", "second", job="1job"))
        assert everything(lab.root) == before

    def test_a_link_in_place_of_a_users_directory_is_refused(self, lab: Lab, home: Path) -> None:
        self.two(lab, {"files": {"x": "x"}}, {"links": {"mine": "../nobody"}})
        run(lab.change("first"))
        (lab.prefix / "mine").mkdir()
        (lab.prefix / "mine/notebook.ipynb").write_text("mine")
        before = everything(lab.root)
        with pytest.raises(JobFailed, match=r"second-1.0-0 was refused: its link “mine”"):
            run(lab.change("first", "second", job="1job"))
        assert everything(lab.root) == before


class TestTaken:
    """Paths and links of honest packages are accepted."""

    def test_links_that_stay_inside(self, lab: Lab) -> None:
        lab.channel.add(
            "linked",
            "1.0",
            files={"lib/libx.so.1": "x", "share/doc/x.txt": "x", "opt/x/lib/y": "y"},
            links={
                "lib/libx.so": "libx.so.1",
                "bin/x": "../lib/libx.so.1",
                "lib64": "lib",
                "opt/x/doc": "../../share/doc",
                "opt/x/lib/libother.so": "../../../lib/libother.so.1",
                "a/b": "../lib/../lib/./libx.so",
            },
        )
        lab.channel.add("other", "1.0", files={"lib/libother.so.1": "other", "lib64/through.txt": "t"})
        lab.channel.index()
        run(lab.change("linked", "other"))
        assert (lab.prefix / "opt/x/lib/libother.so").read_text() == "other"
        assert (lab.prefix / "a/b").read_text() == "x"

    @pytest.mark.parametrize(
        "target", ["/usr", "/etc/passwd", "/home/conda/feedstock_root/_h_env/lib/x", "/proc/mounts"]
    )
    def test_links_to_the_system_and_to_what_is_not_there(self, lab: Lab, target: str) -> None:
        lab.channel.add("linked", "1.0", links={"share/x": target})
        lab.channel.index()
        run(lab.change("linked"))
        assert (lab.prefix / "share/x").readlink() == Path(target)

    def test_a_home_in_a_folder_of_the_system_is_private(
        self, lab: Lab, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tfenv_lab.conda.transaction.package_rules.SYSTEM", (os.path.realpath(lab.root),))
        lab.channel.add("linked", "1.0", links={"share/x": f"{home}/.ssh/id_rsa", "share/y": str(lab.channel.root)})
        lab.channel.index()
        with pytest.raises(JobFailed, match="its link “share/x” leads out"):
            run(lab.change("linked"))

    def test_a_link_of_a_noarch_package_from_where_it_will_lie(self, lab: Lab) -> None:
        python = {"bin/python": "#!/bin/sh\n"}
        lab.channel.add("python", "3.11.0", build="h0_0_cpython", files=python, executable=["bin/python"])
        lab.channel.add(
            "mod",
            "1.0",
            noarch="python",
            depends=["python"],
            files={"site-packages/mod/__init__.py": "", "share/mod/x.txt": "x", "python-scripts/mod": "#!/bin/sh"},
            links={"site-packages/mod/data": "../../../../share/mod"},
            info_files={
                "link.json": json.dumps(
                    {"noarch": {"type": "python", "entry_points": ["m-x = mod:f"]}, "package_metadata_version": 1}
                )
            },
        )
        lab.channel.index()
        run(lab.change("mod"))
        assert (lab.prefix / "lib/python3.11/site-packages/mod/data/x.txt").read_text() == "x"
        assert (lab.prefix / "bin/m-x").exists()

    def test_a_package_from_before_paths_json(self, lab: Lab) -> None:
        lab.channel.add("old", "1.0", files={"bin/x1": "x"}, links={"bin/x": "x1"}, has_paths=False, suffix=".tar.bz2")
        lab.channel.index()
        run(lab.change("old"))
        assert (lab.prefix / "bin/x").readlink() == Path("x1")

    def test_a_directory_that_a_user_moved_and_linked_is_followed(self, lab: Lab, home: Path) -> None:
        run(lab.change("app 1.0"))
        (home / "share").mkdir()
        (lab.prefix / "share/app.txt").rename(home / "share/app.txt")
        (lab.prefix / "share").rmdir()
        (lab.prefix / "share").symlink_to(home / "share")
        run(lab.change("app 2.0", job="1job"))
        assert (lab.prefix / "share").readlink() == home / "share"
        assert (home / "share/app.txt").read_text() == "2.0"

    @pytest.mark.parametrize("prefixed", [[], ["bin/mine"]])
    def test_a_file_that_a_user_linked_is_replaced_and_not_written_through(
        self, lab: Lab, home: Path, prefixed: list[str]
    ) -> None:
        run(lab.change("app 1.0"))
        (lab.prefix / "bin/mine").symlink_to(home / ".mybashrc")
        lab.channel.add("new", "1.0", files={"bin/mine": "#!/PLACEHOLDER/bin/sh"}, prefixed=prefixed)
        lab.channel.index()
        run(lab.change("app 1.0", "new", job="1job"))
        assert not (lab.prefix / "bin/mine").is_symlink()
        assert (home / ".mybashrc").read_text() == "mine"


def test_looking_at_twenty_thousand_files_takes_a_moment(tmp_path: Path) -> None:
    unpacked = tmp_path / "big-1.0-0"
    paths = []
    for folder in range(200):
        (unpacked / f"lib/{folder}").mkdir(parents=True)
        for number in range(100):
            (unpacked / f"lib/{folder}/{number}.py").touch()
            paths.append({"_path": f"lib/{folder}/{number}.py", "path_type": "hardlink", "sha256": "0" * 64})
    (unpacked / "info").mkdir()
    (unpacked / "info/index.json").write_text("{}")
    (unpacked / "info/paths.json").write_text(json.dumps({"paths": paths, "paths_version": 1}))
    begun = time.process_time()
    assert len(PackagePaths(tmp_path, None, (), "lib").admit("big-1.0-0", unpacked)) == 20_000
    assert time.process_time() - begun < 1
