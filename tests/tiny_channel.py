"""Create channels for tests: real ``.conda`` packages of a few bytes, indexed like any channel."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import zstandard


def _tar(
    files: Mapping[str, bytes],
    executable: Sequence[str] = (),
    links: Mapping[str, str] | None = None,
    members: Sequence[tarfile.TarInfo] = (),
    mode: Literal["w", "w:bz2"] = "w",
) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
        for path, target in (links or {}).items():
            info = tarfile.TarInfo(path)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(content)
            info.mode = 0o755 if path in executable else 0o644
            info.mtime = 1_700_000_000
            tar.addfile(info, io.BytesIO(content))
        for member in members:
            tar.addfile(member)
    return buffer.getvalue()


def _zst(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(content)


#: Placeholder for the prefix in a program, long enough for any prefix.
LONG = "/PLACEHOLDER" + "_" * 200


class TinyChannel:
    """Channel in a directory. ``add`` packages, then ``index`` it; ``url`` is its ``file://`` URL."""

    def __init__(self, root: Path, subdir: str = "linux-64") -> None:
        self.root = root
        self.subdir = subdir
        for name in ("noarch", subdir):
            (root / name).mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        return self.root.as_uri()

    def add(
        self,
        name: str,
        version: str,
        *,
        build: str = "0",
        depends: Sequence[str] = (),
        constrains: Sequence[str] = (),
        files: Mapping[str, str | bytes] | None = None,
        executable: Sequence[str] = (),
        links: Mapping[str, str] | None = None,
        prefixed: Sequence[str] = (),
        binary: Sequence[str] = (),
        noarch: str | None = None,
        track_features: str = "",
        extra_index: Mapping[str, Any] | None = None,
        info_files: Mapping[str, str] | None = None,
        listed: Sequence[Mapping[str, Any]] = (),
        members: Sequence[tarfile.TarInfo] = (),
        suffix: str = ".conda",
        has_paths: bool = True,
    ) -> Path:
        """Write one package.

        ``links`` are symbolic links by path. Files in ``prefixed`` contain the placeholder ``/PLACEHOLDER``, which is
        replaced at link time. Those in ``binary`` contain ``LONG``, which is filled up with zeros. ``listed`` are
        further entries of ``paths.json``, and ``members`` further members of the archive, both unchecked. ``suffix`` is
        ``.conda`` or ``.tar.bz2``. Without ``has_paths`` the package has no ``paths.json``, like very old ones.
        """
        contents = {
            path: value.encode() if isinstance(value, str) else value
            for path, value in (files or {f"share/{name}/{version}.txt": f"{name} {version}\n"}).items()
        }
        subdir = "noarch" if noarch else self.subdir
        tail = build.rsplit("_", 1)[-1]
        index: dict[str, Any] = {
            "name": name,
            "version": version,
            "build": build,
            "build_number": int(tail) if tail.isdigit() else 0,
            "depends": list(depends),
            "constrains": list(constrains),
            "subdir": subdir,
            "license": "MIT",
            "timestamp": 1_700_000_000_000,
            **({"noarch": noarch} if noarch else {"arch": "x86_64", "platform": "linux"}),
            **({"track_features": track_features} if track_features else {}),
            **(extra_index or {}),
        }
        paths: dict[str, Any] = {
            "paths_version": 1,
            "paths": [
                {
                    "_path": path,
                    "path_type": "hardlink",
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "size_in_bytes": len(content),
                    **({"prefix_placeholder": "/PLACEHOLDER", "file_mode": "text"} if path in prefixed else {}),
                    **({"prefix_placeholder": LONG, "file_mode": "binary"} if path in binary else {}),
                }
                for path, content in contents.items()
            ]
            + [
                {
                    "_path": path,
                    "path_type": "softlink",
                    "sha256": hashlib.sha256(behind).hexdigest(),
                    "size_in_bytes": len(behind),
                }
                for path, target in (links or {}).items()
                for behind in [contents.get(os.path.normpath(Path(path).parent / target), b"")]
            ]
            + [{"path_type": "hardlink", **entry} for entry in listed],
        }
        info = {
            "info/index.json": json.dumps(index).encode(),
            "info/paths.json": json.dumps(paths).encode(),
            "info/files": "\n".join(str(entry["_path"]) for entry in paths["paths"]).encode() + b"\n",
            "info/about.json": b"{}",
            **{f"info/{path}": text.encode() for path, text in (info_files or {}).items()},
        }
        if not has_paths:
            del info["info/paths.json"]
        stem = f"{name}-{version}-{build}"
        target = self.root / subdir / f"{stem}{suffix}"
        if suffix == ".tar.bz2":
            target.write_bytes(_tar({**info, **contents}, executable, links, members, "w:bz2"))
            return target
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("metadata.json", json.dumps({"conda_pkg_format_version": 2}))
            archive.writestr(f"pkg-{stem}.tar.zst", _zst(_tar(contents, executable, links, members)))
            archive.writestr(f"info-{stem}.tar.zst", _zst(_tar(info)))
        return target

    def index(self) -> str:
        """Write the channel's repodata and return its URL."""
        from rattler.index import index_fs

        asyncio.run(index_fs(self.root, write_zst=False, write_shards=False))
        return self.url
