"""The command that shows and changes the variables of an environment."""

from __future__ import annotations

import pytest

from ..tiny_tensorflow import PYTHON
from .conftest import Shell


@pytest.fixture
def tf(shell: Shell) -> Shell:
    shell.json("create", "tf", "--tensorflow=2.19.*", f"--python={PYTHON}")
    return shell


def test_variables_are_set_listed_and_removed(tf: Shell) -> None:
    assert tf.run("variables", "tf") == (0, "tf has no variables of its own.\n", "")
    status, out, _ = tf.run("variables", "tf", "XLA_FLAGS=--a=1 --b=2", "TF_CPP_MIN_LOG_LEVEL=2")
    assert (status, out) == (0, "XLA_FLAGS=--a=1 --b=2\nTF_CPP_MIN_LOG_LEVEL=2\n")
    assert tf.json("variables", "tf") == {"XLA_FLAGS": "--a=1 --b=2", "TF_CPP_MIN_LOG_LEVEL": "2"}
    assert tf.json("variables", "tf", "--unset=XLA_FLAGS", "A=") == {"TF_CPP_MIN_LOG_LEVEL": "2", "A": ""}
    assert tf.json("variables", "--unset", "A", "--unset", "TF_CPP_MIN_LOG_LEVEL", "tf") == {}


@pytest.mark.parametrize(
    "arguments", [["XLA_FLAGS"], ["1=2"], ["PATH=/x"], ["A=1", "--unset=A"], ["A=1", "A=2"], ["--unset=B-C"]]
)
def test_what_cannot_be_a_variable_is_refused(tf: Shell, arguments: list[str]) -> None:
    status, _, error = tf.run("variables", "tf", *arguments)
    assert status == 2
    assert error
    assert tf.json("variables", "tf") == {}


def test_an_environment_that_does_not_exist(shell: Shell) -> None:
    assert shell.run("variables", "nope")[0] == 3
