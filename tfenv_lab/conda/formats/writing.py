"""Export an environment to a file for another machine: environment.yml, explicit list, conda-lock, pixi.lock.

These are pure functions of what is installed. Comments at the top of the file name what the format cannot hold: local
channels, packages without a hash or URL, pip packages. A comment ``# requested: <spec>`` stores a requested spec in
formats that have no field for it; :mod:`reading` reads it, and other tools ignore it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from ...errors import InvalidRequest
from ...sentences import say
from ..prefix import lock
from ..prefix.pypi import PypiPackage
from ..prefix.records import exact_spec
from ..solving import specs
from . import python_files
from .explicit import explicit_lines, index_lines
from .model import (
    CONDA_LOCK,
    ENVIRONMENT_YML,
    EXPLICIT,
    FORMATS,
    PIXI_LOCK,
    PYLOCK,
    REQUESTED,
    REQUIREMENTS,
    VARIABLE,
    Contents,
    addressed,
    requested,
    requested_of_index,
)


def export(contents: Contents, format_: str, detail: str = "requested") -> str:
    """Return the text of the file. ``detail`` selects the specs in an environment.yml: ``requested`` or ``all``.

    Raises InvalidRequest for an unknown format or ``detail``.
    """
    if detail not in ("requested", "all"):
        raise InvalidRequest(say("“specs” must be “requested” or “all”."))
    if format_ == ENVIRONMENT_YML:
        return _environment_yml(contents, whole=detail == "all")
    if format_ == EXPLICIT:
        return _explicit(contents)
    if format_ == CONDA_LOCK:
        return _conda_lock(contents)
    if format_ in (PYLOCK, REQUIREMENTS):
        write = python_files.write_pylock if format_ == PYLOCK else python_files.write_requirements
        unknown = _left_to_pip(contents) if format_ == PYLOCK else []
        asked = [f"{REQUESTED} {text}" for text in requested_of_index(contents)] if format_ == PYLOCK else []
        return _comments(python_files.left_out(contents), unknown, asked) + write(contents)
    if format_ == PIXI_LOCK:
        channels = [ref.url for ref in contents.channels]
        text = lock.dumps(addressed(contents), channels, contents.subdir, contents.distributions)
        return _comments(_requested_lines(contents), _losses(contents, _left_to_pip(contents))) + text
    raise InvalidRequest(say("“format” must be one of {names}.", names=", ".join(FORMATS)))


# Comments


def _comments(*groups: Sequence[str]) -> str:
    return "".join(f"# {' '.join(line.splitlines())}\n" for group in groups for line in group)


def _requested_lines(contents: Contents) -> list[str]:
    return [f"{REQUESTED} {spec}" for spec in (*requested(contents).values(), *requested_of_index(contents))]


def _local(contents: Contents) -> list[str]:
    return [
        f"The channel {ref.url} exists only on the machine that wrote this file; copy it to use the file elsewhere."
        for ref in contents.channels
        if ref.url.startswith("file:")
    ]


def _left_to_pip(contents: Contents) -> list[str]:
    """Return lines on the pip packages of unknown origin."""
    known = {each.name for each in contents.distributions}
    return _pip_lines(package for package in contents.pypi if package.name not in known)


def _pip_lines(packages: Iterable[PypiPackage]) -> list[str]:
    return [f"Left out because pip installed it: {package.name}=={package.version}" for package in packages]


def _losses(contents: Contents, by_pip: Sequence[str]) -> list[str]:
    """Return lines on what a lock cannot hold; ``by_pip`` are those on pip packages."""
    lines = _local(contents)
    lines += [f"Left out because it has no URL: {r.name.normalized} {r.version}" for r in contents.records if not r.url]
    lines += [f"Without a hash: {r.name.normalized}" for r in addressed(contents) if not (r.sha256 or r.md5)]
    lines += by_pip
    return lines + [f"{VARIABLE} {name}={json.dumps(value)}" for name, value in contents.variables.items()]


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
            lines.append("No requested specs are recorded, so every package is listed.")
    else:
        dependencies = list(requested(contents).values())
    by_pip, left_out = python_files.exact_requirements(contents, with_hashes=False)
    lines += left_out
    if by_pip:
        if not any(specs.name_of(spec) == "pip" for spec in dependencies):
            dependencies.append("pip")
        dependencies.append({"pip": by_pip})
    # Do not write “nodefaults”: “conda env create” (26.7) and conda-lock mistake it for a channel.
    channels = list(dict.fromkeys(ref.name for ref in contents.channels))
    body: dict[str, Any] = {"name": contents.name, "channels": channels, "dependencies": dependencies}
    if contents.variables:
        body["variables"] = dict(contents.variables)
    return _comments(lines) + _dump(body)


def _explicit(contents: Contents) -> str:
    """Return conda's explicit list (CEP 23); every package comes after its dependencies."""
    losses = _losses(contents, _left_to_pip(contents))
    head = _comments([f"platform: {contents.subdir}"], _requested_lines(contents), losses)
    lines = (*explicit_lines(contents), *index_lines(contents.distributions))
    return f"{head}@EXPLICIT\n{''.join(lines)}"


def _conda_lock(contents: Contents) -> str:
    """Return conda-lock's unified lock file, version 1 (``conda_lock/lockfile/v1/models.py``)."""
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
        ]
        + [
            {
                "name": each.name,
                "version": each.version,
                "manager": "pip",
                "platform": contents.subdir,
                "dependencies": {},
                "url": each.url,
                "hash": {"sha256": each.sha256} if each.sha256 else {},
                "category": "main",
                "optional": False,
            }
            for each in contents.distributions
        ],
    }
    # conda-lock itself refuses a conda package without an md5.
    unread = [f"conda-lock requires an md5 for {r.name.normalized}" for r in addressed(contents) if not r.md5]
    losses = _losses(contents, _left_to_pip(contents))
    return _comments(_requested_lines(contents), losses, unread) + _dump(body)


def _dependency(text: str) -> tuple[str, str]:
    name, _, constraint = text.partition(" ")
    return name, constraint
