"""What is said about an environment: the model of the REST contract, and the facts it is made from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from ..conda.prefix.pypi import PypiPackage
from ..conda.prefix.records import PackageStem
from ..models import Advice

Source = Literal["conda", "pypi"]


@dataclass(frozen=True)
class TensorFlow:
    """The TensorFlow of an environment; pip's has no ``build``."""

    version: str
    build: str | None
    variant: str | None
    source: Source


@dataclass(frozen=True)
class Keras:
    """The Keras of an environment."""

    version: str
    source: Source


@dataclass(frozen=True)
class LegacyKeras:
    """Keras 2 under a TensorFlow of Keras 3: the ``version`` of tf-keras, and whether the kernel asks for it."""

    version: str | None = None
    enabled: bool = False


@dataclass(frozen=True)
class Kernel:
    """The kernelspec that runs an environment, and the names of what is set for it (``kernels/settings.py``)."""

    name: str
    display_name: str
    settings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, str]:
        """Return the contract's object."""
        return {"name": self.name, "display_name": self.display_name}


@dataclass(frozen=True)
class LastCheck:
    """How the newest check ended, and when (ISO 8601, UTC); ``outdated`` where things changed since."""

    ok: bool
    finished: str
    outdated: bool


@dataclass(frozen=True)
class AvailableUpdate:
    """The newer versions that the channels offer for the same Python and variant."""

    tensorflow: str | None = None
    keras: str | None = None


@dataclass(frozen=True)
class EnvironmentFacts:
    """What the files of one environment say. Kept until one of them changes.

    Of the Python packages that conda does not own, ``pypi`` holds those that concern TensorFlow and those
    that replaced a conda package; ``packages`` the conda packages, by normalized name, that concern
    TensorFlow or were replaced. ``kernels`` are the names of its own kernelspecs, ``is_known`` tells
    whether conda takes it for an environment (it has a history), ``problems`` make it unusable, and
    ``modified`` is ISO 8601, UTC.
    """

    id: str
    prefix: Path
    is_known: bool = False
    packages: Mapping[str, PackageStem] = field(default_factory=dict)
    python: str | None = None
    tensorflow: TensorFlow | None = None
    keras: Keras | None = None
    tf_keras: Keras | None = None
    pypi: tuple[PypiPackage, ...] = ()
    kernels: tuple[str, ...] = ()
    writable: bool = False
    frozen: str | None = None
    modified: str | None = None
    problems: tuple[Advice, ...] = ()


@dataclass(frozen=True)
class Environment:
    """An environment as the REST contract shows it.

    ``modified`` is ISO 8601, UTC; ``busy`` the id of a job.
    """

    id: str
    name: str
    prefix: str
    python: str | None
    tensorflow: TensorFlow | None
    keras: Keras | None
    legacy_keras: LegacyKeras
    kernel: Kernel | None
    writable: bool
    protected: bool
    protected_reason: str | None
    modified: str | None
    update: AvailableUpdate = field(default_factory=AvailableUpdate)
    check: LastCheck | None = None
    busy: str | None = None
    advice: tuple[Advice, ...] = ()

    @cached_property
    def text(self) -> str:
        """The contract's object as JSON, encoded once: a long list is asked for again and again."""
        return json.dumps(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Return the contract's object (by hand: ``asdict`` takes ten times as long, which a long list shows)."""
        return {
            **{field.name: getattr(self, field.name) for field in fields(self)},
            "tensorflow": vars(self.tensorflow) if self.tensorflow else None,
            "keras": vars(self.keras) if self.keras else None,
            "legacy_keras": vars(self.legacy_keras),
            "kernel": self.kernel.to_json() if self.kernel else None,
            "update": vars(self.update),
            "check": vars(self.check) if self.check else None,
            "advice": [vars(advice) for advice in self.advice],
        }


@dataclass(frozen=True)
class InstalledPackage:
    """One installed package.

    ``size`` is in bytes, of the archive where it came from, None where not known.
    """

    name: str
    version: str
    build: str | None
    channel: str | None
    source: Source
    requested: bool
    size: int | None

    def to_json(self) -> dict[str, Any]:
        """Return the contract's object."""
        return asdict(self)
