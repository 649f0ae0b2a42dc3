"""Plan requests: what a person may ask for, and the one parser of their JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..environment_names import check_name
from ..errors import InvalidRequest, InvalidSpec

Variant = Literal["auto", "cpu", "cuda"]
ALL: Literal["all"] = "all"

_ITEMS_MAX = 1000
_VERSION = re.compile(r"\d[\w.!+]*(\.\*)?")
_PYTHON = re.compile(r"\d\.\d{1,2}")
_CUDA = re.compile(r"\d{1,3}(\.\d{1,3})?")
_PACKAGE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Create:
    """A new environment. ``tensorflow`` is a version (``2.19.*``) or None for none, ``python`` ``3.11`` or None."""

    name: str
    tensorflow: str | None
    python: str | None
    variant: Variant
    cuda: str | None
    keras: bool
    packages: tuple[str, ...]
    kind: Literal["create"] = "create"


@dataclass(frozen=True)
class Install:
    """Add or move packages named by specs.

    ``legacy_keras``: whether the kernel uses Keras 2 afterwards; None leaves it.
    """

    environment: str
    specs: tuple[str, ...]
    into: str | None
    legacy_keras: bool | None = None
    kind: Literal["install"] = "install"


@dataclass(frozen=True)
class Update:
    """Bring named packages, or all, to the newest that fits."""

    environment: str
    packages: tuple[str, ...] | Literal["all"]
    into: str | None
    kind: Literal["update"] = "update"


@dataclass(frozen=True)
class Remove:
    """Take packages out, with what needs them and what only they needed."""

    environment: str
    packages: tuple[str, ...]
    kind: Literal["remove"] = "remove"


@dataclass(frozen=True)
class Clone:
    """The same packages under a new name."""

    environment: str
    name: str
    kind: Literal["clone"] = "clone"


@dataclass(frozen=True)
class Rename:
    """The same environment under a new name."""

    environment: str
    name: str
    kind: Literal["rename"] = "rename"


@dataclass(frozen=True)
class Import:
    """An environment from the text of a file; ``format`` None recognises it."""

    name: str
    content: str
    format: str | None
    kind: Literal["import"] = "import"


@dataclass(frozen=True)
class Revert:
    """Back to an earlier revision."""

    environment: str
    revision: int
    kind: Literal["revert"] = "revert"


PlanRequest = Create | Install | Update | Remove | Clone | Rename | Import | Revert


class _Fields:
    """The fields of a request body; every complaint names its field."""

    def __init__(self, body: Mapping[str, Any], kind: str) -> None:
        self._body = body
        self._kind = kind
        self._read = {"kind"}

    def _get(self, name: str, expected: type, default: Any, words: str) -> Any:
        self._read.add(name)
        value = self._body.get(name, default)
        if value is None and default is None:
            return None
        if value is _MISSING:
            raise InvalidRequest(f"A plan of kind “{self._kind}” needs “{name}”.")
        if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
            raise InvalidRequest(f"“{name}” must be {words}.")
        return value

    def text(self, name: str, default: Any = None) -> Any:
        return self._get(name, str, default, "a text")

    def flag(self, name: str, default: bool) -> bool:
        return bool(self._get(name, bool, default, "true or false"))

    def choice(self, name: str) -> bool | None:
        value: bool | None = self._get(name, bool, None, "true, false or null")
        return value

    def number(self, name: str) -> int:
        return int(self._get(name, int, _MISSING, "a whole number"))

    def texts(self, name: str, default: Any) -> tuple[str, ...]:
        value = self._get(name, list, default, "a list of texts")
        if not all(isinstance(item, str) for item in value):
            raise InvalidRequest(f"“{name}” must be a list of texts.")
        if len(value) > _ITEMS_MAX:
            raise InvalidRequest(f"“{name}” has {len(value)} items; at most {_ITEMS_MAX} can be asked for at once.")
        return tuple(dict.fromkeys(value))

    def finish(self) -> None:
        unknown = sorted(set(self._body) - self._read)
        if unknown:
            raise InvalidRequest(f"A plan of kind “{self._kind}” has no field “{unknown[0]}”.")


_MISSING: Any = object()


def _shaped(field: str, value: str | None, shape: re.Pattern[str], example: str) -> str | None:
    if value is not None and not shape.fullmatch(value):
        raise InvalidSpec(f"“{value[:60]}” is not a value for “{field}”.", hint=f"Write it as in “{example}”.")
    return value


def _named(packages: tuple[str, ...]) -> tuple[str, ...]:
    for name in packages:
        if not _PACKAGE.fullmatch(name):
            raise InvalidSpec(f"“{name[:60]}” is not a package name.")
    return tuple(name.lower() for name in packages)


def _into(fields: _Fields) -> str | None:
    into = fields.text("into")
    return None if into is None else check_name(into)


def _some(items: tuple[str, ...], field: str) -> tuple[str, ...]:
    if not items:
        raise InvalidRequest(f"“{field}” must name at least one package.")
    return items


def parse(body: Mapping[str, Any]) -> PlanRequest:
    """Return the plan request in a JSON object. Raises InvalidRequest, InvalidName or InvalidSpec naming the field."""
    kind = body.get("kind")
    fields = _Fields(body, str(kind))
    request: PlanRequest
    if kind == "create":
        variant = fields.text("variant", "auto")
        if variant not in ("auto", "cpu", "cuda"):
            raise InvalidRequest("“variant” must be “auto”, “cpu” or “cuda”.")
        request = Create(
            name=check_name(fields.text("name", _MISSING)),
            tensorflow=_shaped("tensorflow", fields.text("tensorflow"), _VERSION, "2.19.*"),
            python=_shaped("python", fields.text("python"), _PYTHON, "3.11"),
            variant=variant,
            cuda=_shaped("cuda", fields.text("cuda"), _CUDA, "12.6"),
            keras=fields.flag("keras", True),
            packages=fields.texts("packages", []),
        )
    elif kind == "install":
        request = Install(
            fields.text("environment", _MISSING),
            _some(fields.texts("specs", _MISSING), "specs"),
            _into(fields),
            fields.choice("legacy_keras"),
        )
    elif kind == "update":
        environment = fields.text("environment", _MISSING)
        if body.get("packages") == ALL:
            fields.text("packages")
            request = Update(environment, ALL, _into(fields))
        else:
            names = _some(_named(fields.texts("packages", _MISSING)), "packages")
            request = Update(environment, names, _into(fields))
    elif kind == "remove":
        request = Remove(
            fields.text("environment", _MISSING),
            _some(_named(fields.texts("packages", _MISSING)), "packages"),
        )
    elif kind == "clone":
        request = Clone(fields.text("environment", _MISSING), check_name(fields.text("name", _MISSING)))
    elif kind == "rename":
        request = Rename(fields.text("environment", _MISSING), check_name(fields.text("name", _MISSING)))
    elif kind == "import":
        request = Import(
            check_name(fields.text("name", _MISSING)), fields.text("content", _MISSING), fields.text("format")
        )
    elif kind == "revert":
        request = Revert(fields.text("environment", _MISSING), fields.number("revision"))
    else:
        raise InvalidRequest("“kind” must be one of create, install, update, remove, clone, rename, import and revert.")
    fields.finish()
    return request
