"""Terminals in which an environment is active."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.environments import shells
from tfenv_lab.errors import InvalidRequest

from ..conftest import Api
from ..prefixes import make_prefix

#: Names that a shell would read as commands, if they were typed.
NAMES = ("tf", "two words", "it's", "$(touch owned)", "a;touch owned", "-x", "café", "`touch owned`")


@pytest.mark.parametrize("program", ["bash", "dash", "zsh", "fish"])
@pytest.mark.parametrize("name", NAMES)
def test_the_typed_line_activates_the_environment(tmp_path: Path, program: str, name: str) -> None:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    prefix = tmp_path / "envs" / name
    make_prefix(prefix, [])
    scripts = prefix / "etc/conda/activate.d"
    scripts.mkdir(parents=True)
    for suffix, line in (("sh", "export FROM_SCRIPT=yes"), ("fish", "set -gx FROM_SCRIPT yes")):
        (scripts / f"one.{suffix}").write_text(line)
    shell = shells.shell_of(prefix, None, path)
    env = {**os.environ, **shell.variables}
    show = 'printf "%s|" "$CONDA_PREFIX" "$FROM_SCRIPT"; printf "%s" "$PATH"'
    done = subprocess.run(
        [path], input=f"{shell.line}\n{show}\n", env=env, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    found, script, search = done.stdout.split("|")
    assert (found, script) == (str(prefix), "yes"), done.stderr
    assert search.startswith(f"{prefix}/bin")
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("program", ["bash", "dash", "zsh", "fish"])
@pytest.mark.parametrize("value", ["--a=1\n--b=2", "\n a\n\n b\\\n", 'it\'s "$HOME" `touch owned`\n%s', "a\r\nb"])
def test_a_terminal_has_every_line_of_a_variable(tmp_path: Path, program: str, value: str) -> None:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    prefix = tmp_path / "envs" / "tf"
    make_prefix(prefix, [])
    (prefix / "conda-meta/state").write_text(json.dumps({"env_vars": {"XLA_FLAGS": value}}))
    shell = shells.shell_of(prefix, None, path)
    show = f'"{sys.executable}" -c "import os; os.write(1, os.environb[b\'XLA_FLAGS\'])"'
    done = subprocess.run(
        [path],
        input=f"{shell.line}\n{show}\n".encode(),
        env={**os.environ, **shell.variables},
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert done.stdout == value.encode(), done.stderr
    assert not (tmp_path / "owned").exists()


def test_a_shell_that_is_not_known_gets_the_variables(tmp_path: Path) -> None:
    prefix = tmp_path / "envs/tf"
    make_prefix(prefix, [])
    shell = shells.shell_of(prefix, None, "/usr/bin/tcsh")
    assert (shell.line, shell.variables["CONDA_PREFIX"]) == (None, str(prefix))
    with pytest.raises(InvalidRequest, match="cannot be started from the shell tcsh"):
        shells.shell_of(prefix, None, "/usr/bin/tcsh", tmp_path)


async def test_a_terminal_has_the_environment(api: Api, made: Any, jp_serverapp: Any) -> None:
    status, terminal = await api.call("POST", f"environments/{made['id']}/terminals")
    assert status == 201, terminal
    manager = jp_serverapp.web_app.settings["terminal_manager"]
    process = manager.get_terminal(terminal["name"]).ptyproc
    out = Path(made["prefix"]) / "out"
    process.write('printf "%s" "$CONDA_PREFIX" > "$CONDA_PREFIX/out"\n')
    for _ in range(400):
        if out.exists() and out.read_text() == made["prefix"]:
            break
        await asyncio.sleep(0.05)
    assert out.read_text() == made["prefix"]
    await manager.terminate_all()


async def test_tensorboard_is_offered_where_it_is_not_installed(api: Api, made: Any) -> None:
    status, error = await api.call("POST", f"environments/{made['id']}/terminals", {"logs": "logs"})
    assert status == 400, error
    [offer] = error["alternatives"]
    assert offer["plan_request"] == {"kind": "install", "environment": made["id"], "specs": ["tensorboard"]}


async def test_tensorboard_reads_the_directory_of_the_file_browser(
    api: Api, made: Any, jp_root_dir: Path, jp_serverapp: Any
) -> None:
    fake = Path(made["prefix"]) / "bin/tensorboard"
    fake.parent.mkdir(exist_ok=True)
    fake.write_text('#!/bin/sh\ncd "$CONDA_PREFIX"; printf "%s|" "$@" > part; mv part out\n')
    fake.chmod(0o755)
    status, terminal = await api.call("POST", f"environments/{made['id']}/terminals", {"logs": "-my $(logs)"})
    assert status == 201, terminal
    out = Path(made["prefix"]) / "out"
    for _ in range(400):
        if out.exists():
            break
        await asyncio.sleep(0.05)
    assert out.read_text() == f"--logdir|{jp_root_dir}/-my $(logs)|"
    await jp_serverapp.web_app.settings["terminal_manager"].terminate_all()


@pytest.mark.parametrize("body", [{"logs": "../elsewhere"}, {"logs": 1}, {"run": "x"}, {"logs": "a\0b"}])
async def test_other_requests_are_refused(api: Api, made: Any, body: Any) -> None:
    status, error = await api.call("POST", f"environments/{made['id']}/terminals", body)
    assert (status, error["reason"]) == (400, "invalid-request")
