"""Read an environment's state from its files: Python version, interpreter, requested specs, fingerprint.

Nothing here runs a program or imports rattler. A list of a thousand environments is read from file names and times.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

from .history import clean, name_of, requests
from .pypi import site_packages
from .records import PackageStem, load_json, names_in, record_files, stem_of


def python_version(stems: Iterable[PackageStem]) -> str | None:
    """Return the version of the package ``python``, as in ``"3.11.9"``."""
    return next((stem.version for stem in stems if stem.name == "python"), None)


def interpreter(prefix: Path) -> Path:
    """Return the path at which conda puts a prefix's Python interpreter, which may not exist."""
    return prefix / "python.exe" if sys.platform == "win32" else prefix / "bin" / "python"


def _marks(prefix: Path) -> Iterator[str]:
    try:
        with os.scandir(prefix / "conda-meta") as entries:
            for entry in entries:
                if entry.name.endswith(".json") or entry.name in ("history", "pinned", "state", "frozen"):
                    status = entry.stat()
                    yield f"{entry.name} {status.st_mtime_ns} {status.st_size}"
    except OSError:
        yield "no conda-meta"
    folder = site_packages(prefix)
    if folder is not None:
        yield from (name for name in names_in(folder) if name.endswith((".dist-info", ".egg-info")))


def fingerprint(prefix: Path) -> str:
    """Return a text that changes whenever conda or pip adds, removes or replaces a package.

    It also changes with the history, the pins and the environment's variables. It is computed from file names, times
    and sizes.
    """
    digest = blake2b(digest_size=16)
    for mark in sorted(_marks(prefix)):
        digest.update(os.fsencode(mark) + b"\n")
    return digest.hexdigest()


def _requested_in_records(files: Iterable[Path]) -> dict[str, str]:
    asked = {}
    for path in files:
        record = load_json(path)
        specs = record.get("requested_specs")
        listed = specs if isinstance(specs, list) and specs else [specs or record.get("requested_spec")]
        texts = (clean(text) for text in listed if isinstance(text, str))
        spec = next((text for text in texts if text and text != "None"), None)
        name = name_of(spec) if spec else None
        if spec and name:
            asked[name] = spec
    return asked


def requested_specs(prefix: Path) -> dict[str, str]:
    """Return the requested specs as they were written, by package name, for packages that are still installed.

    As in conda, they come from the history, where later requests override earlier ones
    (``History.get_requested_specs_map``). Tools that write no history store the spec in the package's record, so if the
    history has none, the records are used.
    """
    files = record_files(prefix)
    installed = {stem.name for path in files if (stem := stem_of(path.name))}
    asked = requests(prefix) or _requested_in_records(files)
    return {name: spec for name, spec in sorted(asked.items()) if name in installed}
