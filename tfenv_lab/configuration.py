"""What the settings may hold, and what is said of those that cannot be used.

traitlets gives up a whole configuration where one value is bad, and Jupyter loads the extension all the same, with
every setting at its default. So a slip in one line would take away a protection that stands in another.
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
from traitlets import Bool, Container, Int, List, TraitError, Unicode
from traitlets.config import Config
from traitlets.config.loader import DeferredConfig, LazyConfigValue

from .conda.settings.channels import can_be
from .disk.reads import BoundedReads
from .environments.protection import is_path
from .errors import Misconfigured
from .kernels.naming import is_format

if TYPE_CHECKING:
    from jupyter_core.application import JupyterApp
    from traitlets import TraitType

#: Sections of a configuration that this package reads.
_SECTIONS = ("TfenvLab", "TfenvApp", "TfenvCommand")
#: What the name of a channel or an environment never holds; a list that was written as a text does.
_NO_NAME = re.compile(r"[\s,;:#'\"\[\](){}]")


@dataclass(frozen=True)
class Fault:
    """Something wrong with the configuration; ``refuses``: the extension must not work until it is corrected."""

    message: str
    refuses: bool


class Unfit(TraitError):
    """A value that its trait does not take; the text goes on after the trait's name and quotes no credentials."""


class Texts(List[str]):
    """A list of texts; ``fault`` returns what is wrong with one of them, or None."""

    def __init__(self, fault: Callable[[str], str | None], **kwargs: Any) -> None:
        super().__init__(Unicode(), **kwargs)
        self._fault = fault

    def validate(self, obj: Any, value: Any) -> list[str]:
        """Return the list, or raise Unfit. No item is quoted: it can be a URL with a password.

        traitlets makes a list of a single text before this.
        """
        if not isinstance(value, (list, tuple)):
            raise Unfit(f"must be a list of texts, not {value!r}")
        for number, item in enumerate(value, 1):
            fault = _text_fault(item) or self._fault(item)
            if fault:
                raise Unfit(f"cannot be used: its item {number} {fault}")
        return list(super().validate(obj, value) or [])


class Folder(Unicode[str, "str | bytes"]):
    """An absolute path of a directory, there or not; ``~`` is a home, and an empty text is the default."""

    def validate(self, obj: Any, value: Any) -> str:
        """Return the text, or raise Unfit."""
        text = str(super().validate(obj, value))
        fault = _folder_fault(text) if text else None
        if fault:
            raise Unfit(f"cannot be {text!r}: it {fault}")
        return text


class DisplayName(Unicode[str, "str | bytes"]):
    """A format of what a kernel is called."""

    def validate(self, obj: Any, value: Any) -> str:
        """Return the format, or raise Unfit."""
        text = str(super().validate(obj, value))
        if not is_format(text):
            raise Unfit(f"cannot be {text!r}: it must be a text with fields such as {{name}} and {{version}}")
        return text


def _text_fault(item: Any) -> str | None:
    if not isinstance(item, str):
        return "is not a text"
    if not item.strip():
        return "is empty"
    return "begins or ends with a space" if item != item.strip() else None


def channel_fault(text: str) -> str | None:
    """Return why a text cannot be a channel, or None."""
    if not can_be(text):
        return "is a URL without a host, or with a port that is none"
    is_folder = re.match(r"[/.~]|[A-Za-z]:[\\/]|file:", text)
    if not is_folder and (re.search(r"\s", text) if "://" in text else _NO_NAME.search(text)):
        return "is not the name or URL of one channel: it holds a space, a comma or the like"
    return None


def environment_fault(text: str) -> str | None:
    """Return why a text names no environment, or None."""
    if is_path(text):
        return _path_fault(text)
    # Several names in one text would protect none of them.
    return "is not one name: it holds a space, a comma or the like; give a path" if _NO_NAME.search(text) else None


def _path_fault(text: str) -> str | None:
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        return "names the home of a user who does not exist"
    if "\0" in text:
        return "is not a path"
    # What a relative path means would depend on where the server was started.
    return None if path.is_absolute() else "is a relative path: begin it with the root or with ~"


def _folder_fault(text: str) -> str | None:
    fault = _path_fault(text)
    if fault:
        return fault
    path = Path(text).expanduser()
    # A drive that does not answer, or may not be read, can be one that is not there yet.
    is_blocked = _is_blocked.run([path], before_serving=True)[path] is True
    return "is, or is below, something that is not a directory" if is_blocked else None


def _blocked(path: Path) -> bool:
    return not next(place for place in (path, *path.parents) if place.exists()).is_dir()


_is_blocked = BoundedReads(_blocked)


def _check_change(trait: TraitType[Any, Any], change: LazyConfigValue) -> None:
    """Raise Unfit where a change to a trait's default, such as ``append``, is of a kind that traitlets drops."""
    if isinstance(trait, List) and "update" in change.to_dict():
        raise Unfit("is a list: add to it with append() or extend(), not with add() or update()")
    if not isinstance(trait, Container) and change.to_dict():
        raise Unfit("is a single value: set it with =")


def _explain(trait: TraitType[Any, Any], value: Any, error: Exception) -> str:
    """Return why a trait does not take a value, to follow the trait's name."""
    if isinstance(error, Unfit):
        return str(error)
    if isinstance(error, TraitError):
        least = getattr(trait, "min", None)
        whole = "a whole number" + ("" if least is None else f" from {least} up")
        kinds = ((Bool, "True or False"), (Int, whole), (Unicode, "a text"))
        kind = next((text for cls, text in kinds if isinstance(trait, cls)), trait.info())
        return f"must be {kind}, not {value!r}"
    return f"cannot be used: {error}"


def _misspelt_sections(config: Config) -> list[Fault]:
    """Return a fault for each section that looks meant for TfenvLab: nothing reads what is set in it."""
    plain = {key: key.lower().replace("_", "") for key in config if key not in _SECTIONS}
    near = [key for key, text in plain.items() if "tfenv" in text or get_close_matches("tfenvlab", [text], cutoff=0.8)]
    return [Fault(f"{key} is not a section of the configuration; did you mean TfenvLab?", True) for key in near]


def unread(app: JupyterApp, names: Collection[str], given: str = "") -> list[Fault]:
    """Return a fault for each configuration file that ``app`` passed over because it fails.

    ``names`` are the files' names without their ending, ``given`` a file that the command line names. traitlets only
    logs such a failure. A file with nothing in it is not on its list of loaded ones either, so what is missing there
    is read once more; a file that was read is never run again.
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
    """Return the error that every call meets, which names every fault; None where none of them is serious."""
    faults = list(faults)
    if not any(fault.refuses for fault in faults):
        return None
    return Misconfigured(
        " ".join(dict.fromkeys(fault.message for fault in faults)),
        "Until this is corrected no environment is listed or changed, because a protection could be missing.",
    )


class CheckedApp(ExtensionApp):
    """An extension that takes each of its settings by itself, and knows what is wrong with the others.

    What is wrong is serious unless the trait is tagged ``harmless``.
    """

    def __init__(self, **kwargs: Any) -> None:
        #: Why a setting cannot be used, by its name; traitlets loads the configuration in its own __init__.
        self._unfit: dict[str, str] = {}
        super().__init__(**kwargs)

    def _load_config(
        self, cfg: Config, section_names: list[str] | None = None, traits: dict[str, Any] | None = None
    ) -> None:
        """Take every value by itself, so that a bad one leaves the others in force, and keep what is wrong with it.

        traitlets calls this for every source, the stronger ones later: a good value there makes up for a bad one.
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
        """What is wrong with the settings."""
        return [*map(self._fault, self._unfit), *_misspelt_sections(self.config)]

    @property
    def warnings(self) -> list[str]:
        """What is wrong with the settings and does no harm."""
        return [fault.message for fault in self.faults if not fault.refuses]

    def _fault(self, name: str) -> Fault:
        message = f"{type(self).__name__}.{name} {self._unfit[name]}"
        trait = self.traits(config=True).get(name)
        if trait is None:
            own = self.class_own_traits(config=True)
            near = get_close_matches(name, own)
            guess = f"; did you mean {' or '.join(near)}?" if near else "."
            # A protection with its name misspelt is no protection.
            return Fault(message + guess, any(not own[other].metadata.get("harmless") for other in near))
        if trait.metadata.get("harmless"):
            return Fault(f"{message}. {getattr(self, name)!r} is used instead.", False)
        return Fault(f"{message}.", True)
