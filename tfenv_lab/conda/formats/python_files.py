"""Read and write the files of Python's own tools: requirements.txt and pylock.toml.

They describe packages from a package index. Python itself comes from a channel, because conda's environments have it
from there.
"""

from __future__ import annotations

import re
from typing import Any

import tomli
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ...errors import InvalidRequest
from ...pypi import pylock
from .model import PYLOCK, REQUIREMENTS, Contents, Imported, requirements

_PYLOCK = re.compile(r'^\s*lock-version\s*=\s*"', re.MULTILINE)


def is_pylock(text: str) -> bool:
    """Return whether a text is a ``pylock.toml`` (PEP 751)."""
    return bool(_PYLOCK.search(text)) and "[[packages]]" in text


def is_requirements(text: str) -> bool:
    """Return whether a text is a requirements.txt: only requirements and options of pip, and at least one of these."""
    lines = _logical(text)
    return bool(lines) and all(line.startswith("-") or _is_requirement(line) for line in lines)


def read_requirements(text: str) -> Imported:
    """Read a requirements.txt. Options, paths and URLs are named in the notes."""
    taken, notes = requirements(_logical(text))
    if not taken:
        raise InvalidRequest("The file has no requirement with a name.", " ".join(notes) or None)
    return Imported(REQUIREMENTS, specs=("python",), pypi=taken, notes=tuple(notes))


def read_pylock(text: str) -> Imported:
    """Read a ``pylock.toml`` as requirements for exactly its versions.

    The index must have them: files of another origin, such as repositories and directories, are named in the notes.
    """
    try:
        data: dict[str, Any] = tomli.loads(text)
        packages = [(str(each["name"]), each.get("version"), each) for each in data["packages"]]
    except (tomli.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise InvalidRequest("The file is not a valid pylock.toml.", str(error)) from error
    other = [name for name, _, each in packages if {"vcs", "directory", "archive"} & each.keys()]
    exact = [
        f"{name}=={version}{_marker(each)}"
        for name, version, each in packages
        if version is not None and name not in other
    ]
    taken, notes = requirements(exact)
    if other:
        notes.append(f"Left out, because they are not from a package index: {', '.join(other)}.")
    return Imported(PYLOCK, specs=(_python(data.get("requires-python")),), pypi=taken, notes=tuple(notes))


def write_requirements(contents: Contents) -> str:
    """Return a requirements.txt with the exact packages from the index, and the hashes that are known."""
    known = {each.name: each for each in contents.distributions}
    lines = []
    for package in contents.pypi:
        found = known.get(package.name)
        if found is not None and found.url.startswith("git+"):
            lines.append(f"{package.name} @ {found.url}")
        else:
            digest = f" --hash=sha256:{found.sha256}" if found is not None and found.sha256 else ""
            lines.append(f"{package.name}=={package.version}{digest}")
    return "".join(f"{line}\n" for line in lines)


def write_pylock(contents: Contents) -> str:
    """Return a ``pylock.toml`` with the exact packages from the index."""
    return pylock.dumps(contents.distributions)


def left_out(contents: Contents) -> list[str]:
    """Return lines on what these files cannot hold: conda's packages."""
    python = contents.by_name.get("python")
    names = [f"{record.name.normalized} {record.version}" for record in contents.records]
    head = [f"Python {python.version}"] if python else []
    return [*head, f"conda's packages are left out: {', '.join(names)}"] if names else head


def _logical(text: str) -> list[str]:
    """Return the lines without comments; a backslash at the end of one continues it on the next."""
    joined = re.sub(r"\\\r?\n\s*", " ", text)
    lines = (re.sub(r"(?:^|\s)#.*", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line]


def _is_requirement(line: str) -> bool:
    try:
        Requirement(line.partition(" --")[0])
    except InvalidRequirement:
        return False
    return True


def _marker(package: dict[str, Any]) -> str:
    return f"; {package['marker']}" if isinstance(package.get("marker"), str) else ""


def _python(requires: object) -> str:
    """Return the spec for Python; what conda cannot express is left to the resolver."""
    try:
        parts = [str(part) for part in SpecifierSet(str(requires or ""))]
    except InvalidSpecifier:
        parts = []
    kept = [part for part in parts if re.fullmatch(r"(>=|<=|>|<|!=)[\d.]+", part)]
    return f"python {','.join(sorted(kept))}" if kept else "python"
