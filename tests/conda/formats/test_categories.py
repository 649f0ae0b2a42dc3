"""Test which extras and dependency groups of Python projects can be chosen, and what they bring."""

from __future__ import annotations

import pytest

from tfenv_lab.conda.formats import choices, reading
from tfenv_lab.conda.formats.model import Choice, Imported
from tfenv_lab.errors import InvalidRequest
from tfenv_lab.pypi import locked

PYPROJECT = """
[project]
name = "My.Proj"
dependencies = ["numpy"]
optional-dependencies = { plots = ["matplotlib"], gpu = ["cupy"], All_of = ["my-proj[plots,GPU]", "extra"] }

[dependency-groups]
lint = ["ruff"]
dev = ["pytest", { include-group = "lint" }]
"""


def package(name: str, more: str = "") -> str:
    wheel = f'wheels = [{{ url = "https://files.example/{name}-1.0-py3-none-any.whl", hash = "sha256:00" }}]'
    source = 'source = { registry = "https://index.example/simple" }'
    return f'[[package]]\nname = "{name}"\nversion = "1.0"\n{source}\n{wheel}\n{more}\n'


def uv_lock(project: str, *names: str) -> str:
    head = f'version = 1\n[[package]]\nname = "proj"\nversion = "0.1"\nsource = {{ virtual = "." }}\n{project}\n'
    return head + "".join(package(name) for name in names)


UV_LOCK = uv_lock(
    """
dependencies = [{ name = "numpy" }]
optional-dependencies = { plots = [{ name = "matplotlib" }] }
dev-dependencies = { dev = [{ name = "pytest" }] }
metadata = { requires-dist = [{ name = "numpy", specifier = ">=1" }] }
""",
    "numpy",
    "matplotlib",
    "pytest",
)

PYLOCK = """
lock-version = "1.0"
created-by = "some tool"
extras = ["plots"]
dependency-groups = ["dev", "docs"]
default-groups = ["dev"]
""" + "".join(
    f"""
[[packages]]
name = "{name}"
version = "1.0"
marker = "{marker}"
wheels = [{{ url = "https://files.example/{name}-1.0-py3-none-any.whl", hashes = {{ sha256 = "00" }} }}]
"""
    for name, marker in {
        "numpy": "python_version > '3'",
        "matplotlib": "'plots' in extras",
        "pytest": "'dev' in dependency_groups",
        "sphinx": "'docs' in dependency_groups",
    }.items()
)


def read(text: str, *names: str) -> Imported:
    return reading.read(text, None, "linux-64", Choice(categories=names or None))


def exact(found: Imported) -> set[str]:
    return {each.name for each in locked.counted(found.index, "3.11.9")}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), {"numpy"}),
        (("main", "plots"), {"numpy", "matplotlib"}),
        (("main", "All_of"), {"numpy", "extra", "matplotlib", "cupy"}),
        (("dev",), {"pytest", "ruff"}),
        (("gpu", "lint"), {"cupy", "ruff"}),
    ],
)
def test_a_pyproject_has_its_extras_and_groups(names: tuple[str, ...], expected: set[str]) -> None:
    assert set(read(PYPROJECT, *names).pypi) == expected


@pytest.mark.parametrize(
    ("names", "expected", "requested"),
    [
        ((), {"numpy"}, {"numpy": "numpy>=1"}),
        (("main", "plots"), {"numpy", "matplotlib"}, {"numpy": "numpy>=1", "matplotlib": "matplotlib"}),
        (("dev",), {"pytest"}, {"pytest": "pytest"}),
    ],
)
def test_a_uv_lock_has_those_of_its_project(
    names: tuple[str, ...], expected: set[str], requested: dict[str, str]
) -> None:
    found = read(UV_LOCK, *names)
    assert exact(found) == expected
    assert locked.requested(found.index, locked.counted(found.index, "3.11.9"), "3.11.9") == requested


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), {"numpy", "pytest"}),
        (("plots",), {"numpy", "pytest", "matplotlib"}),
        (("main", "docs"), {"numpy", "pytest", "sphinx"}),
    ],
)
def test_a_pylock_always_has_its_default_groups(names: tuple[str, ...], expected: set[str]) -> None:
    assert exact(read(PYLOCK, *names)) == expected


@pytest.mark.parametrize(
    ("text", "format_", "expected"),
    [
        (PYPROJECT, "pyproject", ("main", "plots", "gpu", "All_of", "lint", "dev")),
        (UV_LOCK, "uv-lock", ("main", "plots", "dev")),
        (PYLOCK, "pylock", ("main", "plots", "docs")),
    ],
)
def test_they_can_be_chosen(text: str, format_: str, expected: tuple[str, ...]) -> None:
    assert choices.choices(text, format_, read(text), "linux-64", is_here=True).categories == expected


@pytest.mark.parametrize("text", [PYPROJECT, UV_LOCK, PYLOCK])
def test_what_is_left_out_is_named(text: str) -> None:
    notes = " ".join(read(text).notes)
    assert "Packages in these categories are left out: " in notes
    assert "plots" in notes
    assert notes.endswith("Taken: main.")


@pytest.mark.parametrize("text", [PYPROJECT, UV_LOCK, PYLOCK])
def test_an_unknown_one_is_refused_with_those_that_exist(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"no category “doc”\. It has: .*main"):
        read(text, "main", "doc")


@pytest.mark.parametrize(
    "text",
    [
        uv_lock('dev-dependencies = { dev = [{ name = "pytest" }] }', "pytest"),
        '[project]\nname = "proj"\n[dependency-groups]\ndev = ["pytest"]\n',
    ],
)
def test_the_first_group_counts_if_a_project_has_no_dependencies_of_its_own(text: str) -> None:
    found = read(text)
    assert found.pypi == ("pytest",) or exact(found) == {"pytest"}
    assert choices.choices(text, found.format, found, "linux-64", is_here=True).categories == ("dev",)


def test_a_choice_without_packages_names_the_others() -> None:
    text = uv_lock('dependencies = [{ name = "numpy" }]\ndev-dependencies = { dev = [] }', "numpy")
    with pytest.raises(InvalidRequest) as caught:
        read(text, "dev")
    assert caught.value.hint == "Choose other categories: main."


@pytest.mark.parametrize(
    ("groups", "problem"),
    [
        ('a = [{ include-group = "b" }]\nb = [{ include-group = "a" }]', "“a” includes itself"),
        ('a = [{ include-group = "c" }]', "“c” does not exist"),
        ("a = [7]", "in place of a string"),
    ],
)
def test_a_group_with_a_mistake_is_refused(groups: str, problem: str) -> None:
    with pytest.raises(InvalidRequest, match=problem):
        read(f'[project]\nname = "proj"\n[dependency-groups]\n{groups}\n', "a")
