"""Files that two packages have: named before the swap, and the one that stays gets its file back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ...simple_index import SimpleIndex
from ...tiny_tensorflow import PYTHON, SITE
from ..conftest import Lab, Watched
from .conftest import python_lab

__all__ = ["python_lab"]


def told(lab: Lab, *specs: str, job: str = "0job", **fields: Any) -> list[tuple[str, str]]:
    """Make a change, and return the severity and the text of what it says about the new environment."""
    watcher = Watched()
    asyncio.run(lab.change(*specs, job=job, watcher=watcher, **fields))
    return [(each.severity, each.message) for each in watcher.notices]


@pytest.fixture
def rivals(lab: Lab) -> Lab:
    """Add ``rival``, of which one file is in ``app`` and one in ``lib``, and ``twin``, with the contents of ``lib``."""
    lab.channel.add("rival", "1.0", files={"share/app.txt": "rival", "lib/lib.txt": "rival", "rival.txt": "rival"})
    lab.channel.add("twin", "1.0", files={"lib/lib.txt": "lib 1.0"})
    lab.channel.index()
    return lab


@pytest.mark.parametrize("begins_with", [(), ("app 1.0",), ("rival",)])
def test_both_packages_and_the_file_are_named_whichever_is_installed(
    rivals: Lab, begins_with: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    if begins_with:
        assert told(rivals, *begins_with) == []
    ((severity, text),) = told(rivals, "app 1.0", "rival", job="1job")
    assert severity == "warning"
    assert "app 1.0 and rival 1.0 (share/app.txt)" in text
    assert "lib 1.0 and rival 1.0 (lib/lib.txt)" in text
    assert text in capfd.readouterr().err


def test_a_change_of_other_packages_does_not_repeat_it(rivals: Lab) -> None:
    told(rivals, "app 1.0", "rival")
    assert told(rivals, "app 1.0", "rival", "tool", job="1job") == []


def test_the_same_contents_are_only_a_note(rivals: Lab) -> None:
    ((severity, text),) = told(rivals, "lib 1.0", "twin")
    assert severity == "info"
    assert "lib 1.0 and twin 1.0 (lib/lib.txt)" in text


def test_a_file_of_noarch_python_counts_where_it_is_installed(python_lab: Lab) -> None:
    python_lab.channel.add("plain", "1.0", files={f"{SITE}/one/m.py": "plain = 1"})
    python_lab.channel.add(
        "pure", "1.0", noarch="python", depends=["python"], files={"site-packages/one/m.py": "pure = 1"}
    )
    python_lab.channel.index()
    ((_, text),) = told(python_lab, f"python {PYTHON}.*", "plain", "pure")
    assert f"plain 1.0 and pure 1.0 ({SITE}/one/m.py)" in text


def test_packages_from_an_index_count_too(python_lab: Lab, simple_index: SimpleIndex) -> None:
    files = [{"one/a.py": "A = 1", "tests/__init__.py": ""}, {"one/a.py": "A = 2", "tests/__init__.py": ""}]
    both = [
        simple_index.distribution(simple_index.add(name, "1.0", files=each))
        for name, each in zip(("first", "second"), files, strict=True)
    ]
    found = dict(told(python_lab, "python", wheels=both, requirements={"first": "first", "second": "second"}))
    assert f"first 1.0 (PyPI) and second 1.0 (PyPI) ({SITE}/one/a.py)" in found["warning"]
    assert f"({SITE}/tests/__init__.py)" in found["info"]


@pytest.mark.parametrize("order", [("app 1.0", "rival"), ("rival", "app 1.0")])
@pytest.mark.parametrize("leaves", ["app", "rival"])
def test_if_one_package_leaves_the_other_has_all_its_files(rivals: Lab, order: tuple[str, str], leaves: str) -> None:
    told(rivals, order[0])
    told(rivals, *order, job="1job")
    stays = next(spec for spec in order if not spec.startswith(leaves))
    told(rivals, stays, job="2job")
    there = {name: content for name, (_, content) in rivals.tree().items() if not name.startswith("conda-meta/")}
    fresh = Lab(rivals.channel, rivals.root / "fresh")
    told(fresh, stays)
    expected = {name: content for name, (_, content) in fresh.tree().items() if not name.startswith("conda-meta/")}
    assert there.keys() == expected.keys()
    assert all(there[name] == expected[name] for name in there if name != "bin/app")


def test_if_the_first_package_moves_on_the_second_gets_its_file(rivals: Lab) -> None:
    rivals.channel.add("lib", "3.0", files={"lib/other.txt": "3"})
    rivals.channel.index()
    told(rivals, "lib 1.0")
    told(rivals, "lib 1.0", "rival", job="1job")
    assert told(rivals, "lib 3.0", "rival", job="2job") == []
    assert (rivals.prefix / "lib/lib.txt").read_text() == "rival"
