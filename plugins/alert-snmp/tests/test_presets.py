"""What traps carry, read from the wire byte by byte."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alert_core import Context, DeliveryError, Event, Notification, Severity
from alert_snmp import SnmpAction, SnmpSettings

ALERT = "1.3.6.1.4.1.8072.9999.9999.25378"
SMS = "1.3.6.1.4.1.10734.3.4.3"
INTEGER, OCTETS, ADDRESS = 0x02, 0x04, 0x40


def notification(kind: str = "fired", *, key: str = "", computer: str = "pc-7", source: str = "192.0.2.66") -> Notification:
    event = Event(time=datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC), type="ips", id="e1", computer=computer, source_address=source)
    return Notification(
        id="f" * 32, condition="quarantine", revision="0" * 12, type="threshold", key=key, kind=kind, time=event.time,
        severity=Severity.MAJOR, subject="Host hit 5 times", body="Line one\nLine two\n", event=event,
    )  # fmt: skip


@contextmanager
def action(folder: Path, port: int, **settings: Any) -> Iterator[SnmpAction]:
    table = {"host": "127.0.0.1", "port": port, "version": "v2c", "community": "area", "trap_on_close": True, **settings}
    opened = SnmpAction(SnmpSettings.model_validate(table), Context(name="noc", state_folder=folder))
    try:
        yield opened
    finally:
        opened.close()


def test_the_base_can_be_an_enterprise_number_of_ones_own(tmp_path: Path, wire: Any) -> None:
    with action(tmp_path, wire.port, base_oid="1.3.6.1.4.1.32473.7") as sender:
        sender.send(notification("closed"))

    trap = wire.trap()
    assert trap.oid == "1.3.6.1.4.1.32473.7.0.2"
    assert [oid for oid, _, _ in trap.varbinds] == [f"1.3.6.1.4.1.32473.7.1.{number}.0" for number in range(1, 12)]


def test_numbers_of_ones_own_take_the_place_of_the_presets(tmp_path: Path, wire: Any) -> None:
    own = {"trap_oid": f"{ALERT}.0.7", "close_oid": f"{ALERT}.0.8", "test_oid": f"{ALERT}.0.9"}
    with action(tmp_path, wire.port, **own) as sender:
        for sent in (notification(), notification("closed"), Notification.sample()):
            sender.send(sent)

    assert [wire.trap().oid for _ in range(3)] == list(own.values())


def test_tippingpoint_tells_of_a_match_and_asks_for_the_release(tmp_path: Path, wire: Any) -> None:
    text = b"Host hit 5 times\nLine one\nLine two\n"

    with action(tmp_path, wire.port, preset="tippingpoint") as sender:
        for sent in (notification(), notification("closed"), Notification.sample()):
            sender.send(sent)

    opened, closed, test = (wire.trap() for _ in range(3))
    assert (opened.oid, opened.varbinds) == (f"{SMS}.0.5", [(f"{SMS}.1.3.0", OCTETS, text)])
    assert closed.oid == f"{SMS}.0.3"
    assert [(oid, tag) for oid, tag, _ in closed.varbinds] == [(f"{SMS}.1.1.0", INTEGER), (f"{SMS}.1.2.0", OCTETS)]
    assert closed.varbinds[1][2] == text
    assert (test.oid, test.varbinds) == (f"{SMS}.0.17", [(f"{SMS}.1.14.0", OCTETS, b"TEST: alert can reach you")])


def test_tippingpoint_request_and_release_have_the_same_id(tmp_path: Path, wire: Any) -> None:
    with action(tmp_path, wire.port, preset="tippingpoint", trap_oid=f"{SMS}.0.1") as sender:
        for key in ("10.0.0.1", "10.0.0.2"):
            sender.send(notification(key=key))
            sender.send(notification("closed", key=key))

    traps = [wire.trap() for _ in range(4)]
    ids = [trap.varbinds[0][2] for trap in traps]
    assert [trap.oid for trap in traps] == [f"{SMS}.0.1", f"{SMS}.0.3"] * 2
    assert (ids[0], ids[2]) == (ids[1], ids[3])
    assert ids[0] != ids[2]
    assert all(0 <= int.from_bytes(number, "big", signed=True) < 2**31 for number in ids)


@pytest.mark.parametrize(
    ("about", "host"),
    [
        ({"key": "198.51.100.7"}, "198.51.100.7"),
        ({"key": "pc-7"}, "192.0.2.66"),
        ({"source": "", "computer": "203.0.113.9"}, "203.0.113.9"),
    ],
)
def test_tippingpoint_commands_name_the_host_by_its_address(
    about: dict[str, str], host: str, tmp_path: Path, wire: Any
) -> None:
    pair = {"trap_oid": f"{SMS}.0.14", "close_oid": f"{SMS}.0.6"}
    packed = bytes(int(part) for part in host.split("."))

    with action(tmp_path, wire.port, preset="tippingpoint", **pair) as sender:
        sender.send(notification(**about))
        sender.send(notification("closed", **about))

    command, release = wire.trap(), wire.trap()
    assert command.varbinds == [(f"{SMS}.1.5.0", ADDRESS, packed), (f"{SMS}.1.12.0", OCTETS, b"quarantine")]
    assert release.varbinds[1:] == [(f"{SMS}.1.5.0", ADDRESS, packed), (f"{SMS}.1.6.0", OCTETS, b"")]


def test_tippingpoint_has_no_word_for_an_ipv6_host(tmp_path: Path, wire: Any) -> None:
    with (
        action(tmp_path, wire.port, preset="tippingpoint", trap_oid=f"{SMS}.0.14") as sender,
        pytest.raises(DeliveryError, match="about no IPv4 address") as caught,
    ):
        sender.send(notification(source="2001:db8::1"))

    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("oid", "pieces"),
    [
        # Without and with a zero before the last number, and the traps that SNMPv1 has numbers of its own for.
        ("1.3.6.1.4.1.32473.1.5", ("1.3.6.1.4.1.32473.1", 6, 5)),
        (f"{SMS}.0.17", (SMS, 6, 17)),
        (f"{ALERT}.10.0.300", (f"{ALERT}.10", 6, 300)),
        ("1.3.6.1.6.3.1.1.5.1", ("1.3.6.1.6.3.1.1.5", 0, 0)),
        ("1.3.6.1.6.3.1.1.5.5", ("1.3.6.1.6.3.1.1.5", 4, 0)),
        ("1.3.6.1.6.3.1.1.5.7", ("1.3.6.1.6.3.1.1.5", 6, 7)),
    ],
)
def test_v1_has_the_number_in_pieces(oid: str, pieces: tuple[str, int, int], tmp_path: Path, wire: Any) -> None:
    with action(tmp_path, wire.port, version="v1", trap_oid=oid) as sender:
        sender.send(notification())

    trap = wire.trap()
    _, (address_tag, address), (_, generic), (_, specific), _ = trap.header
    assert (trap.oid, int.from_bytes(generic, "big"), int.from_bytes(specific, "big")) == pieces
    assert (address_tag, address) == (ADDRESS, bytes([127, 0, 0, 1]))


def test_v1_names_the_agent_as_it_is_told_to(tmp_path: Path, wire: Any) -> None:
    with action(tmp_path, wire.port, version="v1", agent_address="198.51.100.4") as sender:
        sender.send(notification())

    assert wire.trap().header[1] == (ADDRESS, bytes([198, 51, 100, 4]))
