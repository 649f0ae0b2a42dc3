"""Write distributions as a ``pylock.toml`` (PEP 751), the form in which uv installs exactly what a lock has."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from .models import FILES_OF_PYPI, Distribution
from .settings import PYPI

#: The program in ``created-by``.
CREATOR = "tfenv_lab"
_GIT = re.compile(r"git\+(?P<url>[^#]+)@(?P<commit>[0-9a-f]+)(?:#subdirectory=(?P<inside>.+))?")


def dumps(distributions: Iterable[Distribution], direct: Collection[str] = ()) -> str:
    """Return the text of a ``pylock.toml``.

    ``direct`` names the projects that were requested by a URL: an installer records the URL of these (PEP 610).
    """
    parts = [f'lock-version = "1.0"\ncreated-by = "{CREATOR}"\n']
    found = list(distributions)
    if not found:
        parts.append("packages = []\n")
    for each in found:
        parts.append(f"\n[[packages]]\nname = {_value(each.name)}\nversion = {_value(each.version)}\n")
        parts += [f"{name} = {_value(value)}\n" for name, value in _origin(each, each.name in direct).items()]
    return "".join(parts)


def _origin(each: Distribution, is_direct: bool) -> dict[str, Any]:
    git = _GIT.fullmatch(each.url)
    if git:
        inside = {"subdirectory": git["inside"]} if git["inside"] else {}
        return {"vcs": {"type": "git", "url": git["url"], "commit-id": git["commit"], **inside}}
    split = urlsplit(each.url)
    place = {"path": url2pathname(split.path)} if split.scheme == "file" else {"url": each.url}
    if each.sha256 is None:
        return {"directory": place}
    size = {} if each.size is None else {"size": each.size}
    file = {**place, **size, "hashes": {"sha256": each.sha256}}
    if is_direct:
        return {"archive": file}
    # uv keeps what it downloaded for each index, so it then has in its cache what other programs downloaded with it.
    index = {"index": PYPI} if split.hostname == FILES_OF_PYPI else {}
    named = {"name": each.filename, **file}
    return {**index, "wheels": [named]} if each.is_wheel else {**index, "sdist": named}


def _value(value: Any) -> str:
    """Return a value in TOML, whose strings have the escapes of JSON's."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {_value(each)}' for name, each in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
