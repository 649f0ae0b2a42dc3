"""Install distributions of a lock with uv, and read which files they have."""

from __future__ import annotations

import csv
import json
import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Sequence
from importlib.metadata import PathDistribution
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from . import uv
from .models import Distribution, IndexSettings
from .requirements import normalize

_LOCK = "pylock.toml"


def install(
    python: Path,
    distributions: Sequence[Distribution],
    settings: IndexSettings,
    on_line: Callable[[str], None] = lambda line: None,
) -> None:
    """Install exactly these distributions into the environment of an interpreter, without their dependencies.

    uv verifies the hashes, and shares the files with its cache by hard links where it can. Blocks until uv has ended.
    Raises IndexUnreachable, HashMismatch, BuildFailed, NoSpace or JobFailed.
    """
    if not distributions:
        return
    with tempfile.TemporaryDirectory(prefix="tfenv-install-") as folder:
        (Path(folder) / _LOCK).write_text(pylock(distributions), "utf-8")
        arguments = [
            "pip", "install", "--requirements", _LOCK, "--no-deps", "--link-mode", "hardlink", "--reinstall",
            "--break-system-packages", "--python", os.fspath(python),
        ]  # fmt: skip
        uv.run_here(arguments, settings, cwd=Path(folder), on_line=on_line)


def forget(names: Sequence[str], settings: IndexSettings) -> None:
    """Remove projects, by their normalized names, from uv's cache. Raises JobFailed."""
    if names:
        with tempfile.TemporaryDirectory(prefix="tfenv-forget-") as folder:
            uv.run_here(["cache", "clean", "--", *names], settings, cwd=Path(folder))


def pylock(distributions: Iterable[Distribution]) -> str:
    """Return a ``pylock.toml`` with these distributions (PEP 751)."""
    parts = ['lock-version = "1.0"\ncreated-by = "tfenv_lab"\npackages = []\n']
    listed = list(distributions)
    if listed:
        parts = ['lock-version = "1.0"\ncreated-by = "tfenv_lab"\n']
    for each in listed:
        parts.append(f"\n[[packages]]\nname = {json.dumps(each.name)}\nversion = {json.dumps(each.version)}\n")
        parts.append(_origin(each))
    return "".join(parts)


def _origin(each: Distribution) -> str:
    git = re.fullmatch(r"git\+(?P<url>[^#]+)@(?P<commit>[0-9a-f]+)(?:#subdirectory=(?P<inside>.+))?", each.url)
    if git:
        inside = f", subdirectory = {json.dumps(git['inside'])}" if git["inside"] else ""
        commit = json.dumps(git["commit"])
        return f'vcs = {{ type = "git", url = {json.dumps(git["url"])}, commit-id = {commit}{inside} }}\n'
    local = urlsplit(each.url).scheme == "file"
    path = url2pathname(urlsplit(each.url).path) if local else ""
    place = f"path = {json.dumps(path)}" if local else f"url = {json.dumps(each.url)}"
    if each.sha256 is None and not each.is_wheel:
        return f"directory = {{ {place} }}\n"
    size = f", size = {each.size}" if each.size is not None else ""
    hashes = f", hashes = {{ sha256 = {json.dumps(each.sha256)} }}" if each.sha256 else ""
    if each.is_wheel:
        name = f"name = {json.dumps(each.filename)}, "
        return f"wheels = [{{ {name}{place}{size}{hashes} }}]\n"
    return f"sdist = {{ name = {json.dumps(each.filename)}, {place}{size}{hashes} }}\n"


def files(prefix: Path, dist_info: Path) -> frozenset[str]:
    """Return the files that RECORD lists, as paths inside ``prefix`` (``/`` separators); not those outside it.

    Whoever built the package wrote the paths, so they are not trusted (PEP 627).
    """
    root = os.fspath(prefix)
    folder = os.path.relpath(dist_info.parent, prefix)
    try:
        rows = list(csv.reader((dist_info / "RECORD").read_text("utf-8").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error):
        return frozenset()
    found = set()
    for row in rows:
        if row and not os.path.isabs(row[0]) and "\0" not in row[0]:  # noqa: PTH117 - thousands of them
            inside = os.path.normpath(f"{folder}{os.sep}{row[0]}")
            if inside != os.pardir and not inside.startswith((f"{os.pardir}{os.sep}", root)):
                found.add(inside.replace(os.sep, "/"))
    return frozenset(found)


def set_requested(dist_info: Path, requested: bool) -> None:
    """Delete the REQUESTED file, which uv writes for every package, unless the user requested it (PEP 376)."""
    marker, record = dist_info / "REQUESTED", dist_info / "RECORD"
    if requested or not marker.exists():
        return
    line = re.compile(rf"^{re.escape(dist_info.name)}/REQUESTED,.*\n?", re.MULTILINE)
    text = record.read_text("utf-8")
    record.unlink()  # the file may have other hard links
    record.write_text(line.sub("", text), "utf-8")
    marker.unlink()


def dist_infos(site_packages: Path, names: Collection[str]) -> dict[str, Path]:
    """Return the ``.dist-info`` directories of these projects."""
    found = {}
    with os.scandir(site_packages) as entries:
        for entry in entries:
            written, dash, _ = entry.name.removesuffix(".dist-info").partition("-")
            if dash and entry.name.endswith(".dist-info") and normalize(written) in names:
                found[normalize(written)] = Path(entry.path)
    return found


def requires(dist_info: Path) -> tuple[str, ...]:
    """Return the dependencies that an installed package declares (``Requires-Dist``)."""
    return tuple(PathDistribution(dist_info).requires or ())
