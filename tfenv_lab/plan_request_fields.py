"""The rules for the fields of plan requests."""

from __future__ import annotations

import re
from collections.abc import Sized

from .environment_names import check_name
from .errors import InvalidRequest, InvalidSpec
from .sentences import say, without_credentials
from .tensorflow_packages import KERAS_2, has_own_keras_2
from .versions import minor_of

#: Maximum number of items in a list.
_ITEMS_MAX = 1000
#: Maximum length of the name of a file.
_FILE_MAX = 255
#: Parts of versions are bounded, because the engine's numbers have 64 bits.
VERSION = re.compile(r"\d{1,9}(?:\.\w{1,12})*(?:\.\*)?", re.ASCII)
PYTHON = re.compile(r"\d\.\d{1,2}", re.ASCII)
_PACKAGE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_BATCH = re.compile(r"[1-9]\d{0,5}|(?:[1-9]\d?|100)%", re.ASCII)
_KERAS = re.compile(r"2|3(\.\d{1,9}){0,2}(\.\*)?", re.ASCII)


def check_batch(batch: str, max_failed: int) -> None:
    """Raise InvalidRequest unless a text is a number of workers or a part of all, and a number is not negative."""
    if not _BATCH.fullmatch(batch):
        raise InvalidRequest(
            say("“{batch}” is not the size of a batch.", batch=batch[:20]),
            hint=say("Write a number of workers, or a part as in {example}.", example="10%"),
        )
    if max_failed < 0:
        raise InvalidRequest(say("The number of workers that may fail cannot be {number}.", number=max_failed))


def check_form(field: str, value: str | None, form: re.Pattern[str], example: str) -> None:
    """Raise InvalidSpec for a text that does not have the form, and show an example of it."""
    if value is not None and not form.fullmatch(value):
        raise InvalidSpec(
            say("“{value}” is not a valid value for “{field}”.", value=value[:60], field=field),
            hint=say("Write it as in “{example}”.", example=example),
        )


def check_keras(keras: str, tensorflow: str | None) -> None:
    """Raise InvalidSpec or InvalidRequest for a version of Keras that this TensorFlow cannot have."""
    check_form("keras", keras, _KERAS, "3.9.*")
    if tensorflow is None:
        raise InvalidRequest(say("“keras” can be chosen only together with “tensorflow”."))
    if keras != KERAS_2 and has_own_keras_2(tensorflow):
        minor = minor_of(tensorflow)
        raise InvalidRequest(
            say("TensorFlow {minor} comes with Keras {minor} and does not work with Keras 3.", minor=minor),
            hint=say("Leave out the version of Keras, or request TensorFlow 2.16 or newer."),
        )


def file_name(text: str | None) -> str | None:
    """Return the last part of a path that can be shown in one line, or None if nothing is left."""
    name = re.split(r"[/\\]", text or "")[-1]
    return "".join(letter for letter in name if letter.isprintable()).strip()[:_FILE_MAX] or None


def check_into(into: str | None) -> None:
    """Raise InvalidName for a name that a copy cannot have."""
    if into is not None:
        check_name(into)


def check_number(field: str, items: Sized) -> None:
    """Raise InvalidRequest for too many items."""
    if len(items) > _ITEMS_MAX:
        raise InvalidRequest(
            say(
                "“{field}” has {count} items; the limit is {items_max}.",
                field=field,
                count=len(items),
                items_max=_ITEMS_MAX,
            )
        )


def distinct(field: str, items: tuple[str, ...]) -> tuple[str, ...]:
    """Return each item once, without credentials. Raises InvalidRequest for too many."""
    check_number(field, items)
    return tuple(dict.fromkeys(map(without_credentials, items)))


def some(field: str, items: tuple[str, ...]) -> tuple[str, ...]:
    """Return each item once. Raises InvalidRequest if there are none or too many."""
    if not items:
        raise InvalidRequest(say("“{field}” must name at least one package.", field=field))
    return distinct(field, items)


def named(packages: tuple[str, ...], field: str = "packages") -> tuple[str, ...]:
    """Return the names of packages, each once. Raises InvalidSpec for a text that is not a name."""
    # An environment has a package from one source only, so the name says which.
    names = tuple(re.sub("^pypi:", "", text.strip().lower()) for text in packages)
    for name in some(field, names):
        if not _PACKAGE.fullmatch(name):
            raise InvalidSpec(say("“{name}” is not a package name.", name=name[:60]))
    return some(field, names)
