"""Compare virtual packages under ``CONDA_OVERRIDE_*`` and condarc with those of a real conda.

The conda comes from ``TFENV_CONDA``, ``CONDA_EXE`` or the search path.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tfenv_lab.conda.machine import virtual_packages
from tfenv_lab.conda.settings import condarc

#: Looked up here because a test's clean home directory hides the variables.
CONDA = os.environ.get("TFENV_CONDA") or os.environ.get("CONDA_EXE") or shutil.which("conda")

pytestmark = pytest.mark.skipif(CONDA is None, reason="there is no conda here (TFENV_CONDA names one)")


@pytest.mark.parametrize(
    ("variables", "configured"),
    [
        ({"CUDA": "12.6"}, ""),
        ({"CUDA": "", "GLIBC": "", "ARCHSPEC": "", "LINUX": ""}, ""),
        ({"CUDA": "  ", "GLIBC": " 2.17 ", "ARCHSPEC": "x86_64_v3"}, ""),
        ({"LINUX": "5.15.0-91-generic", "OSX": "14.0", "WIN": "10", "UNIX": "2"}, ""),
        ({"LINUX": "rolling"}, ""),
        ({}, "override_virtual_packages: {cuda: 12.8, glibc: '2.17', linux: 6.1.0-9-amd64}"),
        ({}, "override_virtual_packages: {__cuda: '12.8', glibc: '', CUDA: '11.2', osx: None, unix: '3'}"),
        ({}, "virtual_packages: {cuda: '12.8', archspec: x86_64_v2}"),
        ({"CUDA": ""}, "override_virtual_packages: {cuda: '12.8'}"),
        ({"CUDA": "11.8"}, "override_virtual_packages: {cuda: '12.8', archspec: ''}"),
        ({"GLIBC": "2.28", "SUBDIR": "linux-aarch64"}, ""),
        ({"OSX": "14.2", "SUBDIR": "osx-arm64"}, ""),
        ({"OSX": "", "SUBDIR": "osx-64"}, "override_virtual_packages: {osx: '13', cuda: '12.8'}"),
        ({"SUBDIR": "win-64"}, "override_virtual_packages: {win: '10.0.1', glibc: '2.17'}"),
    ],
)
def test_virtual_packages_equal_those_of_conda(
    variables: dict[str, str], configured: str, clean_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv("CONDA_SUBDIR" if name == "SUBDIR" else f"CONDA_OVERRIDE_{name}", value)
    (clean_home / ".condarc").write_text(configured, encoding="utf-8")
    done = subprocess.run([str(CONDA), "info", "--json"], capture_output=True, text=True, check=True)
    expected = {name: (version, build) for name, version, build in json.loads(done.stdout)["virtual_pkgs"]}
    del expected["__conda"]
    found = {
        package["name"]: (package["version"], package["build"])
        for package in virtual_packages.describe(virtual_packages.detect(virtual_packages.overrides(condarc.load())))
    }
    if not any("archspec" in text.lower() for text in (*variables, configured)) and "SUBDIR" not in variables:
        # The two libraries name this machine's processor differently.
        assert expected.pop("__archspec")[0] == found.pop("__archspec")[0]
    assert found == expected
