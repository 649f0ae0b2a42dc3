"""Choose parts of a file: the categories of a conda-lock file, or the extras and dependency groups of a project.

All of them are called categories, and ``main`` are the packages that belong to none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...errors import InvalidRequest
from ...pypi.names import normalize
from ...sentences import say, some
from .model import Choice
from .untrusted import as_list, as_mapping

MAIN = "main"


def chosen(known: Sequence[str], choice: Choice) -> set[str]:
    """Return the categories to take from those that a file has: the first one, if none is chosen.

    Raises InvalidRequest if the file lacks one of them.
    """
    if choice.categories is None:
        return set(known[:1])
    missing = set(choice.categories) - set(known)
    if missing:
        raise InvalidRequest(
            say(
                "The file has no category “{missing}”. It has: {known}.",
                missing=min(missing)[:40],
                known=some(known, 20),
            )
        )
    return set(choice.categories)


def left_out(known: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Return a sentence on the categories that are not taken, if there are any."""
    others = sorted({*known} - {*wanted})
    if not others:
        return []
    return [
        say(
            "Packages in these categories are left out: {others}. Taken: {wanted}.",
            others=some(others, 20),
            wanted=some(sorted(wanted), 20),
        )
    ]


def of_project(tables: Iterable[Mapping[str, Any]], extras: str, groups: str, *, has_main: bool) -> list[str]:
    """Return the categories of a project: ``main``, then its extras and groups.

    ``extras`` and ``groups`` are the keys of their tables. A project that only has groups has no ``main``.
    """
    more = [str(name)[:40] for table in tables for key in (extras, groups) for name in as_mapping(table.get(key), key)]
    return list(dict.fromkeys([*([MAIN] if has_main or not more else []), *more]))


def of_group(groups: Mapping[str, Any], name: str, seen: Sequence[str] = ()) -> list[str]:
    """Return the requirements of a dependency group and of those that it includes (PEP 735)."""
    by_name = {normalize(each): value for each, value in groups.items()}
    if normalize(name) not in by_name or name in seen:
        problem = say("includes itself") if name in seen else say("does not exist")
        raise InvalidRequest(say("The dependency group “{name}” {problem}.", name=name[:40], problem=problem))
    found: list[str] = []
    for item in as_list(by_name[normalize(name)], name):
        if isinstance(item, Mapping) and "include-group" in item:
            found += of_group(groups, str(item["include-group"]), (*seen, name))
        else:
            found.append(item)
    return found
