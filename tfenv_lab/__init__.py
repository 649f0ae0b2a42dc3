"""TensorFlow environments for JupyterLab: the version, and the entry points that Jupyter looks for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ._version import __version__ as __version__


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "tfenv-lab"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    # Every module imports the root of its package, so the root must not import one of them, not even in a function.
    app = import_module("tfenv_lab.app")
    return [{"module": app.__name__, "app": app.TfenvExtension}]
