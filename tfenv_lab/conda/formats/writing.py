"""An environment as a file for another machine: environment.yml, explicit list, conda-lock, pixi.lock.

Pure functions of what is installed. What a format cannot hold (local channels, packages without a hash or an
address, pip's packages) is said in comments at the head of the file. The comment ``# requested: <spec>`` keeps what
was asked for in the formats that have no place for it; :mod:`reading` reads it, others pass over it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import yaml

from ...errors import InvalidRequest
from ..prefix import lock
from ..prefix.records import exact_spec
from ..solving import specs
from .explicit import explicit_lines
from .model import CONDA_LOCK, ENVIRONMENT_YML, EXPLICIT, FORMATS, PIXI_LOCK, REQUESTED, Contents, addressed, requested


def export(contents: Contents, format_: str, detail: str = "requested") -> str:
    """Return the file's text. ``detail`` says which specs an environment.yml holds.

    Raises InvalidRequest for a format that is none of ``FORMATS``, or another ``detail``.
    """
    if detail not in ("requested", "all"):
        raise InvalidRequest("“specs” must be “requested” or “all”.")
    if format_ == ENVIRONMENT_YML:
        return _environment_yml(contents, whole=detail == "all")
    if format_ == EXPLICIT:
        return _explicit(contents)
    if format_ == CONDA_LOCK:
        return _conda_lock(contents)
    if format_ == PIXI_LOCK:
        text = lock.dumps(addressed(contents), [ref.url for ref in contents.channels], contents.subdir)
        return _comments(_requested_lines(contents), _losses(contents)) + text
    raise InvalidRequest(f"“format” must be one of {', '.join(FORMATS)}.")


# Comments


def _comments(*groups: Sequence[str]) -> str:
    return "".join(f"# {' '.join(line.split())}\n" for group in groups for line in group)


def _requested_lines(contents: Contents) -> list[str]:
    return [f"{REQUESTED} {spec}" for spec in requested(contents).values()]


def _local(contents: Contents) -> list[str]:
    return [
        f"The channel {ref.url} is on the machine this was written on; elsewhere, put a copy in its place."
        for ref in contents.channels
        if ref.url.startswith("file:")
    ]


def _losses(contents: Contents) -> list[str]:
    """Return what a lock of conda packages does not hold."""
    lines = _local(contents)
    lines += [
        f"Left out, since it has no address: {r.name.normalized} {r.version}" for r in contents.records if not r.url
    ]
    lines += [f"No hash is known of {r.name.normalized}" for r in addressed(contents) if not (r.sha256 or r.md5)]
    lines += [f"Left out, since pip installed it: {package.name}=={package.version}" for package in contents.pypi]
    return lines


# Formats


def _dump(data: Any) -> str:
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(data, Dumper=dumper, sort_keys=False, allow_unicode=True, width=1000)
    return text


def _environment_yml(contents: Contents, *, whole: bool) -> str:
    lines = _local(contents)
    if whole or not contents.requested:
        dependencies: list[Any] = [exact_spec(r) for r in contents.records]
        if not whole:
            lines.append("Nothing is recorded as asked for; every package is listed.")
    else:
        dependencies = list(requested(contents).values())
    if contents.pypi:
        lines += [
            f"{package.name} {package.version} came from a path or an address, not from PyPI"
            for package in contents.pypi
            if (package.dist_info / "direct_url.json").is_file()
        ]
        if not any(specs.name_of(spec) == "pip" for spec in dependencies):
            dependencies.append("pip")
        dependencies.append({"pip": [f"{package.name}=={package.version}" for package in contents.pypi]})
    # No “nodefaults”: conda 26.7's env create takes it for a channel, and so does conda-lock.
    channels = list(dict.fromkeys(ref.name for ref in contents.channels))
    body = {"name": contents.name, "channels": channels, "dependencies": dependencies}
    return _comments(lines) + _dump(body)


def _explicit(contents: Contents) -> str:
    """conda's explicit list (CEP 23), in an order in which every package comes after what it depends on."""
    head = _comments([f"platform: {contents.subdir}"], _requested_lines(contents), _losses(contents))
    return f"{head}@EXPLICIT\n{''.join(explicit_lines(contents))}"


def _conda_lock(contents: Contents) -> str:
    """conda-lock's unified lock file, version 1 (``conda_lock/lockfile/v1/models.py``)."""
    urls = [ref.url for ref in contents.channels]
    asked = {"channels": urls, "platform": contents.subdir, "specs": sorted(requested(contents).values())}
    body = {
        "version": 1,
        "metadata": {
            "content_hash": {contents.subdir: hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()},
            "channels": [{"url": url, "used_env_vars": []} for url in urls],
            "platforms": [contents.subdir],
            "sources": ["environment.yml"],
        },
        "package": [
            {
                "name": record.name.normalized,
                "version": str(record.version),
                "manager": "conda",
                "platform": contents.subdir,
                "dependencies": dict(_dependency(text) for text in record.depends),
                "url": record.url,
                "hash": {key: value.hex() for key, value in (("md5", record.md5), ("sha256", record.sha256)) if value},
                "category": "main",
                "optional": False,
            }
            for record in addressed(contents)
        ],
    }
    # conda-lock's own reader takes no conda package without an md5.
    unread = [f"conda-lock needs an md5 of {r.name.normalized}" for r in addressed(contents) if not r.md5]
    return _comments(_requested_lines(contents), _losses(contents), unread) + _dump(body)


def _dependency(text: str) -> tuple[str, str]:
    name, _, constraint = text.partition(" ")
    return name, constraint
