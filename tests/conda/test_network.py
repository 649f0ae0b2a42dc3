from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rattler import Channel, Gateway
from rattler.exceptions import GatewayError

from tests.conda.http_channel import HttpChannel
from tfenv_lab.conda import condarc
from tfenv_lab.conda.channels import ChannelRules, Credential
from tfenv_lab.conda.condarc import CondaSettings
from tfenv_lab.conda.network import client, redact

PLAIN = CondaSettings(channels=(), envs_dirs=(), pkgs_dirs=())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("error for https://ada:secret@host/channel", "error for https://host/channel"),
        ("https://host/t/tk-1234/channel/noarch", "https://host/t/<TOKEN>/channel/noarch"),
        ("https://host/channel failed", "https://host/channel failed"),
    ],
)
def test_redact(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_no_credentials_stay_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    client(replace(PLAIN, rules=ChannelRules(credentials={"https://host/c": Credential(user="u", password="p")})))
    assert [path for path in tmp_path.iterdir() if path.name.startswith("tfenv_lab")] == []


@pytest.mark.parametrize("proxy", ["http://proxy:8080", 'http://user:pa"ss@proxy:8080'])
def test_proxies_are_taken(proxy: str) -> None:
    client(replace(PLAIN, proxy_servers={"https": proxy, "http": proxy, "ftp": "ignored"}))


class TestProxies:
    """A proxy that answers for every host, so what came to it is what was sent through it."""

    @pytest.fixture
    def proxies(self, tmp_path: Path) -> Iterator[list[HttpChannel]]:
        made = [HttpChannel(tmp_path / name) for name in ("one", "two")]
        for proxy in made:
            proxy.up()
        yield made
        for proxy in made:
            proxy.down()

    def ask(self, servers: dict[str, str], *channels: str) -> None:
        settings = condarc.with_channels(replace(PLAIN, proxy_servers=servers), channels)
        gateway = Gateway(cache_dir=Path(os.environ["HOME"], "cache"), client=client(settings, retries=0))
        for channel in settings.channels:
            with contextlib.suppress(GatewayError):
                asyncio.run(gateway.query([Channel(channel.url)], ["noarch"], ["x"], recursive=False))

    @pytest.mark.parametrize(
        "keys",
        [
            ("http", "all"),
            ("all", "https"),
            ("http://a.invalid", "http", "all"),
            ("all://a.invalid", "all", "http://b.invalid"),
            ("http", "all://a.invalid"),
        ],
        ids=str,
    )
    def test_the_first_of_scheme_and_host_counts(self, proxies: list[HttpChannel], keys: tuple[str, ...]) -> None:
        one, two = proxies
        servers = {key: one.url if key == keys[0] else two.url for key in keys}
        self.ask(dict(reversed(servers.items())), "http://a.invalid/c")
        assert one.requests
        assert not two.requests

    def test_a_host_can_be_reached_without(self, proxies: list[HttpChannel], tmp_path: Path) -> None:
        proxy, server = proxies
        host = server.url.replace("127.0.0.1", "localhost")
        self.ask({"http": proxy.url, "http://localhost": ""}, "http://a.invalid/c", f"{host}/c")
        assert {path.partition("/c/")[0] for path, _ in proxy.requests} == {"http://a.invalid"}
        assert server.requests

    def test_of_several_the_general_one_counts(
        self, proxies: list[HttpChannel], caplog: pytest.LogCaptureFixture
    ) -> None:
        one, two = proxies
        self.ask({"http": one.url, "http://b.invalid": two.url}, "http://a.invalid/c", "http://b.invalid/c")
        assert one.requests
        assert not two.requests
        assert "proxy_servers" in caplog.text


def test_a_bundle_of_certificates_is_read_and_the_process_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    client(replace(PLAIN, ssl_verify=str(bundle)))
    client(replace(PLAIN, ssl_verify=False))
    assert "SSL_CERT_FILE" not in os.environ


class TestCredentials:
    @pytest.fixture
    def served(self, tmp_path: Path) -> Iterator[HttpChannel]:
        channel = HttpChannel(tmp_path)
        channel.up()
        yield channel
        channel.down()

    def ask(self, served: HttpChannel, *channels: str) -> dict[str, str | None]:
        """Ask the channels for a package; return what ``Authorization`` came with each directory asked for."""
        settings = condarc.with_channels(PLAIN, channels)
        gateway = Gateway(cache_dir=served.root / "cache", client=client(settings, retries=0))
        for channel in settings.channels:
            with contextlib.suppress(GatewayError):
                asyncio.run(gateway.query([Channel(channel.url)], ["noarch"], ["x"], recursive=False))
        return {path.partition("/noarch")[0]: authorization for path, authorization in served.requests}

    def test_every_channel_of_a_host_has_its_own_token(self, served: HttpChannel) -> None:
        urls = [f"{served.url}/t/tk-1/a", f"{served.url}/t/tk-2/b", f"{served.url}/ab", f"{served.url}/conda/t/tk-3/c"]
        assert set(self.ask(served, *urls)) == {"/t/tk-1/a", "/t/tk-2/b", "/ab", "/conda/t/tk-3/c"}

    def test_those_of_rattlers_own_store_stay_beside_a_channels(self, served: HttpChannel, clean_home: Path) -> None:
        (clean_home / ".rattler").mkdir()
        stored = {"localhost": {"BasicHTTP": {"username": "stored", "password": "pw"}}}
        (clean_home / ".rattler" / "credentials.json").write_text(json.dumps(stored))
        port = served.url.rpartition(":")[2]
        asked = self.ask(served, f"http://localhost:{port}/a", f"http://me:secret@127.0.0.1:{port}/b")
        assert asked == {"/a": basic("stored", "pw"), "/b": basic("me", "secret")}

    def test_and_those_of_the_file_that_a_variable_names(
        self, served: HttpChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "auth.json"
        path.write_text(json.dumps({"localhost": {"BearerToken": "tk"}}))
        monkeypatch.setenv("RATTLER_AUTH_FILE", str(path))
        port = served.url.rpartition(":")[2]
        asked = self.ask(served, f"http://localhost:{port}/a", f"http://me:secret@127.0.0.1:{port}/b")
        assert asked == {"/a": "Bearer tk", "/b": basic("me", "secret")}
        assert os.environ["RATTLER_AUTH_FILE"] == str(path)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
