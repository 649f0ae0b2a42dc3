"""Warn about what a plan does to packages that were requested, now or earlier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from .. import plan_requests
from ..models import Advice
from ..sentences import joined, listing, listing_n, say, say_n, some
from ..tensorflow_packages import LEADS, TENSORFLOWS
from .models import Entry

if TYPE_CHECKING:
    from .solved import Solved

#: Maximum numbers of specs that a warning names, and of characters of one of them.
_SHOWN = 5
_LONGEST = 100


def warnings(solved: Solved, lines: Sequence[Entry]) -> Iterator[Advice]:
    """Yield the warnings."""
    yield from _downgrades(lines)
    yield from _held_back(solved)
    yield from _passed_over(solved)
    yield from _removals(solved, lines)
    yield from _default_packages(solved)


def _downgrades(lines: Sequence[Entry]) -> Iterator[Advice]:
    for entry in lines:
        if entry.requested and entry.action == "downgrade" and entry.from_ and entry.to:
            yield Advice(
                "requested-downgrade",
                "warning",
                say(
                    "{name} is downgraded from {version} to {version_2}.",
                    name=entry.name,
                    version=entry.from_["version"],
                    version_2=entry.to["version"],
                ),
            )


def _held_back(solved: Solved) -> Iterator[Advice]:
    found, request = solved.held_back, solved.request
    if found is None or not isinstance(request, plan_requests.Update):
        return
    newer = " and ".join(f"{name} {version}" for name, version in found.newer.items())
    quoted = [f"“{solved.requested[name]}”" for name in found.by]
    specs = " and ".join(quoted) if len(quoted) <= _SHOWN else some(quoted, _SHOWN)
    yield Advice(
        "held-back",
        "info",
        joined(
            "",
            (
                say_n("{newer} is available", "{newer} are available", len(found.newer), newer=newer),
                say_n(
                    ", but {specs}, which you requested earlier, holds it back.",
                    ", but {specs}, which you requested earlier, hold it back.",
                    len(found.by),
                    specs=specs,
                )
                if len(found.newer) == 1
                else say_n(
                    ", but {specs}, which you requested earlier, holds them back.",
                    ", but {specs}, which you requested earlier, hold them back.",
                    len(found.by),
                    specs=specs,
                ),
            ),
        ),
        plan_request=replace(request, packages=(*request.packages, *found.by)),
    )


def _passed_over(solved: Solved) -> Iterator[Advice]:
    """Name earlier requests that did not count, with a request that replaces them by the packages' names."""
    found, request = solved.passed_over, solved.request
    if found is None or not isinstance(request, plan_requests.Install | plan_requests.Update):
        return
    now = {record.name.normalized: str(record.version) for record in solved.after}
    if found.stuck:
        stay = [f"{name} {now[name]}" for name in found.stuck]
        yield Advice(
            "not-on-channels",
            "info",
            listing_n("{items} stays, because no channel has it.", "{items} stay, because no channel has them.", stay),
        )
    if found.unreadable:
        texts = [f"“{text[:_LONGEST]}”" for text in found.unreadable.values()]
        yield Advice(
            "request-unreadable",
            "info",
            listing_n(
                "The history of this environment has an earlier request that cannot be read and does not count: "
                "{items}.",
                "The history of this environment has earlier requests that cannot be read and do not count: {items}.",
                texts,
            ),
            plan_request=_letting_go(request, found.unreadable),
        )
    if found.outdated:
        texts = [f"“{text[:_LONGEST]}” ({now[name]})" for name, text in found.outdated.items()]
        yield Advice(
            "request-outdated",
            "info",
            listing_n(
                "An earlier request does not count, because the installed version is different: {items}.",
                "Earlier requests do not count, because the installed versions are different: {items}.",
                texts,
            ),
            plan_request=_letting_go(request, found.outdated),
        )


def _letting_go(request: plan_requests.Install | plan_requests.Update, names: Iterable[str]) -> plan_requests.Install:
    """Return a request that replaces earlier requests by bare names; an install also does what it was made for."""
    if isinstance(request, plan_requests.Install):
        return replace(request, specs=(*request.specs, *names))
    return plan_requests.Install(request.environment, tuple(names))


def _removals(solved: Solved, lines: Sequence[Entry]) -> Iterator[Advice]:
    named: set[str] = set()
    match solved.request:
        case plan_requests.Remove(packages=packages) | plan_requests.Install(remove=packages):
            named.update(packages)
    if not named.isdisjoint(LEADS) or any(entry.to and entry.name in TENSORFLOWS for entry in lines):
        # "tensorflow" means whichever package has it, and another one can replace it.
        named |= TENSORFLOWS
    for entry in lines:
        if entry.action == "remove" and entry.name in solved.asked_before and entry.name not in named:
            yield Advice(
                "requested-removed", "warning", say("{name}, which you requested, is removed too.", name=entry.name)
            )


def _default_packages(solved: Solved) -> Iterator[Advice]:
    if solved.default_packages:
        yield Advice(
            "default-packages",
            "info",
            listing("create_default_packages of conda's configuration adds {items}.", solved.default_packages),
        )
    if solved.skipped_packages:
        yield Advice(
            "default-packages",
            "warning",
            listing(
                "These items of create_default_packages are not supported specs and are left out: {items}.",
                solved.skipped_packages,
            ),
        )
