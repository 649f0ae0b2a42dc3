"""What a check is of, and what its run left behind: all that problems are found from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Subject:
    """What is checked.

    ``variables`` are the ``env`` of its kernelspec (templates that name ``${OTHER}`` variables), ``kernel``
    the interpreter that the kernelspec starts, None without one. ``cuda``: the CUDA version of this machine's
    driver, None without one. ``environment`` is the id for plan requests.
    """

    prefix: Path
    environment: str
    variables: Mapping[str, str] = field(default_factory=dict)
    kernel: str | None = None
    cuda: str | None = None

    def install(self, *specs: str) -> dict[str, Any]:
        """Return the plan request that adds or moves packages in the environment."""
        return {"kind": "install", "environment": self.environment, "specs": list(specs), "into": None}


@dataclass(frozen=True)
class Observed:
    """What a run of the probe left behind.

    ``stages`` by name, as the probe wrote them; ``reached`` is the stage in which it ended early, None where
    it came to its end. ``status`` is the exit status, negative for a signal, None where it was stopped for
    time. ``conda`` holds the conda records' ``version`` and ``depends`` by name.
    """

    stages: Mapping[str, Mapping[str, Any]]
    reached: str | None
    status: int | None
    output: str
    environ: Mapping[str, str]
    conda: Mapping[str, Mapping[str, Any]]
    seconds: float

    @property
    def distributions(self) -> list[dict[str, Any]]:
        """The Python packages that the probe saw, those first that are imported first."""
        return list(self.stages.get("distributions", {}).get("found", []))
