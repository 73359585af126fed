"""The receivers that several test modules share: a strict reader of datagrams, snmptrapd, and our own source."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import psutil
import pytest

from alert_core import Batch, Context, Cursor, Event
from alert_core.testing.peers import free_port, require
from alert_snmp.format import SnmpTrapFormat, SnmpTrapSettings
from alert_snmp.source import SnmpSource
from alert_snmp.source_settings import SnmpSourceSettings

INTEGER, OCTETS, OID, SEQUENCE, ADDRESS, GAUGE, TICKS = 0x02, 0x04, 0x06, 0x30, 0x40, 0x42, 0x43


class Trap(NamedTuple):
    """A trap as it was on the wire."""

    version: int
    community: bytes
    header: list[tuple[int, bytes]]
    varbinds: list[tuple[str, int, bytes]]
    """Number, tag and content of each object; of v2c and v3 without sysUpTime and snmpTrapOID."""
    oid: str = ""
    """snmpTrapOID, or the enterprise of v1."""


def elements(data: bytes) -> list[tuple[int, bytes]]:
    """Read BER to the last byte; lengths must be definite and as short as they can be."""
    found = []
    while data:
        tag, size, start = data[0], data[1], 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(data[2:start], "big")
            assert size >= 0x80
            assert data[2] != 0
        assert len(data) >= start + size, "an element is longer than what holds it"
        found.append((tag, data[start : start + size]))
        data = data[start + size :]
    return found


def one(data: bytes, tag: int) -> list[tuple[int, bytes]]:
    ((found, content),) = elements(data)
    assert found == tag
    return elements(content)


def dotted(content: bytes) -> str:
    arcs, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def parse(datagram: bytes) -> Trap:
    message = one(datagram, SEQUENCE)
    version = message[0][1][0]
    if version == 3:
        # Version, header, security parameters, scoped PDU; only what was sent in the clear can be read.
        assert [tag for tag, _ in message] == [INTEGER, SEQUENCE, OCTETS, SEQUENCE]
        _, _, (pdu_tag, pdu) = elements(message[3][1])
        community = b""
    else:
        _, (_, community), (pdu_tag, pdu) = message
    assert pdu_tag == (0xA4 if version == 0 else 0xA7)
    *header, (tag, pairs) = elements(pdu)
    assert tag == SEQUENCE
    objects = []
    for pair_tag, pair in elements(pairs):
        assert pair_tag == SEQUENCE
        (oid_tag, number), (value_tag, value) = elements(pair)
        assert oid_tag == OID
        objects.append((dotted(number), value_tag, value))
    if version == 0:
        return Trap(version, community, header, objects, dotted(header[0][1]))
    (up_time, up_tag, _), (trap_oid, trap_tag, oid), *rest = objects
    assert (up_time, up_tag, trap_oid, trap_tag) == ("1.3.6.1.2.1.1.3.0", TICKS, "1.3.6.1.6.3.1.1.4.1.0", OID)
    return Trap(version, community, header, rest, dotted(oid))


class Wire:
    """A socket that traps are sent to, and what they say."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(10)
        self.port: int = self._socket.getsockname()[1]

    def trap(self) -> Trap:
        return parse(self._socket.recv(65535))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    opened = Wire()
    yield opened
    opened.close()


class Trapd:
    """A running snmptrapd, and the lines it wrote."""

    def __init__(self, folder: Path, configuration: list[str], *, host: str, port: int, mibs: str) -> None:
        program = require("snmptrapd")
        folder.mkdir(exist_ok=True)
        self.folder, self.host, self.port = folder, host, port or free_port()
        self._log = folder / "traps.log"
        file = folder / "snmptrapd.conf"
        file.write_text("\n".join(["disableAuthorization no", "authCommunity log area", *configuration]) + "\n")
        command = [program, "-f", "-Lf", str(self._log), "-F", r"%P|%v\n"]
        command += ["-M", mibs, "-m", "ALERT-MIB"] if mibs else ["-m", "", "-On"]
        command += [f"udp6:[{host}]:{self.port}" if ":" in host else f"udp:{host}:{self.port}"]
        # The engine's id and boots are kept in the persistent folder, which is read only if it is named here too.
        persistent = folder / "persistent"
        environment = {**os.environ, "SNMPCONFPATH": f"{folder}:{persistent}", "SNMP_PERSISTENT_DIR": str(persistent)}
        self._process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        self.wait(lambda log: "NET-SNMP version" in log)

    def wait(self, holds: Callable[[str], bool]) -> str:
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            log = self._log.read_text(errors="replace") if self._log.exists() else ""
            if holds(log):
                return log
            time.sleep(0.02)
        raise AssertionError(f"snmptrapd wrote:\n{log}")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        # So that the next one to write there is waited for as well.
        self._log.rename(self.folder / "traps.old.log")


@pytest.fixture(scope="module")
def start_trapd() -> Iterator[Callable[..., Trapd]]:
    """Start a snmptrapd; ends with the module unless it is stopped before."""
    running: list[Trapd] = []

    def start(folder: Path, configuration: list[str], *, host: str = "127.0.0.1", port: int = 0, mibs: str = "") -> Trapd:
        running.append(Trapd(folder, configuration, host=host, port=port, mibs=mibs))
        return running[-1]

    yield start
    for one in running:
        if one._process.poll() is None:
            one.stop()


class Receiver:
    """A running source, what it pushed, and what its format makes of that."""

    cursor = None
    cursors: Mapping[str, Cursor] = MappingProxyType({})

    def __init__(self, folder: Path, *, address: str = "127.0.0.1", **settings: Any) -> None:
        self.host, self.port = address or "127.0.0.1", free_port()
        place = f"[{address}]:" if ":" in address else f"{address}:" if address else ""
        table = {"listen": [f"udp:{place}{self.port}"], "communities": ["area"], **settings}
        self.context = Context(name="traps", state_folder=folder / "receiver")
        self.source = SnmpSource(SnmpSourceSettings.model_validate(table), self.context)
        self.batches: list[Batch] = []
        self.error: BaseException | None = None
        self.hold = threading.Event()
        self.hold.set()

    def __call__(self, batch: Batch) -> None:
        assert self.hold.wait(10)
        self.batches.append(batch)

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._listens():
            assert time.monotonic() < deadline, "the source does not listen"
            assert self._thread.is_alive(), f"the source ended: {self.error}"
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        try:
            self.source.run(self, self._stop)
        except Exception as error:  # noqa: BLE001 - for `__exit__` to raise in the thread of the test
            self.error = error

    def _listens(self) -> bool:
        return any(place.laddr.port == self.port for place in psutil.Process().net_connections("udp"))

    @property
    def records(self) -> list[bytes]:
        return [record for batch in list(self.batches) for record in batch.split()]

    @property
    def lost(self) -> int:
        return sum(batch.lost for batch in list(self.batches))

    def events(self, count: int, *, seconds: float = 15) -> list[Event]:
        """The events, once there are so many."""
        deadline = time.monotonic() + seconds
        while len(self.records) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return SnmpTrapFormat(SnmpTrapSettings(), self.context).decode(self.records)


@pytest.fixture
def receiver(tmp_path: Path) -> Callable[..., Receiver]:
    """A source that was not started yet."""
    return lambda **settings: Receiver(tmp_path, **settings)
