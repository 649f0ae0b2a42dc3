"""Test untrusted YAML: what conda reads is read, and an error names the line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfenv_lab.conda.formats import model, reading
from tfenv_lab.conda.formats.encoding import decode, repaired
from tfenv_lab.conda.formats.untrusted import parse_yaml
from tfenv_lab.errors import InvalidRequest

FILE = "name: tf\ndependencies:\n  - tensorflow\n  - python=3.11\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{FILE}dependencies: [numpy]\n", "The key “dependencies” occurs twice, in lines 2 and 5 of the file."),
        (f"{FILE}  - pip:\n    - a\n    pip: [b]\n", "The key “pip” occurs twice, in lines 5 and 7 of the file."),
        ("dependencies:\n- {pip: [a], pip: [b]}\n", "The key “pip” occurs twice, in lines 2 and 2 of the file."),
        (
            "package:\n- name: a\n  name: b\nmetadata: {}\n",
            "The key “name” occurs twice, in lines 2 and 3 of the file.",
        ),
        ("name: x\ndependencies:\n\t- tensorflow\n", "Line 3 of the file begins with a tab."),
        ("name: x\ndependencies:\n  - a\n \t- b\n", "Line 4 of the file begins with a tab."),
        ("name: x\nchannels:\n- 'conda-forge\ndependencies:\n- a\n", "The quotation mark in line 3 is not closed."),
        ('dependencies:\n- a\n- "b\n- c\n', "The quotation mark in line 3 is not closed."),
        ("<<<<<<< HEAD\nname: a\n=======\nname: b\n>>>>>>> main\n", "Line 1 of the file is a mark of a merge conflict"),
        (f"{FILE}<<<<<<< HEAD\n  - a\n", "Line 5 of the file is a mark of a merge conflict"),
        ("dependencies: [a, b\nname: x\n", "Line 2 of the file is not valid YAML"),
        ("dependencies:\n  - a\n - b\n", "Line 3 of the file is not valid YAML"),
        ("dependencies:\n- !!python/name:os.system x\n", "Line 2 of the file uses the YAML tag"),
        ("dependencies: &a [*a]\n", "The value in line 1 of the file contains itself."),
        ("just: [", "The file is neither YAML nor an explicit list."),
    ],
)
def test_an_error_names_the_line(text: str, message: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_yaml(text)
    assert refused.value.message.startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "x: &deps [a, b]\ndependencies: *deps\n",
        "x: &base {dependencies: [a, b]}\n<<: *base\n",
        "x: &base {dependencies: [c]}\n<<: *base\ndependencies: [a, b]\n",
        "dependencies: [&a a, b]\nname: *a\n",
        "dependencies: !!seq [!!str a, b]\n",
        "---\ndependencies: ['a', \"b\"]\n...\n",
    ],
)
def test_anchors_merge_keys_and_plain_tags_are_read_as_conda_reads_them(text: str) -> None:
    assert parse_yaml(text)["dependencies"] == ["a", "b"]


def test_anchors_do_not_let_a_small_file_grow() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(InvalidRequest, match="anchors too often"):
        parse_yaml("\n".join(lines))


@pytest.mark.parametrize(
    "content",
    [
        FILE.encode(),
        FILE.encode("utf-8-sig"),
        FILE.encode("utf-16"),
        FILE.encode("utf-16-le"),
        FILE.encode("utf-16-be"),
        b"\xfe\xff" + FILE.encode("utf-16-be"),
    ],
)
def test_every_encoding_that_conda_reads_is_read(content: bytes) -> None:
    assert decode(content) == FILE
    # Web browsers and the Contents service decode everything as UTF-8.
    assert repaired(content.decode("utf-8", "replace")) == FILE


def test_a_comment_in_latin_1_is_no_obstacle() -> None:
    text = f"# für das Seminar\n{FILE}"
    assert decode(text.encode("latin-1")) == text
    assert reading.read(decode(text.encode("latin-1")), None, "linux-64").specs == ("tensorflow", "python=3.11")


@given(st.binary(max_size=40))
def test_any_bytes_become_a_text(content: bytes) -> None:
    assert isinstance(repaired(decode(content)), str)


@given(st.text(alphabet="ab:-[]{}*&!<>'\"\n\t #|", max_size=40))
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    try:
        parse_yaml(text)
    except InvalidRequest as error:
        assert error.message.endswith(".")


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"p{number}==1\n" for number in range(6_000)),
        "-r more.txt\n" + "".join(f"p{number} # why\n" for number in range(6_000)),
        "dependencies:\n" + "".join(f"- p{number}\n" for number in range(6_000)),
        "dependencies:\n- pip:\n" + "".join(f"  - p{number}\n" for number in range(6_000)),
    ],
    ids=["requirements", "with options", "environment.yml", "pip"],
)
def test_too_many_packages_are_counted_before_any_of_them_is_read(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*given: object) -> None:
        raise AssertionError("a package was read")

    monkeypatch.setattr(model, "requirement", read)
    with pytest.raises(InvalidRequest, match="The file lists 6,000 packages"):
        reading.read(text, None, "linux-64")


def test_as_many_packages_as_the_limit_are_read_and_options_do_not_count() -> None:
    lines = [f"p{number}==1" for number in range(5_000)]
    assert len(reading.read("\n".join(["-r more.txt", *lines]), None, "linux-64").pypi) == 5_000
