"""The command ``jupyter tfenv``, run in the test process."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.tensorflow.checks.models import Check, Device

from ..conftest import Mount
from ..prefixes import make_prefix
from ..tiny_tensorflow import PYTHON, SITE
from .conftest import Shell


def test_an_environments_life_from_create_to_remove(shell: Shell, clean_home: Path) -> None:
    status, out, err = shell.run("create", "tf", "--tensorflow=2.19.*", f"--python={PYTHON}", "numpy=2.1")
    assert status == 0, err
    assert "tensorflow 2.19.1" in out
    assert (clean_home / ".conda/envs/tf/conda-meta/history").is_file()
    [listed] = shell.json("list")["environments"]
    assert (listed["name"], listed["tensorflow"]["version"]) == ("tf", "2.19.1")
    assert listed["kernel"] is not None

    status, text, _ = shell.run("export", "tf", "--format=explicit")
    assert "@EXPLICIT" in text.splitlines()
    file = clean_home / "tf.txt"
    file.write_text(text, encoding="utf-8")
    assert shell.json("clone", "tf", "copy")["state"] == "succeeded"
    assert shell.json("update", "tf", "tensorflow")["state"] == "succeeded"
    assert shell.json("import", str(file), "again")["state"] == "succeeded"
    versions = {e["name"]: e["tensorflow"]["version"] for e in shell.json("list")["environments"]}
    assert versions == {"tf": "2.20.0", "copy": "2.19.1", "again": "2.19.1"}
    assert shell.json("revert", "tf", "0")["state"] == "succeeded"
    assert shell.json("remove", "copy", "-y")["state"] == "succeeded"
    _, out, _ = shell.run("list")
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [["again", "2.19.1"], ["tf", "2.19.1"]]


def test_a_repair_restores_a_file(shell: Shell, clean_home: Path) -> None:
    shell.json("create", "tf", "--tensorflow=2.19.*", f"--python={PYTHON}")
    status, out, _ = shell.run("repair", "tf")
    assert (status, out) == (0, "tf needs no repair.\n")
    path = clean_home / ".conda/envs/tf" / SITE / "tensorflow" / "__init__.py"
    path.unlink()
    status, out, _ = shell.run("repair", "tf", "--dry-run")
    assert "repair    tensorflow-base 2.19.1" in out
    assert not path.exists()
    assert shell.json("repair", "tf")["state"] == "succeeded"
    assert path.exists()


def test_a_dry_run_shows_the_plan_and_changes_nothing(shell: Shell, clean_home: Path) -> None:
    plan = shell.json("create", "tf", "--tensorflow=2.20.*", "--dry-run")
    assert plan["kind"] == "create"
    assert not (clean_home / ".conda").exists()


def test_create_takes_the_keras_that_is_named(shell: Shell) -> None:
    create = ("create", "new", f"--python={PYTHON}", "--dry-run")
    plan = shell.json(*create, "--tensorflow=2.19.*", "--keras=3.5.*")
    assert {entry["name"]: entry["to"]["version"] for entry in plan["entries"]}["keras"] == "3.5.0"
    status, _, err = shell.run(*create, "--tensorflow=2.15.*", "--keras=3")
    assert (status, "comes with Keras 2.15" in err) == (2, True)
    status, _, err = shell.run(*create, "--tensorflow=2.19.*", "--keras=2")
    assert (status, "tf-keras" in err) == (6, True)


def test_versions_lists_the_releases_on_the_channel(shell: Shell) -> None:
    assert [release["version"] for release in shell.json("versions")["releases"]] == ["2.20.0", "2.19.1"]
    _, out, _ = shell.run("versions")
    assert out.splitlines()[1].split() == ["2.20.0", PYTHON, "cpu"]


def test_a_check_reports_problems_and_its_exit_status_says_so(shell: Shell) -> None:
    shell.json("create", "tf", "--tensorflow=2.19.*", f"--python={PYTHON}")
    status, out, _ = shell.run("check", "tf", "--json")
    check = json.loads(out)["result"]
    # The fake TensorFlow has only a version.
    assert (status, check["ok"], check["tensorflow"]) == (9, False, "2.19.1")
    status, out, _ = shell.run("check", "tf")
    first, *lines = out.splitlines()
    assert status == 9
    assert first.startswith(f"{len(check['problems'])} problem")
    problems = [line for line in lines if not line.startswith("    ")]
    assert [problem["message"] in line for problem, line in zip(check["problems"], problems, strict=True)]
    for problem in check["problems"]:
        if problem["details"]:
            assert f"    {problem['details'].splitlines()[-1]}" in lines
    assert shell.run("check", "nope")[0] == 3


def test_a_check_without_problems_succeeds(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    from tfenv_lab.cli import check

    shell.json("create", "tf", "--tensorflow=2.19.*", f"--python={PYTHON}")
    result = Check(True, PYTHON, "2.19.1", "3.10.0", [Device("CPU:0", "CPU")], 4.2, [], "")

    async def finished(command: Any, services: Any, job: Any) -> Any:
        return dataclasses.replace(job, state="succeeded", result=result)

    monkeypatch.setattr(check.CheckApp, "finished", finished)
    status, out, _ = shell.run("check", "tf")
    assert (status, out) == (0, f"ok · TensorFlow 2.19.1 · Keras 3.10.0 · Python {PYTHON} · CPU:0 · 4.2 s\n")


def test_an_environment_is_recreated_from_a_notebook(shell: Shell, clean_home: Path) -> None:
    shell.json("create", "tf", "--tensorflow=2.19.*", f"--python={PYTHON}")
    record = json.loads(shell.json("export", "tf", "--format=notebook")["content"])
    file = clean_home / "analysis.ipynb"
    file.write_text(json.dumps({"cells": [], "metadata": {"tfenv_lab": record}, "nbformat": 4, "nbformat_minor": 5}))
    assert shell.json("import", str(file), "again")["state"] == "succeeded"
    assert {e["tensorflow"]["version"] for e in shell.json("list")["environments"]} == {"2.19.1"}


FAILURES = [
    (("update", "nope"), 3, "nope"),
    (("create", "a/b"), 2, "a/b"),
    (("create",), 2, "Usage"),
    (("create", "tf", "--no-tensorflow", "evil::numpy"), 4, "evil"),
    (("create", "tf", "--no-tensorflow", "numpy=9"), 6, "numpy"),
    (("import", "/nowhere", "tf"), 2, "cannot be read"),
]


def test_the_exit_status_tells_the_reason(shell: Shell) -> None:
    for arguments, status, said in FAILURES:
        found, out, err = shell.run(*arguments)
        assert (found, out) == (status, ""), arguments
        assert said in err


def test_an_error_is_json_with_the_option_json(shell: Shell) -> None:
    status, out, _ = shell.run("update", "nope", "--json")
    assert (status, json.loads(out)["reason"]) == (3, "not-found")


def test_without_a_command_the_help_lists_the_commands(shell: Shell) -> None:
    status, out, _ = shell.run()
    assert status == 2
    assert "create" in out


@pytest.mark.parametrize("name", ["jupyter_server_config", "jupyter_notebook_config", "jupyter_lab_config"])
def test_a_protection_in_any_file_of_a_server_holds_in_a_terminal_too(
    shell: Shell, clean_home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    make_prefix(clean_home / ".conda/envs/k1")
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(clean_home / "config"))
    (clean_home / "config").mkdir()
    (clean_home / "config" / f"{name}.py").write_text('c.TfenvLab.protected_environments = ["k1"]\n')
    assert shell.run("remove", "k1", "-y")[0] == 4
    assert (clean_home / ".conda/envs/k1/conda-meta").is_dir()


def test_a_removal_says_what_it_could_not_delete(shell: Shell, clean_home: Path, mount: Mount) -> None:
    shell.json("create", "tf", "--tensorflow=2.19.*", f"--python={PYTHON}")
    mount(clean_home / ".conda/envs/tf/share/in-use", "1m")
    status, _, err = shell.run("remove", "tf", "-y", "--now")
    assert status == 0, err
    [trash] = (clean_home / ".conda/envs").glob(".tfenv-trash-*")
    assert "could not be deleted" in err
    assert str(trash) in err
