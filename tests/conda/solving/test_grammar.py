"""Test the grammar of specs: a corpus of real ones, and properties of all that conda's documentation describes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rattler import BuildString, MatchSpec, PackageRecord

from tfenv_lab.conda.solving import grammar
from tfenv_lab.errors import InvalidSpec


def _corpus() -> tuple[list[list[str]], list[list[str]]]:
    text = Path(__file__).with_name("specs.txt").read_text(encoding="utf-8")
    taken, _, refused = text.partition("\n# refused\n")
    lists = [
        [line.split("  ->  ") for line in part.splitlines() if line and not line.startswith("# ")]
        for part in (taken, refused)
    ]
    return lists[0], lists[1]


TAKEN, REFUSED = _corpus()


@pytest.mark.parametrize(("text", "meaning"), TAKEN)
def test_a_real_spec_means_what_it_means_to_conda(text: str, meaning: str) -> None:
    assert grammar.read(text).text == meaning


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_a_text_that_is_no_spec_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidSpec) as refused:
        grammar.read(text)
    told = " ".join(filter(None, (refused.value.message, refused.value.hint)))
    assert told == f"“{text}” is not a package spec: {reason}"


@pytest.mark.parametrize(
    ("text", "channel", "subdir"),
    [
        ("numpy", None, None),
        ("conda-forge::numpy", "conda-forge", None),
        ("conda-forge/linux-64::numpy=1.26", "conda-forge", "linux-64"),
        ("nvidia/label/cuda-11.8.0::cuda-toolkit", "nvidia/label/cuda-11.8.0", None),
        ("https://host/conda-forge::numpy", "https://host/conda-forge", None),
        ("https://host:8080/c/noarch::numpy", "https://host:8080/c", "noarch"),
        ("numpy[channel=conda-forge,subdir=noarch]", "conda-forge", "noarch"),
        ("main::numpy[channel='https://host/c']", "https://host/c", None),
    ],
)
def test_the_channel_and_the_platform_of_a_spec(text: str, channel: str | None, subdir: str | None) -> None:
    found = grammar.read(text)
    assert (found.name, found.channel, found.subdir) == (
        "cuda-toolkit" if "cuda" in text else "numpy",
        channel,
        subdir,
    )


@pytest.mark.parametrize(
    ("text", "ignored"),
    [
        ("dask[complete]", ("[complete]",)),
        ("dask[complete, test]>=2", ("[complete]", "[test]")),
        ("pydot (optional)", ("(optional)",)),
        ("cartopy if __unix", ("if __unix",)),
        ("gymnasium[extras=[box2d]]", ("[extras=[box2d]]",)),
        ("numpy # why", ()),
    ],
)
def test_what_conda_reads_without_effect_is_told(text: str, ignored: tuple[str, ...]) -> None:
    assert grammar.read(text).ignored == ignored


NAMES = st.from_regex(r"[a-z0-9]([a-z0-9_-]{0,6}[a-z0-9])?", fullmatch=True)
NUMBERS = st.lists(st.integers(0, 30), min_size=1, max_size=3).map(tuple)
BUILDS = st.from_regex(r"[a-zA-Z0-9_.+]{1,8}\*?", fullmatch=True)
SPACES = st.sampled_from(["", " ", "  "])
#: What each operator means, for versions that are tuples of numbers.
MEANINGS = {
    "": lambda there, asked: _equal(there, asked),
    "==": lambda there, asked: _equal(there, asked),
    "===": lambda there, asked: _equal(there, asked),
    "=": lambda there, asked: _starts(there, asked),
    "!=": lambda there, asked: not _equal(there, asked),
    ">": lambda there, asked: _padded(there) > _padded(asked),
    "<": lambda there, asked: _padded(there) < _padded(asked),
    ">=": lambda there, asked: _padded(there) >= _padded(asked),
    "<=": lambda there, asked: _padded(there) <= _padded(asked),
}
OPERATORS = st.sampled_from(sorted(MEANINGS))


def _padded(version: tuple[int, ...]) -> tuple[int, ...]:
    return (*version, 0, 0, 0)[:3]


def _equal(there: tuple[int, ...], asked: tuple[int, ...]) -> bool:
    return _padded(there) == _padded(asked)


def _starts(there: tuple[int, ...], asked: tuple[int, ...]) -> bool:
    return _padded(there)[: len(asked)] == asked


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _matches(spec: str, version: tuple[int, ...], build: str = "0", number: int = 0) -> bool:
    parts = grammar.read(spec)
    record = PackageRecord(parts.name, _text(version), BuildString(build), number, "linux-64")
    return bool(MatchSpec(parts.text, strict=False).matches(record))


@given(NAMES, OPERATORS, NUMBERS, NUMBERS, SPACES, SPACES)
def test_one_condition(
    name: str, operator: str, asked: tuple[int, ...], there: tuple[int, ...], before: str, after: str
) -> None:
    spec = f"{name}{before or ('' if operator else ' ')}{operator}{after if operator else ''}{_text(asked)}"
    assert _matches(spec, there) == MEANINGS[operator](there, asked)


@given(
    st.lists(st.tuples(st.sampled_from(["=", "!=", ">", "<", ">=", "<="]), NUMBERS), min_size=2, max_size=4), NUMBERS
)
def test_commas_bind_more_than_bars(conditions: list[tuple[str, tuple[int, ...]]], there: tuple[int, ...]) -> None:
    texts = [f"{operator}{_text(asked)}" for operator, asked in conditions]
    true = [MEANINGS[operator](there, asked) for operator, asked in conditions]
    assert _matches(f"a {','.join(texts)}", there) == all(true)
    assert _matches(f"a {'|'.join(texts)}", there) == any(true)
    assert _matches(f"a {','.join(texts[:2])}|{'|'.join(texts[1:])}", there) == (all(true[:2]) or any(true[1:]))
    assert _matches(f"a ({'|'.join(texts[1:])}),{texts[0]}", there) == (true[0] and any(true[1:]))


@given(NAMES, NUMBERS, st.sampled_from([">", "<", ">=", "<="]), NUMBERS)
def test_a_star_next_to_a_comparison_does_not_count(
    name: str, asked: tuple[int, ...], operator: str, there: tuple[int, ...]
) -> None:
    assert _matches(f"{name}{operator}{_text(asked)}.*", there) == MEANINGS[operator](there, asked)


@given(NAMES, NUMBERS, BUILDS)
def test_a_version_and_a_build_are_the_same_in_every_notation(name: str, version: tuple[int, ...], build: str) -> None:
    number = _text(version)
    notations = [
        f"{name}={number}={build}",
        f"{name}=={number}={build}",
        f"{name} {number} {build}",
        f"{name} ={number} ={build}",
        f"{name}[version={number},build={build}]",
        f"{name}[version='{number}', build=\"{build}\"]",
        f"{name.upper()}={number}[build='{build}']" if build == "0" else f"{name.upper()}={number}={build}",
    ]
    assert {grammar.read(text).text for text in notations[:-1]} == {f"{name} =={number} {build}"}
    assert grammar.read(notations[-1]).name == name


@given(NAMES, OPERATORS, NUMBERS, BUILDS, st.integers(0, 9))
def test_the_canonical_form_is_a_spec_that_means_the_same(
    name: str, operator: str, version: tuple[int, ...], build: str, number: int
) -> None:
    text = f"{name} {operator}{_text(version)} {build}[build_number={number}]"
    canonical = grammar.read(text).text
    assert grammar.read(canonical).text == canonical
    assert str(MatchSpec(canonical, strict=False)) == canonical


@given(NAMES, st.integers(0, 9), st.integers(0, 9))
def test_the_build_number_counts(name: str, asked: int, there: int) -> None:
    assert _matches(f"{name}[build_number={asked}]", (1,), number=there) == (asked == there)
    assert _matches(f"{name}[build_number='>={asked}']", (1,), number=there) == (there >= asked)


@given(st.sampled_from([">=", ">", "!=", "=", "=="]), NUMBERS, st.sampled_from(["<", "<=", "!="]), NUMBERS, SPACES)
def test_a_missing_comma_is_named(
    one: str, low: tuple[int, ...], other: str, high: tuple[int, ...], space: str
) -> None:
    with pytest.raises(InvalidSpec, match="comma is missing") as refused:
        grammar.read(f"tensorflow{one}{_text(low)}{space}{other}{_text(high)}")
    assert f",{other}{_text(high)}”" in str(refused.value.hint)


@given(st.text(alphabet="ab1.*=<>!~,|()[]: _-+^$@#\"'", max_size=24))
def test_any_text_is_a_spec_or_is_refused(text: str) -> None:
    try:
        parts = grammar.read(text)
    except InvalidSpec as error:
        assert error.message.endswith(".")
    else:
        assume("^" not in text)
        assert grammar.read(parts.text).text == parts.text
        assert str(MatchSpec(parts.text, strict=False)) == parts.text
