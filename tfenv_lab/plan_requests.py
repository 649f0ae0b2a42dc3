"""Plan requests: what a user can request.

Warnings and the remedies of problems offer plan requests, too.
"""

from __future__ import annotations

import hashlib
import json
from typing import Literal, get_args

from msgspec import Struct
from msgspec.structs import force_setattr

from . import plan_request_fields as fields
from .environment_names import check_name
from .errors import InvalidRequest
from .sentences import say, without_credentials
from .tensorflow_packages import requests_tf_keras
from .versions import CUDA_VERSION

Source = Literal["conda", "pypi"]
Variant = Literal["auto", "cpu", "cuda"]
Cleanable = Literal["cache", "revisions", "trash", "uv"]
ALL: Literal["all"] = "all"
#: What can be cleaned, in sentences.
CHOICES = say("“cache”, “revisions”, “trash” and “uv”")

#: Maximum age of revisions; older than this project.
_DAYS_MAX = 36500


class _Request(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"):
    """A plan request; its ``kind`` is the tag that identifies its type in JSON. JSON omits fields with defaults."""

    @property
    def kind(self) -> str:
        """Kind of the plan."""
        return str(self.__struct_config__.tag)


class Create(_Request, frozen=True, tag="create"):
    """A request for a new environment.

    ``tensorflow`` is a version such as ``2.19.*``, or None for an environment without it. ``python`` is a minor version
    such as ``3.11``, or None for the newest that fits. ``keras`` is True for the Keras that TensorFlow brings, ``"2"``
    for Keras 2, or a version of Keras 3; with False, no Keras is requested. ``source`` says where TensorFlow comes
    from; None leaves the choice to the catalog. ``source_builds`` permits building packages that the index has no wheel
    of, here and in other requests. ``envs_dir`` is one of the directories for environments, and ``channels`` are some
    of the allowed channels, best first; None leaves both to the configuration.
    """

    name: str
    tensorflow: str | None = None
    python: str | None = None
    variant: Variant = "auto"
    cuda: str | None = None
    keras: bool | str = True
    packages: tuple[str, ...] = ()
    source: Source | None = None
    source_builds: bool = False
    envs_dir: str | None = None
    channels: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        check_name(self.name)
        fields.check_form("tensorflow", self.tensorflow, fields.VERSION, "2.19.*")
        fields.check_form("python", self.python, fields.PYTHON, "3.11")
        fields.check_form("cuda", self.cuda, CUDA_VERSION, "12.6")
        if isinstance(self.keras, str):
            fields.check_keras(self.keras, self.tensorflow)
        force_setattr(self, "packages", fields.distinct("packages", self.packages))
        if self.channels is not None:
            if not self.channels:
                raise InvalidRequest(say("“channels” must name at least one channel, or be null."))
            force_setattr(self, "channels", fields.distinct("channels", self.channels))

    @property
    def legacy_keras(self) -> bool:
        """Whether the kernel uses tf-keras: Keras 2 for a TensorFlow that comes with Keras 3."""
        return requests_tf_keras(self.keras, self.tensorflow)


class Install(_Request, frozen=True, tag="install"):
    """A request to add packages, or to move them to other versions, by specs.

    ``remove`` are packages to remove in the same plan. ``legacy_keras`` says whether the kernel uses Keras 2
    afterwards; None leaves the setting unchanged.
    """

    environment: str
    specs: tuple[str, ...]
    into: str | None = None
    legacy_keras: bool | None = None
    source_builds: bool = False
    remove: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        force_setattr(self, "specs", fields.some("specs", self.specs))
        if self.remove:
            force_setattr(self, "remove", fields.named(self.remove, "remove"))
        fields.check_into(self.into)


class Update(_Request, frozen=True, tag="update"):
    """A request to move the named packages, or all, to the newest versions that fit."""

    environment: str
    packages: tuple[str, ...] | Literal["all"]
    into: str | None = None
    source_builds: bool = False

    def __post_init__(self) -> None:
        if self.packages != ALL:
            force_setattr(self, "packages", fields.named(self.packages))
        fields.check_into(self.into)


class Remove(_Request, frozen=True, tag="remove"):
    """A request to remove packages, with their dependents and the dependencies that only they need."""

    environment: str
    packages: tuple[str, ...]

    def __post_init__(self) -> None:
        force_setattr(self, "packages", fields.named(self.packages))


class Clone(_Request, frozen=True, tag="clone"):
    """A request to copy an environment to a new name."""

    environment: str
    name: str

    def __post_init__(self) -> None:
        check_name(self.name)


class Overlay(_Request, frozen=True, tag="overlay"):
    """A request for a virtual environment over another environment, with packages that only an index can provide."""

    environment: str
    name: str
    packages: tuple[str, ...] = ()
    source_builds: bool = False

    def __post_init__(self) -> None:
        check_name(self.name)
        force_setattr(self, "packages", fields.distinct("packages", self.packages))


class Rename(_Request, frozen=True, tag="rename"):
    """A request to rename an environment."""

    environment: str
    name: str

    def __post_init__(self) -> None:
        check_name(self.name)


class Import(_Request, frozen=True, tag="import"):
    """A request for a new environment from the text of a file; if ``format`` is None, the text determines it.

    ``lock_environment`` and ``categories`` choose a part of a lock; None is its default. ``cuda`` is a CUDA version to
    assume, and ``packages`` are specs to solve with those of the file. ``builds`` says how much of each spec counts:
    all of it, or not the build (``versions``), or only the name (``names``); exact packages are then solved. With
    ``channels`` ``allowed``, channels of the file that are not allowed are left out; with ``all``, they are used, if no
    administrator restricts the channels. With ``indexes`` ``configured``, packages that the file takes from other
    indexes come from the configured ones. ``replacements`` has, by the names of packages in the file, the specs to
    solve instead of theirs; None leaves a package out. ``file`` is the name of the file. Credentials in the text are
    removed: plans and jobs store it, and only conda's and pip's own configuration may hold them.
    """

    name: str
    content: str
    format: str | None = None
    lock_environment: str | None = None
    categories: tuple[str, ...] | None = None
    cuda: str | None = None
    packages: tuple[str, ...] = ()
    builds: Literal["exact", "versions", "names"] = "exact"
    channels: Literal["file", "allowed", "all"] = "file"
    indexes: Literal["file", "configured"] = "file"
    replacements: dict[str, str | None] = {}
    source_builds: bool = False
    file: str | None = None

    def __post_init__(self) -> None:
        check_name(self.name)
        fields.check_form("cuda", self.cuda, CUDA_VERSION, "12.6")
        fields.check_number("replacements", self.replacements)
        force_setattr(self, "packages", fields.distinct("packages", self.packages))
        clean = {name: text and without_credentials(text) for name, text in self.replacements.items()}
        force_setattr(self, "replacements", clean)
        force_setattr(self, "content", without_credentials(self.content))
        force_setattr(self, "file", fields.file_name(self.file))


class Match(_Request, frozen=True, tag="match"):
    """A request to make an environment equal to the lock in the text of a file.

    It names an ``environment``, or the ``name`` of one in the directory for new environments, which is created if it
    does not exist. The other fields are those of an import.
    """

    content: str
    environment: str | None = None
    name: str | None = None
    format: str | None = None
    lock_environment: str | None = None
    categories: tuple[str, ...] | None = None
    file: str | None = None

    def __post_init__(self) -> None:
        if (self.environment is None) == (self.name is None):
            raise InvalidRequest(say("A plan of kind “match” needs either “environment” or “name”."))
        if self.name is not None:
            check_name(self.name)
        force_setattr(self, "content", without_credentials(self.content))
        force_setattr(self, "file", fields.file_name(self.file))

    @property
    def mark(self) -> str:
        """A digest of the file and of the part of it that counts."""
        categories = None if self.categories is None else list(self.categories)
        told = [self.content, self.format, self.lock_environment, categories]
        return hashlib.sha256(json.dumps(told).encode("utf-8", "surrogatepass")).hexdigest()

    def as_import(self, name: str) -> Import:
        """Return the request to create an environment with this name from the same file."""
        choice = self.format, self.lock_environment, self.categories
        return Import(name, self.content, *choice, file=self.file)


class Revert(_Request, frozen=True, tag="revert"):
    """A request to go back to an earlier revision, in the environment or in a copy of it."""

    environment: str
    revision: int
    into: str | None = None

    def __post_init__(self) -> None:
        fields.check_into(self.into)


class Repair(_Request, frozen=True, tag="repair"):
    """A request to restore the files of an environment that differ from its packages."""

    environment: str


class Clean(_Request, frozen=True, tag="clean"):
    """A request to free disk space.

    ``cache`` is what the package cache and the store of bytecode hold and no environment needs, ``uv`` the same of uv's
    cache, ``revisions`` the cached packages that only reverts need, and ``trash`` the trees that changes left behind.
    With ``older_than_days``, packages of newer revisions stay.
    """

    what: tuple[Cleanable, ...]
    older_than_days: int | None = None

    def __post_init__(self) -> None:
        if not self.what:
            raise InvalidRequest(say("“what” must name at least one of {choices}.", choices=CHOICES))
        force_setattr(self, "what", tuple(dict.fromkeys(self.what)))
        if self.older_than_days is None:
            return
        if "revisions" not in self.what:
            raise InvalidRequest(say("“older_than_days” is about revisions, but “what” does not name them."))
        if not 0 <= self.older_than_days <= _DAYS_MAX:
            raise InvalidRequest(say("“older_than_days” must be a number from 0 to {days_max}.", days_max=_DAYS_MAX))


class Rollout(_Request, frozen=True, tag="rollout"):
    """A request to bring an environment to the workers of a cluster, which the configuration names.

    With the mode ``inside`` they also run it; with ``back``, they run what they ran before. ``batch`` is the number of
    workers that start again at the same time, or a part of all (``10%``), and no more do so once more than
    ``max_failed`` have failed.
    """

    environment: str
    cluster: str
    nodes: tuple[str, ...] | Literal["all"] = ALL
    mode: Literal["inside", "beside", "back"] = "inside"
    batch: str = "10%"
    max_failed: int = 0

    def __post_init__(self) -> None:
        fields.check_batch(self.batch, self.max_failed)
        if self.nodes != ALL:
            if not self.nodes:
                raise InvalidRequest(say("“nodes” must name at least one worker, or be “all”."))
            force_setattr(self, "nodes", fields.distinct("nodes", self.nodes))


#: Requests that a plan turns into a change of an environment.
ChangeRequest = Create | Install | Update | Remove | Clone | Overlay | Rename | Import | Match | Revert | Repair
PlanRequest = ChangeRequest | Clean | Rollout
KINDS = tuple(str(kind.__struct_config__.tag) for kind in get_args(PlanRequest))
