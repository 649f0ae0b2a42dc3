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
    ],
)
def test_a_requirements_txt_is_recognized(text: str) -> None:
    found = reading.read(text, None, "linux-64")
    assert found.format == "requirements"
    assert found.specs == ("python",)
    assert len(found.pypi) == 1


@pytest.mark.parametrize("text", ["just some words\n", "name: base\n", "- pandas\n", "import pandas\n"])
def test_other_texts_are_not(text: str) -> None:
    with pytest.raises(InvalidRequest):
        reading.read(text, None, "linux-64")


def test_what_is_not_taken_from_requirements_is_named() -> None:
    text = "pandas\n-r other.txt\n--index-url https://evil.example\nx @ https://evil.example/x.whl\n"
    found = reading.read(text, None, "linux-64")
    assert found.pypi == ("pandas",)
    for skipped in ("-r other.txt", "--index-url https://evil.example", "x @ https://evil.example/x.whl"):
        assert skipped in " ".join(found.notes)


def test_a_pylock_gives_its_exact_versions_and_python() -> None:
    found = reading.read(PYLOCK, None, "linux-64")
    assert found.format == "pylock"
    assert found.specs == ("python <3.14,>=3.11",)
    assert found.pypi == ('pandas==2.2.0; sys_platform == "linux"',)
    assert "mine" in " ".join(found.notes)


def test_a_damaged_pylock_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="not a valid pylock"):
        reading.read(PYLOCK + "\n[[packages]\n", None, "linux-64")
