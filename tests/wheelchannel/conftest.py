"""Fixtures of the wheel channel's tests: the interpreter that runs them, and a complete channel of tiny wheels."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from tfenv_lab.wheelchannel.interpreter import Interpreter, probe

from .tiny_wheel import make_wheel


@pytest.fixture(scope="session")
def interpreter() -> Interpreter:
    """The interpreter that runs the tests."""
    return probe(Path(sys.executable))


def write_index(directory: Path, tag: str) -> Path:
    """Write a directory of wheels as pip's only index, with two releases that have different dependencies."""
    platform = f"{tag}-{tag}-linux_x86_64"
    cli = "[console_scripts]\nsaved-model = tensorflow.cli:main\n"
    for release, math in (("2.19.0", "math-kit<2"), ("2.19.1", "math-kit<2"), ("2.20.0", "math-kit>=2")):
        package: dict[str, str | bytes] = {
            "tensorflow/__init__.py": f"import math_kit\n__version__ = {release!r}\n",
            "tensorflow/cli.py": "def main():\n    print('saved')\n",
            "tensorflow/core.so": b"\x7fELF" + os.urandom(2 << 20),
        }
        requires = [math, "keras~=3.5", 'windows-only; sys_platform == "win32"']
        make_wheel(
            directory, "tensorflow-cpu", release, tag=platform, requires=requires, files=package, entry_points=cli
        )
    # Requires TensorFlow by its other name, as add-ons of Keras do.
    make_wheel(directory, "tf-keras", "2.19.0", requires=["tensorflow<2.20,>=2.19"])
    make_wheel(directory, "tf-keras", "2.20.0", requires=["tensorflow<2.21,>=2.20"])
    make_wheel(directory, "math-kit", "1.5", tag=platform)
    make_wheel(directory, "math-kit", "2.5", tag=platform)
    make_wheel(directory, "keras", "3.5.1")
    make_wheel(directory, "keras", "4.0")
    make_wheel(directory, "ipykernel", "7.0", requires=["helper[fast]"])
    make_wheel(
        directory,
        "helper",
        requires=['speedy; extra == "fast"'],
        metadata="Provides-Extra: fast",
        entry_points="[console_scripts]\nhelp-me=helper:go\n",
    )
    make_wheel(directory, "speedy")
    make_wheel(directory, "pip", "30.0")
    make_wheel(directory, "later", "1.0")
    return directory


@dataclass(frozen=True)
class Built:
    """A channel that two processes built at the same time. ``errors`` is the standard error of each."""

    directory: Path
    environment: dict[str, str]
    outputs: list[str]
    errors: list[str]

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command again, with the same environment variables."""
        command = [sys.executable, "-m", "tfenv_lab.wheelchannel", "build", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, interpreter: Interpreter) -> Built:
    """A channel with the real Python, built by two commands at once from a directory of tiny wheels."""
    base = tmp_path_factory.getbasetemp()
    # Parallel test processes share one channel: the first builds it, and the others wait.
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "wheelchannel"
    root.mkdir(exist_ok=True)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "XDG_", "CONDA", "RATTLER"))
    }
    environment |= {
        "HOME": str(root / "home"),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(root / "index"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    directory = root / "channel"
    answers = root / "answers.json"
    with FileLock(root / "lock"):
        if not answers.exists():
            write_index(root / "index", interpreter.tag)
            command = [sys.executable, "-m", "tfenv_lab.wheelchannel", "build", str(directory)]
            processes = [
                subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                for _ in range(2)
            ]
            answers.write_text(json.dumps([process.communicate(timeout=300) for process in processes]))
        outputs, errors = zip(*json.loads(answers.read_text()), strict=True)
    return Built(directory, environment, list(outputs), list(errors))
