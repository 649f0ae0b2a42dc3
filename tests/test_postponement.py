"""Test that both forms of Retry-After are read, and that absurd values do no harm."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from tfenv_lab import postponement


@pytest.mark.parametrize(("header", "seconds"), [("0", 0), ("7", 7), (" 120 ", 120), ("00015", 15)])
def test_a_number_is_seconds(header: str, seconds: int) -> None:
    assert postponement.seconds_in(header) == seconds


@pytest.mark.parametrize("seconds", [20, 3600, 315_360_000])
def test_a_date_is_the_time_until_then(seconds: int) -> None:
    at = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    found = postponement.seconds_in(format_datetime(at, usegmt=True))
    assert found is not None
    assert seconds - 15 < found <= seconds


@pytest.mark.parametrize("header", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"])
def test_a_date_in_the_past_means_now(header: str) -> None:
    assert postponement.seconds_in(header) == 0


@pytest.mark.parametrize(
    "header", [None, "", "-1", "1.5", "soon", "1e9", "٣", "99 Foo 2026", "Sun, 99 Nov 99999 08:49:37 GMT", "\0", "7;8"]
)
def test_anything_else_says_nothing(header: str | None) -> None:
    assert postponement.seconds_in(header) is None


@pytest.mark.parametrize("header", ["9" * 15, "9" * 5000, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_the_longest_times_can_be_told(header: str) -> None:
    found = postponement.seconds_in(header)
    assert found is not None
    assert "days. Ask its administrator." in postponement.hint(found)
