"""The commands with packages of a channel and of a package index."""

from __future__ import annotations

from pathlib import Path

import pytest

from .. import python_package
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel
from .conftest import Shell


@pytest.fixture
def tensorflow_channel(channel: TinyChannel, tmp_path: Path) -> TinyChannel:
    return python_package.fill(channel, tmp_path / "pip")


@pytest.fixture
def made(shell: Shell, simple_index: SimpleIndex) -> Shell:
    """An environment “one” with Python."""
    assert shell.json("create", "one", "--no-tensorflow", "python")["state"] == "succeeded"
    return shell


def sources(shell: Shell, name: str) -> dict[str, str]:
    return {each["name"]: each["source"] for each in shell.json("packages", name)["packages"]}


def test_a_plan_counts_its_packages(made: Shell, simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "1.0", requires=["hello"])
    simple_index.add("hello", "1.2")
    assert ": 1 package, " in made.run("install", "one", "pypi:hello", "--dry-run")[1]
    assert ": 2 packages, " in made.run("install", "one", "pypi:greet", "--dry-run")[1]


def test_install_takes_specs_of_channels_and_requirements_of_the_index(made: Shell, simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "1.0", requires=["hello"])
    simple_index.add("greet", "2.0")
    simple_index.add("hello", "1.2")
    status, out, err = made.run("install", "one", "numpy=2.1", "pypi:greet<2", "-y")
    assert status == 0, err
    assert "install   greet 1.0 (PyPI)" in out
    assert "install   numpy 2.1.0\n" in out
    found = sources(made, "one")
    assert (found["numpy"], found["greet"], found["hello"]) == ("conda", "pypi", "pypi")
    _, out, _ = made.run("packages", "one")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()[1:]}
    assert rows["greet"] == ["1.0", "PyPI", "yes"]
    assert rows["hello"] == ["1.2", "PyPI"]


def test_a_dry_run_of_install_changes_nothing(made: Shell, simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "1.0")
    plan = made.json("install", "one", "greet", "--dry-run")
    assert [(each["name"], each["source"]) for each in plan["entries"]] == [("greet", "pypi")]
    assert [warning["code"] for warning in plan["warnings"]] == ["from-index"]
    assert "greet" not in sources(made, "one")


def test_install_into_a_copy_leaves_the_environment_as_it_is(made: Shell) -> None:
    assert made.json("install", "one", "numpy", "--into", "two")["state"] == "succeeded"
    assert "numpy" in sources(made, "two")
    assert "numpy" not in sources(made, "one")


def test_a_package_is_built_from_source_only_with_the_option(made: Shell, simple_index: SimpleIndex) -> None:
    simple_index.add_source("greet", "1.0")
    status, _, err = made.run("install", "one", "pypi:greet", "-y")
    assert (status, "built from source" in err) == (6, True)
    assert made.json("install", "one", "pypi:greet", "--source-builds")["state"] == "succeeded"
    assert sources(made, "one")["greet"] == "pypi"


def test_install_needs_an_environment_and_a_spec(made: Shell) -> None:
    assert made.run("install", "one")[0] == 2
    assert made.run("install", "nope", "numpy")[0] == 3
    assert made.run("install", "one", "pypi:no requirement")[0] == 2


def test_versions_says_which_source_did_not_answer(shell: Shell, simple_index: SimpleIndex) -> None:
    simple_index.down()
    status, out, err = shell.run("versions")
    assert (status, "2.20.0" in out) == (0, False)
    assert "cannot be reached" in err
    assert "warnings" in shell.json("versions")


def test_create_takes_tensorflow_from_the_source_that_is_named(shell: Shell, simple_index: SimpleIndex) -> None:
    simple_index.add("tensorflow-cpu", "2.21.0")
    simple_index.add("tensorflow", "2.21.0")
    simple_index.add("keras", "3.12.0")
    for source, status in (("pypi", 0), ("conda", 6)):
        found, out, err = shell.run("create", "tf", "--tensorflow=2.21.*", f"--source={source}", "--dry-run")
        assert found == status, (source, out, err)
    _, out, _ = shell.run("versions")
    assert "(PyPI)" in out
    assert shell.run("create", "tf", "--source=elsewhere")[0] != 0
