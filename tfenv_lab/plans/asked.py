"""Say in a few words what a plan request asks, for the history of the environment."""

from __future__ import annotations

from collections.abc import Iterable

from .. import plan_requests as requests
from ..sentences import some
from ..tensorflow_packages import DISTRIBUTIONS, LEADS

_SHOWN = 4
_TITLES = {**dict.fromkeys((*LEADS, *DISTRIBUTIONS), "TensorFlow"), "keras": "Keras", "python": "Python"}


def asked(request: requests.ChangeRequest, name: str) -> str:
    """Return what a request asks, as the label of a menu item: “Remove h5py”.

    ``name`` is that of the environment that the request is about.
    """
    match request:
        case requests.Create():
            named = [f"TensorFlow {request.tensorflow}"] if request.tensorflow else []
            named += [f"Python {request.python}"] if request.python else []
            named += [f"Keras {request.keras}"] if isinstance(request.keras, str) else []
            named += request.packages
            return f"Create with {some(named, _SHOWN)}" if named else "Create"
        case requests.Install():
            text = f"Install {some(request.specs, _SHOWN)}"
            if request.remove:
                text += f"; remove {_titles(request.remove)}"
        case requests.Update():
            text = f"Update {'all packages' if request.packages == requests.ALL else _titles(request.packages)}"
        case requests.Remove():
            text = f"Remove {_titles(request.packages)}"
        case requests.Clone():
            text = f"Copy {name}"
        case requests.Rename():
            text = f"Rename {name} to {request.name}"
        case requests.Import():
            text = f"Import from {request.file}" if request.file else "Import"
        case requests.Match():
            text = f"Match {request.file}" if request.file else "Match a lock"
        case requests.Revert():
            text = f"Revert to revision {request.revision}"
        case requests.Repair():
            text = "Repair"
    into = getattr(request, "into", None)
    return f"{text}, in a copy of {name}" if into else text


def _titles(names: Iterable[str]) -> str:
    return some(list(dict.fromkeys(_TITLES.get(name, name) for name in names)), _SHOWN)
