"""Test what is read of uv's progress: from bars on a terminal, and from lines without one."""

from __future__ import annotations

import pytest

from tfenv_lab.pypi.downloads import Downloads

#: What uv 0.13.9 writes to a terminal of 100 columns while it downloads two wheels, shortened.
BARS = (
    "Using CPython 3.11.7 interpreter at: /envs/tf/bin/python\r\n"
    "⠋ Preparing packages... (0/2)                                              \r\x1b[2K⠙ Preparing packages... (0/2)"
    "                  big-one              ------------------------------ 8.00 KiB/11.44 MiB                   "
    "\x1b[1A\r\x1b[2K\x1b[1B\r\x1b[2K\x1b[1A⠙ Preparing packages... (0/2)                             "
    "small                ------------------------------   923 B/923 B          "
    "big-one              ------------------------------ 5.50 MiB/11.44 MiB            \x1b[2A\r\x1b[2K"
    "Prepared 2 packages in 3.15s\r\n"
    "░░░░░░░░░░░░░░░░░░░░ [0/2] Installing wheels...  \r\x1b[2K██████████░░░░░░░░░░ [1/2] small==1.0   \r\x1b[2K"
    "Installed 2 packages in 1ms\r\n + big-one==1.0\r\n + small==1.0\r\n"
)
LINES = (
    "Downloading big-one (11.4MiB)\n Downloaded big-one\nPrepared 2 packages in 3.15s\nInstalled 2 packages in 1ms\n"
    " + big-one==1.0\n + small==1.0\n"
)


def read(text: str, size: int) -> tuple[list[tuple[str, int, int]], list[str]]:
    """Feed a text in pieces, and return the progress and the lines."""
    told: list[tuple[str, int, int]] = []
    downloads = Downloads(lambda *each: told.append(each))
    lines = [line for at in range(0, len(text), size) for line in downloads.feed(text[at : at + size])]
    return told, [*lines, *downloads.end()]


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_bars_are_read_wherever_the_text_is_cut(size: int) -> None:
    told, lines = read(BARS, size)
    total = int(11.44 * (1 << 20))
    assert told == [
        ("big-one", 8 << 10, total),
        ("small", 923, 923),
        ("big-one", int(5.5 * (1 << 20)), total),
    ]
    assert lines == [
        "Using CPython 3.11.7 interpreter at: /envs/tf/bin/python",
        "Prepared 2 packages in 3.15s",
        "Installed 2 packages in 1ms",
        " + big-one==1.0",
        " + small==1.0",
    ]


@pytest.mark.parametrize("size", [1, 10_000])
def test_lines_tell_of_larger_files(size: int) -> None:
    told, lines = read(LINES, size)
    total = int(11.4 * (1 << 20))
    assert told == [("big-one", 0, total), ("big-one", total, total)]
    assert "Prepared 2 packages in 3.15s" in lines


def test_an_error_is_kept_as_it_is() -> None:
    text = "error: Failed to download `greet==1.0`\r\n  cause: Hash mismatch for `greet==1.0`\r\n\r\n  - 5 B/6 B"
    told, lines = read(text, 10)
    assert lines[:2] == ["error: Failed to download `greet==1.0`", "  cause: Hash mismatch for `greet==1.0`"]
    assert told == []


def test_what_a_listener_does_wrong_does_not_stop_the_reading() -> None:
    def fail(name: str, done: int, total: int) -> None:
        raise ValueError(name)

    assert list(Downloads(fail).feed(LINES)) == read(LINES, 10_000)[1]


def test_a_line_without_end_is_not_collected() -> None:
    downloads = Downloads(None)
    lines = [line for _ in range(50) for line in downloads.feed("x" * 10_000)]
    assert sum(map(len, lines)) > 300_000
