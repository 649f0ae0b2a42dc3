"""Read and write notebook records: JSON objects with a notebook's environment, under ``tfenv_lab`` in its metadata.

A record contains the requested specs and may contain a lock: the explicit list (URLs and hashes), compressed. So a
TensorFlow environment takes a few kilobytes. Other tools ignore it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import structs

from ...errors import InvalidRequest
from ...pypi.models import IndexLock
from ...pypi.names import normalize
from ...sentences import listing, say
from ..prefix.records import exact_spec
from .explicit import explicit_list, index_lock
from .model import NOTEBOOK, Imported, requests_in, requirements
from .untrusted import MAX_BYTES, as_list, as_text, environment_variables

if TYPE_CHECKING:
    from .model import Contents

#: Version of the record's format; later versions are refused.
VERSION = 1
#: The key in a notebook's metadata.
KEY = "tfenv_lab"


def write(contents: Contents, versions: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the notebook record of an environment. ``versions`` are those to show to users, by package name."""
    from .explicit import explicit_lines, index_lines
    from .model import REQUESTED, requested, requested_of_index

    # A package from a path or a URL cannot be installed again by its name.
    pypi = [f"{package.name}=={package.version}" for package in contents.pypi if not package.is_direct]
    local = [f"{package.name}=={package.version}" for package in contents.pypi if package.is_direct]
    asked = [f"# {REQUESTED} {text}\n" for text in requested_of_index(contents)]
    lines = [*explicit_lines(contents), *asked, *index_lines(contents.distributions)]
    return {
        "version": VERSION,
        "name": contents.name,
        "platform": contents.subdir,
        **versions,
        "channels": [ref.name for ref in contents.channels],
        "specs": list(requested(contents).values()),
        "pip": pypi,
        "variables": dict(contents.variables),
        "local": local,
        "fingerprint": fingerprint([*map(exact_spec, contents.records), *pypi, *local]),
        "lock": _pack("".join(lines)),
    }


def fingerprint(packages: Iterable[str]) -> str:
    """Return a string that identifies a set of packages, which are given as ``name=version=build``."""
    return hashlib.sha256("\n".join(sorted(packages)).encode()).hexdigest()[:32]


def find(data: Any) -> Mapping[str, Any] | None:
    """Return the notebook record in a parsed notebook, or ``data`` if it is a record itself; otherwise None."""
    if not isinstance(data, dict):
        return None
    metadata = data.get("metadata")
    found = metadata.get(KEY) if "cells" in data and isinstance(metadata, dict) else data
    return found if isinstance(found, dict) and "fingerprint" in found else None


def read(data: Mapping[str, Any], subdir: str) -> Imported:
    """Return the contents of a record: exact packages if its lock is for ``subdir``, otherwise specs to solve.

    Raises InvalidRequest if the record is not one that :func:`write` makes.
    """
    if data.get("version") != VERSION:
        raise InvalidRequest(say("The notebook record has an unsupported version."), hint=say("Update tfenv_lab."))
    specs = tuple(as_text(spec, "specs") for spec in as_list(data.get("specs"), "specs"))
    channels = tuple(as_text(channel, "channels") for channel in as_list(data.get("channels"), "channels"))
    platform = as_text(data.get("platform"), "platform")
    pinned, index = None, IndexLock()
    notes: list[str] = []
    if data.get("lock") and platform == subdir:
        lines = _unpack(as_text(data["lock"], "lock")).splitlines()
        pinned, by_pip = explicit_list(lines, subdir)
        index = structs.replace(index_lock(by_pip)[0], requested=requests_in(lines)[1])
    elif platform != subdir:
        notes.append(
            say(
                "The notebook was recorded on {platform}, so its specs are solved again for {subdir}.",
                platform=platform[:40],
                subdir=subdir,
            )
        )
    exact = {each.name for each in index.packages}
    by_name, local = (_others(data.get(key), key, exact) for key in ("pip", "local"))
    pypi, skipped = requirements(by_name)
    notes = [*skipped, *notes]
    if local:
        notes.append(listing("These packages were installed from a path or a URL, and are left out: {items}.", local))
    if pinned is None and not specs:
        raise InvalidRequest(say("The notebook record contains neither packages nor requested specs."))
    variables, others = environment_variables(data.get("variables"))
    return Imported(NOTEBOOK, channels, specs, pinned, pypi, (*notes, *others), variables, index)


def _others(lines: Any, where: str, exact: Collection[str]) -> list[str]:
    """Return the ``name==version`` of packages that the lock of a record does not have."""
    texts = [as_text(line, where) for line in as_list(lines, where)]
    return [text for text in texts if normalize(text.partition("==")[0]) not in exact]


def _pack(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _unpack(text: str) -> str:
    try:
        inflate = zlib.decompressobj()
        content = inflate.decompress(base64.b64decode(text, validate=True), MAX_BYTES)
        if inflate.unconsumed_tail or not inflate.eof:
            raise InvalidRequest(
                say("The notebook's lock is damaged, or larger than {max_bytes} MB.", max_bytes=MAX_BYTES // 1000000)
            )
        return content.decode()
    except (binascii.Error, zlib.error, ValueError) as error:
        raise InvalidRequest(say("The notebook's lock cannot be read."), str(error)) from error
