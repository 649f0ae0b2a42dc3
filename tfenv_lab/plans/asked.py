"""Say in a few words what a plan request asks, for the history of the environment."""

from __future__ import annotations

from collections.abc import Iterable

from .. import plan_requests as requests
from ..sentences import say, some
from ..tensorflow_packages import DISTRIBUTIONS, LEADS

_SHOWN = 4
_TITLES = {**dict.fromkeys((*LEADS, *DISTRIBUTIONS), "TensorFlow"), "keras": "Keras", "python": "Python"}


def asked(request: requests.ChangeRequest, name: str) -> str:
    """Return what a request asks, as the label of a menu item: “Remove h5py”.

    ``name`` is that of the environment that the request is about.
    """
    match request:
        case requests.Create():
            named: list[str] = [f"TensorFlow {request.tensorflow}"] if request.tensorflow else []
            named += [f"Python {request.python}"] if request.python else []
            named += [f"Keras {request.keras}"] if isinstance(request.keras, str) else []
            named += request.packages
            return say("Create with {named}", named=some(named, _SHOWN)) if named else say("Create")
        case requests.Install():
            text = say("Install {specs}", specs=some(request.specs, _SHOWN))
            if request.remove:
                text += say("; remove {packages}", packages=_titles(request.remove))
        case requests.Update():
            text = (
                say("Update all packages")
                if request.packages == requests.ALL
                else say("Update {packages}", packages=_titles(request.packages))
            )
        case requests.Remove():
            text = say("Remove {packages}", packages=_titles(request.packages))
        case requests.Clone():
            text = say("Copy {name}", name=name)
        case requests.Overlay():
            named = list(request.packages)
            text = say("Create with {named}", named=some(named, _SHOWN)) if named else say("Create")
        case requests.Rename():
            text = say("Rename {name} to {new}", name=name, new=request.name)
        case requests.Import():
            text = say("Import from {file}", file=request.file) if request.file else say("Import")
        case requests.Match():
            text = say("Match {file}", file=request.file) if request.file else say("Match a lock")
        case requests.Revert():
            text = say("Revert to revision {revision}", revision=request.revision)
        case requests.Repair():
            text = say("Repair")
    into = getattr(request, "into", None)
    return say("{text}, in a copy of {name}", text=text, name=name) if into else text


def _titles(names: Iterable[str]) -> str:
    return some(list(dict.fromkeys(_TITLES.get(name, name) for name in names)), _SHOWN)
