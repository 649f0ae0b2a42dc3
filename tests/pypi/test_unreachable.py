"""Test what users read of an index that gives no answer that can be used, over HTTPS and over HTTP."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import certificates
from tests.certificates import Certificate
from tests.simple_index import SimpleIndex
from tfenv_lab.errors import IndexUnreachable
from tfenv_lab.pypi import settings, unreachable, uv
from tfenv_lab.pypi.index import IndexReader
from tfenv_lab.pypi.models import IndexPolicy

HERE = "subjectAltName=IP:127.0.0.1"


@pytest.fixture
def authority(tmp_path: Path) -> Certificate:
    """An authority that no system trusts."""
    return certificates.make(tmp_path, "authority")


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], IndexUnreachable | None]:
    """Ask the configured index for “alpha”, with our own reader or with uv, and return the error."""
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    (tmp_path / "in.txt").write_text("alpha")

    def asked(by: str) -> IndexUnreachable | None:
        found = settings.read(IndexPolicy())
        try:
            if by == "reader":
                assert asyncio.run(IndexReader().project("alpha", found)) is not None
            else:
                uv.run_here(("pip", "compile", "in.txt", "--python-version", "3.11"), found, cwd=tmp_path, timeout=60)
        except IndexUnreachable as error:
            return error
        return None

    return asked


@pytest.fixture
def secure(simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the index answer over HTTPS only."""

    def begin(certificate: Certificate, clients: Certificate | None = None) -> None:
        simple_index.add("alpha")
        simple_index.down()
        simple_index.up(certificates.served(certificate, clients))
        monkeypatch.setenv("PIP_INDEX_URL", simple_index.url)
        monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)

    return begin


Ask = Callable[[str], "IndexUnreachable | None"]


@pytest.mark.parametrize("by", ["reader", "uv"])
class TestCertificates:
    """Servers with certificates, as our own reader and uv see them."""

    def test_a_certificate_that_is_not_trusted(
        self,
        by: str,
        simple_index: SimpleIndex,
        authority: Certificate,
        secure: Callable[..., None],
        ask: Ask,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        secure(certificates.make(tmp_path, "here", HERE, by=authority))
        error = ask(by)
        assert error is not None
        assert error.message == f"The package index {simple_index.url} has a certificate that is not trusted."
        assert "pip's option “cert”" in (error.hint or "")
        monkeypatch.setenv("PIP_CERT", str(authority.path))
        assert ask(by) is None

    @pytest.mark.filterwarnings("error")
    def test_a_trusted_host_needs_no_certificate_and_causes_no_warning(
        self, by: str, authority: Certificate, secure: Callable[..., None], ask: Ask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        secure(authority)
        monkeypatch.setenv("PIP_TRUSTED_HOST", "127.0.0.1")
        assert ask(by) is None

    def test_a_certificate_of_another_host(
        self,
        by: str,
        simple_index: SimpleIndex,
        authority: Certificate,
        secure: Callable[..., None],
        ask: Ask,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        secure(certificates.make(tmp_path, "there", "subjectAltName=DNS:there.example", by=authority))
        monkeypatch.setenv("PIP_CERT", str(authority.path))
        error = ask(by)
        assert error is not None
        assert error.message == f"The package index {simple_index.url} has a certificate for another host."

    def test_a_client_certificate(
        self,
        by: str,
        authority: Certificate,
        secure: Callable[..., None],
        ask: Ask,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        secure(certificates.make(tmp_path, "here", HERE, by=authority), authority)
        monkeypatch.setenv("PIP_CERT", str(authority.path))
        assert ask(by) is not None
        client = certificates.make(tmp_path, "ada", "extendedKeyUsage=clientAuth", by=authority)
        monkeypatch.setenv("PIP_CLIENT_CERT", str(client.path))
        error = ask(by)
        assert error is not None
        assert error.message == "The client certificate that pip or uv is configured with has no private key."
        monkeypatch.setenv("PIP_CLIENT_CERT", str(client.both))
        assert ask(by) is None


@pytest.mark.parametrize("by", ["reader", "uv"])
def test_a_server_without_https(by: str, simple_index: SimpleIndex, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    url = simple_index.url.replace("http:", "https:")
    monkeypatch.setenv("UV_DEFAULT_INDEX", url)
    error = ask(by)
    assert error is not None
    assert error.message == f"The package index {url} does not speak HTTPS."


@pytest.mark.parametrize("by", ["reader", "uv"])
class TestProxies:
    """Proxies, for which the index itself stands: it is asked for the URLs of a host that does not exist."""

    @pytest.fixture(params=["PIP_PROXY", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "uv.toml"])
    def proxy(
        self, request: pytest.FixtureRequest, simple_index: SimpleIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[str], None]:
        """Configure a proxy with a login."""
        simple_index.add("alpha")
        monkeypatch.setenv("UV_DEFAULT_INDEX", "http://index.invalid/simple/")

        def configured(login: str) -> None:
            url = f"http://{login}127.0.0.1:{simple_index.port}"
            if request.param == "uv.toml":
                (tmp_path / "uv.toml").write_text(f'http-proxy = "{url}"\n')
                monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / "uv.toml"))
            else:
                monkeypatch.setenv(request.param, url)

        return configured

    def test_a_proxy_is_used(self, by: str, simple_index: SimpleIndex, proxy: Callable[[str], None], ask: Ask) -> None:
        proxy("")
        assert ask(by) is None
        assert "http://index.invalid/simple/alpha/" in [path for path, _ in simple_index.requests]

    def test_missing_credentials_are_those_of_the_proxy(
        self, by: str, simple_index: SimpleIndex, proxy: Callable[[str], None], ask: Ask
    ) -> None:
        simple_index.proxy_credentials = ("ada", "s3cr@t")
        for login in ("", "ada:wr0ng@"):
            proxy(login)
            error = ask(by)
            assert error is not None
            assert error.message == "The proxy requires valid credentials."
            assert "wr0ng" not in str(error.to_json())
        proxy("ada:s3cr%40t@")
        assert ask(by) is None

    def test_a_proxy_that_does_not_answer_gives_away_no_password(
        self, by: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("UV_DEFAULT_INDEX", "http://index.invalid/simple/")
        monkeypatch.setenv("HTTP_PROXY", "http://ada:s3cr%40t@127.0.0.1:9")
        error = ask(by)
        assert error is not None
        assert "s3cr" not in str(error.to_json())


@pytest.mark.parametrize("by", ["reader", "uv"])
def test_the_keyring_is_asked_for_the_password_of_a_user(
    by: str, simple_index: SimpleIndex, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simple_index.add("alpha")
    simple_index.credentials = ("ada", "s3cret")
    program = tmp_path / "bin" / "keyring"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho s3cret\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("UV_DEFAULT_INDEX", simple_index.url.replace("://", "://ada@"))
    assert ask(by) is not None, "nobody configured the keyring"
    (tmp_path / "uv.toml").write_text('[pip]\nkeyring-provider = "subprocess"\n')
    monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / "uv.toml"))
    assert ask(by) is None


@pytest.mark.parametrize("by", ["reader", "uv"])
def test_the_keyring_is_named_only_if_it_is_asked(
    by: str, simple_index: SimpleIndex, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    simple_index.credentials = ("ada", "s3cret")
    for provider, is_named in (("", False), ("disabled", False), ("subprocess", True)):
        monkeypatch.setenv("UV_KEYRING_PROVIDER", provider)
        error = ask(by)
        assert error is not None
        assert ("keyring" in (error.hint or "")) == is_named


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("invalid peer certificate: UnknownIssuer", "that is not trusted"),
        ("invalid peer certificate: Expired", "that has expired"),
        ("invalid peer certificate: certificate expired: verification time 1 (UNIX)", "that has expired"),
        ("certificate verify failed: certificate has expired (_ssl.c:1006)", "that has expired"),
        ("invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", "of an authority"),
        ("received fatal alert: CertificateRequired", "requires a client certificate"),
        ("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required", "requires a client certificate"),
        ("Connection refused (os error 111)", "cannot be reached"),
        ("tunnel error: proxy authorization required", "The proxy requires valid credentials."),
        ("OSError('Tunnel connection failed: 407 Proxy Authentication Required')", "The proxy requires valid"),
        ("Missing dependencies for SOCKS support.", "A SOCKS proxy needs the Python package PySocks"),
    ],
)
def test_what_uv_and_python_report_of_a_connection(text: str, words: str) -> None:
    error = unreachable.of_connection("The package index https://a/", text)
    assert words in error.message
    assert error.details == text


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("ending", ["", ".metadata"])
def test_a_file_that_the_index_lists_but_no_longer_has(status: int, ending: str) -> None:
    url = "https://files/alpha-1.0-py3-none-any.whl"
    text = f"HTTP status client error ({status} Not Found) for url ({url}{ending})"
    error = unreachable.of_status("The server files", text)
    assert error is not None
    assert error.message == f"The file {url} does not exist."
    assert "another version" in (error.hint or "")
