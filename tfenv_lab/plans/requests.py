"""Plan requests: what a person may ask for, and the one parser of their JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, get_args

from msgspec import Struct
from msgspec.structs import force_setattr

from .. import serde
from ..conda.machine.nvidia import CUDA_VERSION
from ..environment_names import check_name
from ..errors import InvalidRequest, InvalidSpec

Variant = Literal["auto", "cpu", "cuda"]
ALL: Literal["all"] = "all"

#: The most items of a list.
_ITEMS_MAX = 1000
_VERSION = re.compile(r"\d+(?:\.\w+)*(?:\.\*)?")
_PYTHON = re.compile(r"\d\.\d{1,2}")
_PACKAGE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class _Request(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """A request; its ``kind`` is the tag by which its JSON is told apart."""

    @property
    def kind(self) -> str:
        """The kind of plan."""
        return str(self.__struct_config__.tag)


class Create(_Request, frozen=True, tag="create"):
    """A new environment. ``tensorflow`` is a version (``2.19.*``) or None for none, ``python`` ``3.11`` or None."""

    name: str
    tensorflow: str | None = None
    python: str | None = None
    variant: Variant = "auto"
    cuda: str | None = None
    keras: bool = True
    packages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name(self.name)
        _check_form("tensorflow", self.tensorflow, _VERSION, "2.19.*")
        _check_form("python", self.python, _PYTHON, "3.11")
        _check_form("cuda", self.cuda, CUDA_VERSION, "12.6")
        force_setattr(self, "packages", _distinct("packages", self.packages))


class Install(_Request, frozen=True, tag="install"):
    """Add or move packages named by specs.

    ``legacy_keras``: whether the kernel uses Keras 2 afterwards; None leaves it.
    """

    environment: str
    specs: tuple[str, ...]
    into: str | None = None
    legacy_keras: bool | None = None

    def __post_init__(self) -> None:
        force_setattr(self, "specs", _some("specs", self.specs))
        _check_into(self.into)


class Update(_Request, frozen=True, tag="update"):
    """Bring named packages, or all, to the newest that fits."""

    environment: str
    packages: tuple[str, ...] | Literal["all"]
    into: str | None = None

    def __post_init__(self) -> None:
        if self.packages != ALL:
            force_setattr(self, "packages", _named(self.packages))
        _check_into(self.into)


class Remove(_Request, frozen=True, tag="remove"):
    """Take packages out, with what needs them and what only they needed."""

    environment: str
    packages: tuple[str, ...]

    def __post_init__(self) -> None:
        force_setattr(self, "packages", _named(self.packages))


class Clone(_Request, frozen=True, tag="clone"):
    """The same packages under a new name."""

    environment: str
    name: str

    def __post_init__(self) -> None:
        check_name(self.name)


class Rename(_Request, frozen=True, tag="rename"):
    """The same environment under a new name."""

    environment: str
    name: str

    def __post_init__(self) -> None:
        check_name(self.name)


class Import(_Request, frozen=True, tag="import"):
    """An environment from the text of a file; ``format`` None recognises it."""

    name: str
    content: str
    format: str | None = None

    def __post_init__(self) -> None:
        check_name(self.name)


class Revert(_Request, frozen=True, tag="revert"):
    """Back to an earlier revision."""

    environment: str
    revision: int


PlanRequest = Create | Install | Update | Remove | Clone | Rename | Import | Revert
KINDS = tuple(str(kind.__struct_config__.tag) for kind in get_args(PlanRequest))

#: What msgspec says of JSON that is no request, and what a person is told. ``kind`` and ``field`` are filled in.
_COMPLAINTS = (
    (r"Object missing required field `(?P<field>\w+)`", "A plan of kind “{kind}” needs “{field}”."),
    (r"Object contains unknown field `(?P<field>.*)`", "A plan of kind “{kind}” has no field “{field}”."),
    (r"Expected .* - at `\$\.packages`", "“packages” must be a list of strings."),
    (r"Expected `str(?: \| null)?`, .* - at `\$\.(?P<field>\w+)`", "“{field}” must be a string."),
    (r"Expected `(?:str|array)`, .* - at `\$\.(?P<field>\w+)(?:\[.*\])?`", "“{field}” must be a list of strings."),
    (r"Expected `bool`, .* - at `\$\.(?P<field>\w+)`", "“{field}” must be true or false."),
    (r"Expected `bool \| null`, .* - at `\$\.(?P<field>\w+)`", "“{field}” must be true, false or null."),
    (r"Expected `int`, .* - at `\$\.(?P<field>\w+)`", "“{field}” must be a whole number."),
    (r"Invalid enum value .* - at `\$\.packages`", "“packages” must be a list of strings, or “all”."),
    (r"Invalid enum value .* - at `\$\.variant`", "“variant” must be “auto”, “cpu” or “cuda”."),
)


def parse(body: Mapping[str, Any]) -> PlanRequest:
    """Return the plan request in a JSON object. Raises InvalidRequest, InvalidName or InvalidSpec naming the field."""
    kind = body.get("kind")
    if kind not in KINDS:
        raise InvalidRequest(f"“kind” must be one of {', '.join(KINDS[:-1])} and {KINDS[-1]}.")
    try:
        request: PlanRequest = serde.convert(body, PlanRequest)
    except serde.Unreadable as error:
        for pattern, sentence in _COMPLAINTS:
            found = re.fullmatch(pattern, str(error), re.DOTALL)
            if found:
                raise InvalidRequest(sentence.format(kind=kind, **found.groupdict())) from error
        raise InvalidRequest("The plan request cannot be read.", str(error)) from error
    return request


def _check_form(field: str, value: str | None, form: re.Pattern[str], example: str) -> None:
    if value is not None and not form.fullmatch(value):
        raise InvalidSpec(f"“{value[:60]}” is not a value for “{field}”.", hint=f"Write it as in “{example}”.")


def _check_into(into: str | None) -> None:
    if into is not None:
        check_name(into)


def _distinct(field: str, items: tuple[str, ...]) -> tuple[str, ...]:
    if len(items) > _ITEMS_MAX:
        raise InvalidRequest(f"“{field}” has {len(items)} items; at most {_ITEMS_MAX} can be asked for at once.")
    return tuple(dict.fromkeys(items))


def _some(field: str, items: tuple[str, ...]) -> tuple[str, ...]:
    if not items:
        raise InvalidRequest(f"“{field}” must name at least one package.")
    return _distinct(field, items)


def _named(packages: tuple[str, ...]) -> tuple[str, ...]:
    for name in _some("packages", packages):
        if not _PACKAGE.fullmatch(name):
            raise InvalidSpec(f"“{name[:60]}” is not a package name.")
    return _some("packages", tuple(name.lower() for name in packages))
