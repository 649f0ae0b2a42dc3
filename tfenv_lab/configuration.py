"""Validate the configuration, and explain which settings cannot be used.

If one value is invalid, traitlets drops the whole configuration, and Jupyter still loads the extension with every
setting at its default. Without this module, a slip in one line would disable a protection that another line sets.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Container, Int, List, TraitError, TraitType, Unicode
from traitlets.config import Config
from traitlets.config.loader import DeferredConfig, LazyConfigValue

from .conda.settings.channels import can_be
from .disk.reads import BoundedReads
from .environments.protection import is_path
from .errors import Misconfigured
from .kernels.naming import is_format
from .sentences import bytes_in

if TYPE_CHECKING:
    from jupyter_core.application import JupyterApp

#: Sections of the configuration that this package reads.
_SECTIONS = ("TfenvLab", "TfenvApp", "TfenvCommand")
#: Characters that no name of a channel or environment contains, but a list written as one string does.
_NO_NAME = re.compile(r"[\s,;:#'\"\[\](){}]")


@dataclass(frozen=True)
class Fault:
    """A fault in the configuration. If it ``refuses``, the extension must not serve until it is corrected."""

    message: str
    refuses: bool


class Unfit(TraitError):
    """An invalid value of a trait. The message continues the trait's name and quotes no credentials."""


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


def _check_change(trait: TraitType[Any, Any], change: LazyConfigValue) -> None:
    """Raise Unfit if traitlets would silently drop a change to a trait's default, such as ``add`` to a list."""
    if isinstance(trait, List) and "update" in change.to_dict():
        raise Unfit("is a list: add to it with append() or extend(), not with add() or update()")
    if not isinstance(trait, Container) and change.to_dict():
        raise Unfit("is a single value: set it with =")


def _explain(trait: TraitType[Any, Any], value: Any, error: Exception) -> str:
    """Return why a value is invalid for a trait, worded to follow the trait's name."""
    if isinstance(error, Unfit):
        return str(error)
    if isinstance(error, TraitError):
        least = getattr(trait, "min", None)
        whole = "a whole number" + ("" if least is None else f" of at least {least}")
        kinds = ((Bool, "True or False"), (Int, whole), (Unicode, "a string"))
        kind = next((text for cls, text in kinds if isinstance(trait, cls)), trait.info())
        return f"must be {kind}, not {value!r}"
    return f"cannot be used: {str(error) or type(error).__name__}"


def _words(name: str) -> set[str]:
    """Return the first letters of the words in a name, so that “channel” matches “channels”."""
    return {word[:6] for word in name.lower().split("_") if len(word) > 3}


def _misspelled_sections(config: Config) -> list[Fault]:
    """Return a fault for each section that looks like a misspelled TfenvLab, because nothing reads its settings."""
    plain = {key: key.lower().replace("_", "") for key in config if key not in _SECTIONS}
    near = [key for key, text in plain.items() if "tfenv" in text or get_close_matches("tfenvlab", [text], cutoff=0.75)]
    return [Fault(f"{key} is not a section of the configuration; did you mean TfenvLab?", True) for key in near]


def unread(app: JupyterApp, names: Collection[str], given: str = "") -> list[Fault]:
    """Return a fault for each configuration file that ``app`` skipped because of an error in it.

    ``names`` are the file names without their extension, and ``given`` is the file named on the command line.
    traitlets only logs such an error. An empty file is missing from its list of loaded files too, so this reads every
    missing file once more; a file that was loaded is never run again.
    """
    faults = []
    loaded = {os.path.realpath(file) for file in app.loaded_config_files}
    stems = [Path(folder, name) for folder in app.config_file_paths for name in names]
    if given:
        stem = Path(given).expanduser().with_suffix("")
        stems.append(stem)
        if not any(stem.with_name(stem.name + ending).is_file() for ending in (".py", ".json")):
            faults.append(Fault(f"The configuration file {given} does not exist.", True))
    for stem in dict.fromkeys(stems):
        for loader, ending in ((app.python_config_loader_class, ".py"), (app.json_config_loader_class, ".json")):
            file = stem.with_name(stem.name + ending)
            if not file.is_file() or os.path.realpath(file) in loaded:
                continue
            try:
                loader(file.name, path=str(file.parent)).load_config()
            except Exception as error:
                why = f"{type(error).__name__}: {error}"
                faults.append(Fault(f"The configuration file {file} cannot be read: {why}.", True))
    return faults


def refusal(faults: Iterable[Fault]) -> Misconfigured | None:
    """Return the error that every call gets, which names every fault, or None if no fault is serious."""
    faults = list(faults)
    if not any(fault.refuses for fault in faults):
        return None
    return Misconfigured(
        " ".join(dict.fromkeys(fault.message for fault in faults)),
        "Until this is corrected, tfenv_lab lists and changes no environment, because a protection could be missing.",
    )


class CheckedApp(ExtensionApp):
    """An extension that applies every valid setting by itself, and knows the faults of the others.

    A fault is serious unless the trait is tagged ``harmless``.
    """

    def __init__(self, **kwargs: Any) -> None:
        #: Why settings cannot be used, by name. It is needed early: traitlets loads the configuration in __init__.
        self._unfit: dict[str, str] = {}
        super().__init__(**kwargs)

    def _load_config(
        self, cfg: Config, section_names: list[str] | None = None, traits: dict[str, Any] | None = None
    ) -> None:
        """Load every value by itself, so that an invalid one leaves the others in force, and remember its fault.

        traitlets calls this for every source, the strongest last: a valid value there cancels an earlier fault.
        """
        known = self.traits(config=True)
        for name, value in self._find_my_config(cfg).items():
            if name not in known:
                continue
            try:
                if isinstance(value, DeferredConfig):
                    value = value.get_value(known[name])
                elif isinstance(value, LazyConfigValue):
                    _check_change(known[name], value)
                super()._load_config(Config({type(self).__name__: {name: value}}), section_names, traits)
            except Exception as error:
                self._unfit[name] = _explain(known[name], value, error)
            else:
                self._unfit.pop(name, None)
        for name, value in (cfg.get(type(self).__name__) or {}).items():
            if name not in known and not isinstance(value, Config):
                self._unfit[name] = "is not a setting"

    @property
    def faults(self) -> list[Fault]:
        """Every fault of the settings."""
        return [*map(self._fault, self._unfit), *_misspelled_sections(self.config)]

    @property
    def warnings(self) -> list[str]:
        """Messages of the faults that are not serious."""
        return [fault.message for fault in self.faults if not fault.refuses]

    def _fault(self, name: str) -> Fault:
        message = f"{type(self).__name__}.{name} {self._unfit[name]}"
        trait = self.traits(config=True).get(name)
        if trait is None:
            own = self.class_own_traits(config=True)
            # “protected” is meant as “protected_environments”, although the spelling is not close.
            near = get_close_matches(name, own) or [other for other in own if _words(name) & _words(other)]
            guess = f"; did you mean {' or '.join(near)}?" if near else "."
            # If the name of a protecting setting is misspelled, nothing is protected.
            return Fault(message + guess, any(not own[other].metadata.get("harmless") for other in near))
        if trait.metadata.get("harmless"):
            return Fault(f"{message}. {getattr(self, name)!r} is used instead.", False)
        return Fault(f"{message}.", True)
