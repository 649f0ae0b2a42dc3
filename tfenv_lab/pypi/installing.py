"""Install distributions of a lock with uv."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from ..errors import HashMismatch, IndexUnreachable, JobFailed
from ..sentences import say
from ..stalls import WatchedDownloads
from . import cache, pylock, uv
from .downloads import OnDownload
from .models import Distribution, IndexSettings

_LOCK = "pylock.toml"
#: File with which uv locks a directory that it installs into.
_UV_LOCK = ".lock"
#: Variables that choose among packages. The lock has chosen, and uv refuses these beside one.
_CHOOSING = ("UV_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE")


def install(
    python: Path,
    tree: Path,
    distributions: Sequence[Distribution],
    settings: IndexSettings,
    *,
    direct: Collection[str] = (),
    on_download: OnDownload | None = None,
) -> None:
    """Install exactly these distributions below the directory ``tree``, for the interpreter ``python``.

    uv verifies the hashes, and shares the files with its cache by hard links where it can. ``direct`` names the
    projects that were requested by a URL. Blocks until uv has ended. Raises JobFailed for a file without a hash, and
    what ``uv.run_here`` raises.
    """
    for each in distributions:
        if each.sha256 is None and (each.is_wheel or not each.url.startswith(("git+", "file:"))):
            raise JobFailed(
                say("The lock has no hash for {filename}.", filename=each.filename),
                hint=say("Review the change again."),
            )
    tree.mkdir(parents=True, exist_ok=True)
    store = cache.directory(settings.variables)
    cached = [each for each in distributions if cache.unpacked(each, store) is not None]
    rest = [each for each in distributions if each not in cached]
    try:
        # Online, uv asks the index again for cached files, if the index does not say how long they are valid.
        _run(python, tree, cached, settings, direct, on_download, offline=True)
    except (IndexUnreachable, HashMismatch):
        if settings.policy.offline:
            raise
        rest = list(distributions)
    _run(python, tree, rest, settings, direct, on_download, offline=settings.policy.offline)


def forget(names: Sequence[str], settings: IndexSettings) -> None:
    """Remove projects, by their normalized names, from uv's cache. Raises JobFailed."""
    with tempfile.TemporaryDirectory(prefix="tfenv-forget-") as folder:
        uv.run_here(["cache", "clean", "--", *names], settings, cwd=Path(folder))


def _run(
    python: Path,
    tree: Path,
    distributions: Sequence[Distribution],
    settings: IndexSettings,
    direct: Collection[str],
    on_download: OnDownload | None,
    *,
    offline: bool,
) -> None:
    if not distributions:
        return
    arguments = [
        "pip", "install", "--requirements", _LOCK, "--no-deps", "--link-mode", "hardlink", "--break-system-packages",
        "--python", os.fspath(python), "--prefix", os.fspath(tree),
    ]  # fmt: skip
    if all(each.is_wheel for each in distributions) or not settings.policy.allow_source_builds:
        arguments.append("--no-build")
    if offline:
        arguments.append("--offline")
    variables = {name: value for name, value in settings.variables.items() if name not in _CHOOSING}
    with tempfile.TemporaryDirectory(prefix="tfenv-install-") as folder:
        (Path(folder) / _LOCK).write_text(pylock.dumps(distributions, direct), "utf-8")
        uv.run_here(
            arguments,
            replace(settings, variables=variables),
            cwd=Path(folder),
            on_download=on_download,
            downloads=_downloads(distributions, variables) if "--no-build" in arguments and not offline else None,
        )
    (tree / _UV_LOCK).unlink(missing_ok=True)


def _downloads(distributions: Sequence[Distribution], variables: Mapping[str, str]) -> WatchedDownloads:
    """Return what uv has to download. A longer time limit that the user set for uv counts."""
    try:
        limit = float(variables.get("UV_HTTP_TIMEOUT") or 0)
    except ValueError:
        limit = 0.0
    return WatchedDownloads({each.name: each.url for each in distributions}, limit)
