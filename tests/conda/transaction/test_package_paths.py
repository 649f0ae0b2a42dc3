"""Test that packages can write only into their prefix, whatever paths and links they contain."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from rattler import BuildString, PackageRecord, RepoDataRecord
from rattler.package_streaming import extract

from tfenv_lab.conda.transaction import staging
from tfenv_lab.conda.transaction.package_paths import PackagePaths
from tfenv_lab.conda.transaction.package_rules import fault
from tfenv_lab.errors import JobFailed

from ...tiny_channel import TinyChannel
from ..conftest import Lab
from ..http_channel import HttpChannel

posix = pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a right on Windows")
pytestmark = posix


def run(work: Any) -> Any:
    return asyncio.run(work)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Make a user's home directory with files that no package may touch."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir()
    (home / ".ssh/id_rsa").write_text("private")
    (home / ".mybashrc").write_text("mine")
    (tmp_path / "envs").mkdir()
    return home


def everything(root: Path) -> dict[str, object]:
    """Return everything in a directory except the engine's own files."""
    # The engine may still be writing to its own directories.
    ours = [root / name for name in ("channel", "pkgs", "repodata", "bytecode")]
    others = (place for place in root.iterdir() if place not in ours)
    found = (path for place in others for path in (place, *place.rglob("*")))
    skipped = {root / "home/.conda"}
    return {
        str(path): path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else None
        for path in found
        if path not in skipped and path.parent not in skipped
    }


def member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "../x",
            "a/../../x",
            "lnk/../../../../.mybashrc",
            "a/..",
            "/etc/x",
            "//server/share/x",
            "C:\\x",
            "C:x",
            "c:/x",
            "\\\\server\\share\\x",
            "\\x",
            "a\\..\\..\\b",
            "..\\x",
        ],
    )
    def test_paths_outside_the_prefix_are_refused(self, path: str) -> None:
        assert fault(path) == "would be written outside the environment"

    @pytest.mark.parametrize("path", ["", ".", "./.", "/" * 0, "a\0b"])
    def test_invalid_paths_are_refused(self, path: str) -> None:
        assert fault(path) == "has an invalid path"

    @pytest.mark.parametrize(
        "path",
        [
            "conda-meta/history",
            "conda-meta/foo-1-0.json",
            "./conda-meta/x",
            "Conda-Meta/history",
            "conda-meta",
            "conda-meta/tfenv_lab/00000.json",
            ".tfenv-journal",
            ".TFENV-journal",
            "lib/.tfenv-x",
            "__clobbers__/x",
            "conda-meta./x",
            "conda-\N{ZERO WIDTH JOINER}meta/history",
            ".tf\N{ZERO WIDTH NON-JOINER}env-journal",
        ],
    )
    def test_these_are_not_for_packages(self, path: str) -> None:
        assert fault(path) == "would be written to a reserved path"

    @pytest.mark.parametrize(
        "path",
        [
            "bin/x",
            "./bin/x",
            "lib/..x",
            "lib/x..",
            "...",
            "share/man/man3/App::Cpan.3",
            "lib/systemd/dev-disk\\x2d.device",
            "share/conda-meta/x",
            "info/x",
            "étc/x",
            "a b/ c",
        ],
    )
    def test_honest_names_are_taken(self, path: str) -> None:
        assert fault(path) is None


#: Arguments of ``TinyChannel.add``, and the refusal's message. ``HOME`` is replaced with the user's home directory.
_DEEP = "a/b/c/d/e/f"
_HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "up": ({"listed": [{"_path": "../../home/.mybashrc"}]}, "../../home/.mybashrc"),
    "up-through-a-link": (
        {
            "files": {f"{_DEEP}/x": "x", "a/b/.mybashrc": "evil"},
            "links": {"lnk": _DEEP},
            "listed": [{"_path": "lnk/../../../../.mybashrc"}],
        },
        "lnk/../../../../.mybashrc",
    ),
    "absolute": ({"listed": [{"_path": "HOME/.mybashrc"}]}, "HOME/.mybashrc"),
    "new-folders-only": ({"listed": [{"_path": "../../home/new/folders/x"}]}, "../../home/new/folders/x"),
    "behind-its-own-link": (
        {"links": {"lnk": "HOME/nothing-here"}, "listed": [{"_path": "lnk/x"}]},
        "lnk/x",
    ),
    "behind-a-link-up": ({"links": {"lnk": "../nobody"}, "listed": [{"_path": "lnk/x"}]}, "lnk/x"),
    "behind-two-links": (
        {"links": {"lnk": "other/x", "other": "../nobody"}, "listed": [{"_path": "lnk/x"}]},
        "lnk/x",
    ),
    "behind-another-case": ({"links": {"lnk": "../nobody"}, "files": {"LNK/x": "x"}}, "LNK/x"),
    "a-link-to-a-private-file": ({"links": {"share/logo.png": "HOME/.ssh/id_rsa"}}, "share/logo.png"),
    "a-link-to-a-private-folder": ({"links": {"share/keys": "../../../home/.ssh"}}, "share/keys"),
    "a-link-that-its-text-has-elsewhere": (
        {"files": {"x/y/z/f": "f"}, "links": {"d": "x/y/z", "logo.png": "d/../../../../../home/.ssh/id_rsa"}},
        "logo.png",
    ),
    "a-link-that-its-text-has-inside": (
        {"files": {"x/f": "f", "a/b/c/g": "g"}, "links": {"a/b/c/d": "../../../x", "k": "a/b/c/d/../../../home/.ssh"}},
        "k",
    ),
    "a-link-by-way-of-the-systems": ({"links": {"lnk": "/proc/self/cwd/.."}}, "lnk"),
    "a-private-file-as-its-own": (
        {"members": [member("logo.png", tarfile.SYMTYPE, "HOME/.ssh/id_rsa")], "listed": [{"_path": "logo.png"}]},
        "logo.png",
    ),
    "a-private-text-with-a-prefix": (
        {
            "members": [member("x.txt", tarfile.SYMTYPE, "HOME/.ssh/id_rsa")],
            "listed": [{"_path": "x.txt", "prefix_placeholder": "/P", "file_mode": "text"}],
        },
        "x.txt",
    ),
    "a-private-file-copied": (
        {
            "members": [member("x.txt", tarfile.SYMTYPE, "HOME/.ssh/id_rsa")],
            "listed": [{"_path": "x.txt", "path_type": "softlink", "no_link": True}],
        },
        "x.txt",
    ),
    "a-private-file-behind-an-unlisted-link": (
        {"members": [member("d", tarfile.SYMTYPE, "HOME/.ssh")], "listed": [{"_path": "d/id_rsa"}]},
        "d/id_rsa",
    ),
    "a-hard-link-out": ({"members": [member("x", tarfile.LNKTYPE, "../../home/.ssh/id_rsa")]}, "x"),
    "an-absolute-hard-link": ({"members": [member("x", tarfile.LNKTYPE, "HOME/.ssh/id_rsa")]}, "x"),
    "a-member-behind-a-link": (
        {"members": [member("lnk", tarfile.SYMTYPE, "HOME"), member("lnk/x", tarfile.REGTYPE)]},
        "lnk/x",
    ),
    "a-folder-behind-a-link": (
        {"members": [member("lnk", tarfile.SYMTYPE, "HOME"), member("lnk/new", tarfile.DIRTYPE)]},
        "lnk/new",
    ),
    "records": ({"files": {"conda-meta/history": "evil"}}, "conda-meta/history"),
    "the-folder-of-records": (
        {"files": {"aa": "x", "conda-meta": "a file"}, "links": {"zz": "aa"}},
        "conda-meta",
    ),
    "a-record": ({"files": {"conda-meta/other-1.0-0.json": "{}"}}, "conda-meta/other-1.0-0.json"),
    "our-journal": ({"files": {".tfenv-journal": "[]"}}, ".tfenv-journal"),
    "our-revisions": ({"files": {"conda-meta/tfenv_lab/00000.lock": ""}}, "conda-meta/tfenv_lab/00000.lock"),
    "conda-meta-as-a-link": ({"links": {"conda-meta": "HOME"}}, "conda-meta"),
    "rattlers-folder": ({"links": {"__clobbers__": "../nobody"}}, "__clobbers__"),
    "a-drive": ({"listed": [{"_path": "C:\\x"}]}, "C:\\x"),
    "backslashes": ({"listed": [{"_path": "a\\..\\..\\b"}]}, "a\\..\\..\\b"),
    "a-network-path": ({"listed": [{"_path": "\\\\srv\\share\\x"}]}, "\\\\srv\\share\\x"),
    "no-path": ({"listed": [{"_path": "."}]}, "."),
    "bytecode-behind-a-link": (
        {
            "noarch": "python",
            "files": {"site-packages/m/x.py": "1"},
            "links": {"site-packages/m/__pycache__": "/nobody/x"},
        },
        "__pycache__",
    ),
    "a-script-and-a-link": (
        {
            "noarch": "python",
            "files": {"python-scripts/x": "evil /PLACEHOLDER"},
            "prefixed": ["python-scripts/x"],
            "links": {"bin/x": "HOME/.profile-to-come"},
        },
        "bin/x",
    ),
    "a-command-up": (
        {"noarch": "python", "info_files": {"link.json": json.dumps(
            {"noarch": {"type": "python", "entry_points": ["../../../home/x = m:f"]}, "package_metadata_version": 1}
        )}},
        "../../../home/x",
    ),
    "a-command-in-a-folder": (
        {"noarch": "python", "info_files": {"link.json": json.dumps(
            {"noarch": {"type": "python", "entry_points": ["a/b = m:f"]}, "package_metadata_version": 1}
        )}},
        "a/b",
    ),
}  # fmt: skip


def placed(value: Any, home: Path) -> Any:
    """Return a value in which ``HOME`` is replaced."""
    if isinstance(value, str):
        return value.replace("HOME", str(home))
    if isinstance(value, Mapping):
        return {key: placed(item, home) for key, item in value.items()}
    if isinstance(value, list):
        return [placed(item, home) for item in value]
    if isinstance(value, tarfile.TarInfo):
        return member(value.name, value.type, value.linkname.replace("HOME", str(home)))
    return value


@pytest.fixture(params=["file", "http"])
def address(request: pytest.FixtureRequest, lab: Lab) -> Iterator[Callable[[], str]]:
    """Return the channel's URL, once for its directory and once over HTTP."""
    served = HttpChannel(lab.channel.root)
    served.up()
    yield lambda: lab.channel.url if request.param == "file" else served.url
    served.down()


def add_evil(channel: TinyChannel, home: Path, fields: Mapping[str, Any], name: str = "evil", **more: Any) -> None:
    channel.add(
        "python", "3.11.0", build="h0_0_cpython", files={"bin/python": "#!/bin/sh\n"}, executable=["bin/python"]
    )
    fields = {"depends": ["python"], **placed(dict(fields), home), **more}
    channel.add(name, "1.0", **fields)
    channel.index()


class TestRefused:
    @pytest.mark.parametrize("case", _HOSTILE)
    @pytest.mark.parametrize("suffix", [".conda", ".tar.bz2"])
    def test_a_new_environment_is_not_made(
        self, lab: Lab, home: Path, address: Callable[[], str], case: str, suffix: str
    ) -> None:
        fields, path = _HOSTILE[case]
        add_evil(lab.channel, home, fields, suffix=suffix)
        before = everything(lab.root)
        records = run(lab.solve("evil", url=address()))
        with pytest.raises(JobFailed) as caught:
            run(lab.change("evil", records=records))
        assert caught.value.message.startswith("The package evil-1.0-0 was refused: ")
        assert f"“{placed(path, home)}”" in caught.value.message or path in caught.value.message
        assert everything(lab.root) == before

    @pytest.mark.parametrize("case", _HOSTILE)
    def test_an_environment_stays_as_it_was(self, lab: Lab, home: Path, case: str) -> None:
        run(lab.change("app 1.0"))
        fields, _ = _HOSTILE[case]
        add_evil(lab.channel, home, fields)
        before = everything(lab.root)
        with pytest.raises(JobFailed, match=r"The package evil-1.0-0 was refused: "):
            run(lab.change("app 1.0", "evil", job="1job"))
        assert everything(lab.root) == before
        run(lab.change("app 2.0", job="2job"))

    @pytest.mark.parametrize("case", ["up", "absolute", "behind-a-link-up", "records"])
    def test_packages_that_another_tool_unpacked_are_validated_too(self, lab: Lab, home: Path, case: str) -> None:
        """rattler reads the paths of a cached package before it reports that it links it."""
        fields, _ = _HOSTILE[case]
        add_evil(lab.channel, home, fields)
        extract(lab.channel.root / "linux-64/evil-1.0-0.conda", lab.root / "pkgs/evil-1.0-0")
        before = everything(lab.root)
        with pytest.raises(JobFailed, match=r"The package evil-1.0-0 was refused: "):
            run(lab.change("evil"))
        assert everything(lab.root) == before
        assert not (lab.root / "pkgs/evil-1.0-0").exists()

    @pytest.mark.parametrize("name", ["info/paths.json", "share/app.txt"])
    def test_a_pipe_in_the_cache_is_not_waited_for(self, lab: Lab, home: Path, name: str) -> None:
        unpacked = lab.root / "pkgs/app-1.0-0"
        extract(lab.channel.root / "linux-64/app-1.0-0.conda", unpacked)
        (unpacked / name).unlink()
        os.mkfifo(unpacked / name)
        run(lab.change("app 1.0"))
        assert (lab.prefix / "share/app.txt").read_text() == "1.0"

    def test_a_package_that_was_altered_in_the_cache_is_downloaded_again(self, lab: Lab, home: Path) -> None:
        unpacked = lab.root / "pkgs/app-1.0-0"
        extract(lab.channel.root / "linux-64/app-1.0-0.conda", unpacked)
        paths = json.loads((unpacked / "info/paths.json").read_bytes())
        paths["paths"].append({"_path": "../../home/new/x", "path_type": "hardlink"})
        (unpacked / "info/paths.json").write_text(json.dumps(paths))
        run(lab.change("app 1.0"))
        assert (lab.prefix / "share/app.txt").read_text() == "1.0"
        assert not (home / "new").exists()
        assert [path for path in (lab.root / "pkgs").iterdir() if path.name.startswith(".tfenv")] == []

    def test_a_refusal_is_told_even_where_the_channel_is_away(self, lab: Lab, home: Path) -> None:
        add_evil(lab.channel, home, _HOSTILE["up"][0])
        extract(lab.channel.root / "linux-64/evil-1.0-0.conda", lab.root / "pkgs/evil-1.0-0")
        served = HttpChannel(lab.channel.root)
        served.up()
        records = run(lab.solve("evil", url=served.url))
        served.down()
        with pytest.raises(JobFailed, match=r"The package evil-1.0-0 was refused: "):
            run(lab.change("evil", records=records))

    def test_a_package_from_before_paths_json(self, lab: Lab, home: Path) -> None:
        add_evil(lab.channel, home, {"listed": [{"_path": "../../home/x"}]}, has_paths=False, suffix=".tar.bz2")
        before = everything(lab.root)
        with pytest.raises(JobFailed, match=r"evil-1.0-0 was refused: its file “../../home/x”"):
            run(lab.change("evil"))
        assert everything(lab.root) == before

    @pytest.mark.parametrize("where", ["../../../home", "HOME"])
    def test_a_python_that_puts_packages_elsewhere(self, lab: Lab, home: Path, where: str) -> None:
        index = {"python_site_packages_path": placed(where, home)}
        lab.channel.add("python", "3.13.0", build="evil_0", files={"bin/python": ""}, extra_index=index)
        lab.channel.add("mod", "1.0", noarch="python", depends=["python"], files={"site-packages/x.py": ""})
        lab.channel.index()
        before = everything(lab.root)
        with pytest.raises(JobFailed, match=r"The package python-3.13.0-evil_0 was refused: "):
            run(lab.change("mod"))
        assert everything(lab.root) == before

    @pytest.mark.parametrize("build", ["../../../home/x", "/x", "..\\\\x"])
    def test_a_package_whose_record_would_lie_elsewhere(self, lab: Lab, home: Path, build: str) -> None:
        (tool,) = run(lab.solve("tool"))
        record = PackageRecord("tool", "1.0", BuildString.new_unchecked(build), 0, "noarch", sha256=tool.sha256)
        records = [RepoDataRecord(record, tool.file_name, tool.url, tool.channel)]
        before = everything(lab.root)
        with pytest.raises(JobFailed, match="its name cannot be a file name"):
            run(lab.change("tool", records=records))
        assert everything(lab.root) == before

    def test_a_message_is_one_line(self, lab: Lab, home: Path) -> None:
        add_evil(lab.channel, home, {"listed": [{"_path": "../a\nb\x1b[31m" + "c" * 5000}]})
        with pytest.raises(JobFailed) as caught:
            run(lab.change("evil"))
        assert "\n" not in caught.value.message
        assert "\x1b" not in caught.value.message
        assert len(caught.value.message) < 400


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


class TestRecords:
    """Anybody may have written the records and other files in ``conda-meta``."""

    def test_a_copy_writes_nothing_outside_whatever_records_say(self, lab: Lab, home: Path) -> None:
        run(lab.change("app 1.0"))
        texts = [home / ".profile", lab.root / "envs/beside.txt", home / "linked.txt"]
        for text in texts:
            text.write_text(f"PATH={lab.prefix}/bin")
        (lab.prefix / "out").symlink_to(home)
        record = lab.prefix / "conda-meta/app-1.0-0.json"
        stored = json.loads(record.read_text())
        for path in (str(texts[0]), "../beside.txt", "out/linked.txt", "share/../../beside.txt"):
            stored["files"].append(path)
            stored["paths_data"]["paths"].append(
                {"_path": path, "path_type": "hardlink", "prefix_placeholder": "/P", "file_mode": "text"}
            )
        record.write_text(json.dumps(stored))
        copy = lab.prefix.with_name("copy")
        run(lab.change("app 1.0", job="1job", prefix=copy, origin="copy", source=lab.prefix))
        assert (copy / "bin/app").read_text().startswith(f"#!{copy}/bin/sh")
        assert [text.read_text() for text in texts] == [f"PATH={lab.prefix}/bin"] * 3

    def test_a_removal_deletes_nothing_outside(self, lab: Lab, home: Path) -> None:
        run(lab.change("app 1.0", "tool"))
        record = lab.prefix / "conda-meta/tool-1.0-0.json"
        stored = json.loads(record.read_text())
        stored["files"] += ["../../home/.mybashrc", str(home / ".ssh/id_rsa")]
        record.write_text(json.dumps(stored))
        run(lab.change("app 1.0", job="1job"))
        assert (home / ".mybashrc").read_text() == "mine"
        assert (home / ".ssh/id_rsa").read_text() == "private"

    @pytest.mark.parametrize(
        "name",
        [
            "history",
            "app-2.0-0.tmp",
            "lib-1.0-0.tmp",
            "tfenv_lab/00001.lock",
            "tfenv_lab/00001.json",
            "tfenv_lab",
        ],
    )
    def test_no_file_of_ours_is_written_through_a_link(self, lab: Lab, home: Path, name: str) -> None:
        run(lab.change("app 1.0"))
        target = home / ("kept" if name == "tfenv_lab" else ".mybashrc")
        if name == "tfenv_lab":
            target.mkdir()
            staging.discard(lab.prefix / "conda-meta/tfenv_lab")
        else:
            (lab.prefix / "conda-meta" / name).unlink(missing_ok=True)
        (lab.prefix / "conda-meta" / name).symlink_to(target)
        run(lab.change("app 2.0", job="1job"))
        assert (home / ".mybashrc").read_text() == "mine"
        assert name != "tfenv_lab" or list(target.iterdir()) == []

    def test_a_record_that_is_a_link_becomes_a_file(self, lab: Lab, home: Path) -> None:
        run(lab.change("app 1.0", "tool"))
        record = lab.prefix / "conda-meta/tool-1.0-0.json"
        record.rename(home / "tool.json")
        record.symlink_to(home / "tool.json")
        text = (home / "tool.json").read_text()
        run(lab.change("app 2.0", "tool >=1", job="1job"))
        assert json.loads(record.read_text())["requested_specs"] == ["tool >=1"]
        assert not record.is_symlink()
        assert (home / "tool.json").read_text() == text


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
