"""Decide which environments are protected, and why."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from ..disk.reads import BoundedReads
from ..environment_names import is_path
from ..sentences import say
from .inventory import Seen


class Protection:
    """The rules that protect environments.

    ``named`` are the names and paths that the administrator lists. ``server`` are the prefixes of the interpreter that
    runs this server, including the base of a virtual environment.
    """

    def __init__(self, named: Iterable[str] = (), server: Iterable[str] = (sys.prefix, sys.base_prefix)) -> None:
        named = list(named)
        self._names = frozenset(text for text in named if not is_path(text))
        self._paths = _real(str(Path(text).expanduser()) for text in named if is_path(text))
        self._server = _real(server)

    def is_own(self, seen: Seen) -> bool:
        """Return whether an environment is one of the user's own, which the limits of a user count."""
        is_fixed = seen.real in self._server or seen.is_root
        return not is_fixed and seen.facts.writable and seen.facts.shared is None

    def reason(self, seen: Seen) -> str | None:
        """Return the reason in one sentence, or None if changes are allowed."""
        if seen.real in self._server:
            return say("The Jupyter server itself runs from this environment.")
        if seen.is_root:
            return say("This is conda's base environment; conda itself runs from it.")
        if seen.real in self._paths or seen.name in self._names:
            return say("The server's configuration protects this environment.")
        facts = seen.facts
        if facts.frozen is not None:
            return say("This environment is frozen. {frozen}", frozen=facts.frozen)
        if facts.problems and facts.modified is None:
            return facts.problems[0].message
        if facts.is_read_only:
            return say("This environment is on a read-only file system.")
        if not facts.writable:
            return say("You do not have permission to change this environment.")
        return None


def _real(paths: Iterable[str]) -> frozenset[str]:
    """Return the real paths. A path on a drive that does not answer stays as it is, as for its environment."""
    found = _reals.run(paths)
    return frozenset(real if isinstance(real, str) else path for path, real in found.items())


_reals: BoundedReads[str, str] = BoundedReads(os.path.realpath)
