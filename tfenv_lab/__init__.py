"""TensorFlow environments for JupyterLab: the version, and the entry points that Jupyter looks for."""

from __future__ import annotations

from typing import Any

from ._version import __version__ as __version__


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "tfenv-lab"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from .app import TfenvLab

    return [{"module": "tfenv_lab.app", "app": TfenvLab}]
