"""Test the addresses at which this machine serves packages to itself, which come before the channel's own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import rattler
from rattler import Gateway, MatchSpec, RepoDataRecord

from tests.conda.http_channel import HttpChannel
from tests.tiny_channel import TinyChannel
from tfenv_lab.conda.settings.channels import ChannelRules, Credential
from tfenv_lab.conda.settings.condarc import CondaSettings
from tfenv_lab.conda.settings.network import client

PLAIN = CondaSettings(channels=(), envs_dirs=(), pkgs_dirs=())
PACKAGE = "/linux-64/a-1.0-0.conda"


@contextmanager
def _up(root: Path) -> Iterator[HttpChannel]:
    channel = HttpChannel(root)
    channel.up()
    try:
        yield channel
    finally:
        channel.down()


@pytest.fixture
def served(channel: TinyChannel) -> Iterator[HttpChannel]:
    channel.add("a", "1.0")
    channel.index()
    with _up(channel.root) as found:
        yield found


def _records(served: HttpChannel, folder: Path) -> list[RepoDataRecord]:
    found = asyncio.run(rattler.solve([served.url], [MatchSpec("a")], gateway=Gateway(cache_dir=folder / "solve")))
    served.requests.clear()
    return found


def _install(records: list[RepoDataRecord], folder: Path, settings: CondaSettings) -> None:
    asyncio.run(
        rattler.install(records, folder / "prefix", cache_dir=folder / "cache", client=client(settings, retries=1))
    )
    assert (folder / "prefix/share/a/1.0.txt").is_file()


def test_the_address_of_this_machine_is_asked_alone(served: HttpChannel, tmp_path: Path) -> None:
    records = _records(served, tmp_path)
    with _up(served.root) as here:
        _install(records, tmp_path, replace(PLAIN, mirrors={f"{served.url}/linux-64/": f"{here.url}/linux-64/"}))
        assert ([path for path, _ in here.requests], served.requests) == ([PACKAGE], [])


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_proxies_in_variables_are_not_asked_for_it(
    served: HttpChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    records = _records(served, tmp_path)
    with _up(served.root) as here, _up(served.root) as proxy:
        monkeypatch.setenv(variable, proxy.url)
        monkeypatch.setenv("no_proxy", "elsewhere")
        _install(records, tmp_path, replace(PLAIN, mirrors={f"{served.url}/linux-64/": f"{here.url}/linux-64/"}))
        assert (len(here.requests), proxy.requests) == (1, [])


@pytest.mark.parametrize("fault", ["refuses", "answers 503"])
def test_the_channel_is_asked_with_its_token_if_that_fails(served: HttpChannel, tmp_path: Path, fault: str) -> None:
    records = _records(served, tmp_path)
    rules = ChannelRules(credentials={served.url: Credential(token="s3cret")})
    with _up(served.root) as here:
        if fault == "refuses":
            here.down()
        here.busy = lambda path: (503, "0")
        mirrors = {f"{served.url}/linux-64/": f"{here.url}/linux-64/"}
        _install(records, tmp_path, replace(PLAIN, mirrors=mirrors, rules=rules))
    assert [path for path, _ in served.requests] == [f"/t/s3cret{PACKAGE}"]


def test_it_is_asked_without_the_password_of_the_channel(served: HttpChannel, tmp_path: Path) -> None:
    records = _records(served, tmp_path)
    logins = {served.url: Credential(user="me", password="1"), f"{served.url}/x": Credential(user="you", password="2")}
    with _up(served.root) as here:
        mirrors = {f"{served.url}/linux-64/": f"{here.url}/linux-64/"}
        _install(records, tmp_path, replace(PLAIN, mirrors=mirrors, rules=ChannelRules(credentials=logins)))
        assert here.requests == [(PACKAGE, None)]
