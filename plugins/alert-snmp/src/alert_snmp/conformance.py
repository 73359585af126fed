"""Proves this distribution's quality level to `alert plugins --check snmp`; needs `pip install 'alert-snmp[testing]'`."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import pytest

from alert_core import Context
from alert_core.testing import ActionConformance, FormatConformance, SourceConformance
from alert_snmp import _ber as ber
from alert_snmp import _pdu as pdu
from alert_snmp._objects import Varbind
from alert_snmp._record import Record
from alert_snmp._trap import community_messages
from alert_snmp.format import SnmpTrapFormat
from alert_snmp.plugin import SnmpAction
from alert_snmp.source import SnmpSource

__all__ = ["SnmpConformance", "SnmpSourceConformance", "SnmpTrapConformance"]

_TRAP, _OBJECT = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.2.1.2.2.1.2.7"


class SnmpConformance(ActionConformance):
    """The SNMP action against a receiver of datagrams on loopback."""

    action = SnmpAction
    settings: ClassVar[Mapping[str, Any]] = {
        "host": "127.0.0.1",
        "version": "v3",
        "user": {
            "name": "alert",
            "auth": "SHA-256",
            "auth_key": "maplesyrup",
            "privacy": "AES-128",
            "privacy_key": {"file": "privacy.key"},
        },
    }
    unreachable: ClassVar[Mapping[str, Any]] = {
        "host": "127.0.0.1",
        "port": 1,
        "version": "v2c",
        "community": "s3cret",
        "confirm": True,
        "confirm_seconds": 0.2,
    }
    time_limit_seconds = 5.0

    @pytest.fixture
    def reachable(self, context: Context) -> Iterator[Mapping[str, Any]]:
        """A receiver of traps."""
        self._traps: list[str] = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            receiver.setblocking(False)
            self._receiver = receiver
            yield {"host": "127.0.0.1", "port": receiver.getsockname()[1], "version": "v2c", "community": "s3cret"}

    def arrived(self) -> list[str]:
        """The traps, byte by byte."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._traps.append(self._receiver.recv(65535).decode("latin-1"))
        return self._traps

    def aim(self, host: str, port: int) -> Mapping[str, Any]:
        """A receiver that is asked to confirm; one that is not can say nothing about faults."""
        return {**self.unreachable, "host": host, "port": port}

    def aim_tls(self, host: str, port: int) -> None:
        """SNMPv3 encrypts by itself."""


def _recorded(names: Sequence[str]) -> Sequence[bytes]:
    """What the receiver makes of one trap for each of these interfaces."""
    return [
        Record(sender="127.0.0.1", version="v2c", trap=_TRAP, uptime=1, objects=[(_OBJECT, "text", name)]).to_bytes()
        for name in names
    ]


class SnmpSourceConformance(SourceConformance):
    """The receiver, and a sender of traps on loopback."""

    source = SnmpSource
    settings: ClassVar[Mapping[str, Any]] = {"communities": ["s3cret"], "users": [{"name": "alert"}]}
    unreadable: ClassVar[Mapping[str, Any]] = {"communities": [{"env": "ALERT_NOT_SET"}]}
    time_limit_seconds = 5.0
    names: ClassVar[Sequence[str]] = ("eth0", "eth1", "eth2")
    records: ClassVar[Sequence[bytes]] = _recorded(names)

    @pytest.fixture
    def filled(self) -> Mapping[str, Any]:
        """A place to listen at."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self._place = probe.getsockname()
        return {**self.settings, "listen": [f"udp:127.0.0.1:{self._place[1]}"]}

    def feed(self) -> None:
        """Send the traps, once somebody listens."""
        wrap = community_messages("s3cret", v1=False)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.connect(self._place)
            self._await_listener(sender)
            for name in self.names:
                sender.send(wrap(pdu.v2_trap(_TRAP, [Varbind(_OBJECT, "octets", name.encode())], ticks=1, request_id=1)))

    def _await_listener(self, sender: socket.socket) -> None:
        """Ask who is there, as senders of informs do; who is told that nobody is, asks again."""
        from alert_snmp._usm import REPORTABLE, assembled

        scoped = ber.sequence(ber.octets(b""), ber.octets(b""), ber.sequence(tag=0xA0))
        question = assembled(1, REPORTABLE, (b"", 0, 0, b""), digest=b"", salt=b"", scoped=scoped)
        sender.settimeout(0.05)
        deadline = time.monotonic() + self.time_limit_seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(ConnectionRefusedError, TimeoutError):
                sender.send(question)
                sender.recv(65535)
                return


class SnmpTrapConformance(FormatConformance):
    """The format of what the receiver writes down."""

    format = SnmpTrapFormat
    records: ClassVar[Sequence[bytes]] = [
        *_recorded(["eth0", "eth1"]),
        Record(sender="192.0.2.1", version="v3", user="alert", level="authPriv", engine="80001f88", trap="1.3.6.1.4.1.1.0.1")
        .to_bytes(),
        Record(sender="2001:db8::1", refused="unknown community", count=7).to_bytes(),
    ]  # fmt: skip
