from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from alert_core.testing.peers import require


@dataclass(frozen=True)
class Certificates:
    """An authority, a server and a client that it vouches for, and a stranger who vouches for himself; all in PEM files."""

    folder: Path

    def __getitem__(self, name: str) -> Path:
        return self.folder / f"{name}.pem"

    def key(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def make(self, name: str, *, by: str = "", more: str = "") -> None:
        issuer = ["-CA", str(self[by]), "-CAkey", str(self.key(by))] if by else []
        extension = ["-addext", more] if more else []
        options = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", *issuer, *extension]
        files = ["-keyout", str(self.key(name)), "-out", str(self[name])]
        command = [require("openssl"), "req", *options, "-subj", f"/CN={name}", *files]
        subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    made = Certificates(tmp_path_factory.mktemp("tls"))
    made.make("authority")
    made.make("server", by="authority", more="subjectAltName=DNS:localhost")
    made.make("client", by="authority")
    made.make("stranger", more="subjectAltName=DNS:localhost")
    return made
