"""Write minimal environments: only the files from which conda's tools recognize a prefix."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def add_record(prefix: Path, stem: str, **extra: Any) -> Path:
    """Write a record as conda does; ``stem`` is ``name-version-build``."""
    name, version, build = stem.rsplit("-", 2)
    record = {
        "name": name,
        "version": version,
        "build": build,
        "build_number": 0,
        "channel": "https://conda.anaconda.org/conda-forge/linux-64",
        "subdir": "linux-64",
        "fn": f"{stem}.conda",
        "url": f"https://conda.anaconda.org/conda-forge/linux-64/{stem}.conda",
        "depends": [],
        "constrains": [],
        "files": [],
        "paths_data": {"paths_version": 1, "paths": []},
        "requested_spec": "None",
        "size": 1000,
        **extra,
    }
    path = prefix / "conda-meta" / f"{stem}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record))
    return path


def add_python(prefix: Path, version: str = "3.11.9") -> Path:
    """Add an interpreter to a prefix, a script that runs this one, and return its ``site-packages``."""
    short = ".".join(version.split(".")[:2])
    add_record(prefix, f"python-{version}-h0_0_cpython")
    program = prefix / "bin" / "python"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    program.chmod(0o755)
    folder = prefix / "lib" / f"python{short}" / "site-packages"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def add_dist_info(folder: Path, name: str, version: str, installer: str | None = "pip") -> Path:
    """Write the ``.dist-info`` of a Python package to ``folder`` (site-packages), as an installer does."""
    path = folder / f"{name}-{version}.dist-info"
    path.mkdir(parents=True)
    (path / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    names = ["METADATA", "RECORD", *(["INSTALLER"] if installer is not None else [])]
    (path / "RECORD").write_text("".join(f"{path.name}/{each},,\n" for each in names))
    if installer is not None:
        (path / "INSTALLER").write_text(installer + "\n")
    return path


def recorded(prefix: Path, *paths: Path) -> dict[str, Any]:
    """Return the part of a record that lists these files of a package with their current contents."""
    entries = [
        {
            "_path": path.relative_to(prefix).as_posix(),
            "path_type": "hardlink",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "size_in_bytes": path.stat().st_size,
        }
        for path in paths
    ]
    files = [str(entry["_path"]) for entry in entries]
    return {"files": files, "paths_data": {"paths_version": 1, "paths": entries}}


def add_kernel(prefix: Path, name: str = "python3", spec: Mapping[str, Any] | None = None) -> Path:
    """Add a kernelspec with an icon to a prefix, and return its directory."""
    folder = prefix / "share" / "jupyter" / "kernels" / name
    folder.mkdir(parents=True)
    default = {
        "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "metadata": {"debugger": True},
    }
    (folder / "kernel.json").write_text(json.dumps(dict(spec or default)))
    (folder / "logo-64x64.png").write_bytes(b"\x89PNG of " + name.encode())
    return folder


def make_prefix(
    path: Path,
    stems: Sequence[str] = (),
    *,
    python: str | None = None,
    kernels: Sequence[str] = (),
    history: str | None = "",
) -> Path:
    """Write an environment with the records ``stems``, an interpreter and kernelspecs, and return its prefix."""
    (path / "conda-meta").mkdir(parents=True)
    if history is not None:
        (path / "conda-meta" / "history").write_text(history)
    for stem in stems:
        add_record(path, stem)
    if python is not None:
        add_python(path, python)
    for name in kernels:
        add_kernel(path, name)
    return path


def later(path: Path, seconds: float = 10) -> None:
    """Set a later modification time on a file or directory, as if time had passed."""
    status = path.stat()
    os.utime(path, (status.st_atime + seconds, status.st_mtime + seconds))
