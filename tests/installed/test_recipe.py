"""The conda recipe packs the wheel, and its tests pass with the package.

A channel for the test has the packages that it needs: a Python that is the one of this machine, and stand-ins whose
modules come from a virtual environment.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tfenv_lab._version import __version__

from .. import python_package
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON, SITE
from .conftest import PYTHONS, ROOT, Installation

RECIPE: dict[str, Any] = YAML(typ="safe").load((ROOT / "recipe" / "recipe.yaml").read_text(encoding="utf-8"))
#: Render and build the recipe, and run its tests, with the library of rattler-build.
_BUILD = """
import sys
from rattler_build import Stage0Recipe, ToolConfiguration

[variant] = Stage0Recipe.from_file(sys.argv[1]).render()
tests = ToolConfiguration(test_strategy="native")
print(*variant.run_build(tests, output_dir=sys.argv[2], channels=[sys.argv[3]]).packages)
"""


def test_its_version_is_that_of_the_package() -> None:
    assert RECIPE["context"]["version"] == __version__


def test_it_needs_what_the_wheel_needs_and_nb_conda_kernels() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text.partition("\ndependencies = [")[2].partition("\n]")[0]
    wheel = {re.split(r"[;]", line)[0].strip() for line in re.findall(r'^    "(.+?)",', block, re.MULTILINE)}
    recipe = {need.replace(" ", "") for need in RECIPE["requirements"]["run"]}
    assert recipe - wheel == {"python>=3.10", "nb_conda_kernels>=2.5"}
    assert wheel <= recipe


def test_it_builds_from_the_wheel_and_its_tests_pass(tmp_path: Path, wheel: Path) -> None:
    if PYTHON not in PYTHONS:
        pytest.skip(f"CPython {PYTHON} is not on this machine")
    tool = Installation(tmp_path / "tool", PYTHONS[PYTHON], "py-rattler-build>=0.73")
    needs = Installation(tmp_path / "needs", PYTHONS[PYTHON], wheel)
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "recipe", tree / "recipe")
    shutil.copy2(ROOT / "LICENSE", tree / "recipe")
    (tree / "dist").mkdir()
    shutil.copy2(wheel, tree / "dist")

    channel = TinyChannel(tmp_path / "channel")
    python_package.add(channel, tmp_path / "pip", links={f"bin/python{PYTHON}": "python"})
    [modules] = needs.prefix.glob("lib/python*/site-packages")
    program = '#!/bin/sh\nexec "$(dirname "$0")/python" -m {} "$@"\n'
    stand_ins = {"bin/jupyter": program.format("jupyter"), "bin/jupyter-server": program.format("jupyter_server")}
    for need in RECIPE["requirements"]["run"]:
        name, _, versions = need.partition(" ")
        if name != "python":
            oldest = re.split(r"[>=,<]+", versions)[1]
            files = {f"{SITE}/needs.pth": f"{modules}\n", **stand_ins} if name == "jupyter_server" else {}
            channel.add(name, oldest, noarch="generic", files=files, executable=list(files))
    channel.index()

    arguments = (tree / "recipe" / "recipe.yaml", tmp_path / "output", channel.url)
    command = [str(tool.python), "-c", _BUILD, *map(str, arguments)]
    variables = {**tool.variables, "RATTLER_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(command, env=variables, cwd=tree, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    [package] = (tmp_path / "output" / "noarch").glob(f"tfenv_lab-{__version__}-*.conda")
    assert package.name in done.stdout
    with zipfile.ZipFile(package) as archive:
        assert len(archive.namelist()) == 3
