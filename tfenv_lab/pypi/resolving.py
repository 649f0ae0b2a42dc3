"""Resolve requirements with uv, around the projects that conda packages provide."""

from __future__ import annotations

import asyncio
import io
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli
from msgspec.structs import replace
from packaging.version import InvalidVersion, Version

from ..disk import writes
from ..disk.reads import BoundedReads
from ..errors import Unsatisfiable
from ..sentences import say
from . import tags, uv
from .models import UNKNOWN, Distribution, IndexSettings
from .names import normalize
from .places import path_of

#: Seconds until a resolution ends. uv reads metadata of every candidate, and an index may be slow.
TIMEOUT = 300


@dataclass(frozen=True)
class Question:
    """What to resolve.

    ``requirements`` are canonical. ``held`` are the versions, by normalized name, of projects that are installed in
    another way: they stay, and their dependencies are not resolved. ``python`` is a version such as ``3.11.9``, and
    ``subdir`` the platform. ``installed`` are kept where they fit, except the projects in ``upgrade`` (None: all of
    them may move). ``builds`` says whether source archives, directories and repositories may be built.
    ``on_withdrawn`` is called with the name and version of each package that its authors withdrew, and the reason.
    """

    requirements: Sequence[str]
    python: str
    subdir: str
    held: Mapping[str, str] = field(default_factory=dict)
    installed: Sequence[Distribution] = ()
    upgrade: Collection[str] | None = ()
    builds: bool = False
    on_withdrawn: Callable[[str, str], object] = lambda label, reason: None


#: uv's warning about a version that its authors withdrew (PEP 592).
_WITHDRAWN = re.compile(r"`([\w.-]+)==(\S+)` is yanked(?: \(reason: \"(.*)\"\))?")


async def resolve(question: Question, settings: IndexSettings, stand_ins: Path) -> list[Distribution]:
    """Return the distributions to install, sorted by name; those of ``held`` are not among them.

    ``stand_ins`` is a directory for the empty wheels that stand for held projects. Raises Unsatisfiable, and what
    ``uv.run`` raises.
    """
    held = {name: version for name, version in question.held.items() if _is_version(version)}
    with tempfile.TemporaryDirectory(prefix="tfenv-resolve-") as folder:
        place = Path(folder)
        arguments = await asyncio.to_thread(_prepare, question, held, place, stand_ins)
        output = await uv.run(arguments, settings, cwd=place, timeout=TIMEOUT)
        for name, version, reason in _WITHDRAWN.findall(output.stderr):
            question.on_withdrawn(f"{normalize(name)} {version}", reason)
        answer = await asyncio.to_thread(_read, place / _ANSWER)
        ours = [package for package in answer if normalize(package["name"]) not in held]
        found = await asyncio.to_thread(_distributions, ours, tags.Chooser(question.python, question.subdir), place)
    known = {(each.name, each.version): each for each in question.installed}
    # The same version stays as it is, even if the index has another file for it meanwhile.
    kept = [known.get((each.name, each.version), each) for each in found]
    return sorted(kept, key=lambda distribution: distribution.name)


_ANSWER = "pylock.answer.toml"
#: Directory of the wheels that stand for what is installed and may stay.
_KEPT = "kept"


def _prepare(question: Question, held: Mapping[str, str], place: Path, stand_ins: Path) -> list[str]:
    """Write uv's input files, and return its arguments. Nothing that a user wrote is among the arguments."""
    # As an option, it would make uv ignore the constraints that the user has configured (UV_CONSTRAINT).
    wanted = [*question.requirements, "-c held.txt"]
    lines = [f"{name} @ {_stand_in(name, version, stand_ins).as_uri()}\n" for name, version in held.items()]
    (place / "held.txt").write_text("".join(lines), "utf-8")
    arguments = [
        "pip", "compile", "requirements.in", "--format", "pylock.toml", "--output-file", _ANSWER,
        "--python-version", question.python, "--no-header", "--no-annotate",
    ]  # fmt: skip
    platform = tags.uv_platform(question.subdir)
    if platform is not None:
        arguments += ["--python-platform", platform]
    if not question.builds:
        # Only a build needs a Python of that version. Without ``--python``, uv starts every Python on PATH to find one.
        arguments += ["--only-binary", ":all:", "--python", sys.executable]
    if question.upgrade is None:
        arguments.append("--upgrade")
    else:
        # uv prefers the versions of an earlier answer, except for the packages that may move. It gives a version up
        # if the first index with it has no fitting file, or if no index has it any more, so a wheel stands for it.
        movable = question.upgrade
        earlier = [each for each in question.installed if each.name not in movable and _is_version(each.version)]
        if earlier:
            (place / _ANSWER).write_text(_as_answer(earlier), "utf-8")
            for each in earlier:
                _stand_in(each.name, each.version, place / _KEPT, each.requires)
            wanted.append(f"--find-links {_KEPT}")
    (place / "requirements.in").write_text("".join(f"{text}\n" for text in wanted), "utf-8")
    return arguments


def _as_answer(distributions: Sequence[Distribution]) -> str:
    packages = (f'\n[[packages]]\nname = "{each.name}"\nversion = "{each.version}"\n' for each in distributions)
    return f'lock-version = "1.0"\ncreated-by = "tfenv_lab"\n{"".join(packages)}'


def _read(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomli.loads(path.read_text("utf-8")).get("packages", [])
    return found


def _is_version(version: str) -> bool:
    try:
        Version(version)
    except InvalidVersion:
        return False
    return True


def _stand_in(name: str, version: str, folder: Path, requires: Sequence[str] = ()) -> Path:
    """Return an empty wheel of a project with these dependencies, which it writes unless it exists.

    As a constraint with a URL, it makes uv keep the version, and read neither the project's index page nor its
    dependencies. conda's builds of a project often have other dependencies than its wheels.
    """
    written, release = name.replace("-", "_"), str(Version(version))
    path = folder / f"{written}-{release}-py3-none-any.whl"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{written}-{release}.dist-info"
    extras = sorted({extra for text in requires for extra in re.findall(r"""extra *== *["']([\w.-]+)""", text)})
    metadata = [
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {release}\n",
        *(f"Provides-Extra: {extra}\n" for extra in extras),
        *(f"Requires-Dist: {text}\n" for text in requires),
    ]
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(f"{info}/METADATA", "".join(metadata))
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    writes.replace(path, made.getvalue())
    return path


def _distributions(packages: Sequence[Mapping[str, Any]], chooser: tags.Chooser, place: Path) -> list[Distribution]:
    """Return the distributions of packages, those on this machine with their sizes, which uv does not say."""
    found = [_distribution(package, chooser, place) for package in packages]
    paths = {each.url: path for each in found if each.size is None and (path := path_of(each.url)) is not None}
    sizes = _sizes.run(paths.values())
    return [
        replace(each, size=size) if isinstance(size := sizes.get(paths.get(each.url)), int) else each for each in found
    ]


def _size(path: Path | None) -> int | None:
    return path.stat().st_size if path is not None and path.is_file() else None


_sizes = BoundedReads(_size)


def _distribution(package: Mapping[str, Any], chooser: tags.Chooser, place: Path) -> Distribution:
    """Return the distribution that a package of a ``pylock.toml`` in ``place`` is installed from (PEP 751)."""
    name, version = normalize(package["name"]), str(package.get("version", UNKNOWN))
    if "vcs" in package:
        vcs = package["vcs"]
        inside = f"#subdirectory={vcs['subdirectory']}" if vcs.get("subdirectory") else ""
        url = f"{vcs['type']}+{vcs.get('url') or (place / vcs['path']).resolve().as_uri()}@{vcs['commit-id']}{inside}"
        return Distribution(name, version, url)
    if "directory" in package:
        folder = (place / package["directory"]["path"]).resolve()
        return Distribution(name, _declared(folder) or version, folder.as_uri())
    file = package.get("archive")
    if file is None:
        best = chooser.best(package.get("wheels", ()))
        file = best if best is not None else package.get("sdist")
        if file is None:
            raise Unsatisfiable(
                say("{name} {version} has no wheel for this Python and platform.", name=name, version=version)
            )
    url = file.get("url") or (place / file["path"]).resolve().as_uri()
    return Distribution(name, version, url, file.get("hashes", {}).get("sha256"), file.get("size"))


def _declared(folder: Path) -> str | None:
    """Return the version that the source of a project declares, or None if only a build tells it (PEP 621)."""
    try:
        project = tomli.loads((folder / "pyproject.toml").read_text("utf-8")).get("project", {})
        version = project.get("version")
    except (OSError, ValueError, AttributeError):
        return None
    return version if isinstance(version, str) and _is_version(version) else None
