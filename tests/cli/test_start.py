"""Test that a command starts without what it does not need, because imports are most of its time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ..prefixes import make_prefix
from ..tiny_channel import TinyChannel

#: What only a server needs.
SERVER = {"jupyter_server", "jupyter_events", "jupyter_client", "jsonschema", "tornado"}
#: What only those need that ask channels and indexes, or change environments.
ENGINE = {"rattler", "requests", "urllib3", "psutil", "tfenv_lab.jobs.service", "tfenv_lab.plans.service"}
#: What is not needed to name environments and packages.
REQUIREMENTS = {"packaging", "tfenv_lab.environments.why", "tfenv_lab.cli.changes"}
#: The modules that each command must not import.
FORBIDDEN = {
    ("list",): SERVER | ENGINE | REQUIREMENTS,
    ("list", "--json"): SERVER | ENGINE | REQUIREMENTS,
    ("list", "--package=numpy"): SERVER | ENGINE | REQUIREMENTS,
    ("history", "tf"): SERVER | ENGINE | REQUIREMENTS,
    ("packages", "tf"): SERVER | ENGINE,
    ("why", "tf", "python"): SERVER | ENGINE,
    ("export", "tf", "--format=explicit"): SERVER | {"requests", "tfenv_lab.jobs.service"},
    ("versions",): SERVER | {"tfenv_lab.jobs.service", "tfenv_lab.plans.service"},
    ("status",): SERVER | {"requests", "tfenv_lab.jobs.service"},
    ("disk",): SERVER | {"rattler", "requests"},
    ("remove", "tf", "-y"): SERVER,
}
_PROGRAM = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, sep="\\n", file=sys.stderr))
from tfenv_lab.cli.app import main
sys.argv = ["jupyter-tfenv", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize("command", FORBIDDEN, ids=" ".join)
def test_a_command_imports_only_what_it_needs(
    command: tuple[str, ...], tensorflow_channel: TinyChannel, clean_home: Path
) -> None:
    make_prefix(clean_home / ".conda/envs/tf", python="3.11.9")
    channel = f"--TfenvLab.channels={tensorflow_channel.url}"
    ended = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *command, channel], capture_output=True, text=True, check=True
    )
    assert ended.stdout
    assert FORBIDDEN[command] & set(ended.stderr.splitlines()) == set()
