"""Say where packages of a file are that its channels do not have, and offer to replace them or to leave them out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidSpec, TfenvError
from ..pypi.models import MARK
from ..sentences import joined, say, say_n
from . import sources

if TYPE_CHECKING:
    from ..conda.repodata.repodata import Repodata

#: Maximum number of projects that the index is asked for.
_ASKED = 20
#: Maximum number of packages that a button names.
_SHOWN = 3


@dataclass(frozen=True)
class Missing:
    """A sentence about each missing package, and replacements (``Import.replacements``) that are offered, best first.

    Every offer replaces or leaves out all missing packages.
    """

    sentences: Sequence[str]
    replacements: Sequence[Mapping[str, str | None]]


async def look_up(
    missing: Sequence[str],
    asked: Mapping[str, str],
    source: Repodata,
    others: Repodata | None,
    on_index: Callable[[Iterable[str]], Awaitable[Collection[str]]],
    is_export: bool,
) -> Missing:
    """Look for packages that the channels of a file (``source``) do not have; ``asked`` are all of its specs by name.

    A package of the same name on an index may be by somebody else, so no replacement is made without a request. The
    names in an export with its dependencies are no mistakes, so nothing else is looked for.
    """
    from ..tensorflow.catalog.nearby import similar

    names = await source.names()
    meant = {} if is_export else await asyncio.to_thread(similar, missing, names)
    elsewhere = {} if is_export or others is None else await _elsewhere(missing, others)
    index = set() if is_export else await on_index([name for name in missing if name not in elsewhere][:_ASKED])
    sentences = []
    for name in missing:
        told = say("No channel has “{name}”", name=name)
        if name in elsewhere:
            told = say(
                "The channels of the file do not have “{name}”, but the channel “{elsewhere}” does",
                name=name,
                elsewhere=elsewhere[name],
            )
        told += say("; did you mean “{meant}”?", meant=meant[name]) if name in meant else "."
        sentences.append(told)
    on = [f"“{name}”" for name in missing if name in index]
    if on:
        sentences.append(
            say_n(
                "The package index (PyPI) has a package called {names}.",
                "The package index (PyPI) has packages called {names}.",
                len(on),
                names=", ".join(on),
            )
        )
    out: dict[str, str | None] = dict.fromkeys(missing)
    fixed = {**out, **{name: f"{channel}::{asked[name]}" for name, channel in elsewhere.items()}}
    fixed |= {name: _renamed(asked[name], meant[name]) for name in meant if name not in elsewhere}
    indexed = {**fixed, **{name: _requirement(asked[name]) for name in index}}
    offers: list[Mapping[str, str | None]] = []
    for each in (fixed if fixed != out else indexed, indexed, out):
        if each not in offers:
            offers.append(each)
    return Missing(sentences, offers)


def label(replacements: Mapping[str, str | None]) -> str:
    """Return what replacements do, as on a button."""
    left_out: list[str] = []
    on_index: list[str] = []
    loose: list[str] = []
    by_channel: dict[str, list[str]] = {}
    parts: list[str] = []
    for name, spec in replacements.items():
        if spec is None:
            left_out.append(name)
        elif sources.is_for_index(spec):
            on_index.append(name)
        elif "::" in spec:
            by_channel.setdefault(spec.rpartition("::")[0], []).append(name)
        elif spec == name:
            loose.append(name)
        elif name == "python":
            parts.append(say("Use Python {version}", version=spec.removeprefix("python ").removesuffix(".*")))
        else:
            parts.append(say("Use {other} for {name}", other=spec.split(" ")[0], name=name))
    if left_out:
        parts.append(say("Leave out {names}", names=_few(left_out)))
    if on_index:
        parts.append(say("Take {names} from PyPI", names=_few(on_index)))
    for channel, names in by_channel.items():
        parts.append(say("Take {names} from {channel}", names=_few(names), channel=channel))
    if loose:
        parts.append(say("Use any version of {names}", names=_few(loose)))
    return joined(" · ", parts)


def _few(names: Sequence[str]) -> str:
    if len(names) <= _SHOWN:
        return ", ".join(names)
    return say_n("{count} package", "{count} packages", len(names))


async def _elsewhere(missing: Iterable[str], others: Repodata) -> dict[str, str]:
    """Return the allowed channels beside those of the file that have some packages, by package."""
    try:
        records = await others.records(set(missing))
    except TfenvError:
        return {}
    refs = others.settings.channels
    found: dict[str, str] = {}
    for record in records:
        ref = next((ref for ref in refs if record.url.startswith(f"{ref.url}/")), None)
        if ref is not None:
            found.setdefault(record.name.normalized, ref.name)
    return found


def _renamed(spec: str, name: str) -> str:
    return " ".join([name, *spec.split(" ")[1:]])


def _requirement(spec: str) -> str:
    """Return what requests the package of a conda spec from an index; its build does not count there."""
    name, version, *_ = [*spec.split(" "), ""]
    for text in (" ".join(filter(None, (name, version))), name):
        try:
            return f"{MARK}{sources.as_requirement(text)}"
        except InvalidSpec:
            continue
    return f"{MARK}{name}"
