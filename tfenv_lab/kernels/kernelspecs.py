"""Read and write kernelspecs: those inside an environment, and ours in the user's kernel directory.

Ours are marked by ``metadata.tfenv_lab``; a kernelspec without that mark is never changed or removed.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_data_dir

from .. import serde
from ..disk import faults
from ..disk.reads import BoundedReads
from ..disk.writes import is_within
from ..errors import UnusableDirectory
from ..sentences import say

log = logging.getLogger(__name__)

#: The key of our mark in a kernelspec's metadata.
MARK = "tfenv_lab"
#: Version of the kernelspecs that we write; a higher number causes older ones to be rewritten.
FORMAT = 7
#: Directory of an environment's own kernelspecs.
INSIDE = Path("share", "jupyter", "kernels")


@dataclass(frozen=True)
class Kernelspec:
    """One kernelspec: its name, the directory of ``kernel.json`` and the icons, and the JSON."""

    name: str
    folder: Path
    spec: Mapping[str, Any] = field(repr=False)

    @property
    def display_name(self) -> str:
        """Name that users see."""
        return str(self.spec.get("display_name") or self.name)

    @cached_property
    def mark(self) -> dict[str, Any] | None:
        """Our mark, with at least ``prefix`` and ``kernel``, or None if the kernelspec is not ours."""
        metadata = self.spec.get("metadata")
        mark = metadata.get(MARK) if isinstance(metadata, dict) else None
        is_ours = isinstance(mark, dict) and all(isinstance(mark.get(key), str) for key in ("prefix", "kernel"))
        return mark if is_ours else None


def user_folder() -> Path:
    """Return the user's kernel directory, which depends on ``JUPYTER_DATA_DIR``."""
    return Path(jupyter_data_dir()) / "kernels"


def fault() -> UnusableDirectory | None:
    """Return the error that says why no kernelspec can be written into the user's directory, or None."""
    folder = user_folder()
    reason = _faults.run([folder])[folder]
    if not isinstance(reason, str):
        return None
    return UnusableDirectory(
        say("Kernels cannot be registered in {folder}: {reason}.", folder=folder, reason=reason),
        hint=say("Make this directory writable, or set JUPYTER_DATA_DIR to another directory and restart Jupyter."),
    )


#: A drive that does not answer may only be slow.
_faults = BoundedReads(faults.fault)


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn an error of writing to the user's directory into one that says which directory, and what to do."""
    try:
        yield
    except OSError as error:
        found = fault() or faults.translated(error)
        if found is None:
            raise
        raise found from error


def read(folder: Path) -> Kernelspec | None:
    """Return the kernelspec in a directory, or None if there is none or it cannot be read."""
    path = folder / "kernel.json"
    try:
        # Reading a named pipe would never end.
        spec = serde.parse(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, ValueError):
        return None
    return Kernelspec(folder.name, folder, spec) if isinstance(spec, dict) else None


def texts(env: object) -> dict[str, str]:
    """Return those of a kernelspec's variables that Jupyter can set, because a user may have edited the file."""
    items = env.items() if isinstance(env, dict) else ()
    return {name: value for name, value in items if isinstance(name, str) and isinstance(value, str)}


def inside(prefix: Path) -> list[Kernelspec]:
    """Return an environment's own kernelspecs, Python's first.

    Leaves out generated ones (``conda-…``), hidden directories, and kernelspecs that cannot start a kernel.
    """
    try:
        folders = sorted((prefix / INSIDE).iterdir())
    except OSError:
        return []
    found = [read(folder) for folder in folders if counts(folder.name)]
    specs = [spec for spec in found if spec is not None and _can_start(spec.spec)]
    return sorted(specs, key=lambda spec: (spec.name not in ("python3", "python2"), spec.name))


def counts(name: str) -> bool:
    """Return whether a directory can have a kernelspec that is an environment's own: not generated, and not hidden."""
    return not name.startswith(("conda-", "."))


def _can_start(spec: Mapping[str, Any]) -> bool:
    argv = spec.get("argv")
    return isinstance(argv, list) and bool(argv) and all(isinstance(part, str) for part in argv)


def ours() -> Iterator[Kernelspec]:
    """Yield the kernelspecs in the user's directory that carry our mark."""
    try:
        entries = sorted(user_folder().iterdir())
    except OSError:
        return
    for entry in entries:
        spec = read(entry)
        if spec is not None and spec.mark is not None:
            yield spec


def program(argv: list[str], prefix: Path) -> list[str]:
    """Return ``argv`` with the absolute path of the environment's own program.

    Otherwise Jupyter would replace a bare ``python`` with the server's interpreter, and a copied environment could
    start the program of its original.
    """
    first = Path(argv[0])
    own = [prefix / "bin" / first.name, prefix / first.name, prefix / "Scripts" / first.name]
    if first.is_absolute() and (first.is_relative_to(prefix) or not any(path.exists() for path in own)):
        return argv
    return [str(next((path for path in own if path.exists()), first)), *argv[1:]]


def write(
    target: Path, spec: Mapping[str, Any], resources: Path, prefix: Path, drawn: Mapping[str, str] | None = None
) -> None:
    """Write a kernelspec in one step: ``kernel.json``, the icons in ``resources``, and those ``drawn`` in their place.

    Jupyter serves the icons to every user, so only regular files inside ``prefix`` are copied, and links that lead out
    of it are ignored. Readers see either the old kernelspec or the new one. Raises OSError if the directory cannot be
    written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=".tfenv-", dir=target.parent))
    try:
        for path in sorted(resources.iterdir()) if resources.is_dir() else ():
            if path.name != "kernel.json" and path.is_file() and is_within(path, prefix):
                shutil.copyfile(path, staged / path.name)
        for name, text in (drawn or {}).items():
            (staged / name).write_text(text, encoding="utf-8")
        spec_file = staged / "kernel.json"
        # The variables of an environment may be secrets.
        spec_file.touch(0o600)
        spec_file.write_text(json.dumps(spec, indent=1, ensure_ascii=False), encoding="utf-8")
        staged.chmod(0o755)
        if not _put_new(staged, target):
            # kernel.json comes last, so that it never names icons that are not there yet.
            for path in sorted(staged.iterdir(), key=lambda path: path.name == "kernel.json"):
                os.replace(path, target / path.name)  # noqa: PTH105 - replaces in one step on every platform
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _put_new(staged: Path, target: Path) -> bool:
    """Give a staged kernelspec its name, and return False if there is one of this name, perhaps another server's."""
    if target.is_dir():
        return False
    try:
        staged.rename(target)
    except OSError:
        if target.is_dir():
            return False
        raise
    return True


def remove(spec: Kernelspec) -> None:
    """Remove one of our kernelspecs. Does nothing to a kernelspec without our mark."""
    current = read(spec.folder)
    if current is None or current.mark is None:
        return
    # Rename before deleting, so that Jupyter never sees a half-deleted kernelspec.
    aside = Path(tempfile.mkdtemp(prefix=".tfenv-", dir=spec.folder.parent))
    with contextlib.suppress(FileNotFoundError):  # another server removed it first
        spec.folder.rename(aside / spec.name)
    shutil.rmtree(aside, ignore_errors=True)
