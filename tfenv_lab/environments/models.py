"""Models of an environment: those of the REST contract, and the facts that they are made from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from ..conda.prefix.pypi import PypiPackage
from ..conda.prefix.records import PackageStem
from ..errors import Protected
from ..models import Advice
from ..plan_requests import Source
from ..sentences import Translatable, say


@dataclass(frozen=True)
class TensorFlow:
    """The TensorFlow of an environment; ``build`` is None if pip installed it."""

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
    """Keras 2 under a TensorFlow with Keras 3.

    ``available`` is True if there is such a TensorFlow. ``version`` is that of tf-keras, and ``enabled`` is True if the
    kernel uses it.
    """

    available: bool = False
    version: str | None = None
    enabled: bool = False


@dataclass(frozen=True)
class Kernel:
    """The kernel of an environment, with the names of the settings that are on (``kernels/settings.py``)."""

    name: str
    display_name: str
    settings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, str]:
        """Return the contract's object."""
        return {"name": self.name, "display_name": self.display_name}


@dataclass(frozen=True)
class Shared:
    """The user who shares an environment with others, and when it was published (ISO 8601, UTC), if that is known."""

    by: str | None = None
    published: str | None = None


@dataclass(frozen=True)
class Over:
    """The environment that an overlay is built over: its id, its name and its prefix."""

    environment: str
    name: str
    prefix: str


@dataclass(frozen=True)
class LastCheck:
    """The newest check: its result, when it finished (ISO 8601, UTC), and whether the environment changed since."""

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
    """The facts that the files of one environment contain, kept until one of the files changes.

    ``pypi`` holds the pip packages that concern TensorFlow or replaced a conda package, and ``packages`` the conda
    packages, by normalized name, that concern TensorFlow or were replaced. ``kernels`` are the names of its own
    kernelspecs. ``problems`` make it unusable. ``modified`` is ISO 8601, UTC. ``digest`` identifies the packages, if a
    change of ours was the last. ``former_kernels`` are the names that its kernels had before it was renamed.
    ``is_read_only`` says that it is not writable because of its file system. ``shared`` is set if it was published, or
    if another user owns it and this one cannot change it. ``over`` is the base of an overlay.
    """

    id: str
    prefix: Path
    packages: Mapping[str, PackageStem] = field(default_factory=dict)
    python: str | None = None
    tensorflow: TensorFlow | None = None
    keras: Keras | None = None
    tf_keras: Keras | None = None
    pypi: tuple[PypiPackage, ...] = ()
    kernels: tuple[str, ...] = ()
    writable: bool = False
    is_read_only: bool = False
    frozen: str | None = None
    shared: Shared | None = None
    over: Over | None = None
    modified: str | None = None
    digest: str | None = None
    former_kernels: tuple[str, ...] = ()
    problems: tuple[Advice, ...] = ()


@dataclass(frozen=True)
class Environment(Translatable):
    """The Environment of the REST contract.

    ``modified`` is ISO 8601, UTC. ``digest`` identifies the packages, or is None if another program changed them after
    the last change of ours. ``hidden`` is True if a user hides it from the launcher, and ``outdated_kernels`` are the
    ids of running kernels that started before its packages changed. ``former_kernels`` are the names that its kernels
    had before it was renamed. ``busy`` is the id of the job that is changing it, or None. ``shared`` says who shares
    it with other users, if it was published or belongs to another user; it is read-only then. ``over`` is the base
    of an overlay.
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
    hidden: bool = False
    outdated_kernels: tuple[str, ...] = ()
    former_kernels: tuple[str, ...] = ()
    digest: str | None = None
    update: AvailableUpdate = field(default_factory=AvailableUpdate)
    check: LastCheck | None = None
    busy: str | None = None
    shared: Shared | None = None
    over: Over | None = None
    advice: tuple[Advice, ...] = ()

    def require_changeable(self) -> None:
        """Raise Protected if the environment must not or cannot be changed."""
        if self.protected or not self.writable:
            message = self.protected_reason or say("You do not have permission to change “{name}”.", name=self.name)
            raise Protected(message)

    @cached_property
    def text(self) -> str:
        """The contract's object as JSON, encoded once because clients often request long lists."""
        return json.dumps(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Return the contract's object, without ``asdict``, which takes ten times as long."""
        return {
            **{field.name: getattr(self, field.name) for field in fields(self)},
            "tensorflow": vars(self.tensorflow) if self.tensorflow else None,
            "keras": vars(self.keras) if self.keras else None,
            "legacy_keras": vars(self.legacy_keras),
            "kernel": self.kernel.to_json() if self.kernel else None,
            "outdated_kernels": list(self.outdated_kernels),
            "former_kernels": list(self.former_kernels),
            "update": vars(self.update),
            "check": vars(self.check) if self.check else None,
            "shared": vars(self.shared) if self.shared else None,
            "over": vars(self.over) if self.over else None,
            "advice": [advice.to_json() for advice in self.advice],
        }


@dataclass(frozen=True)
class InstalledPackage:
    """One installed package.

    ``size`` is that of the archive that it came from, in bytes, or None if unknown.
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
