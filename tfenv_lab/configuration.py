"""Validate the configuration, and explain which settings cannot be used.

If one value is invalid, traitlets drops the whole configuration, and Jupyter still loads the extension with every
setting at its default. Without this module, a slip in one line would disable a protection that another line sets.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets import Bool, Container, Int, List, TraitError, TraitType, Unicode
from traitlets.config import Config, LoggingConfigurable
from traitlets.config.loader import DeferredConfig, LazyConfigValue

from .errors import Misconfigured
from .sentences import joined, say
from .traits import Unfit

if TYPE_CHECKING:
    from jupyter_core.application import JupyterApp

#: Sections of the configuration that this package reads. The first one has the settings.
_SECTIONS = ("TfenvLab", "TfenvApp", "TfenvCommand")


@dataclass(frozen=True)
class Fault:
    """A fault in the configuration. If it ``refuses``, the extension must not serve until it is corrected."""

    message: str
    refuses: bool


def _check_change(trait: TraitType[Any, Any], change: LazyConfigValue) -> None:
    """Raise Unfit if traitlets would silently drop a change to a trait's default, such as ``add`` to a list."""
    if isinstance(trait, List) and "update" in change.to_dict():
        raise Unfit(say("is a list: add to it with append() or extend(), not with add() or update()"))
    if not isinstance(trait, Container) and change.to_dict():
        raise Unfit(say("is a single value: set it with ="))


def _explain(trait: TraitType[Any, Any], value: Any, error: Exception) -> str:
    """Return why a value is invalid for a trait, worded to follow the trait's name."""
    if isinstance(error, Unfit):
        return error.told
    if isinstance(error, TraitError):
        least = getattr(trait, "min", None)
        most = getattr(trait, "max", None)
        whole = (
            say("a whole number of at least {least} and at most {most}", least=least, most=most)
            if least is not None and most is not None
            else say("a whole number of at least {least}", least=least)
            if least is not None
            else say("a whole number of at most {most}", most=most)
            if most is not None
            else say("a whole number")
        )
        kinds = ((Bool, say("True or False")), (Int, whole), (Unicode, say("a string")))
        kind = next((text for cls, text in kinds if isinstance(trait, cls)), trait.info())
        return say("must be {kind}, not {value}", kind=kind, value=f"{value!r}")
    return say("cannot be used: {error}", error=str(error) or type(error).__name__)


def _is_setting(trait: TraitType[Any, Any]) -> bool:
    """Return whether a trait is a setting of this package, not one that every Jupyter application has."""
    return trait.this_class is not None and issubclass(trait.this_class, CheckedSettings)


def _words(name: str) -> set[str]:
    """Return the first letters of the words in a name, so that “channel” matches “channels”."""
    return {word[:6] for word in name.lower().split("_") if len(word) > 3}


def _misspelled_sections(config: Config) -> list[Fault]:
    """Return a fault for each section that looks like a misspelled TfenvLab, because nothing reads its settings."""
    plain = {key: key.lower().replace("_", "") for key in config if key not in _SECTIONS}
    if not plain:
        return []
    from difflib import get_close_matches

    near = [key for key, text in plain.items() if "tfenv" in text or get_close_matches("tfenvlab", [text], cutoff=0.75)]
    return [
        Fault(say("{key} is not a section of the configuration; did you mean TfenvLab?", key=key), True) for key in near
    ]


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
            faults.append(Fault(say("The configuration file {given} does not exist.", given=given), True))
    for stem in dict.fromkeys(stems):
        for loader, ending in ((app.python_config_loader_class, ".py"), (app.json_config_loader_class, ".json")):
            file = stem.with_name(stem.name + ending)
            if not file.is_file() or os.path.realpath(file) in loaded:
                continue
            try:
                loader(file.name, path=str(file.parent)).load_config()
            except Exception as error:
                why = f"{type(error).__name__}: {error}"
                faults.append(
                    Fault(say("The configuration file {file} cannot be read: {why}.", file=file, why=why), True)
                )
    return faults


def refusal(faults: Iterable[Fault]) -> Misconfigured | None:
    """Return the error that every call gets, which names every fault, or None if no fault is serious."""
    faults = list(faults)
    if not any(fault.refuses for fault in faults):
        return None
    return Misconfigured(
        joined(" ", dict.fromkeys(fault.message for fault in faults)),
        say(
            "Until this is corrected, tfenv_lab lists and changes no environment, because a "
            "protection could be missing."
        ),
    )


class CheckedSettings(LoggingConfigurable):
    """Settings that apply every valid value by itself, and know the faults of the others.

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
                super()._load_config(Config({_SECTIONS[0]: {name: value}}), section_names, traits)
            except Exception as error:
                self._unfit[name] = _explain(known[name], value, error)
            else:
                self._unfit.pop(name, None)
        for name, value in (cfg.get(_SECTIONS[0]) or {}).items():
            if name not in known and not isinstance(value, Config):
                self._unfit[name] = say("is not a setting")

    @property
    def faults(self) -> list[Fault]:
        """Every fault of the settings."""
        return [*map(self._fault, self._unfit), *_misspelled_sections(self.config)]

    @property
    def warnings(self) -> list[str]:
        """Messages of the faults that are not serious."""
        return [fault.message for fault in self.faults if not fault.refuses]

    def _fault(self, name: str) -> Fault:
        message = joined(" ", (f"{_SECTIONS[0]}.{name}", self._unfit[name]))
        trait = self.traits(config=True).get(name)
        if trait is None:
            from difflib import get_close_matches

            own = {key: each for key, each in self.traits(config=True).items() if _is_setting(each)}
            # “protected” is meant as “protected_environments”, although the spelling is not close.
            common = {other: len(_words(name) & _words(other)) for other in own}
            near = get_close_matches(name, own) or [other for other in own if common[other]]
            near = [other for other in near if common[other] == max(common[each] for each in near)]
            guess = say("; did you mean {near}?", near=" or ".join(near)) if near else "."
            # If the name of a protecting setting is misspelled, nothing is protected.
            return Fault(message + guess, any(not own[other].metadata.get("harmless") for other in near))
        if trait.metadata.get("harmless"):
            return Fault(
                say("{message}. {value} is used instead.", message=message, value=f"{getattr(self, name)!r}"), False
            )
        return Fault(message + ".", True)
