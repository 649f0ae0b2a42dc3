"""Test the files of Python's own tools: requirements.txt and pylock.toml."""

from __future__ import annotations

import pytest

from tfenv_lab.conda.formats import reading
from tfenv_lab.errors import InvalidRequest

PYLOCK = """
lock-version = "1.0"
created-by = "some tool"
requires-python = ">=3.11,<3.14"

[[packages]]
name = "pandas"
version = "2.2.0"
marker = "sys_platform == 'linux'"
wheels = [{ url = "https://files.example/pandas-2.2.0-py3-none-any.whl", hashes = { sha256 = "00" } }]

[[packages]]
name = "mine"
directory = { path = "." }
"""


@pytest.mark.parametrize(
    "text",
    [
        "pandas\n",
        "# packages\npandas>=2,<3  # newer fails\n",
        "pandas==2.2.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n",
        "-r other.txt\npandas\n",
        "tensorflow[and-cuda]==2.21.*; sys_platform == 'linux'\n",
        "pandas\ngit+https://example.org/greet.git@main#egg=greet\n",
        "https://example.org/greet-1.0-py3-none-any.whl\npandas\n",
        "./local\n../other\n.\n/srv/wheels/x.whl\nx-1.0.tar.gz\nfile:///srv/y\npandas\n",
    ],
)
def test_a_requirements_txt_is_recognized(text: str) -> None:
    found = reading.read(text, None, "linux-64")
    assert found.format == "requirements"
    assert found.specs == ("python",)
    assert len(found.pypi) == 1


@pytest.mark.parametrize(
    "text",
    [
        "just some words\n",
        "https://example.org/a.csv\nhttps://example.org/b.csv\n",
        "name: base\n",
        "- pandas\n",
        "import pandas\n",
    ],
)
def test_other_texts_are_not(text: str) -> None:
    with pytest.raises(InvalidRequest):
        reading.read(text, None, "linux-64")


def test_what_is_not_taken_from_requirements_is_named() -> None:
    text = "pandas\n-r other.txt\n--index-url https://evil.example\nx @ https://evil.example/x.whl\n"
    text += "./local\ngit+https://evil.example/y\nhttps://evil.example/z.whl\n"
    found = reading.read(text, None, "linux-64")
    assert found.pypi == ("pandas",)
    for skipped in ("-r other.txt", "--index-url https://evil.example", "x @ https://evil.example/x.whl"):
        assert skipped in " ".join(found.notes)
    for skipped in ("./local", "git+https://evil.example/y", "https://evil.example/z.whl"):
        assert skipped in " ".join(found.notes)


def test_a_pylock_gives_its_exact_versions_and_python() -> None:
    found = reading.read(PYLOCK, None, "linux-64")
    assert found.format == "pylock"
    assert found.specs == ("python <3.14,>=3.11",)
    locked = {each.name: (each.version, each.marker, len(each.files), each.direct) for each in found.index.packages}
    assert locked == {"pandas": ("2.2.0", "sys_platform == 'linux'", 1, ""), "mine": ("", "", 0, ".")}


def test_a_damaged_pylock_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="not a valid pylock"):
        reading.read(PYLOCK + "\n[[packages]\n", None, "linux-64")


@pytest.mark.parametrize(
    "entry",
    [
        '"greet"',
        "{}",
        '{ name = "greet", wheels = 3 }',
        '{ name = "greet", wheels = ["x"] }',
        '{ name = "greet", vcs = 1 }',
    ],
)
def test_a_pylock_of_another_shape_is_refused_in_a_sentence(entry: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        reading.read(f'lock-version = "1.0"\npackages = [{entry}]\n# [[packages]]\n', None, "linux-64")
    assert refused.value.message.endswith(".")
    assert "greet" not in refused.value.message


def test_a_python_is_chosen_that_the_wheels_of_a_pylock_fit() -> None:
    text = PYLOCK.replace("pandas-2.2.0-py3-none-any", "pandas-2.2.0-cp312-cp312-manylinux_2_17_x86_64")
    assert reading.read(text, None, "linux-64").specs == ("python <3.14,>=3.11,3.12.*",)


@pytest.mark.parametrize(
    ("line", "hashes"),
    [
        (f"greet==1 --hash=sha256:{'ab' * 32}", {"greet": ("ab" * 32,)}),
        (f"Greet_Me>=1 --hash sha256:{'AB' * 32} --hash=sha256:{'cd' * 32}", {"greet-me": ("ab" * 32, "cd" * 32)}),
        ("greet==1 --hash=sha512:abcd", {}),
    ],
)
def test_hashes_of_requirements_are_kept(line: str, hashes: dict[str, tuple[str, ...]]) -> None:
    found = reading.read(f"{line}\n", None, "linux-64")
    assert found.index.hashes == hashes
    assert any("--hash" in note for note in found.notes) != bool(hashes), "what does not count is said"


@pytest.mark.parametrize("name", ["greet-1.0-py3-none-any.whl", "greet-1.0.tar.gz", "greet.zip", "greet.whl[all]"])
def test_the_name_of_a_file_is_no_project(name: str) -> None:
    found = reading.read(f"pandas\n{name}\n", None, "linux-64")
    assert found.pypi == ("pandas",)
    assert name in " ".join(found.notes)
