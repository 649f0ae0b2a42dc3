"""Whether the workers of a cluster can run an environment, by what its lock says."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import Alternative, ClusterMismatch
from ..sentences import say
from ..versions import minor_of


def require_fit(name: str, packages: Mapping[str, str], scheduler: Mapping[str, str], environment: str | None) -> None:
    """Raise ClusterMismatch if workers cannot run an environment with these versions of packages.

    ``environment`` is the id of the one here, for the offer of the version that fits.
    """
    theirs, found = scheduler["distributed"], packages.get("distributed")
    if found != theirs:
        spec = f"distributed=={theirs}"
        request = {"kind": "install", "environment": environment, "specs": [spec]}
        raise ClusterMismatch(
            say("“{name}” has no distributed, so workers cannot run in it.", name=name)
            if found is None
            else say(
                "“{name}” has distributed {found}, but the scheduler runs {theirs}.",
                name=name,
                found=found,
                theirs=theirs,
            ),
            hint=say("Install {spec} in the environment or in a copy.", spec=spec),
            alternatives=[] if environment is None else [Alternative(label=f"Install {spec}…", plan_request=request)],
        )
    python = packages.get("python")
    if python is None or minor_of(python) != minor_of(scheduler["python"]):
        has = say("no Python") if python is None else f"Python {python}"
        raise ClusterMismatch(
            say(
                "“{name}” has {has}, but the scheduler runs Python {python}.",
                name=name,
                has=has,
                python=scheduler["python"],
            ),
            hint=say("The minor versions must be the same, because Python objects are sent between them."),
        )
