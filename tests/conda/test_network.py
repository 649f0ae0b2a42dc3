from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

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
    client(replace(PLAIN, rules=ChannelRules(credentials={"https://host/c": Credential(token="tk")})))
    assert [path for path in tmp_path.iterdir() if path.name.startswith("tfenv_lab")] == []


@pytest.mark.parametrize("proxy", ["http://proxy:8080", 'http://user:pa"ss@proxy:8080'])
def test_proxies_are_taken(proxy: str) -> None:
    client(replace(PLAIN, proxy_servers={"https": proxy, "http": proxy, "ftp": "ignored"}))


def test_a_bundle_of_certificates_is_read_and_the_process_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    client(replace(PLAIN, ssl_verify=str(bundle)))
    client(replace(PLAIN, ssl_verify=False))
    assert "SSL_CERT_FILE" not in os.environ
