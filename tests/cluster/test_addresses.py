"""Test which addresses of schedulers are used: beyond this machine only with certificates."""

from __future__ import annotations

import pytest

from tfenv_lab.cluster.addresses import check
from tfenv_lab.errors import ClusterNotAllowed, InvalidRequest


@pytest.mark.parametrize(
    "address",
    [
        "tls://10.0.0.1:8786",
        "tls://scheduler.example.org:8786",
        "tcp://127.0.0.1:8786",
        "tcp://localhost:8786",
        "tcp://[::1]:8786",
        "tcp://127.8.0.1:8786",
    ],
)
def test_certificates_or_this_machine(address: str) -> None:
    assert check(address) == address
    assert check(address + "/") == address


@pytest.mark.parametrize(
    "address",
    [
        "tcp://10.0.0.1:8786",
        "tcp://localhost.example.org:8786",
        "tcp://127.0.0.1.example.org:8786",
        "tcp://[fe80::1]:8786",
        "ws://127.0.0.1:8786",
        "inproc://127.0.0.1:8786",
    ],
)
def test_another_machine_without_certificates_is_refused(address: str) -> None:
    with pytest.raises(ClusterNotAllowed):
        check(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "10.0.0.1:8786",
        "tls://10.0.0.1",
        "tls://10.0.0.1:99999",
        "tls://user:secret@host:1",
        "tls://a b:1",
        "tls://:1",
    ],
)
def test_what_is_no_address_is_refused_without_quoting_more_than_it(address: str) -> None:
    with pytest.raises(InvalidRequest):
        check(address)
