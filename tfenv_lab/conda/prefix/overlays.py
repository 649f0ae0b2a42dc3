"""The files of an overlay: a virtual environment over another environment, its *base*, whose packages it also has.

Only packages from a package index are added to it. ``pyvenv.cfg`` is what ``python -m venv --system-site-packages``
writes, so Python, pip and uv see a virtual environment. ``conda-meta/history`` makes conda list it. Links lead to the
activation of the base, and ``conda-meta/tfenv_lab/base.json`` remembers which base it is.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

from msgspec import Struct

from ... import serde
from ...disk import writes
from ...errors import NotFound
from ...sentences import say
from . import digests, state
from .pypi import site_packages
from .records import names_in, stem_of
from .revisions import FOLDER

_FILE = f"{FOLDER}/base.json"
#: Directories of the base that the activation of an overlay reads.
_ACTIVATION = ("etc/conda/activate.d", "etc/conda/deactivate.d", "etc/conda/env_vars.d")
_KERNELS = "share/jupyter/kernels"
_PIP = '#!/bin/sh\nexec "$(dirname "$0")/python" -m pip "$@"\n'


class Base(Struct, frozen=True):
    """The base of an overlay.

    ``prefix`` is its directory, and ``path`` the path that leads to it: for a published environment the link, which
    leads to another version later. ``mark`` identifies its packages, and ``python`` is the version of its Python.
    """

    prefix: str
    path: str
    mark: str
    python: str

    @property
    def name(self) -> str:
        return Path(self.path).name

    @property
    def is_gone(self) -> bool:
        """Whether there is no environment at the path any more, so the overlay cannot be rebuilt."""
        return not Path(self.path, "conda-meta").is_dir()

    @property
    def is_outdated(self) -> bool:
        """Whether the base changed since the overlay was built, or its path leads to another version."""
        return os.path.realpath(self.path) != os.path.realpath(self.prefix) or mark(Path(self.prefix)) != self.mark


def read(prefix: Path) -> Base | None:
    """Return the base of a prefix, or None if it is no overlay."""
    try:
        found: Base = serde.loads((prefix / _FILE).read_bytes(), Base)
    except (OSError, serde.Unreadable):
        return None
    return found


def base_at(path: Path) -> Base:
    """Return the environment at a path as a base. Raises NotFound if it has no Python, or is not there."""
    prefix = Path(os.path.realpath(path))
    try:
        stems = filter(None, map(stem_of, names_in(prefix / "conda-meta")))
        python = next((stem.version for stem in stems if stem.name == "python"), None)
    except OSError as error:
        raise NotFound(say("There is no environment at {path}.", path=path), str(error)) from error
    if python is None:
        raise NotFound(
            say("The environment at {path} has no Python from a channel, so nothing can be added over it.", path=path)
        )
    return Base(str(prefix), str(_published(path)), mark(prefix), python)


def _published(path: Path) -> Path:
    """Return the link that leads to this version of a published environment, or the path itself."""
    link = path.with_name(re.sub(r"-[0-9a-f]{8}$", "", path.name))
    is_link = link != path and link.is_symlink() and os.path.realpath(link) == os.path.realpath(path)
    return link if is_link else path


def mark(prefix: Path) -> str:
    """Return a text that identifies the packages of a base: the digest if it is known."""
    site = site_packages(prefix)
    try:
        found = digests.read(prefix, names_in(prefix / "conda-meta"), names_in(site) if site else ())
    except OSError:
        found = None
    return found or state.fingerprint(prefix)


def python_moves(before: Path | None, after: Base | None) -> bool:
    """Return whether an overlay gets another minor version of Python with its new base."""
    old = read(before) if before is not None else None
    return old is not None and after is not None and old.python.split(".")[:2] != after.python.split(".")[:2]


def write(staged: Path, prefix: Path, base: Base) -> None:
    """Write the files of an overlay into a staged tree, which will be moved to ``prefix``. Raises NotFound."""
    place = Path(base.prefix)
    site = site_packages(place, base.python)
    python = state.interpreter(place)
    if site is None or not python.exists():
        raise NotFound(
            say("{place} has no Python any more.", place=place), hint=say("Create the environment over another one.")
        )
    (staged / site.relative_to(place)).mkdir(parents=True, exist_ok=True)
    version = ".".join(base.python.split(".")[:2])
    (staged / "bin").mkdir(exist_ok=True)
    for name in ("python", "python3", f"python{version}"):
        _link(staged / "bin" / name, python)
    if not (staged / "bin" / "pip").exists():
        # Otherwise the base's would be found, which installs for the base.
        writes.replace(staged / "bin" / "pip", _PIP)
        (staged / "bin" / "pip").chmod(0o755)
    lines = [f"home = {place / 'bin'}", "include-system-site-packages = true", f"version = {base.python}"]
    writes.replace(staged / "pyvenv.cfg", "\n".join([*lines, ""]))
    for folder in _ACTIVATION:
        _link(staged / folder, place / folder)
    for source in sorted((place / _KERNELS).glob("*/kernel.json")):
        _add_kernel(source, staged / _KERNELS / source.parent.name, place, prefix)
    (staged / _FILE).parent.mkdir(parents=True, exist_ok=True)
    writes.replace(staged / _FILE, serde.dumps(base))


def _link(path: Path, target: Path) -> None:
    """Let a link lead to a file or directory of the base, or remove the link if the base has none."""
    if path.is_symlink():
        path.unlink()
    if target.exists() and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)


def _add_kernel(source: Path, folder: Path, place: Path, prefix: Path) -> None:
    """Add a Python kernel of the base, which starts the overlay's Python. Other languages see no packages of it."""
    try:
        spec = serde.parse(source.read_bytes())
        program = Path(spec["argv"][0])
    except (OSError, ValueError, LookupError, TypeError):
        return
    if not re.fullmatch(r"python[\d.]*", program.name) or program.parent not in (Path(), place / "bin"):
        return
    spec["argv"][0] = str(prefix / "bin" / "python")
    folder.mkdir(parents=True, exist_ok=True)
    for icon in source.parent.glob("logo-*"):
        if not (folder / icon.name).exists():
            shutil.copyfile(icon, folder / icon.name)
    writes.replace(folder / "kernel.json", json.dumps(spec))
