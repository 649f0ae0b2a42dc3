from __future__ import annotations

import pytest

from tfenv_lab.conda.repodata.names import NameIndex

NAMES = ["keras", "keras-cv", "keras-tuner", "autokeras", "tf-keras", "scikit-learn", "numpy", "typing_extensions"]


@pytest.fixture
def index() -> NameIndex:
    return NameIndex(NAMES)


def test_exact_matches_come_first_then_prefixes_then_substrings(index: NameIndex) -> None:
    assert index.search("keras", 10) == ["keras", "keras-cv", "keras-tuner", "tf-keras", "autokeras"]


def test_a_search_returns_at_most_the_limit(index: NameIndex) -> None:
    assert index.search("keras", 2) == ["keras", "keras-cv"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("KERAS-c", ["keras-cv"]),
        ("  numpy ", ["numpy"]),
        ("scikit_learn", ["scikit-learn"]),
        ("typing-ext", ["typing_extensions"]),
        ("pandas", []),
        ("", []),
        ("   ", []),
        ("\n", []),
        (".*", []),
    ],
)
def test_case_spaces_and_separators_do_not_matter(index: NameIndex, query: str, expected: list[str]) -> None:
    assert index.search(query, 10) == expected


def test_a_query_never_spans_two_names() -> None:
    assert NameIndex(["ab", "cd"]).search("b\nc", 10) == []


def test_the_index_contains_exact_names_only(index: NameIndex) -> None:
    assert "numpy" in index
    assert "num" not in index
    assert "zzz" not in index
