from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from alert_core import Batch, Context, SourceError
from alert_core.testing.peers import free_port, require
from alert_syslog import SyslogSource, SyslogSourceSettings


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
    made.make("client", by="authority", more="subjectAltName=DNS:sensor-7.example.com")
    made.make("stranger", more="subjectAltName=DNS:localhost")
    return made


class Taken:
    """What a source pushed; the `push` of a run.

    Attributes:
        batches: All of it.
        open: Cleared, `push` does not return.
        fault: What `push` raises, if anything.
    """

    cursor = None

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.open = threading.Event()
        self.open.set()
        self.fault: Exception | None = None

    def __call__(self, batch: Batch) -> None:
        assert self.open.wait(30)
        if self.fault is not None:
            raise self.fault
        self.batches.append(batch)

    @property
    def records(self) -> list[bytes]:
        return [record for batch in self.batches for record in batch.records]

    @property
    def senders(self) -> list[str]:
        return [sender for batch in self.batches for sender in batch.senders]

    @property
    def lost(self) -> int:
        return sum(batch.lost for batch in self.batches)

    def wait_for(self, count: int, *, seconds: float = 20.0) -> list[bytes]:
        end = time.monotonic() + seconds
        while len(self.records) < count:
            assert time.monotonic() < end, f"{len(self.records)} of {count}: {self.records[-3:]}"
            time.sleep(0.01)
        return self.records


class Running:
    """A source that receives at free ports of this computer, in a thread of its own.

    Args:
        listen: Where, such as `tcp:127.0.0.1`; a free port is added.
        settings: More of its settings.
    """

    def __init__(self, *listen: str, **settings: Any) -> None:
        self.ports = [free_port() for _ in listen]
        places = [f"{place}:{port}" for place, port in zip(listen, self.ports, strict=True)]
        self.source = SyslogSource(SyslogSourceSettings.model_validate({"listen": places, **settings}), Context(name="net"))
        self.taken = Taken()
        self.error: BaseException | None = None
        self._transports = [place.partition(":")[0] for place in listen]

    @property
    def port(self) -> int:
        return self.ports[0]

    def _run(self) -> None:
        try:
            self.source.run(self.taken, self._stop)
        except BaseException as error:  # noqa: BLE001  # for the test to judge
            self.error = error

    def start(self) -> Self:
        self.error = None
        self._stop = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        for transport, port in zip(self._transports, self.ports, strict=True):
            wait_until(lambda t=transport, p=port: not self.thread.is_alive() or listens(t, p))
        return self

    def stop(self) -> None:
        self._stop.set()
        self.thread.join(20)
        assert not self.thread.is_alive()
        if not isinstance(self.error, SourceError | None):
            raise self.error

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.taken.open.set()
        self.stop()

    def connected(self, *, host: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection((host, self.port), 10)


def listens(transport: str, port: int) -> bool:
    """Whether something listens at a port, without disturbing it."""
    kind = "udp" if transport == "udp" else "tcp"
    state = "07" if transport == "udp" else "0A"
    lines = [line for name in (kind, f"{kind}6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == state for line in lines)


def wait_until(holds: Callable[[], bool], *, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.005)


@pytest.fixture
def receive() -> type[Running]:
    return Running
