"""The real nb_conda_kernels; tests that need it are skipped if it is not available.

It is not on PyPI. If it cannot be imported, ``TFENV_NB_CONDA_KERNELS`` names a directory with the package, such as a
checkout of its repository. ``TFENV_CONDA`` names a conda that is not on PATH.
"""

from __future__ import annotations

import importlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

#: Read at import, before a test's clean home hides the variables.
FOLDER = os.environ.get("TFENV_NB_CONDA_KERNELS")
CONDA = os.environ.get("TFENV_CONDA") or os.environ.get("CONDA_EXE") or shutil.which("conda")


def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the class ``CondaKernelSpecManager``, with a real conda for it to run."""
    if FOLDER:
        monkeypatch.syspath_prepend(FOLDER)
    try:
        module = importlib.import_module("nb_conda_kernels.manager")
    except ImportError:
        pytest.skip("nb_conda_kernels is not here (TFENV_NB_CONDA_KERNELS names a directory that holds it)")
    if CONDA is None:
        pytest.skip("there is no conda for nb_conda_kernels to ask (TFENV_CONDA names one)")
    monkeypatch.setattr(module, "CONDA_EXE", CONDA)
    return module.CondaKernelSpecManager


def below(manager: Any, folder: Path) -> dict[str, dict[str, Any]]:
    """Return the kernelspecs that the manager lists of environments below ``folder``, by name."""
    found = {name: entry["spec"] for name, entry in manager.get_all_specs().items()}
    return {
        name: spec
        for name, spec in found.items()
        if str(spec["metadata"].get("conda_env_path", "")).startswith(f"{folder}/")
    }
