"""Put a summary of three lines before the solver's explanation, which is a tree of many lines."""

from __future__ import annotations

import re

from ...sentences import joined, say

#: Fewer lines need no summary.
_LONG = 4
#: Requested packages that the summary names.
_SHOWN = 5
_INTRODUCTION = "Cannot solve the request because of:"
_BRANCH = re.compile(r"^[│├└─\s]+")


def summarized(text: str) -> str:
    """Return the solver's explanation without its introduction, and with a summary if it is long.

    The summary says which requested packages have no solution, what the last obstacle is, and how long the tree is.
    """
    tree = text.strip().removeprefix(_INTRODUCTION).strip()
    lines = tree.splitlines()
    if len(lines) < _LONG:
        return tree
    roots = [line for line in lines if not _BRANCH.match(line)]
    if roots and roots[0].startswith("The following"):
        roots = [line[3:] for line in lines if line.startswith(("├─ ", "└─ "))]
    requested = list(dict.fromkeys(re.split(r" can(?:not)? be ", line)[0] for line in roots))
    plain = [_BRANCH.sub("", line) for line in lines]
    cause = next((line for line in reversed(plain) if "no candidates" in line or "conflicts" in line), plain[-1])
    named = "; ".join(requested[:_SHOWN])
    more = len(requested) - _SHOWN
    head = [
        say("Cannot be installed together: {named} and {count} more.", named=named, count=more)
        if more > 0
        else say("Cannot be installed together: {named}.", named=named),
        say("The last obstacle: {cause}.", cause=cause.rstrip(".,:;")),
        say("The solver's whole explanation has {count} lines:", count=len(lines)),
    ]
    return joined("\n", (*head, "\n" + "\n".join(lines)))
