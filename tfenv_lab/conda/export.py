"""An environment as a file for another machine: environment.yml, explicit list, conda-lock, pixi.lock.

Pure functions of what is installed. What a format cannot hold (local channels, packages without a hash or an
address, pip's packages) is said in comments at the head of the file. The comment ``# requested: <spec>`` keeps what
was asked for in the formats that have no place for it; :mod:`importing` reads it, others pass over it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml
from rattler import RepoDataRecord

from ..errors import InvalidRequest, TfenvError
from . import lock, specs
from .channels import ChannelRef, split_credentials
from .importing import CONDA_LOCK, ENVIRONMENT_YML, EXPLICIT, FORMATS, PIXI_LOCK, REQUESTED
from .pypi import PypiPackage

Detail = Literal["requested", "all"]


@dataclass(frozen=True)
class Contents:
    """What is exported. ``requested`` are spec texts by package name, ``channels`` those that the packages came from.

    ``channels`` are in order of priority; ``subdir`` is the platform's.
    """

    name: str
    records: Sequence[RepoDataRecord]
    requested: Mapping[str, str]
    pypi: Sequence[PypiPackage]
    channels: Sequence[ChannelRef]
    subdir: str
    by_name: dict[str, RepoDataRecord] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        records = sorted((_clean(record) for record in self.records), key=lambda record: record.name.normalized)
        object.__setattr__(self, "records", records)
        object.__setattr__(self, "by_name", {record.name.normalized: record for record in records})


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
        text = lock.dumps(_addressed(contents), [ref.url for ref in contents.channels], contents.subdir)
        return _comments(_requested_lines(contents), _losses(contents)) + text
    raise InvalidRequest(f"“format” must be one of {', '.join(FORMATS)}.")


def _clean(record: RepoDataRecord) -> RepoDataRecord:
    """Return a record whose address holds no credentials."""
    url, credential = split_credentials(record.url)
    if credential is None:
        return record
    return RepoDataRecord(record, record.file_name, url, url.rsplit("/", 2)[0])


def _addressed(contents: Contents) -> list[RepoDataRecord]:
    """Return the records that have an address to fetch the package from."""
    return [record for record in contents.records if record.url]


# Comments


def _comments(*groups: Sequence[str]) -> str:
    return "".join(f"# {' '.join(line.split())}\n" for group in groups for line in group)


def _requested_lines(contents: Contents) -> list[str]:
    return [f"{REQUESTED} {spec}" for spec in requested(contents).values()]


def requested(contents: Contents) -> dict[str, str]:
    """Return the requested specs as conda writes them; one of another form becomes the version installed."""
    allowed = {ref.name for ref in contents.channels}
    found = {}
    for name, spec in sorted(contents.requested.items()):
        try:
            found[name] = specs.command_text(str(specs.parse(spec, allowed)))
        except TfenvError:
            if name in contents.by_name:
                found[name] = f"{name}={contents.by_name[name].version}"
    return found


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
    lines += [f"No hash is known of {r.name.normalized}" for r in _addressed(contents) if not (r.sha256 or r.md5)]
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
        dependencies: list[Any] = [f"{r.name.normalized}={r.version}={r.build}" for r in contents.records]
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


def explicit_lines(contents: Contents) -> list[str]:
    """Return the addresses of the packages with their hashes, a line each."""
    lines = []
    for record in RepoDataRecord.sort_topologically(list(_addressed(contents))):
        found = contents.by_name[record.name.normalized]
        digest = f"#sha256:{found.sha256.hex()}" if found.sha256 else f"#{found.md5.hex()}" if found.md5 else ""
        lines.append(f"{found.url}{digest}\n")
    return lines


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
            for record in _addressed(contents)
        ],
    }
    # conda-lock's own reader takes no conda package without an md5.
    unread = [f"conda-lock needs an md5 of {r.name.normalized}" for r in _addressed(contents) if not r.md5]
    return _comments(_requested_lines(contents), _losses(contents), unread) + _dump(body)


def _dependency(text: str) -> tuple[str, str]:
    name, _, constraint = text.partition(" ")
    return name, constraint
