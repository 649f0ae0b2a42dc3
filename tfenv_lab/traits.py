"""Types of traits for the configuration. Their errors say what is wrong with a value, and quote no credentials."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from traitlets import List, TraitError, TraitType, Unicode

from .conda.settings.channels import can_be
from .disk.reads import BoundedReads
from .environment_names import is_path
from .kernels.naming import is_format
from .sentences import bytes_in

#: Characters that no name of a channel or environment contains, but a list written as one string does.
_NO_NAME = re.compile(r"[\s,;:#'\"\[\](){}]")


class Unfit(TraitError):
    """An invalid value of a trait. The message continues the trait's name and quotes no credentials."""

    def __init__(self, told: str) -> None:
        super().__init__(told)
        self.told = told


class Texts(List[str]):
    """A trait that is a list of strings. ``fault`` returns what is wrong with an item, or None."""

    def __init__(self, fault: Callable[[str], str | None], **kwargs: Any) -> None:
        super().__init__(Unicode(), **kwargs)
        self._fault = fault

    def validate(self, obj: Any, value: Any) -> list[str]:
        """Return the list, or raise Unfit without quoting an item, which can be a URL with a password.

        traitlets has already turned a single string into a list.
        """
        if not isinstance(value, (list, tuple)):
            raise Unfit(f"must be a list of strings, not {value!r}")
        for number, item in enumerate(value, 1):
            fault = _text_fault(item) or self._fault(item)
            if fault:
                raise Unfit(f"cannot be used: item {number} {fault}")
        return list(super().validate(obj, value) or [])

    def from_string_list(self, s_list: list[str]) -> list[Any]:
        """Return the items of a command line, which names each with an option, or writes a list as in Python."""
        found: list[Any] = []
        for text in s_list:
            found += _items(text) if text.strip()[:1] in ("[", "(") else [text]
        return found

    def from_string(self, s: str) -> list[Any]:
        """Return the items of a single option, in the same forms."""
        return self.from_string_list([s])


def _items(text: str) -> list[Any]:
    try:
        found = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        found = None
    if not isinstance(found, (list, tuple)):
        raise Unfit("must be a list of strings, as in ['a', 'b']")
    return list(found)


class Folder(Unicode[str, "str | bytes"]):
    """A trait that is the absolute path of a directory, which need not exist.

    ``~`` stands for a home directory. An empty string means the default.
    """

    def validate(self, obj: Any, value: Any) -> str:
        """Return the path as it was written, or raise Unfit."""
        text = str(super().validate(obj, value))
        fault = _folder_fault(text) if text else None
        if fault:
            raise Unfit(f"cannot be {text!r}: it {fault}")
        return text


class Pattern(Unicode[str, "str | bytes"]):
    """A trait that is a regular expression. An empty string matches nothing."""

    def validate(self, obj: Any, value: Any) -> str:
        """Return the expression, or raise Unfit."""
        text = str(super().validate(obj, value))
        try:
            re.compile(text)
        except re.error as error:
            raise Unfit(f"cannot be {text!r}: it is not a regular expression ({error})") from error
        return text


class DisplayName(Unicode[str, "str | bytes"]):
    """A trait that is the format of a kernel's display name."""

    def validate(self, obj: Any, value: Any) -> str:
        """Return the format, or raise Unfit."""
        text = str(super().validate(obj, value))
        if not is_format(text):
            raise Unfit(f"cannot be {text!r}: it must be a format with fields such as {{name}} and {{version}}")
        return text


class Bytes(TraitType["int | str", "int | str"]):
    """A trait that is a number of bytes, or a text with a unit such as ``"20 GB"``."""

    info_text = 'a number of bytes of at least 0, or a text with a unit such as "20 GB"'

    def validate(self, obj: Any, value: Any) -> int | str:
        """Return the value as it was written, or raise Unfit."""
        try:
            if isinstance(value, (int, str)) and not isinstance(value, bool):
                bytes_in(value)
                return value
        except ValueError:
            pass
        raise Unfit(f"must be {self.info_text}, not {value!r}")

    def from_string(self, s: str) -> str:
        """Return the value of a command line's option."""
        return s


class Clusters(TraitType["dict[str, str]", "dict[str, str]"]):
    """A trait that is a dictionary of the addresses of clusters by their names."""

    info_text = "a dictionary of addresses by name, as in {'gpu': 'tls://10.0.0.1:8786'}"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__({}, **kwargs)

    def validate(self, obj: Any, value: Any) -> dict[str, str]:
        """Return the dictionary, or raise Unfit."""
        if not isinstance(value, dict):
            raise Unfit(f"must be {self.info_text}, not {value!r}")
        for name, address in value.items():
            if not isinstance(name, str) or not re.fullmatch(r"[\w.+-]{1,64}", name):
                raise Unfit(f"has the name {name!r}, but names have 1 to 64 letters, digits and _ . + -")
            fault = _text_fault(address) or (None if "://" in address else "is not one such as tls://10.0.0.1:8786")
            if fault:
                raise Unfit(f"cannot be used: the address of {name!r} {fault}")
        return dict(value)

    def from_string(self, s: str) -> dict[str, str]:
        """Return the value of a command line's option, which is written as in Python."""
        try:
            found = ast.literal_eval(s.strip())
        except (ValueError, SyntaxError):
            found = s
        return self.validate(None, found)


class IndexPlace(Unicode[str, "str | bytes"]):
    """A trait that is the URL or the absolute path of a package index. An empty string means the default."""

    def validate(self, obj: Any, value: Any) -> str:
        """Return the place as it was written, or raise Unfit without quoting it, because it can have a password."""
        if not isinstance(value, str):
            raise Unfit("must be a string")
        fault = (_text_fault(value) or index_fault(value)) if value else None
        if fault:
            raise Unfit(f"cannot be used: it {fault}")
        return str(super().validate(obj, value))


def _text_fault(item: Any) -> str | None:
    if not isinstance(item, str):
        return "is not a string"
    if not item.strip():
        return "is empty"
    return "begins or ends with a space" if item != item.strip() else None


def channel_fault(text: str) -> str | None:
    """Return why a string cannot name a channel, or None if it can."""
    if not can_be(text):
        return "is a URL without a host or with an invalid port"
    is_folder = re.match(r"[/.~]|[A-Za-z]:[\\/]|file:", text)
    if not is_folder and (re.search(r"\s", text) if "://" in text else _NO_NAME.search(text)):
        return "is not the name or URL of a single channel: it contains a space, a comma or a similar character"
    return None


def index_fault(text: str) -> str | None:
    """Return why a string cannot name a package index, or None if it can: by a URL, or by the path of a directory."""
    if "://" not in text:
        return _path_fault(text) if is_path(text) else "is neither a URL nor an absolute path"
    if re.search(r"\s", text) or text.count("://") > 1:
        return "is not a single URL"
    if not re.match(r"(?:https?|file)://", text):
        return "is a URL that does not begin with https://, http:// or file://"
    return None if can_be(text) else "is a URL without a host or with an invalid port"


def environment_fault(text: str) -> str | None:
    """Return why a string cannot name an environment, or None if it can."""
    if is_path(text):
        return _path_fault(text)
    # A string that lists several names would protect none of them.
    fault = "is not a single name: it contains a space, a comma or a similar character; give a path instead"
    return fault if _NO_NAME.search(text) else None


def variable_pattern_fault(text: str) -> str | None:
    """Return why a string is not the name of a variable or a pattern for names, or None if it is one."""
    # A string that lists several names would exclude none of them.
    fault = "is not a name or pattern: only letters, digits, underscores and the wildcards * and ? are allowed"
    return None if re.fullmatch(r"[A-Za-z0-9_*?]+", text) else fault


def _path_fault(text: str) -> str | None:
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        return "names the home directory of a user who does not exist"
    if "\0" in text:
        return "is not a path"
    # The meaning of a relative path would depend on the directory in which the server was started.
    return None if path.is_absolute() else "is a relative path; use an absolute path or one that begins with ~"


def _folder_fault(text: str) -> str | None:
    fault = _path_fault(text)
    if fault:
        return fault
    path = Path(text).expanduser()
    # A drive that does not answer or cannot be read may not be mounted yet.
    is_blocked = _is_blocked.run([path], before_serving=True)[path] is True
    return "is not a directory, or one of its parents is not a directory" if is_blocked else None


def _blocked(path: Path) -> bool:
    return not next(place for place in (path, *path.parents) if place.exists()).is_dir()


_is_blocked = BoundedReads(_blocked)
