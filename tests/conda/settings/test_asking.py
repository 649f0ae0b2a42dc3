"""Test requests for parts of packages: with the credentials of the channel, and only complete parts are taken."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conda.http_channel import HttpChannel
from tests.ranged_channel import RangedChannel, serving
from tfenv_lab.conda.settings.asking import part_of
from tfenv_lab.conda.settings.channels import ChannelRules, Credential
from tfenv_lab.conda.settings.condarc import CondaSettings
from tfenv_lab.errors import ChannelUnreachable

PLAIN = CondaSettings(channels=(), envs_dirs=(), pkgs_dirs=())
CONTENT = bytes(range(200))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "c" / "noarch"
    folder.mkdir(parents=True)
    (folder / "a-1-0.conda").write_bytes(CONTENT)
    return tmp_path


@pytest.fixture
def served(root: Path) -> Iterator[RangedChannel]:
    with serving(root) as channel:
        yield channel


@pytest.fixture
def private(root: Path) -> Iterator[HttpChannel]:
    """Return a server without parts of files."""
    channel = HttpChannel(root)
    channel.up()
    yield channel
    channel.down()


def _url(channel: RangedChannel | HttpChannel) -> str:
    return f"{channel.url}/c/noarch/a-1-0.conda"


def test_only_the_requested_bytes_are_sent(served: RangedChannel) -> None:
    assert part_of(_url(served), 50, 20, 200, PLAIN) == CONTENT[50:70]
    assert part_of(_url(served), 199, 1, 200, PLAIN) == CONTENT[199:]
    assert served.sent.total() == 21
    assert part_of(_url(served), 0, 200, 200, PLAIN) == CONTENT


def test_a_server_without_parts_and_a_missing_file_are_errors(private: HttpChannel, served: RangedChannel) -> None:
    for url, size in ((_url(private), 20), (f"{served.url}/c/noarch/b-1-0.conda", 200), ("http://127.0.0.1:9/c", 20)):
        with pytest.raises(ChannelUnreachable, match="cannot be downloaded"):
            part_of(url, 0, size, 200, PLAIN)


@pytest.mark.parametrize("total", [199, 201])
def test_a_file_of_another_size_is_an_error(served: RangedChannel, total: int) -> None:
    with pytest.raises(ChannelUnreachable):
        part_of(_url(served), 0, total, total, PLAIN)


@pytest.mark.parametrize("credential", [Credential(token="s3cret"), Credential(user="me", password="s3cret")])
def test_the_credentials_of_the_channel_are_used_and_never_shown(private: HttpChannel, credential: Credential) -> None:
    settings = replace(PLAIN, rules=ChannelRules(credentials={f"{private.url}/c": credential}))
    login = "Basic " + base64.b64encode(b"me:s3cret").decode()
    if credential.user:
        private.logins["/c"] = login
    assert part_of(_url(private), 0, 200, 200, settings) == CONTENT
    sent = ("/c/noarch/a-1-0.conda", login) if credential.user else ("/t/s3cret/c/noarch/a-1-0.conda", None)
    assert private.requests == [sent]
    private.down()
    with pytest.raises(ChannelUnreachable) as refused:
        part_of(_url(private), 0, 200, 200, settings)
    assert "s3cret" not in f"{refused.value.message}{refused.value.details}"
