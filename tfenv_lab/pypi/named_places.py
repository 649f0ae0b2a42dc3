"""Find the places of packages that a file or a command names, and those of them that are not configured.

Only the configuration of pip, uv and the administrator decides where packages come from. A package of the same name in
another place may be another one.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .models import IndexSettings
from .places import current_directory, is_below, located, shown
from .settings import PYPI, sources

#: Option of pip that excludes every index.
NO_INDEX = "--no-index"
#: Options of pip that name a place.
_OPTIONS = {"-i", "--index-url", "--index", "--extra-index-url", "-f", "--find-links", "--pypi-url"}
#: Settings of uv and pixi that name places.
_SETTINGS = ("index-url", "extra-index-url", "extra-index-urls", "find-links")
_PYPI = (PYPI, "https://pypi.python.org/simple")


def of_arguments(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the places that options among the arguments of pip name; ``--no-index`` is one of them."""
    for number, text in enumerate(arguments):
        name, separator, value = text.partition("=")
        following = next(iter(arguments[number + 1 :]), "")
        if text == NO_INDEX:
            yield text
        elif name in _OPTIONS and name.startswith("--"):
            yield value if separator else following
        elif text[:2] in _OPTIONS and not text.startswith("--"):
            yield text[2:] or following


def of_lines(lines: Iterable[str]) -> list[str]:
    """Return the places that options in the lines of a requirements.txt name."""
    return list(dict.fromkeys(place for line in lines for place in of_arguments(_words(line))))


def of_settings(settings: Mapping[str, Any], lists: Sequence[str] = ()) -> list[str]:
    """Return the places that a table of settings names; ``lists`` are its keys that hold tables with a URL each.

    Those that are ``explicit`` count only for packages that name them.
    """
    found = [NO_INDEX] if settings.get("no-index") is True else []
    values = [each for key in _SETTINGS for each in _listed(settings.get(key))]
    values += [each for key in lists for each in _listed(settings.get(key)) if not _is_explicit(each)]
    for each in values:
        place = (each.get("url") or each.get("path")) if isinstance(each, Mapping) else each
        if isinstance(place, str) and place:
            found.append(place)
    return list(dict.fromkeys(found))


def unconfigured(places: Iterable[str], settings: IndexSettings) -> list[str]:
    """Return those of some places that are not among the configured ones.

    PyPI is wherever the default index is, because that is what pip and uv read in its place.
    """
    known = [source.url for source in sources(settings)]
    if NO_INDEX in settings.options:
        known.append(NO_INDEX)
    else:
        known += _PYPI
    return [place for place in places if not any(_is_same(place, each) for each in known)]


def label(place: str) -> str:
    """Return a place as users may see it."""
    try:
        return "no index" if place == NO_INDEX else shown(place)[:200]
    except ValueError:
        return place[:200]


def _is_same(one: str, other: str) -> bool:
    if NO_INDEX in (one, other):
        return one == other
    try:
        # A relative path in a file is relative to the file, whose place is not known.
        here = one if "://" in one or Path(one).expanduser().is_absolute() else ""
        url = located(here, current_directory()) if here else ""
        return bool(url) and is_below(url, other) and is_below(other, url)
    except (ValueError, RuntimeError):
        return False


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [] if value in (None, "", {}) else [value]


def _is_explicit(entry: Any) -> bool:
    return isinstance(entry, Mapping) and (entry.get("explicit") is True or entry.get("priority") == "explicit")
