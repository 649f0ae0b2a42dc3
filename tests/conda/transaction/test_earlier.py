"""Test changes of plans from before there was a package index in plans: pip installed requirements last."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfenv_lab.conda.formats.model import requirement
from tfenv_lab.conda.prefix import lock, revisions, wheels
from tfenv_lab.errors import Unsatisfiable

from ... import python_package
from ...simple_index import SimpleIndex
from ...tiny_channel import TinyChannel
from ..conftest import Lab


@pytest.fixture
def lab(channel: TinyChannel, tmp_path: Path) -> Lab:
    python_package.add(channel, tmp_path / "pip")
    channel.add("numpy", "2.1.0", noarch="generic", depends=["python"])
    channel.index()
    return Lab(channel, tmp_path)


async def test_the_requirements_are_resolved_around_condas_packages_and_installed(
    lab: Lab, simple_index: SimpleIndex
) -> None:
    simple_index.add("greet", "2.0", requires=["tiny-dep>=1", "numpy>=2"])
    simple_index.add("tiny-dep", "1.2")
    simple_index.add("numpy", "2.5.0")
    await lab.change("python", "numpy", pypi=["greet>=1"])
    found = wheels.read(lab.prefix)
    assert [(each.name, each.version) for each in found.distributions] == [("greet", "2.0"), ("tiny-dep", "1.2")]
    assert found.requirements == {"greet": "greet>=1"}
    text = revisions.lock_of(lab.prefix, 0).read_text()
    assert [each.name for each in lock.distributions(text, lab.channel.subdir)] == ["greet", "tiny-dep"]


async def test_a_requirement_that_the_index_does_not_have_leaves_nothing(lab: Lab, simple_index: SimpleIndex) -> None:
    with pytest.raises(Unsatisfiable) as failed:
        await lab.change("python", pypi=["nowhere==1"])
    assert "nowhere" in (failed.value.details or "")
    assert lab.beside() == []


@pytest.mark.parametrize(
    "line", ["seaborn", "seaborn==0.13", "keras-hub[tests]>=0.1,<2", "tomli; python_version < '3.11'", "A.b_c ~= 1.0"]
)
def test_names_and_versions_are_taken(line: str) -> None:
    assert requirement(line)


HOSTILE = [
    "-r other.txt",
    "--index-url=https://evil.example",
    "-e .",
    "./package",
    "/etc",
    "..",
    "git+https://evil.example/x",
    "x @ https://evil.example/x.whl",
    "x @ file:///etc/passwd",
    "x --global-option=y",
    "x\n--index-url=https://evil.example",
    "x # --pre\r\n-e .",
    "$(id)",
    "",
]


@pytest.mark.parametrize("line", HOSTILE)
def test_options_paths_and_addresses_are_not(line: str) -> None:
    assert requirement(line) is None
