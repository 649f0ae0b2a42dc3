"""Run pip for an interpreter, whether or not that interpreter has one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import ChannelUnreachable, JobFailed, NoSpace, TfenvError
from .interpreter import Interpreter, clean_environment


class PipFailed(Exception):
    """pip ended with an error. ``output``: all it wrote; ``unreachable``: the index did not answer."""

    def __init__(self, output: str) -> None:
        errors = [line for line in output.splitlines() if line.startswith("ERROR:")]
        super().__init__(errors[0].removeprefix("ERROR:").strip() if errors else "pip failed")
        self.output = output
        self.unreachable = "WARNING: Retrying (" in output

    def as_error(self, step: str) -> TfenvError:
        """Return the domain error for a person: which step, and what to do."""
        if "No space left on device" in self.output:
            return NoSpace(f"The disk became full while {step}.", self.output)
        if self.unreachable:
            message = f"While {step}, the package index did not answer."
            hint = "Check the server's network and proxy; “pip config list” shows which index is used."
            return ChannelUnreachable(message, self.output, hint)
        return JobFailed(f"{step[:1].upper()}{step[1:]} failed: {self}", self.output)


def _environment() -> dict[str, str]:
    environment = clean_environment() | {
        # Settings that make sense for installing, and would refuse or ask here.
        "PIP_REQUIRE_VIRTUALENV": "0",
        "PIP_USER": "0",
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    # The running environment's own pip.conf names its indexes; pip reads only the target's.
    own = Path(sys.prefix) / "pip.conf"
    if own.is_file() and "PIP_CONFIG_FILE" not in os.environ:
        environment["PIP_CONFIG_FILE"] = str(own)
    return environment


def run(
    interpreter: Interpreter,
    arguments: Sequence[str],
    on_line: Callable[[str], None],
    temporary: Path | None = None,
) -> None:
    """Run this environment's pip under ``interpreter``, so that tags and markers are that one's.

    Every line of its output is handed to ``on_line``. What it downloads lies below ``temporary`` at first (default:
    where the system has temporary files). Raises PipFailed.
    """
    command = [sys.executable, "-m", "pip", "--python", str(interpreter.executable), *arguments]
    lines: list[str] = []
    places = {} if temporary is None else dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
    with subprocess.Popen(  # noqa: S603
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=_environment() | places,
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            on_line(line.strip())
    if process.returncode:
        raise PipFailed("".join(lines))
