"""Say what a cleaning makes harder: reverts that then need a download, and environments that it did not see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..models import Advice
from ..sentences import say, some
from ..space.models import Broken, Cleaning

_SHOWN = 3


def warnings(cleaning: Cleaning) -> Iterator[Advice]:
    """Yield the warnings of a cleaning's plan."""
    if cleaning.broken:
        yield Advice("revert-needs-download", "warning", sentence(cleaning.broken))
    if cleaning.left_out:
        text = say(
            "These do not respond or cannot be read: {left_out}. Nothing is deleted there. "
            "Packages that only those environments need are deleted from the caches.",
            left_out=some(cleaning.left_out, _SHOWN),
        )
        yield Advice("not-measured", "warning", text)


def sentence(broken: Sequence[Broken]) -> str:
    """Return the sentences that say which reverts need a download after a cleaning."""
    return say(
        "Some reverts then need a download: {broken}. They are impossible if the packages are not available anymore.",
        broken=some([_revert(each) for each in broken], _SHOWN),
    )


def _revert(each: Broken) -> str:
    numbers = some([str(number) for number in each.revisions], _SHOWN)
    packages = some(each.packages, _SHOWN)
    return say(
        "{environment} to revision {numbers} ({packages})",
        environment=each.environment,
        numbers=numbers,
        packages=packages,
    )
