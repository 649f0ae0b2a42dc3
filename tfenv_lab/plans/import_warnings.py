"""Warn about what an imported file does not have, and what of it could not be honored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from .. import plan_requests
from ..models import Advice
from ..sentences import listing, say

if TYPE_CHECKING:
    from .solved import Solved


def warnings(solved: Solved) -> Iterator[Advice]:
    """Yield the warnings of an import; none for other requests."""
    yield from _kernel(solved)
    yield from _variables(solved)
    yield from solved.notes


def _kernel(solved: Solved) -> Iterator[Advice]:
    """Warn about an imported environment that cannot be a kernel, with a request that adds ipykernel."""
    request = solved.request
    names = {record.name.normalized for record in solved.after} | {each.name for each in solved.distributions}
    if not isinstance(request, plan_requests.Import) or "python" not in names or "ipykernel" in names:
        return
    added = replace(request, packages=(*request.packages, "ipykernel"))
    message = say("The file does not list ipykernel, so notebooks cannot use this environment as a kernel.")
    if not solved.specs:
        added = replace(added, builds="versions")
        message += say(" If it is added, the packages of the file are solved again, with the same versions.")
    yield Advice("no-kernel", "info", message, plan_request=added)


def _variables(solved: Solved) -> Iterator[Advice]:
    if solved.variables:
        told = [f"{name}={value}" for name, value in solved.variables.items()]
        yield Advice("variables", "info", listing("The environment sets these variables: {items}.", told))
