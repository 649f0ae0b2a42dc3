"""Write ``.conda`` packages (conda's package format 2, CEP 24)."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard

#: Placeholder for the prefix in text files; conda replaces it with the real prefix when it links a package.
PLACEHOLDER = "/opt/tfenv_lab_wheelchannel_prefix_placeholder"
#: Compression level: twice as fast as the level that channels use, for files that are a tenth larger.
_LEVEL = 3
#: Threads for compression alone; reading and packing keep a third one busy.
_THREADS = 2
_BLOCK = 1 << 20
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class File:
    """A file on disk, for a package: its ``size`` in bytes and its hexadecimal ``sha256``.

    ``link`` is the target of a symbolic link; size and hash are then those of the target.
    """

    path: Path
    size: int
    sha256: str
    executable: bool
    link: str | None = None


def hash_file(path: Path, algorithm: str = "sha256") -> str:
    """Return the hexadecimal hash of a file's contents."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def file_at(path: Path) -> File:
    """Describe a file or symbolic link on disk."""
    status = path.stat()
    link = str(path.readlink()) if path.is_symlink() else None
    return File(path, status.st_size, hash_file(path), bool(status.st_mode & 0o111), link)


def files_below(tree: Path) -> dict[str, File]:
    """Return every file and symbolic link below ``tree``, by its path relative to ``tree``."""
    found = (Path(folder, name) for folder, _, names in os.walk(tree) for name in names)
    return {path.relative_to(tree).as_posix(): file_at(path) for path in found}


@dataclass(frozen=True)
class Package:
    """The metadata of a package. ``timestamp`` is in milliseconds since 1970, UTC."""

    name: str
    version: str
    build: str
    subdir: str
    timestamp: int
    depends: list[str] = field(default_factory=list)
    constrains: list[str] = field(default_factory=list)
    noarch: str | None = None
    license: str | None = None
    summary: str | None = None

    @property
    def stem(self) -> str:
        """The file name without ``.conda``."""
        return f"{self.name}-{self.version}-{self.build}"

    def index(self) -> dict[str, Any]:
        """Return the contents of ``info/index.json``."""
        record = {
            "name": self.name,
            "version": self.version,
            "build": self.build,
            "build_number": 0,
            "subdir": self.subdir,
            "depends": self.depends,
            "constrains": self.constrains,
            "license": self.license,
            "timestamp": self.timestamp,
            "noarch": self.noarch,
        }
        if not self.noarch:
            record |= {
                "platform": self.subdir.split("-")[0],
                "arch": "x86_64" if self.subdir == "linux-64" else "aarch64",
            }
        return {key: value for key, value in record.items() if value is not None}

    def write(self, channel: Path, files: Mapping[str, File], time: int, prefixed: Collection[str] = ()) -> Path:
        """Write the package file into the channel and return its path. The same files always give the same bytes.

        ``files`` are keyed by their path in an environment, ``time`` is their modification time in seconds, and
        ``prefixed`` are the paths of files that contain PLACEHOLDER.
        """
        target = channel / self.subdir / f"{self.stem}.conda"
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            _member(archive, "metadata.json", json.dumps({"conda_pkg_format_version": 2}).encode())
            # Metadata comes first, so that a tool that needs only metadata does not read the files.
            with _tar(archive, f"info-{self.stem}.tar.zst") as tar:
                for name, content in self.info(files, prefixed).items():
                    info = tarfile.TarInfo(f"info/{name}")
                    info.size, info.mtime = len(content), time
                    tar.addfile(info, io.BytesIO(content))
            with _tar(archive, f"pkg-{self.stem}.tar.zst") as tar:
                for path in sorted(files):
                    _add(tar, path, files[path], time)
        return target

    def info(self, files: Mapping[str, File], prefixed: Collection[str]) -> dict[str, bytes]:
        """Return the contents of the files in ``info/``, by name."""
        about = {"summary": self.summary, "license": self.license}
        paths = [_entry(path, files[path], path in prefixed) for path in sorted(files)]
        info = {
            "index.json": self.index(),
            "paths.json": {"paths": paths, "paths_version": 1},
            "about.json": {key: value for key, value in about.items() if value},
        }
        return {
            **{name: json.dumps(value, indent=2, sort_keys=True).encode() for name, value in info.items()},
            "files": "".join(f"{path}\n" for path in sorted(files)).encode(),
        }


def _entry(path: str, file: File, prefixed: bool) -> dict[str, Any]:
    """Return the entry of a file in ``paths.json``."""
    kind = "softlink" if file.link else "hardlink"
    entry = {"_path": path, "path_type": kind, "sha256": file.sha256, "size_in_bytes": file.size}
    return entry | ({"prefix_placeholder": PLACEHOLDER, "file_mode": "text"} if prefixed else {})


def _member(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), content)


@contextmanager
def _tar(archive: zipfile.ZipFile, name: str) -> Iterator[tarfile.TarFile]:
    """Add a compressed tar to the zip, written as a stream without a copy in memory or on disk."""
    compressor = zstandard.ZstdCompressor(level=_LEVEL, threads=_THREADS)
    with (
        archive.open(zipfile.ZipInfo(name, _ZIP_TIME), "w", force_zip64=True) as member,
        compressor.stream_writer(member, closefd=False) as stream,
        tarfile.TarFile(fileobj=stream, mode="w", copybufsize=_BLOCK) as tar,
    ):
        yield tar


def _add(tar: tarfile.TarFile, path: str, file: File, time: int) -> None:
    info = tarfile.TarInfo(path)
    info.mtime = time
    if file.link:
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, file.link, 0o777
        tar.addfile(info)
        return
    info.size, info.mode = file.size, 0o755 if file.executable else 0o644
    with file.path.open("rb") as content:
        tar.addfile(info, content)
