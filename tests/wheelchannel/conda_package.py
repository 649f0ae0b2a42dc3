"""Read a ``.conda`` file, independently of the code that wrote it."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import zstandard


class CondaPackage:
    """The parts of a package file. ``files`` maps paths to contents, or to the target of a symbolic link."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with zipfile.ZipFile(path) as archive:
            self.members = archive.namelist()
            info = self._tar(archive, f"info-{path.stem}.tar.zst")
            with info:
                self._info = {member.name: self._content(info, member) for member in info.getmembers()}
            files = self._tar(archive, f"pkg-{path.stem}.tar.zst")
            with files:
                self.entries = {member.name: member for member in files.getmembers()}
                self.files = {name: self._content(files, member) for name, member in self.entries.items()}

    @staticmethod
    def _tar(archive: zipfile.ZipFile, name: str) -> tarfile.TarFile:
        content = zstandard.ZstdDecompressor().stream_reader(archive.open(name)).read()
        return tarfile.open(fileobj=io.BytesIO(content))

    @staticmethod
    def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
        if member.issym():
            return member.linkname.encode()
        file = tar.extractfile(member)
        assert file is not None
        return file.read()

    def info(self, name: str) -> dict[str, Any]:
        """Return the contents of a JSON file in ``info/``."""
        found: dict[str, Any] = json.loads(self._info[f"info/{name}"])
        return found

    def paths(self) -> dict[str, dict[str, Any]]:
        """The entries of ``info/paths.json``, by path."""
        return {entry["_path"]: entry for entry in self.info("paths.json")["paths"]}
