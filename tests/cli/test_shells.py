"""The commands in real shells: completion in zsh and fish, and pipes whose reader ends first."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tfenv_lab.cli.completion import SCRIPTS

from ..prefixes import make_prefix

LINES = [
    ("jupyter tfenv histo", "history "),
    ("jupyter-tfenv history t", "tf "),
    ("jupyter tfenv export tf --for", "--format="),
]


@pytest.fixture
def path(tmp_path: Path, clean_home: Path) -> str:
    """Make the program ``jupyter-tfenv`` and an environment, and return a ``PATH`` with the program."""
    make_prefix(clean_home / ".conda/envs/tf", python="3.11.9")
    folder = tmp_path / "bin"
    folder.mkdir()
    code = "import sys; from tfenv_lab.cli.app import main; sys.argv[0] = 'jupyter-tfenv'; main()"
    file = folder / "jupyter-tfenv"
    file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{code}" "$@"\n')
    file.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def need(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"This machine has no {program}.")
    return found


def typed(command: list[str], path: str, before: str, line: str, expected: str) -> str:
    """Type a line and Tab in an interactive shell, and return the screen when it has what is expected, or its end."""
    master, slave = pty.openpty()
    variables = {**os.environ, "PATH": path, "TERM": "dumb", "PS1": "READY> "}
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=variables, start_new_session=True)
    os.close(slave)
    screen = ""

    def until(text: str) -> None:
        nonlocal screen
        deadline = time.monotonic() + 30
        while text not in screen and time.monotonic() < deadline:
            if select.select([master], [], [], 0.2)[0]:
                screen += os.read(master, 9999).decode(errors="replace").replace("\a", "")

    try:
        os.write(master, f"{before}; echo begun-$((1 + 1))\n".encode())
        until("begun-2")
        screen = ""
        os.write(master, f"{line}\t".encode())
        until(expected)
        return screen
    finally:
        process.kill()
        process.wait()
        os.close(master)


def completed(shell: str, folder: Path, path: str, line: str, expected: str) -> str:
    """Return what a shell makes of a line when a user presses Tab."""
    script = folder / "script"
    script.write_text(SCRIPTS[shell])
    if shell == "fish":
        command = [need("fish"), "--no-config", "-c", f"source {script}; complete -C '{line}'"]
        done = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=60)
        assert done.stderr == ""
        return done.stdout
    options, before = {"bash": ("--norc", ""), "zsh": ("-f", "autoload -Uz compinit; compinit -D -u; ")}[shell]
    return typed([need(shell), options, "-i"], path, f"{before}. {script}", line, expected)


@pytest.mark.parametrize(("line", "found"), LINES)
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_tab_completes_the_word(tmp_path: Path, path: str, shell: str, line: str, found: str) -> None:
    whole = f"{line.rpartition(' ')[0]} {found}"
    assert whole in completed(shell, tmp_path, path, line, whole)


@pytest.mark.parametrize(("line", "found"), LINES)
def test_fish_offers_only_the_word(tmp_path: Path, path: str, line: str, found: str) -> None:
    assert completed("fish", tmp_path, path, line, found).split() == [found.strip()]


#: Run each command in a child process, whose output nobody reads, and write how each ended.
_PIPES = """
import json, os, sys
from tfenv_lab.cli.app import main
from tfenv_lab.cli.table import commands

commands()
ended = []
for arguments in json.loads(sys.argv[1]):
    for stderr in (False, True):
        gone, output = os.pipe()
        os.close(gone)
        told, errors = os.pipe()
        if not (pid := os.fork()):
            os.dup2(output, 1)
            os.dup2(output if stderr else errors, 2)
            sys.argv = ["jupyter-tfenv", *arguments]
            main()
            os._exit(0)
        os.close(output)
        os.close(errors)
        with open(told) as file:
            text = file.read()
        ended.append([arguments, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text])
json.dump(ended, sys.stdout)
"""


def pipes(*commands: list[str]) -> list[tuple[list[str], int, str]]:
    command = [sys.executable, "-c", _PIPES, json.dumps(commands)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return [(arguments, status, text) for arguments, status, text in json.loads(done.stdout)]


def test_a_command_ends_quietly_if_the_reader_of_its_output_is_gone(path: str) -> None:
    commands = [["--help"], ["--version"], ["clean", "--help"], ["list"], ["packages", "tf", "--json"]]
    commands += [["completion", "zsh"], ["packages", "nope", "--json"]]
    assert [each for each in pipes(*commands) if each[1:] != (141, "")] == []


def test_a_message_that_nobody_reads_ends_quietly() -> None:
    # The first time, somebody reads the messages.
    first, second = pipes(["nope"])
    assert (first[1], "not a command" in first[2]) == (2, True)
    assert second[1:] == (141, "")


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_a_file_is_completed_by_the_shell(
    tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "notebook.ipynb").touch()
    monkeypatch.chdir(tmp_path)
    assert "notebook.ipynb" in completed(name, tmp_path, path, "jupyter tfenv import no", "notebook.ipynb")
