"""Write typed values as JSON and read them back: requests, settings, plans, jobs and the worker's messages.

msgspec reads dataclasses, typed dictionaries and unions (by a tag), and checks every type. This module adds paths,
which JSON does not have.
"""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

import msgspec

from .sentences import Sentence

#: Raised if JSON does not match its type; the message names the field, as in ``- at `$.packages[0]```.
Unreadable = msgspec.DecodeError

_TOO_DEEP = "The JSON is nested too deeply."
#: Decoders by type. msgspec describes a class when it first reads it. A thread that reads the class before another one
#: has completed the description crashes the process, so decoders are made one at a time, before anything is read.
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}
_making = threading.Lock()


def dumps(value: Any) -> bytes:
    """Return a value as one line of JSON, without the newline."""
    return msgspec.json.encode(value, enc_hook=_encode)


def loads(text: bytes, kind: Any) -> Any:
    """Read a value of a type, or of a union of types, from JSON. Raises Unreadable."""
    try:
        return _decoder(kind).decode(text)
    except RecursionError as error:
        raise Unreadable(_TOO_DEEP) from error


def parse(text: str | bytes) -> Any:
    """Return what JSON contains, of any form.

    Raises ValueError if it is not JSON, is nested too deeply to read, or has a string that is not valid Unicode.
    """
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    # Escapes can form half of a surrogate pair, which cannot be written as UTF-8.
    escaped = re.search(r"\\u[dD]", text) if isinstance(text, str) else re.search(rb"\\u[dD]", text)
    if escaped:
        json.dumps(found, ensure_ascii=False).encode()
    return found


def to_json(value: Any) -> Any:
    """Return a value as plain JSON data: dictionaries, lists, strings, numbers, booleans and None."""
    return msgspec.json.decode(dumps(value))


def convert(body: Any, kind: Any) -> Any:
    """Read a value of a type from JSON that is already parsed. Raises Unreadable."""
    _decoder(kind)
    return msgspec.convert(body, kind, dec_hook=_decode)


def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    found = _decoders.get(kind)
    if found is None:
        with _making:
            found = _decoders[kind] = _decoders.get(kind) or msgspec.json.Decoder(kind, dec_hook=_decode)
    return found


def _encode(value: Any) -> str:
    if isinstance(value, (Path, Sentence)):
        return str(value)
    raise NotImplementedError(f"{type(value)} cannot be written as JSON")


def _decode(kind: type[Any], value: Any) -> Any:
    if issubclass(kind, Path) and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(f"{kind} cannot be read from JSON")
