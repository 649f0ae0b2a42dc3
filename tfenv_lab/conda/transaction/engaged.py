"""Which packages the engine is working on, so that a crash can be explained."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ...sentences import say, say_n, some

#: What the engine does with a package. It unpacks one while it downloads it.
Step = Literal["unpacked", "linked"]

#: Number of packages that are named.
_NAMED = 3
#: What to do about a package with which the engine crashed.
HINT = say("Try again. If it fails again, leave the package out, and report it to its channel.")


@dataclass(frozen=True)
class Engagement:
    """The packages that the engine unpacks or links at the moment; several at once if there are many."""

    step: Step = "unpacked"
    packages: tuple[str, ...] = ()

    @property
    def clause(self) -> str:
        """The end of a sentence: “ while it linked numpy-2.1-0”, or nothing."""
        if not self.packages:
            return ""
        count, packages = len(self.packages), some(self.packages, _NAMED)
        if self.step == "linked":
            return say_n(
                " while it linked {packages}",
                " while it linked one of the packages {packages}",
                count,
                packages=packages,
            )
        return say_n(
            " while it unpacked {packages}",
            " while it unpacked one of the packages {packages}",
            count,
            packages=packages,
        )


class Engaged:
    """The packages that the engine is working on now. The methods may be called from any thread.

    ``changed`` is called whenever that changes.
    """

    def __init__(self, changed: Callable[[Engagement], None]) -> None:
        self._changed = changed
        self._lock = threading.Lock()
        self._begun: dict[tuple[Step, str], None] = {}

    def begin(self, step: Step, package: str) -> None:
        """Note that the engine begins with a package."""
        with self._lock:
            self._begun[step, package] = None
            self._changed(self._now())

    def end(self, step: Step, package: str) -> None:
        """Note that the engine is done with a package."""
        with self._lock:
            if self._begun.pop((step, package), "none") is None:
                self._changed(self._now())

    def now(self) -> Engagement:
        """Return what the engine is working on."""
        with self._lock:
            return self._now()

    def _now(self) -> Engagement:
        # It links only what is unpacked, and links packages while it unpacks others.
        linked = tuple(name for step, name in self._begun if step == "linked")
        unpacked = tuple(name for step, name in self._begun if step == "unpacked")
        return Engagement("linked", linked) if linked else Engagement("unpacked", unpacked)
