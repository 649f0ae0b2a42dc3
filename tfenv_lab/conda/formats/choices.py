"""List what can be chosen in a file before it is imported: parts of a lock, and how much of each spec counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import TfenvError
from ..solving import grammar
from . import python_files, python_projects
from .categories import MAIN
from .model import CONDA_LOCK, NOTEBOOK, PIXI_LOCK, PYLOCK, PYPROJECT, UV_LOCK, Imported
from .untrusted import as_list, as_mapping, parse_yaml

_DEFAULT = "default"
#: Packages that only CUDA builds need.
_CUDA_PACKAGES = re.compile(r"cuda(?:toolkit|-version|-toolkit|-runtime)?|cudnn|tensorflow-gpu|pytorch-cuda")
_CUDA_BUILD = re.compile(r"cuda|gpu")
#: Maximum number of environments, categories or platforms to list.
_MOST = 100


@dataclass(frozen=True)
class Choices:
    """What can be chosen in a file; the first item of each list is the default, and an empty one is no choice."""

    environments: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    builds: tuple[str, ...] = ()
    needs_cuda: bool = False


def choices(text: str, format_: str, found: Imported, subdir: str, *, is_here: bool) -> Choices:
    """Return the choices in a file that was read before as ``found``.

    ``is_here`` says whether its exact packages are for this machine.
    """
    builds = (*(["exact"] if is_here else []), *_simplified(found))
    environments: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    if format_ == PIXI_LOCK:
        environments, platforms = _of_pixi(as_mapping(parse_yaml(text), "file"))
    elif format_ == CONDA_LOCK:
        categories, platforms = _of_conda_lock(as_mapping(parse_yaml(text), "file"), subdir)
    elif format_ in (UV_LOCK, PYPROJECT, PYLOCK):
        read = {UV_LOCK: python_projects.lock_categories, PYPROJECT: python_projects.project_categories}
        categories = _first(read.get(format_, python_files.pylock_categories)(text), MAIN)
    return Choices(environments, categories, platforms, builds if len(builds) > 1 else (), _needs_cuda(found))


def _of_pixi(data: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    environments = as_mapping(data.get("environments"), "environments")
    platforms = [
        platform
        for each in environments.values()
        for platform in as_mapping(as_mapping(each, "environments").get("packages"), "packages")
    ]
    return _first(environments, _DEFAULT), tuple(sorted(set(platforms))[:_MOST])


def _of_conda_lock(data: Mapping[str, Any], subdir: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    packages = [as_mapping(each, "package") for each in as_list(data.get("package"), "package")]
    platforms = sorted({str(each.get("platform")) for each in packages})
    here = subdir if subdir in platforms else platforms[0] if platforms else ""
    known = {str(each.get("category", MAIN)) for each in packages if each.get("platform") == here}
    return _first(sorted(known), MAIN), tuple(platforms[:_MOST])


def _first(names: Iterable[str], default: str) -> tuple[str, ...]:
    """Return names with the default first."""
    return tuple(sorted(names, key=lambda name: name != default)[:_MOST])


def _simplified(found: Imported) -> list[str]:
    """Return which simplifications make a difference: without builds, or also without versions."""
    if found.pinned is not None or found.index.packages:
        return [] if found.format == NOTEBOOK else ["versions", "names"]
    parts = [part for text in found.specs if (part := _parts(text)) is not None]
    kinds = {"versions": any(part.build for part in parts), "names": any(part.version for part in parts)}
    return [kind for kind, differs in kinds.items() if differs]


def _needs_cuda(found: Imported) -> bool:
    parts = [part for text in found.specs if (part := _parts(text)) is not None]
    return found.pinned is None and any(
        _CUDA_PACKAGES.fullmatch(part.name) or _CUDA_BUILD.search(part.build) for part in parts
    )


def _parts(text: str) -> grammar.Parts | None:
    try:
        return grammar.read(text)
    except TfenvError:
        return None
