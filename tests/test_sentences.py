from __future__ import annotations

import pytest

from tfenv_lab.sentences import megabytes, redact, some, without_credentials


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


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://user:pass@host/c", "https://host/c"),
        ("- https://token@host/c::numpy", "- https://host/c::numpy"),
        ("https://conda.example/t/ab-12/chan/noarch", "https://conda.example/chan/noarch"),
        ("https://u:p@conda.example/t/ab/chan", "https://conda.example/chan"),
        ("pkg @ git+https://u:p@github.com/a/b@v1", "pkg @ git+https://github.com/a/b@v1"),
        ("pkg @ git+ssh://git@github.com/a/b@v1", "pkg @ git+ssh://git@github.com/a/b@v1"),
        ("file:///t/wheels/a.whl", "file:///t/wheels/a.whl"),
        ("https://host/a/t/b/c", "https://host/a/t/b/c"),
        ("write to me@example.org // or you@example.org", "write to me@example.org // or you@example.org"),
    ],
)
def test_a_text_without_credentials_has_urls_that_still_work(text: str, clean: str) -> None:
    assert without_credentials(text) == clean
