"""Packages that try to write outside their prefix, or to show what is outside."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...tiny_channel import TinyChannel


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


_DEEP = "a/b/c/d/e/f"
#: Arguments of ``TinyChannel.add``, and the refusal's message. ``HOME`` is replaced with the user's home directory.
HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
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


def add_evil(channel: TinyChannel, home: Path, fields: Mapping[str, Any], name: str = "evil", **more: Any) -> None:
    channel.add(
        "python", "3.11.0", build="h0_0_cpython", files={"bin/python": "#!/bin/sh\n"}, executable=["bin/python"]
    )
    fields = {"depends": ["python"], **placed(dict(fields), home), **more}
    channel.add(name, "1.0", **fields)
    channel.index()
