"""Models of what takes the space on the disks, and of what can be deleted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from msgspec import Struct

from ..plan_requests import Cleanable

#: What an item is: a package or bytecode in our caches, a wheel of uv or an archive that uv cannot find anymore, what
#: a change left next to a prefix, or a tree in a cache that was to be deleted.
ItemKind = Literal["package", "bytecode", "wheel", "archive", "leftover", "rest"]


class Item(Struct, frozen=True):
    """A tree that can be deleted, at ``path``.

    ``name`` is the package's name in the package cache, or the project of a wheel, which has a ``version``. ``pointer``
    is uv's link to a wheel. ``token`` and ``prefix`` say which change left it behind.
    """

    what: Cleanable
    kind: ItemKind
    path: str
    name: str = ""
    version: str = ""
    pointer: Path | None = None
    token: str = ""
    prefix: Path | None = None


@dataclass(frozen=True)
class EnvironmentSpace:
    """The bytes that only an environment holds, and those that it shares with other places."""

    id: str
    own_bytes: int
    shared_bytes: int


@dataclass(frozen=True)
class CacheSpace:
    """The bytes of a cache, and those that cleaning it frees."""

    name: Literal["packages", "bytecode", "uv"]
    bytes: int
    unused_bytes: int


@dataclass(frozen=True)
class Disk:
    """The Disk of the REST contract."""

    environments: list[EnvironmentSpace]
    caches: list[CacheSpace]
    revisions_bytes: int
    trash_bytes: int
    free_bytes: int | None
    left_out: list[str]


@dataclass(frozen=True)
class Taken:
    """The bytes of a user's environments, caches and trash, and those that cleaning frees without a loss."""

    bytes: int
    freeable: int


@dataclass(frozen=True)
class Size:
    """The size on disk, in bytes. ``shared`` is the part in files that the package cache or other prefixes share."""

    bytes: int
    shared: int


class Freed(Struct, frozen=True):
    """What one choice of a cleaning frees: bytes, and the number of trees."""

    what: Cleanable
    bytes: int
    items: int


class Broken(Struct, frozen=True):
    """The packages that reverts of an environment would have to download again."""

    environment: str
    revisions: tuple[int, ...]
    packages: tuple[str, ...]


class Cleaning(Struct, frozen=True):
    """What a cleaning deletes and frees, and which reverts then need a download."""

    items: tuple[Item, ...] = ()
    freed: tuple[Freed, ...] = ()
    bytes: int = 0
    broken: tuple[Broken, ...] = ()
    left_out: tuple[str, ...] = ()
