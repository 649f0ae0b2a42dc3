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
    text = "pandas\n-r other.txt\n--pre\nx @ https://evil.example/x.whl\n"
    text += "./local\ngit+https://evil.example/y\nhttps://evil.example/z.whl\n"
    found = reading.read(text, None, "linux-64")
    assert found.pypi == ("pandas",)
    for skipped in ("-r other.txt", "--pre", "x @ https://evil.example/x.whl"):
        assert skipped in " ".join(found.notes)
    for skipped in ("./local", "git+https://evil.example/y", "https://evil.example/z.whl"):
        assert skipped in " ".join(found.notes)


@pytest.mark.parametrize(
    ("text", "line", "quoted"),
    [
        ("pandas>=2\nnumpy 1.26\n", 2, "numpy 1.26"),
        ("# mine\npandas\n\nnumpy=>1.26\nkeras\n", 4, "numpy=>1.26"),
        ("pandas \\\n  >=2\nkeras\nh5py: 3\n", 4, "h5py: 3"),
        ("pandas==2.2.0\n<<<<<<< HEAD\n", 2, "<<<<<<< HEAD"),
        ("pandas\nnumpy[\n", 2, "numpy["),
        ("pandas\n@numpy\n", 2, "@numpy"),
        ("pandas\n\tnumpy 1\n", 2, "numpy 1"),
    ],
)
def test_a_wrong_line_of_requirements_is_named(text: str, line: int, quoted: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        reading.read(text, None, "linux-64")
    assert refused.value.message == f"Line {line} of the requirements is not valid: “{quoted}”."
    assert "pandas>=2,<3" in str(refused.value.hint)


def test_several_wrong_lines_are_numbered() -> None:
    with pytest.raises(InvalidRequest, match=r"Line 3 .* These lines are not valid either: 4, 6\."):
        reading.read("pandas\nkeras\nnumpy 1\nh5py 3\npillow\nwave 2\n", None, "linux-64")


PLACES = ("https://a.example/simple", "https://b.example")


@pytest.mark.parametrize(
    "text",
    [
        "--index-url https://a.example/simple\n--extra-index-url https://b.example\nPandas\n",
        "-i https://a.example/simple\npandas\n--extra-index-url=https://b.example\n",
        "-ihttps://a.example/simple # ours\npandas\n-f 'https://b.example'\n",
        "dependencies:\n- python\n- pip:\n  - -i https://a.example/simple\n  - -f https://b.example\n  - pandas\n",
        "RUN pip install -i https://a.example/simple pandas -f https://b.example && pip install keras\n",
        "dependencies: [python, {pip: [pandas]}]\npip-repositories: [https://a.example/simple, https://b.example]\n",
        '[project]\ndependencies = ["pandas"]\n[tool.uv]\nextra-index-url = ["https://a.example/simple"]\n'
        '[[tool.uv.index]]\nurl = "https://b.example"\n',
        '[project]\ndependencies = ["pandas"]\n[tool.uv]\nindex-url = "https://a.example/simple"\n'
        '[[tool.uv.index]]\nurl = "https://c.example"\nexplicit = true\n[[tool.pdm.source]]\nurl = "https://b.example"\n',
        '[workspace]\nchannels = []\n[dependencies]\npython = "*"\n[pypi-dependencies]\npandas = "*"\n'
        '[pypi-options]\nindex-url = "https://a.example/simple"\nfind-links = [{ url = "https://b.example" }]\n',
    ],
)
def test_the_indexes_of_packages_are_kept(text: str) -> None:
    found = reading.read(text, None, "linux-64")
    assert found.index.places == {"pandas": PLACES}
    assert "example" not in " ".join(found.notes)


def test_a_hash_makes_the_index_of_a_package_irrelevant() -> None:
    text = f"-i https://a.example/simple\npandas==1 --hash=sha256:{'ab' * 32}\nkeras\n"
    assert list(reading.read(text, None, "linux-64").index.places) == ["keras"]


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
