"""Test removals and repairs of packages where a dependency names an extra of a package from the index."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfenv_lab.conda.prefix.pypi import PypiPackage
from tfenv_lab.plans import index_state, lacking
from tfenv_lab.plans.index_state import IndexState
from tfenv_lab.pypi.models import Distribution


def state_of(folder: Path, needs: dict[str, list[str]], requested: list[str], pip: tuple[str, ...] = ()) -> IndexState:
    """Return an environment with these packages and what each needs; ``pip`` installed some of them."""
    found = {}
    for name, requires in needs.items():
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        lines = [f"Requires-Dist: {text}" for text in requires]
        info.joinpath("METADATA").write_text("\n".join(["Metadata-Version: 2.1", f"Name: {name}", *lines]) + "\n")
        found[name] = PypiPackage(name, "1.0", info)
    return IndexState(
        {text.partition("[")[0]: text for text in requested},
        [Distribution(name, "1.0", f"https://example.org/{name}.whl") for name in needs if name not in pip],
        [found[name] for name in pip],
        found,
    )


EXTRA = ["inner; extra == 'x'"]
NEEDS = {
    "outer": ["middle[X]"],
    "plainer": ["middle"],
    "other": ["inner"],
    "asked": EXTRA,
    "middle": EXTRA,
    "inner": [],
}


@pytest.mark.parametrize(
    ("gone", "left"),
    [
        (["other"], ["asked", "inner", "middle", "outer", "plainer"]),
        (["other", "asked"], ["inner", "middle", "outer", "plainer"]),
        (["other", "asked", "outer"], ["middle", "plainer"]),
        (["other", "outer"], ["asked", "inner", "middle", "plainer"]),
        (["inner"], ["middle", "plainer"]),
        (["middle"], ["asked", "inner", "other"]),
        (["outer", "plainer", "other", "asked"], []),
    ],
)
def test_a_removal_keeps_what_the_extras_of_the_others_need(tmp_path: Path, gone: list[str], left: list[str]) -> None:
    state = state_of(tmp_path, NEEDS, ["outer", "plainer", "other", "asked[x]"])
    assert sorted(each.name for each in index_state.without(state, gone, "3.12.4")) == left


def test_a_removal_keeps_what_a_package_of_pip_needs(tmp_path: Path) -> None:
    state = state_of(tmp_path, {"outer": ["inner"], "inner": [], "own": ["inner"]}, ["outer"], pip=("own",))
    assert [each.name for each in index_state.without(state, ["outer"], "3.12.4")] == ["inner"]


def test_the_dependencies_of_packages_may_form_a_circle(tmp_path: Path) -> None:
    needs = {"one": ["one[x]", "two[y]; extra == 'x'"], "two": ["one[x]; extra == 'y'"], "root": ["one"]}
    state = state_of(tmp_path, needs, ["root"])
    assert index_state.without(state, ["root"], "3.12.4") == []


def test_a_repair_brings_what_the_extra_of_a_dependency_needs(tmp_path: Path) -> None:
    state = state_of(tmp_path, {"outer": ["middle[x]"], "middle": ["inner>=2; extra == 'x'"]}, ["outer"])
    assert lacking.of_index(state, {}, "3.12.4") == {"inner": "inner>=2"}
    assert lacking.of_index(state, {"inner": "2.1"}, "3.12.4") == {}


def test_a_repair_brings_nothing_for_an_extra_that_no_package_names(tmp_path: Path) -> None:
    state = state_of(tmp_path, {"outer": ["middle"], "middle": ["inner; extra == 'x'"]}, ["outer"])
    assert lacking.of_index(state, {}, "3.12.4") == {}
