"""Test that a lock for uv says exactly what is installed and from where (PEP 751)."""

from __future__ import annotations

from typing import Any

import pytest
import tomli

from tfenv_lab.pypi import pylock
from tfenv_lab.pypi.models import Distribution

HASH = "a" * 64
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def package(distribution: Distribution, *direct: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = tomli.loads(pylock.dumps([distribution], direct))["packages"]
    assert (found[0].pop("name"), found[0].pop("version")) == (distribution.name, distribution.version)
    return found[0]


def test_a_wheel_has_its_hash_and_size() -> None:
    wheel = Distribution("a-b", "1.0", "https://x.example/a_b-1.0-py3-none-any.whl", HASH, 5)
    file = {"name": "a_b-1.0-py3-none-any.whl", "url": wheel.url, "size": 5, "hashes": {"sha256": HASH}}
    assert package(wheel) == {"wheels": [file]}


def test_a_file_of_pypi_names_its_index_so_that_uvs_cache_is_that_of_other_programs() -> None:
    wheel = Distribution("a-b", "1.0", "https://files.pythonhosted.org/packages/a_b-1.0-py3-none-any.whl", HASH)
    assert package(wheel)["index"] == "https://pypi.org/simple"


def test_a_source_archive() -> None:
    source = Distribution("a-b", "1.0", "https://x.example/a_b-1.0.tar.gz", HASH)
    file = {"name": "a_b-1.0.tar.gz", "url": source.url, "hashes": {"sha256": HASH}}
    assert package(source) == {"sdist": file}


def test_a_file_on_this_machine_is_a_path() -> None:
    wheel = Distribution("a-b", "1.0", "file:///srv/with%20space/a_b-1.0-py3-none-any.whl", HASH)
    assert package(wheel)["wheels"][0]["path"] == "/srv/with space/a_b-1.0-py3-none-any.whl"


def test_what_was_requested_by_url_is_an_archive() -> None:
    wheel = Distribution("a-b", "1.0", "https://x.example/a_b-1.0-py3-none-any.whl", HASH)
    assert package(wheel, "a-b") == {"archive": {"url": wheel.url, "hashes": {"sha256": HASH}}}


def test_a_directory() -> None:
    assert package(Distribution("a-b", "1.0", "file:///srv/a-b/")) == {"directory": {"path": "/srv/a-b/"}}


@pytest.mark.parametrize(
    ("url", "vcs"),
    [
        (f"git+https://x.example/y@{COMMIT}", {"url": "https://x.example/y"}),
        (f"git+ssh://git@x.example/y.git@{COMMIT}", {"url": "ssh://git@x.example/y.git"}),
        (f"git+file:///srv/y@{COMMIT}#subdirectory=a/b", {"url": "file:///srv/y", "subdirectory": "a/b"}),
    ],
)
def test_a_commit(url: str, vcs: dict[str, str]) -> None:
    assert package(Distribution("a-b", "1.0", url)) == {"vcs": {"type": "git", "commit-id": COMMIT, **vcs}}


@pytest.mark.parametrize("text", ['"', "\\", "\n[[packages]]", "ü", "\x7f", "\u2028", "'''"])
def test_no_text_ends_its_string(text: str) -> None:
    wheel = Distribution("a-b", text, f"https://x.example/{text}/a_b-1.0-py3-none-any.whl", HASH)
    assert package(wheel)["wheels"][0]["url"] == wheel.url


def test_nothing_is_a_valid_lock_too() -> None:
    assert tomli.loads(pylock.dumps(()))["packages"] == []
