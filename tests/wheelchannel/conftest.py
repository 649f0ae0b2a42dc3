"""Fixtures of the local channel's tests: the interpreter that runs them, and a complete channel."""

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

from .fake_python import facts, program


@pytest.fixture(scope="session")
def interpreter() -> Interpreter:
    """The interpreter that runs the tests."""
    return probe(Path(sys.executable))


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
    """A channel of a machine that has the running Python and a Python 3.99 that cannot be packed."""
    base = tmp_path_factory.getbasetemp()
    # Parallel test processes share one channel: the first builds it, and the others wait.
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "wheelchannel"
    root.mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYENV", "XDG_", "UV_"))}
    environment |= {
        "HOME": str(root / "home"),
        "PATH": os.pathsep.join((str(root / "bin"), str(Path(sys.executable).parent), os.defpath)),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    directory = root / "channel"
    answers = root / "answers.json"
    with FileLock(root / "lock"):
        if not answers.exists():
            program(root / "bin/python3.99", facts("3.99"))
            command = [sys.executable, "-m", "tfenv_lab.wheelchannel", "build", str(directory)]
            processes = [
                subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                for _ in range(2)
            ]
            answers.write_text(json.dumps([process.communicate(timeout=300) for process in processes]))
        outputs, errors = zip(*json.loads(answers.read_text()), strict=True)
    return Built(directory, environment, list(outputs), list(errors))
