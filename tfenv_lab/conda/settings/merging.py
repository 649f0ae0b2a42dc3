"""Merge the settings of condarc files and ``CONDA_*`` variables.

The rules are conda's ("Using the .condarc conda configuration file" in conda's documentation). A later file replaces a
single value. Lists are joined, with the later file's elements first. Maps are joined, and the later file's keys win. A
comment ``#!final``, ``#!top`` or ``#!bottom`` next to a key or a list element overrides that order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...sentences import joined, say
from .files import Setting, Warnings, read, search


def from_variables(env: Mapping[str, str], delimiters: Mapping[str, str]) -> dict[str, Setting]:
    """Return the settings in ``CONDA_*`` variables. ``delimiters`` maps the keys of lists to their delimiters."""
    settings = {}
    for name, text in env.items():
        key = name.removeprefix("CONDA_").lower()
        # An empty variable counts as unset, but it turns a switch off.
        if not name.startswith("CONDA_") or not (text.strip() or key == "offline"):
            continue
        value, _, final = text.partition("!important")
        if key in delimiters:
            parts = (part.partition("!important")[0].strip() for part in text.split(delimiters[key]))
            settings[key] = Setting([part for part in parts if part], origin=say("the variable {name}", name=name))
        else:
            settings[key] = Setting(value.strip(), bool(final), origin=say("the variable {name}", name=name))
    return settings


def _is_single(item: Any) -> bool:
    return item is not None and not isinstance(item, (Mapping, list, tuple))


def _up_to_final(matches: list[Setting]) -> list[Setting]:
    for index, match in enumerate(matches):
        if match.final:
            return matches[: index + 1]
    return matches


def merge_value(matches: list[Setting]) -> Any:
    """Return the value that wins, or None if there is none. ``matches`` begins with the lowest precedence."""
    relevant = _up_to_final(matches)
    return relevant[-1].value if relevant else None


def merge_list(matches: list[Setting]) -> list[str]:
    """Return the joined list without duplicates: elements flagged ``top`` come first, ``bottom`` last."""
    relevant = [match for match in _up_to_final(matches) if isinstance(match.value, (list, tuple))]

    def marked(match: Setting, flag: str) -> list[str]:
        return [
            str(item) for index, item in enumerate(match.value) if match.flags.get(index) == flag and _is_single(item)
        ]

    top = [item for match in relevant for item in marked(match, "top")]
    everything = [str(item) for match in reversed(relevant) for item in match.value if _is_single(item)]
    # If several sources have bottom elements, those of the earliest source come last.
    bottom = dict.fromkeys(item for match in relevant for item in reversed(marked(match, "bottom")))
    return [item for item in dict.fromkeys((*top, *everything)) if item not in bottom] + list(reversed(bottom))


def merge_map(matches: list[Setting]) -> dict[str, Any]:
    """Return the joined map; a key flagged ``final`` cannot be set by a later source."""
    relevant = [match for match in _up_to_final(matches) if isinstance(match.value, Mapping)]
    merged: dict[str, Any] = {}
    for match in relevant:
        merged.update((str(key), value) for key, value in match.value.items())
    for match in reversed(relevant):
        merged.update(
            (str(key), match.value[key]) for key, flag in match.flags.items() if flag == "final" and key in match.value
        )
    return merged


def _misfit(setting: Setting, merge: Callable[[list[Setting]], Any]) -> str | None:
    """Return what the value of a key must be, or None if it has the right type. conda would not start."""
    if merge is merge_value:
        return None if _is_single(setting.value) else say("a single value")
    if merge is merge_map:
        return None if isinstance(setting.value, Mapping) else say("a mapping")
    return None if isinstance(setting.value, (list, tuple)) else say("a list")


@dataclass(frozen=True)
class Sources:
    """All sources of settings, lowest precedence first: files, then variables."""

    layers: tuple[Mapping[str, Setting], ...]
    warnings: Warnings = field(default_factory=Warnings)

    def matches(self, *names: str) -> list[Setting]:
        """Return the settings of a key in all sources; ``names`` are its name and its aliases."""
        found = (next((layer[name] for name in names if name in layer), None) for layer in self.layers)
        return [match for match in found if match is not None and match.value is not None]

    def merged(self, merge: Callable[[list[Setting]], Any], *names: str) -> Any:
        """Return the merged value of a key. A value of the wrong type is ignored with a warning."""
        fitting = []
        for match in self.matches(*names):
            kind = _misfit(match, merge)
            if kind is None:
                fitting.append(match)
                self._check_items(match, names[0], merge)
            else:
                self.warnings.add(
                    say(
                        "{names} in {origin} must be {kind}. It is ignored.",
                        names=names[0],
                        origin=match.origin,
                        kind=kind,
                    ),
                    names[0],
                )
        return merge(fitting)

    def protecting(self, *names: str) -> list[str]:
        """Return the merged list of a key that forbids something. A single text is read as a list with one item."""
        matches = []
        for match in self.matches(*names):
            if _misfit(match, merge_list) and _is_single(match.value):
                self.warnings.add(
                    say(
                        "{names} in {origin} must be a list. It is read as a list with one item.",
                        names=names[0],
                        origin=match.origin,
                    ),
                    names[0],
                )
                match = replace(match, value=[match.value])
            matches.append(match)
        return list(replace(self, layers=tuple({names[0]: match} for match in matches)).merged(merge_list, names[0]))

    def origin(self, *names: str) -> str:
        """Return where a list or a map is set, in words."""
        return joined(" and ", dict.fromkeys(match.origin for match in self.matches(*names)))

    def winner(self, *names: str) -> str:
        """Return where a single value is set, in words."""
        return _up_to_final(self.matches(*names))[-1].origin

    def _check_items(self, match: Setting, name: str, merge: Callable[[list[Setting]], Any]) -> None:
        items: Iterable[Any] = match.value if merge is merge_list else ()
        for number, item in enumerate(items, 1):
            if item is not None and not _is_single(item):
                self.warnings.add(
                    say(
                        "Item {number} of {name} in {origin} must be a string. It is ignored.",
                        number=number,
                        name=name,
                        origin=match.origin,
                    ),
                    name,
                )


#: Delimiters of lists in ``CONDA_*`` variables.
_DELIMITERS = {
    **dict.fromkeys(
        (
            "channels",
            "channel",
            "default_channels",
            "allowlist_channels",
            "whitelist_channels",
            "denylist_channels",
            "create_default_packages",
            "pkgs_dirs",
        ),
        ",",
    ),
    "pinned_packages": "&",
    "envs_dirs": os.pathsep,
    "envs_path": os.pathsep,
}


def gather(env: Mapping[str, str], home: Path, root: Path | None) -> Sources:
    """Read every condarc and every ``CONDA_*`` variable."""
    warnings = Warnings()
    layers = [read(path, warnings) for path in search(env, home, root, warnings)]
    return Sources((*layers, from_variables(env, _DELIMITERS)), warnings)
