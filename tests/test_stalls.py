"""Test when downloads count as stalled, and how that is said."""

from __future__ import annotations

import pytest

from tfenv_lab import stalls
from tfenv_lab.stalls import WatchedDownloads


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let downloads stall at once."""
    monkeypatch.setattr(stalls, "LIMIT", 0.0)


def test_a_download_that_has_begun_and_gets_no_bytes_has_stalled() -> None:
    downloads = WatchedDownloads({"lib": "http://host/lib-1.0-0.conda"})
    assert downloads.stalled() is None
    downloads.begin("lib")
    assert "http://host/lib-1.0-0.conda was stopped" in str(downloads.stalled())


def test_a_complete_download_has_not_stalled() -> None:
    downloads = WatchedDownloads({"app": "http://host/app", "lib": "http://host/lib"})
    downloads.begin_all()
    downloads.end("app")
    assert "http://host/lib" in str(downloads.stalled())
    downloads.end_all()
    assert downloads.stalled() is None


def test_a_package_on_this_machine_is_no_download() -> None:
    downloads = WatchedDownloads({"app": "file:///channel/app-1.0-0.conda"})
    downloads.begin_all()
    assert downloads.stalled() is None


def test_a_longer_limit_of_the_user_counts() -> None:
    downloads = WatchedDownloads({"app": "http://host/app"}, limit=300)
    downloads.begin_all()
    assert downloads.stalled() is None


def test_the_address_is_shown_without_credentials() -> None:
    downloads = WatchedDownloads({"app": "http://user:secret@host/t/to-ken/app-1.0-0.conda"})
    downloads.begin_all()
    assert "secret" not in str(downloads.stalled())
    assert "to-ken" not in str(downloads.stalled())
