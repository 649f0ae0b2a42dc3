"""Read and write the files of Python's own tools: requirements.txt and pylock.toml.

They describe packages from a package index. Python itself comes from a channel, because conda's environments have it
from there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli
from msgspec.structs import replace
from packaging.requirements import InvalidRequirement, Requirement

from ...errors import InvalidRequest
from ...pypi import locked, pylock
from ...pypi.models import Distribution, IndexLock, Locked
from ...pypi.names import normalize
from ...sentences import joined, say
from . import categories, origins
from .categories import MAIN
from .model import PYLOCK, REQUIREMENTS, Choice, Contents, Imported, index_lock, requirements
from .untrusted import MOST_PACKAGES, as_list, as_mapping, as_text, require_few

_DEFAULTS, _EXTRAS, _GROUPS = "default-groups", "extras", "dependency-groups"
_DEFAULT = Choice()
#: A line that names an address or a path, which has no name before it.
_PLACE = re.compile(
    r"(?:git|hg|svn|bzr)\+|(?:https?|ftp|file|ssh)://|\.{0,2}/|~/|\.{1,2}$|\S+\.(?:whl|zip|tar\.\w+)(?:\s|$)"
)
_PYLOCK = re.compile(r'^\s*lock-version\s*=\s*"', re.MULTILINE)


def is_pylock(text: str) -> bool:
    """Return whether a text is a ``pylock.toml`` (PEP 751)."""
    return bool(_PYLOCK.search(text)) and "[[packages]]" in text


def is_requirements(text: str) -> bool:
    """Return whether a text is a requirements.txt: requirements and options of pip, and perhaps addresses and paths."""
    # A file with more packages is refused anyway.
    lines = _logical(text)[: MOST_PACKAGES + 1]
    return all(map(_is_line, lines)) and not all(map(_PLACE.match, lines))


def mistake_in(text: str) -> InvalidRequest | None:
    """Return the error for a requirements.txt with a few wrong lines, or None if the text does not look like one."""
    lines = _numbered(text)
    wrong = [(number, line) for number, line in lines if not _is_line(line)]
    if not wrong or len(wrong) * 2 > len(lines):
        return None
    number, line = wrong[0]
    others = ", ".join(str(each) for each, _ in wrong[1:])
    more = say("These lines are not valid either: {others}.", others=others) if others else ""
    try:
        reason = str(Requirement(line.partition(" --")[0]))
    except InvalidRequirement as error:
        reason = str(error)
    return InvalidRequest(
        joined(
            " ", (say("Line {number} of the requirements is not valid: “{line}”.", number=number, line=line[:80]), more)
        ),
        reason,
        hint=say(
            "Write a requirement as pip does, such as “pandas>=2,<3”, or an option of pip, such as “-r more.txt”."
        ),
    )


def _is_line(line: str) -> bool:
    return bool(re.match(r"-\S", line)) or bool(_PLACE.match(line)) or _is_requirement(line)


def read_requirements(text: str) -> Imported:
    """Read a requirements.txt. Options without an effect, paths and URLs are named in the notes."""
    lines = _logical(text)
    require_few(sum(not line.startswith("-") for line in lines))
    taken, notes = requirements(lines)
    if not taken:
        raise InvalidRequest(say("The file has no requirement with a name."), joined(" ", notes) or None)
    return Imported(REQUIREMENTS, specs=("python",), pypi=taken, notes=tuple(notes), index=index_lock(lines))


def read_pylock(text: str, subdir: str, choice: Choice = _DEFAULT) -> Imported:
    """Read the exact packages of a ``pylock.toml`` (PEP 751), and a Python that their wheels fit on a platform.

    The default groups always count. The extras and the other groups are categories.
    """
    data = _parsed(text)
    packages = tuple(_locked(as_mapping(each, "packages")) for each in as_list(data["packages"], "packages"))
    known = _categories(data)
    wanted = categories.chosen(known, choice) | {MAIN}
    names = {key: {str(each) for each in as_list(data.get(key), key)} for key in (_DEFAULTS, _EXTRAS, _GROUPS)}
    groups = names[_DEFAULTS] | (names[_GROUPS] & wanted)
    # Our exports leave out conda's packages, which the others may need.
    is_partial = data.get("created-by") == pylock.CREATOR
    extras = tuple(sorted(names[_EXTRAS] & wanted))
    index = IndexLock(packages, groups=tuple(sorted(groups)), extras=extras, is_partial=is_partial)
    python = locked.python_spec(index, str(data.get("requires-python") or ""), subdir)
    return Imported(PYLOCK, specs=(python,), notes=tuple(categories.left_out(known, wanted)), index=index)


def pylock_categories(text: str) -> list[str]:
    """Return the extras and the other than default dependency groups of a ``pylock.toml``, after ``main``."""
    return _categories(_parsed(text))


def _categories(data: Mapping[str, Any]) -> list[str]:
    defaults = {str(each) for each in as_list(data.get(_DEFAULTS), _DEFAULTS)}
    names = [str(each)[:40] for key in (_EXTRAS, _GROUPS) for each in as_list(data.get(key), key)]
    return list(dict.fromkeys([MAIN, *(each for each in names if each not in defaults)]))


def _parsed(text: str) -> dict[str, Any]:
    try:
        data = tomli.loads(text)
        data["packages"]
    except (tomli.TOMLDecodeError, KeyError, RecursionError) as error:
        raise InvalidRequest(say("The file is not a valid pylock.toml."), str(error)) from error
    return data


def _locked(package: Mapping[str, Any]) -> Locked:
    name, version = as_text(package.get("name"), "name"), str(package.get("version") or "")
    project = normalize(name)
    needs = [as_mapping(each, "dependencies") for each in as_list(package.get("dependencies"), "dependencies")]
    found = Locked(
        project,
        version,
        marker=str(package.get("marker") or ""),
        requires=tuple(as_text(need.get("name"), "name") for need in needs),
    )
    vcs, directory, archive = (as_mapping(package.get(key), key) for key in ("vcs", "directory", "archive"))
    if vcs:
        where = f"{vcs.get('type', 'git')}+{vcs.get('url') or vcs.get('path', '')}@{vcs.get('commit-id', '')}"
        inside = f"#subdirectory={vcs['subdirectory']}" if vcs.get("subdirectory") else ""
        return replace(found, direct=origins.git_url(where + inside))
    if directory:
        return replace(found, direct=_place(directory))
    if archive:
        file = _file(found, archive)
        return replace(found, direct=file.url, files=(file,))
    wheels = [as_mapping(each, "wheels") for each in as_list(package.get("wheels"), "wheels")]
    source = as_mapping(package.get("sdist"), "sdist")
    return replace(found, files=tuple(_file(found, each) for each in (*wheels, *([source] if source else []))))


def _file(package: Locked, entry: Mapping[str, Any]) -> Distribution:
    size = entry.get("size")
    digest = as_mapping(entry.get("hashes"), "hashes").get("sha256")
    return origins.file(package.name, package.version, _place(entry), digest, size if isinstance(size, int) else None)


def _place(entry: Mapping[str, Any]) -> str:
    """Return the URL of a file or directory; an absolute path becomes one."""
    path = Path(str(entry.get("path") or entry.get("name") or ""))
    return str(entry.get("url") or (path.as_uri() if path.is_absolute() else path))


def write_requirements(contents: Contents) -> str:
    """Return a requirements.txt with the exact packages from the index, and the hashes that are known."""
    lines, left_out = exact_requirements(contents)
    return "".join(f"{line}\n" for line in (*(f"# {text}" for text in left_out), *lines))


def exact_requirements(contents: Contents, *, with_hashes: bool = True) -> tuple[list[str], list[str]]:
    """Return the exact packages from the index as requirements, and lines on those that are left out.

    What pip or uv installed from a path or a URL is left out: the index may have another package of this name.
    """
    known = {each.name: each for each in contents.distributions}
    lines, left_out = [], []
    for package in contents.pypi:
        found = known.get(package.name)
        asked = Requirement(contents.requirements.get(package.name, package.name)).url
        # Only directories and commits have no hash; a commit can be installed on another machine.
        place = found.url if found is not None and (asked or found.sha256 is None) else ""
        exact = f"{package.name}=={package.version}"
        if place.startswith("file:") or (found is None and package.is_direct):
            left_out.append(f"Left out because it was installed from a path or a URL: {exact}")
            continue
        digest = f" --hash=sha256:{found.sha256}" if with_hashes and found is not None and found.sha256 else ""
        lines.append(f"{package.name} @ {place}{digest}" if place else f"{exact}{digest}")
    return lines, left_out


def write_pylock(contents: Contents) -> str:
    """Return a ``pylock.toml`` with the exact packages from the index."""
    return pylock.dumps(contents.distributions)


def left_out(contents: Contents) -> list[str]:
    """Return lines on what these files cannot hold: conda's packages."""
    python = contents.by_name.get("python")
    names = [f"{record.name.normalized} {record.version}" for record in contents.records]
    head = [f"Python {python.version}"] if python else []
    return [*head, say("conda's packages are left out: {names}", names=", ".join(names))] if names else head


def _logical(text: str) -> list[str]:
    """Return the lines without comments; a backslash at the end of one continues it on the next."""
    return [line for _, line in _numbered(text)]


def _numbered(text: str) -> list[tuple[int, str]]:
    """Return the logical lines, each with the number of its first line in the text."""
    found: list[tuple[int, str]] = []
    begun = ""
    first = 1
    for number, line in enumerate(text.splitlines(), 1):
        first = first if begun else number
        begun += line
        if begun.endswith("\\"):
            begun = f"{begun[:-1].rstrip()} "
            continue
        bare = (re.sub(r"(?:^|\s)#.*", "", begun) if "#" in begun else begun).strip()
        found += [(first, bare)] if bare else []
        begun = ""
    return found + ([(first, begun.strip())] if begun.strip() else [])


def _is_requirement(line: str) -> bool:
    try:
        Requirement(line.partition(" --")[0])
    except InvalidRequirement:
        return False
    return True
