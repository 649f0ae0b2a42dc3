from __future__ import annotations

import pytest

from tfenv_lab.sentences import megabytes, redact, some


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a, b"),
        (["a", "b", "c"], "a, b and 1 more"),
        (list("abcd"), "a, b and 2 more"),
    ],
)
def test_a_list_names_the_first_few_and_counts_the_rest(texts: list[str], said: str) -> None:
    assert some(texts, 2) == said


def test_bytes_are_told_in_megabytes() -> None:
    assert megabytes(1_234_567_890) == "1,234.6 MB"
    assert megabytes(1_234_567_890, 0) == "1,235 MB"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("error for https://ada:secret@host/channel", "error for https://host/channel"),
        ("https://host/t/tk-1234/channel/noarch", "https://host/t/<TOKEN>/channel/noarch"),
        ("https://host/channel failed", "https://host/channel failed"),
        ("https://ada:sec@ret@host/simple is down", "https://host/simple is down"),
        ("https://host/simple is down, tell ada@host", "https://host/simple is down, tell ada@host"),
    ],
)
def test_credentials_in_urls_are_not_shown(text: str, shown: str) -> None:
    assert redact(text) == shown
