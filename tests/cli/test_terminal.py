"""What a person meets in a terminal: questions, misspelled commands, closed pipes and completion."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tfenv_lab.cli.completion import SCRIPTS, candidates
from tfenv_lab.cli.table import COMMANDS

from ..prefixes import make_prefix
from ..tiny_tensorflow import PYTHON
from .conftest import Shell


@pytest.fixture
def tf(clean_home: Path) -> Path:
    return make_prefix(clean_home / ".conda/envs/tf", python="3.11.9")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Make the program ``jupyter-tfenv``, and return its directory."""
    folder = tmp_path / "bin"
    folder.mkdir()
    file = folder / "jupyter-tfenv"
    code = "import sys; from tfenv_lab.cli.app import main; sys.argv[0] = 'jupyter-tfenv'; main()"
    file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{code}" "$@"\n')
    file.chmod(0o755)
    return folder


@pytest.mark.parametrize("arguments", [("remove", "tf"), ("remove", "tf", "--now"), ("remove", "tf", "--json")])
def test_a_script_must_agree_to_a_deletion(shell: Shell, tf: Path, arguments: tuple[str, ...]) -> None:
    status, out, err = shell.run(*arguments)
    assert (status, "-y" in out + err, tf.exists()) == (2, True, True)
    assert shell.run(*arguments, "-y")[0] == 0
    assert not tf.exists()


def test_a_script_must_agree_to_a_cleaning(shell: Shell, clean_home: Path) -> None:
    unused = clean_home / ".cache/tfenv_lab/pkgs/old-1-0/info"
    unused.mkdir(parents=True)
    (unused / "index.json").write_text("{}")
    status, _, err = shell.run("clean", "cache")
    assert (status, "Add -y" in err, unused.exists()) == (2, True, True)
    assert shell.run("clean", "cache", "-y")[0] == 0
    assert not unused.exists()


@pytest.mark.parametrize(
    ("word", "meant"), [("lst", "list"), ("crate", "create"), ("instal", "install"), ("histroy", "history")]
)
def test_a_misspelled_command_is_named_with_a_guess(shell: Shell, word: str, meant: str) -> None:
    status, out, err = shell.run(word)
    assert (status, out) == (2, "")
    assert f"“{word}” is not a command; did you mean {meant}" in err


def test_an_unknown_command_is_named_without_a_guess(shell: Shell) -> None:
    _, _, err = shell.run("xyzzy")
    assert err.startswith("“xyzzy” is not a command.\n")


@pytest.mark.parametrize("arguments", ["list", "--help", "list --json"])
def test_a_reader_that_ends_first_is_no_error(program: Path, tf: Path, arguments: str) -> None:
    # The reader is gone before the first line is written.
    code = f"sleep 0.1; {program}/jupyter-tfenv {arguments}; echo $? >&3"
    with subprocess.Popen(
        ["bash", "-c", f"exec 3>&1; ({code}) | true"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as shell:
        out, err = shell.communicate(timeout=60)
    assert (out, err) == ("141\n", "")


def test_create_takes_the_newest_tensorflow(shell: Shell) -> None:
    plan = shell.json("create", "new", "--dry-run")
    assert {e["name"]: e["to"]["version"] for e in plan["entries"]}["tensorflow"] == "2.20.0"


@pytest.mark.parametrize(
    ("options", "version"),
    [
        ([f"--python={PYTHON}", "--variant=cpu"], "2.20.0"),
        (["--tensorflow=2.19"], "2.19.1"),
        (["tensorflow=2.19"], "2.19.1"),
        (["--no-tensorflow", "numpy"], None),
    ],
)
def test_create_takes_the_tensorflow_that_is_chosen(shell: Shell, options: list[str], version: str | None) -> None:
    plan = shell.json("create", "new", *options, "--dry-run")
    found = {e["name"]: e["to"]["version"] for e in plan["entries"]}
    assert found.get("tensorflow") == version


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--variant=cuda", "--python=3.8"], "--no-tensorflow"),
        (["--python=2.7"], "--no-tensorflow"),
        (["--tensorflow=2.19", "--no-tensorflow"], "not both"),
    ],
)
def test_create_refuses_what_no_release_has(shell: Shell, options: list[str], said: str) -> None:
    status, _, err = shell.run("create", "new", *options)
    assert (status, said in err) == (2, True)


def test_status_shows_what_is_used_and_what_is_ignored(shell: Shell, clean_home: Path) -> None:
    (clean_home / ".condarc").write_text("channels: 3\n")
    status, out, _ = shell.run("status", "--TfenvLab.max_running_jobs=0")
    assert status == 0
    assert str(clean_home / ".conda/envs") in out
    warnings = [line for line in out.splitlines() if line.startswith("warning: ")]
    assert any("max_running_jobs" in line for line in warnings)
    assert any(".condarc" in line for line in warnings)
    assert shell.json("status")["envs_dir"] == str(clean_home / ".conda/envs")


def test_kernel_shows_and_changes_settings(shell: Shell) -> None:
    shell.json("create", "tf", "--tensorflow=2.19", f"--python={PYTHON}")
    assert "legacy_keras=off" in shell.run("kernel", "tf")[1]
    assert "legacy_keras=on" in shell.run("kernel", "tf", "legacy_keras=on")[1]
    assert shell.json("kernel", "tf")["legacy_keras"]["enabled"] is True
    assert "legacy_keras=off" in shell.run("kernel", "tf", "legacy_keras=off", "ignore_user_site=on")[1]
    for wrong in ("legacy_keras", "legacy_keras=yes", "keras=on"):
        assert shell.run("kernel", "tf", wrong)[0] == 2


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["ver"], ["versions", "verify"]),
        (["export", "--f"], ["--format="]),
        (["create", "--no-t"], ["--no-tensorflow"]),
        (["history", "t"], ["tf"]),
        (["diff", "tf", ""], ["tf"]),
        (["remove", "--now", "t"], ["tf"]),
        (["create", "t"], []),
        (["import", "t"], []),
        (["kernel", "tf", ""], []),
        (["completion", "z"], ["zsh"]),
        (["nothing", ""], []),
    ],
    ids=" ".join,
)
def test_the_next_word_is_completed(tf: Path, words: list[str], found: list[str]) -> None:
    assert candidates(words) == found


def test_every_command_can_be_completed(tf: Path) -> None:
    assert candidates([""]) == list(COMMANDS)
    assert [name for name in COMMANDS if "--json" not in candidates([name, "-"])] == []


def test_a_faulty_configuration_completes_nothing(clean_home: Path, tf: Path) -> None:
    (clean_home / ".jupyter").mkdir()
    (clean_home / ".jupyter/jupyter_config.py").write_text("1 / 0\n")
    assert candidates(["nothing", "t"]) == []
    assert candidates(["li"]) == ["list"]


@pytest.mark.parametrize(
    ("line", "found"),
    [("jupyter-tfenv his", "history"), ("jupyter-tfenv history t", "tf"), ("jupyter tfenv wh", "why")],
)
def test_bash_completes(program: Path, tf: Path, line: str, found: str) -> None:
    words = " ".join(f"'{word}'" for word in line.split())
    count = len(line.split()) - 1
    function = "_jupyter_tfenv"
    script = (
        f"{SCRIPTS['bash']}\nCOMP_WORDS=({words}); COMP_CWORD={count}; {function} 2>/dev/null; echo ${{COMPREPLY[@]}}"
    )
    path = f"{program}:{os.environ['PATH']}"
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env={**os.environ, "PATH": path})
    assert ended.stdout.split() == [found], ended.stderr


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_script_of_a_shell_is_valid(shell: Shell, tmp_path: Path, name: str) -> None:
    _, out, _ = shell.run("completion", name)
    if shutil.which(name) is None:
        pytest.skip(f"This machine has no {name}.")
    (tmp_path / "script").write_text(out)
    assert subprocess.run([name, "-n", str(tmp_path / "script")], capture_output=True).returncode == 0


def test_an_unknown_shell_is_refused(shell: Shell) -> None:
    assert shell.run("completion", "tcsh")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "tf", "--tensorflo=2.19"], "“--tensorflo” is not an option.\nDid you mean --tensorflow?"),
        (["create", "tf", "--tensorflo", "2.19"], "“--tensorflo” is not an option.\nDid you mean --tensorflow?"),
        (["remove", "tf", "--nwo"], "“--nwo” is not an option.\nDid you mean --now?"),
        (["list", "-x"], "“-x” is not an option.\nAdd --help for the options of this command."),
    ],
)
def test_a_command_with_an_unknown_option_does_nothing(shell: Shell, arguments: list[str], said: str) -> None:
    assert shell.run(*arguments) == (2, "", f"{said}\n")
    assert shell.run("list")[1].splitlines()[1:] == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--log-level=FOO"], "“FOO” is not a value of --log-level.\nGive DEBUG, INFO, WARN, ERROR or CRITICAL."),
        (["--variant", "gpu"], "“gpu” is not a value of --variant.\nGive auto, cpu or cuda."),
        (["--TfenvCommand.json=7"], "“7” is not a value of --TfenvCommand.json.\nGive true or false."),
        (["--dry-run=yes"], "--dry-run takes no value.\nWrite only --dry-run."),
        (["--python"], "--python needs a value.\nWrite it as --python=VALUE."),
    ],
)
def test_a_wrong_value_of_an_option_is_named(shell: Shell, options: list[str], said: str) -> None:
    app = ["create", "tf", "--no-tensorflow"]
    assert shell.run_exactly(*app, *options) == (2, "", f"{said}\n")
    assert shell.run("list")[1].splitlines()[1:] == []


@pytest.mark.parametrize("level", ["ERROR", "40"])
def test_a_level_of_the_log_can_be_a_word_or_a_number(shell: Shell, level: str) -> None:
    assert shell.run("list", f"--log-level={level}", "--json")[0] == 0


def test_an_unknown_option_is_an_error_in_json_if_that_is_wanted(shell: Shell) -> None:
    status, out, err = shell.run("list", "--packag=x", "--json")
    assert (status, json.loads(out)["reason"], err) == (2, "invalid-request", "")


@pytest.mark.parametrize("option", ["--help", "-h", "--version", "--TfenvLab.undo_minutes=3", "--log-level=ERROR"])
def test_the_usual_options_of_jupyter_are_known(shell: Shell, option: str) -> None:
    assert shell.run("list", option)[0] == 0
