from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rattler import Channel, Gateway
from rattler.exceptions import GatewayError

from tests.conda.http_channel import HttpChannel
from tfenv_lab.conda.settings import condarc
from tfenv_lab.conda.settings.channels import ChannelRules, Credential
from tfenv_lab.conda.settings.condarc import CondaSettings
from tfenv_lab.conda.settings.network import client

#: Variables that tests hide from the programs that they start, but that these programs need.
PATH = os.environ["PATH"]
BUS = """<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"""
PLAIN = CondaSettings(channels=(), envs_dirs=(), pkgs_dirs=())


def test_no_credentials_stay_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    client(replace(PLAIN, rules=ChannelRules(credentials={"https://host/c": Credential(user="u", password="p")})))
    assert [path for path in tmp_path.iterdir() if path.name.startswith("tfenv_lab")] == []


@pytest.mark.parametrize("proxy", ["http://proxy:8080", 'http://user:pa"ss@proxy:8080'])
def test_proxies_are_taken(proxy: str) -> None:
    client(replace(PLAIN, proxy_servers={"https": proxy, "http": proxy, "ftp": "ignored"}))


class TestCertificates:
    """The server's certificate is signed by a private authority, as in many companies."""

    @pytest.fixture
    def authority(self, tmp_path: Path) -> Path:
        """Return a directory with the certificates of the authority and the server, and the server's key."""
        if shutil.which("openssl", path=PATH) is None:
            pytest.skip("openssl is not here")
        folder = tmp_path / "authority"
        folder.mkdir()
        (folder / "names").write_text("subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")
        make = "req -newkey rsa:2048 -nodes"
        for command in (
            f"{make} -x509 -keyout ca.key -out ca.pem -days 2 -subj /CN=ours -addext basicConstraints=critical,CA:TRUE",
            f"{make} -keyout server.key -out server.csr -subj /CN=localhost",
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names",
        ):
            subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
        (folder / "trusted").mkdir()
        shutil.copy(folder / "ca.pem", folder / "trusted")
        subprocess.run(["openssl", "rehash", "trusted"], cwd=folder, check=True)
        return folder

    @pytest.mark.parametrize(
        ("ssl_verify", "is_trusted"),
        [(True, False), ("truststore", False), (False, True), ("ca.pem", True), ("trusted", True)],
    )
    def test_it_is_trusted_where_condarc_says_so(
        self,
        authority: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        ssl_verify: bool | str,
        is_trusted: bool,
    ) -> None:
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.chdir(authority)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(authority / "server.pem", authority / "server.key")
        served = HttpChannel(tmp_path / "served")
        served.up(tls)
        channel = served.url.replace("http://127.0.0.1", "https://localhost") + "/c"
        query(tmp_path / "cache", channel, settings=replace(PLAIN, ssl_verify=ssl_verify))
        served.down()
        assert bool(served.requests) is is_trusted


class TestProxies:
    """The proxy answers for every host, so it receives exactly the requests that are sent through it."""

    @pytest.fixture
    def proxies(self, tmp_path: Path) -> Iterator[list[HttpChannel]]:
        made = [HttpChannel(tmp_path / name) for name in ("one", "two")]
        for proxy in made:
            proxy.up()
        yield made
        for proxy in made:
            proxy.down()

    def ask(self, servers: dict[str, str], *channels: str) -> None:
        query(Path(os.environ["HOME"], "cache"), *channels, settings=replace(PLAIN, proxy_servers=servers))

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

    def test_one_may_be_written_without_a_scheme(self, proxies: list[HttpChannel]) -> None:
        self.ask({"http": proxies[0].url.removeprefix("http://")}, "http://a.invalid/c")
        assert proxies[0].requests

    def test_an_invalid_url_is_reported_and_not_quoted(self, caplog: pytest.LogCaptureFixture) -> None:
        client(replace(PLAIN, proxy_servers={"https": "http://me:secret@not a host"}))
        assert "proxy_servers" in caplog.text
        assert "secret" not in caplog.text

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
        """Query the channels for a package; return the ``Authorization`` of each request by directory."""
        query(served.root / "cache", *channels)
        return {path.partition("/noarch")[0]: authorization for path, authorization in served.requests}

    def test_every_channel_of_a_host_has_its_own_token(self, served: HttpChannel) -> None:
        urls = [f"{served.url}/t/tk-1/a", f"{served.url}/t/tk-2/b", f"{served.url}/ab", f"{served.url}/conda/t/tk-3/c"]
        assert set(self.ask(served, *urls)) == {"/t/tk-1/a", "/t/tk-2/b", "/ab", "/conda/t/tk-3/c"}

    def test_credentials_of_rattlers_own_store_stay_in_force(self, served: HttpChannel, clean_home: Path) -> None:
        (clean_home / ".rattler").mkdir()
        stored = {"localhost": {"BasicHTTP": {"username": "stored", "password": "pw"}}}
        (clean_home / ".rattler" / "credentials.json").write_text(json.dumps(stored))
        port = served.url.rpartition(":")[2]
        asked = self.ask(served, f"http://localhost:{port}/a", f"http://me:secret@127.0.0.1:{port}/b")
        assert asked == {"/a": basic("stored", "pw"), "/b": basic("me", "secret")}

    def test_credentials_of_the_file_that_a_variable_names_stay_in_force(
        self, served: HttpChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "auth.json"
        path.write_text(json.dumps({"localhost": {"BearerToken": "tk"}}))
        monkeypatch.setenv("RATTLER_AUTH_FILE", str(path))
        port = served.url.rpartition(":")[2]
        asked = self.ask(served, f"http://localhost:{port}/a", f"http://me:secret@127.0.0.1:{port}/b")
        assert asked == {"/a": "Bearer tk", "/b": basic("me", "secret")}
        assert os.environ["RATTLER_AUTH_FILE"] == str(path)

    @pytest.mark.parametrize("number", [0, 1])
    def test_every_channel_of_a_host_has_its_own_password(
        self, served: HttpChannel, clean_home: Path, number: int
    ) -> None:
        (clean_home / ".rattler").mkdir()
        stored = {"localhost": {"BasicHTTP": {"username": "stored", "password": "pw"}}}
        (clean_home / ".rattler" / "credentials.json").write_text(json.dumps(stored))
        site = f"127.0.0.1:{served.url.rpartition(':')[2]}"
        users = ["me:se%40cret", "you:other"]
        channels = [
            f"http://{users[number]}@{site}/a",
            f"http://{users[1 - number]}@{site}/b",
            f"http://third@{site}/a/inner",
            f"http://{site}/t/tk-1/a/token",
            f"http://fourth:pw@{site}/t/tk-2/both",
            f"http://{site}/aa",
            f"http://localhost:{served.url.rpartition(':')[2]}/other",
        ]
        expected = [basic("me", "se@cret"), basic("you", "other")]
        assert self.ask(served, *channels) == {
            "/a": expected[number],
            "/b": expected[1 - number],
            "/a/inner": basic("third", ""),
            "/t/tk-1/a/token": None,
            "/t/tk-2/both": basic("fourth", "pw"),
            "/aa": None,
            "/other": basic("stored", "pw"),
        }

    def test_servers_on_two_ports_of_a_host_have_their_own_passwords(self, served: HttpChannel, tmp_path: Path) -> None:
        other = HttpChannel(tmp_path)
        other.up()
        channels = [server.url.replace("//", f"//{user}:pw@") + "/c" for server, user in ((served, "a"), (other, "b"))]
        assert self.ask(served, *channels) == {"/c": basic("a", "pw")}
        assert {authorization for _, authorization in other.requests} == {basic("b", "pw")}
        other.down()

    def test_a_password_of_a_site_does_not_replace_that_of_a_channel(
        self, served: HttpChannel, clean_home: Path
    ) -> None:
        site = served.url.removeprefix("http://")
        (clean_home / ".condarc").write_text(
            f"channel_alias: http://site:pw@{site}\ncustom_channels:\n  team: http://team:pw@{site}/custom\n"
            f"channels: [plain, team, http://own:pw@{site}/own]\n"
        )
        settings = condarc.load({}, clean_home)
        query(served.root / "cache", settings=settings)
        asked = {path.partition("/noarch")[0]: authorization for path, authorization in served.requests}
        assert asked == {
            "/plain": basic("site", "pw"),
            "/custom/team": basic("team", "pw"),
            "/own": basic("own", "pw"),
        }

    def test_proxies_and_retries_stay_in_force_with_several_passwords(
        self, served: HttpChannel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        settings = replace(PLAIN, proxy_servers={"http": served.url})
        query(served.root / "cache", "http://a:1@host.invalid/a", "http://b:2@host.invalid/b", settings=settings)
        assert {(path.partition("/noarch")[0], authorization) for path, authorization in served.requests} == {
            ("http://host.invalid/a", basic("a", "1")),
            ("http://host.invalid/b", basic("b", "2")),
        }
        assert os.environ["http_proxy"] == "http://127.0.0.1:1"

    @pytest.fixture
    def keyring(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, object], None]]:
        """Start a separate keyring on a separate bus, as on a desktop, and store an entry for a host in it."""
        programs = ("dbus-daemon", "gnome-keyring-daemon", "secret-tool")
        missing = [name for name in programs if shutil.which(name, path=PATH) is None]
        if missing:
            pytest.skip(f"not here: {', '.join(missing)} (packages dbus, gnome-keyring, libsecret-tools of Debian)")
        (tmp_path / "run").mkdir(mode=0o700)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
        # With the system's configuration, a bus would start keyrings by itself.
        (tmp_path / "bus.conf").write_text(BUS)
        bus_command = ["dbus-daemon", f"--config-file={tmp_path}/bus.conf", "--nofork", "--print-address=1"]
        with subprocess.Popen(bus_command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as bus:
            assert bus.stdout is not None
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.stdout.readline().strip())
            ring_command = ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"]
            with subprocess.Popen(
                ring_command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as ring:
                assert ring.stdin is not None
                ring.stdin.write(b"password of the keyring")
                ring.stdin.close()

                def store(host: str, entry: object) -> None:
                    command = ["secret-tool", "store", "--label=rattler", "service", "rattler", "username", host]
                    for _ in range(50):
                        done = subprocess.run(command, input=json.dumps(entry).encode(), check=False, timeout=20)
                        if done.returncode == 0:
                            return
                        time.sleep(0.1)
                    raise AssertionError("the keyring stores nothing")

                yield store
                ring.terminate()
            bus.terminate()

    def test_credentials_of_the_keyring_stay_in_force(
        self, served: HttpChannel, keyring: Callable[[str, object], None]
    ) -> None:
        keyring("localhost", {"BasicHTTP": {"username": "ring", "password": "pw"}})
        port = served.url.rpartition(":")[2]
        channels = (f"http://localhost:{port}/a", f"http://me:secret@127.0.0.1:{port}/b")
        # rattler looks for a keyring only once in each process, so this needs a separate one.
        asking = f"query({str(served.root / 'cache')!r}, *{channels!r})"
        code = f"import os; from tests.conda.test_network import query; {asking}; os._exit(0)"
        subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=True)
        asked = {path.partition("/noarch")[0]: authorization for path, authorization in served.requests}
        assert asked == {"/a": basic("ring", "pw"), "/b": basic("me", "secret")}


def query(cache: str | Path, *channels: str, settings: CondaSettings = PLAIN) -> None:
    """Query the channels for a package that they do not have."""
    settings = condarc.with_channels(settings, channels) if channels else settings
    gateway = Gateway(cache_dir=Path(cache), client=client(settings, retries=0))
    for channel in settings.channels:
        with contextlib.suppress(GatewayError):
            asyncio.run(gateway.query([Channel(channel.url)], ["noarch"], ["x"], recursive=False))


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("is_a_file", [True, False])
def test_passwords_of_rattler_that_cannot_be_read_are_left_out_with_a_warning(
    clean_home: Path, is_a_file: bool, caplog: pytest.LogCaptureFixture
) -> None:
    if is_a_file:
        (clean_home / ".rattler").write_text("")
    else:
        (clean_home / ".rattler/credentials.json").mkdir(parents=True)
    client(PLAIN)
    assert f"{clean_home}/.rattler/credentials.json" in caplog.text
    assert os.environ["HOME"] == str(clean_home)
