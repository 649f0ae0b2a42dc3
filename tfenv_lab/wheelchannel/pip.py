"""Run pip for an interpreter, even if that interpreter has no pip."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import ChannelUnreachable, JobFailed, NoSpace, TfenvError
from ..processes import module_arguments, without_python_variables
from .interpreter import Interpreter


class PipFailed(Exception):
    """A failed run of pip. ``output`` is all its output; ``unreachable`` means that the index did not answer."""

    def __init__(self, output: str) -> None:
        errors = [line for line in output.splitlines() if line.startswith("ERROR:")]
        super().__init__(errors[0].removeprefix("ERROR:").strip() if errors else "pip failed")
        self.output = output
        self.unreachable = "WARNING: Retrying (" in output

    def as_error(self, step: str) -> TfenvError:
        """Return the error for the user, which names the step (a phrase such as “downloading wheels”)."""
        if "No space left on device" in self.output:
            return NoSpace(f"The disk filled up while {step}.", self.output)
        if self.unreachable:
            message = f"The package index did not answer while {step}."
            hint = "Check the server's network and proxy; “pip config list” shows the index."
            return ChannelUnreachable(message, self.output, hint)
        return JobFailed(f"{step[:1].upper()}{step[1:]} failed: {self}", self.output)


def _environment() -> dict[str, str]:
    environment = without_python_variables() | {
        # Override settings that suit installing, but would make pip refuse or ask here.
        "PIP_REQUIRE_VIRTUALENV": "0",
        "PIP_USER": "0",
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    # pip reads only the pip.conf of the target, but that of the running environment names the indexes.
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
    """Run this environment's pip under ``interpreter``, so that pip uses the tags and markers of ``interpreter``.

    Pass every line of output to ``on_line``. ``temporary`` is the directory for unfinished downloads (default: the
    system's directory for temporary files). Raises PipFailed.
    """
    command = [sys.executable, *module_arguments("pip"), "--python", str(interpreter.executable), *arguments]
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
