"""Assemble an environment of the contract from its facts, and from what other services say about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..models import Advice
from ..plan_requests import Install
from ..pypi.models import MARK
from ..sentences import say
from ..tensorflow_packages import has_keras_3
from .inventory import Seen
from .models import AvailableUpdate, Environment, EnvironmentFacts, Kernel, LastCheck, LegacyKeras


class Beside(NamedTuple):
    """Data about environments from other services.

    These are kernels by the real path of the prefix, checks by id, ids of hidden environments, ids of running kernels
    to restart by the real path of the prefix, and the prefixes that ``on_change`` must hear about.
    """

    kernels: Mapping[str, Kernel]
    checks: Mapping[str, LastCheck]
    hidden: Collection[str]
    outdated: Mapping[str, tuple[str, ...]]
    changed: frozenset[Path]


def assembled(
    one: Seen,
    beside: Beside,
    protected_reason: str | None,
    update: AvailableUpdate,
    advised: Sequence[Advice],
    busy: str | None,
) -> Environment:
    """Return an environment. ``advised`` are more warnings, and ``busy`` is the id of the job that holds its prefix."""
    found = one.facts
    kernel = beside.kernels.get(one.real)
    # The packages of an overlay's base cannot be changed from there.
    advice = [*found.problems, *(item for item in advised if found.over is None or item.plan_request is None)]
    if found.python and not found.problems and kernel is None and not found.kernels:
        advice.append(_no_kernel(found, protected_reason is None))
    return Environment(
        id=found.id,
        name=one.name,
        prefix=str(found.prefix),
        python=found.python,
        tensorflow=found.tensorflow,
        keras=found.keras,
        legacy_keras=LegacyKeras(
            found.tensorflow is not None and has_keras_3(found.tensorflow.version),
            found.tf_keras.version if found.tf_keras else None,
            kernel is not None and "legacy_keras" in kernel.settings,
        ),
        kernel=kernel,
        hidden=found.id in beside.hidden,
        outdated_kernels=beside.outdated.get(one.real, ()),
        former_kernels=found.former_kernels,
        writable=found.writable,
        protected=protected_reason is not None,
        protected_reason=protected_reason,
        modified=found.modified,
        digest=found.digest,
        update=update,
        check=beside.checks.get(found.id),
        busy=busy,
        shared=found.shared,
        over=found.over,
        advice=tuple(advice),
    )


def _no_kernel(found: EnvironmentFacts, may_change: bool) -> Advice:
    message = say("The environment has no kernel, so notebooks cannot use it. The package ipykernel adds one.")
    spec = "ipykernel" if found.over is None else f"{MARK}ipykernel"
    return Advice("no-kernel", "info", message, Install(found.id, (spec,)) if may_change else None)
