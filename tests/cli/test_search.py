"""The command ``search`` finds what the panel finds when a user adds a package."""

from __future__ import annotations

import pytest

from ..simple_index import SimpleIndex
from .conftest import Shell


def test_packages_of_the_channels_by_a_part_of_their_name(shell: Shell) -> None:
    status, out, _ = shell.run("search", "numpy")
    assert (status, [line.split() for line in out.splitlines()]) == (
        0,
        [["name", "newest", "source"], ["numpy", "2.2.0", "conda"]],
    )
    found = shell.json("search", "tensorflow-")["packages"]
    assert {each["name"].startswith("tensorflow-") for each in found} == {True}


def test_a_project_of_the_package_index_by_its_name(shell: Shell, simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "1.0")
    simple_index.add("greet", "1.1")
    for text in ("greet", "pypi:greet"):
        found = shell.json("search", text)["packages"]
        assert found == [{"name": "greet", "versions": ["1.1", "1.0"], "source": "pypi"}]
    assert shell.run("search", "greet")[1].splitlines()[1].split() == ["greet", "1.1", "PyPI"]


def test_a_name_that_nothing_has(shell: Shell) -> None:
    assert shell.run("search", "xyzzy") == (0, "No package matches “xyzzy”.\n", "")
    assert shell.json("search", "xyzzy") == {"packages": []}


@pytest.mark.parametrize("arguments", [(), ("a", "b"), ("",), ("x" * 129,)])
def test_it_needs_one_text(shell: Shell, arguments: tuple[str, ...]) -> None:
    assert shell.run("search", *arguments)[0] == 2


def test_an_index_that_does_not_answer_is_an_error(shell: Shell, simple_index: SimpleIndex) -> None:
    simple_index.down()
    assert shell.run("search", "xyzzy")[0] == 7
    assert shell.run("search", "numpy")[0] == 0
