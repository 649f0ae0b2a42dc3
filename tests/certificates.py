"""Make certificates with openssl: of an authority, and of servers and clients that it signs."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Certificate:
    """A certificate with its private key, in files; ``both`` holds the two."""

    key: Path
    path: Path

    @property
    def both(self) -> Path:
        """A file with the key and the certificate."""
        found = self.path.with_suffix(".both.pem")
        found.write_text(self.key.read_text() + self.path.read_text())
        return found


def make(folder: Path, name: str, *extensions: str, by: Certificate | None = None) -> Certificate:
    """Return a new certificate that another one signs, or an authority's own if there is none."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl, which makes a certificate, is not installed")
    made = Certificate(folder / f"{name}.key.pem", folder / f"{name}.pem")
    command = [program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    command += ["-subj", f"/CN={name}", "-keyout", str(made.key), "-out", str(made.path)]
    if by is not None:
        command += ["-CA", str(by.path), "-CAkey", str(by.key), "-addext", "basicConstraints=critical,CA:FALSE"]
    for each in extensions:
        command += ["-addext", each]
    subprocess.run(command, check=True, capture_output=True)
    return made


def served(certificate: Certificate, clients: Certificate | None = None) -> ssl.SSLContext:
    """Return how a server uses a certificate; if there are ``clients``, it wants one that these sign."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.path, certificate.key)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients.path)
    return context
