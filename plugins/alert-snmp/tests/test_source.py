"""The receiver, with our own action and datagrams made by hand as senders."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from alert_core import UNPARSED, Context, Notification, SourceError, Strength
from alert_core.testing.peers import free_port
from alert_snmp import SnmpAction, SnmpSettings
from alert_snmp import _pdu as pdu
from alert_snmp._identity import EngineIdentity
from alert_snmp._objects import Varbind
from alert_snmp._trap import community_messages
from alert_snmp.source import SnmpSource
from alert_snmp.source_settings import SnmpSourceSettings

AUTH_KEY, PRIVACY_KEY = "authentication passphrase", "privacy passphrase"
USER = {
    "name": "alert", "auth": "SHA-256", "auth_key": AUTH_KEY, "privacy": "AES-128", "privacy_key": PRIVACY_KEY,
}  # fmt: skip
LINK_UP = "1.3.6.1.6.3.1.1.5.4"
INFORM = 0xA6

StartReceiver = Callable[..., Any]


@contextmanager
def action(folder: Path, peer: Any, **settings: Any) -> Iterator[SnmpAction]:
    table = {"host": peer.host, "port": peer.port, "version": "v2c", **settings}
    if table["version"] != "v3":
        table.setdefault("community", "area")
    opened = SnmpAction(SnmpSettings.model_validate(table), Context(name="noc", state_folder=folder / "sender"))
    try:
        yield opened
    finally:
        opened.close()


def trap(number: int = 0, *, text: bytes = b"x", community: str = "area", confirm: bool = False) -> bytes:
    body = pdu.v2_trap(LINK_UP, [Varbind("1.3.6.1.2.1.2.2.1.2.1", "octets", text)], ticks=number, request_id=number)
    return community_messages(community, v1=False)(bytes([INFORM]) + body[1:] if confirm else body)


@contextmanager
def sender(peer: Any) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.connect((peer.host, peer.port))
        opened.settimeout(10)
        yield opened


class Clock(EngineIdentity):
    """An engine whose clock the test sets."""

    seconds = 1000

    def clock(self) -> tuple[int, int]:
        return 3, self.seconds


def signed(folder: Path, *seconds: int) -> list[bytes]:
    """Traps of one user, sent at these times by the clock of its engine."""
    from alert_snmp._usm import Keys, UserMessages

    settings = SnmpSettings.model_validate({"host": "h", "version": "v3", "user": USER})
    assert settings.user
    engine = Clock(folder / "engine")
    messages = UserMessages(Keys(settings.user, AUTH_KEY, PRIVACY_KEY), engine)
    datagrams = []
    for second in seconds:
        engine.seconds = second
        datagrams.append(messages.wrap(pdu.v2_trap(LINK_UP, [], ticks=second, request_id=1)))
    return datagrams


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize(
    "settings",
    [
        {"version": "v1"}, {}, {"confirm": True}, {"version": "v3", "user": USER},
        {"version": "v3", "user": USER, "confirm": True},
        {"version": "v3", "user": USER | {"privacy": "3DES"}, "confirm": True},
    ],
    ids=["v1", "v2c", "v2c-inform", "v3", "v3-inform", "v3-inform-3DES"],
)  # fmt: skip
def test_what_the_action_sends_arrives_as_the_event_that_it_was(
    settings: dict[str, Any], host: str, tmp_path: Path, receiver: StartReceiver
) -> None:
    notification = Notification.sample()

    with receiver(address=host, users=[settings.get("user", USER)]) as running, action(tmp_path, running, **settings) as one:
        receipt = one.send(notification)
        (event,) = running.events(1)

    assert receipt.strength is (Strength.CONFIRMED if settings.get("confirm") else Strength.HANDED_OVER)
    assert (event.type, event.severity, event.computer) == ("alertTest", notification.severity, notification.computer)
    assert (event.message, event.risk) == (notification.subject, notification.condition)
    assert abs((event.time - notification.time).total_seconds()) <= 0.1
    assert event.id == f"alert:{one.idempotency_key(notification)}"
    assert event.get("alertBody") == notification.body
    assert event.get("snmp_version") == settings.get("version", "v2c")


def test_an_inform_is_confirmed_when_it_is_safe_and_not_before(receiver: StartReceiver) -> None:
    with receiver() as running, sender(running) as peer:
        running.hold.clear()
        peer.send(trap(7, confirm=True))
        peer.settimeout(0.3)
        with pytest.raises(TimeoutError):
            peer.recv(65535)
        running.hold.set()
        peer.settimeout(10)
        answer = peer.recv(65535)

    assert running.records
    # The same but for the tag of the PDU: a response.
    assert answer == trap(7, confirm=True).replace(bytes([INFORM]), b"\xa2", 1)


def test_a_repeated_inform_is_confirmed_again_and_counted_once(receiver: StartReceiver) -> None:
    with receiver() as running, sender(running) as peer:
        for _ in range(3):
            peer.send(trap(7, confirm=True))
            peer.recv(65535)
        peer.send(trap(8, confirm=True))
        peer.recv(65535)

    assert [event.get("uptime") for event in running.events(2)] == [7, 8]


def test_an_inform_that_is_repeated_after_a_crash_is_counted_once(tmp_path: Path, receiver: StartReceiver) -> None:
    """As the core does it: what the spool kept last is shown to the source before it runs."""
    with receiver() as first, sender(first) as peer:
        peer.send(trap(7, confirm=True))
        peer.recv(65535)
        place = peer.getsockname()

    second = receiver()
    second.source.recall(iter(first.batches))
    with second, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(place)
        again.settimeout(10)
        again.sendto(trap(7, confirm=True), (second.host, second.port))
        answer = again.recv(65535)

    assert answer
    assert second.records == []


def test_a_replayed_trap_is_not_taken_twice(tmp_path: Path, receiver: StartReceiver) -> None:
    (datagram,) = signed(tmp_path, 1000)

    with receiver(users=[USER]) as running, sender(running) as peer:
        for _ in range(3):
            peer.send(datagram)
        peer.send(trap(1))
        events = running.events(2)

    assert [event.get("snmp_version") for event in events] == ["v3", "v2c"]


def test_an_old_trap_is_refused_even_after_a_restart(tmp_path: Path, receiver: StartReceiver) -> None:
    old, newest, recent = signed(tmp_path, 1000, 1200, 1051)

    with receiver(users=[USER]) as running, sender(running) as peer:
        peer.send(newest)
        peer.send(old)
        events = running.events(2)
    with receiver(users=[USER]) as again, sender(again) as peer:
        peer.send(old)
        peer.send(recent)
        later = again.events(2)

    assert [event.type for event in events] == ["linkUp", "snmp-refused"]
    assert events[1].get("reason") == "outside its time window: replayed, or sent by an engine that lost its count of boots"
    assert sorted(event.type for event in later) == ["linkUp", "snmp-refused"]


def test_a_changed_trap_is_refused(tmp_path: Path, receiver: StartReceiver) -> None:
    (datagram,) = signed(tmp_path, 1000)
    changed = datagram[:-1] + bytes([datagram[-1] ^ 1])

    with receiver(users=[USER]) as running, sender(running) as peer:
        peer.send(changed)
        (event,) = running.events(1)

    assert event.get("reason") == "wrong authentication passphrase or algorithm"


def test_what_is_no_snmp_is_kept_as_it_was(receiver: StartReceiver) -> None:
    with receiver() as running, sender(running) as peer:
        for datagram in (b"", b"hello", trap()[:-3], b"\x30\x80\x00\x00"):
            peer.send(datagram)
        events = running.events(4)

    assert {event.type for event in events} == {UNPARSED}
    assert [event.computer for event in events] == ["127.0.0.1"] * 4
    assert [event.get("reason") for event in events] == [
        "cut off at byte 0",
        "tag 0x68 at byte 0, where 0x30 was expected",
        "the element at byte 0 is longer than what holds it",
        "unusable length at byte 1",
    ]
    assert b"hello".hex() in events[1].raw


def test_unknown_communities_are_counted_without_a_flood(receiver: StartReceiver, caplog: pytest.LogCaptureFixture) -> None:
    with receiver() as running, sender(running) as peer:
        for number in range(200):
            peer.send(trap(number, community="guessed"))
        peer.send(trap(1, confirm=True))
        peer.recv(65535)

    events = running.events(3)
    refused = [event for event in events if event.type == "snmp-refused"]
    assert sum(event.count for event in refused) == 200
    assert len(refused) <= 2  # the first at once, the others when it ended
    assert {event.get("reason") for event in refused} == {"unknown community"}
    assert "guessed" not in caplog.text
    assert not any(b"guessed" in record or b"area" in record for record in running.records)


def test_a_community_among_the_objects_is_not_written_down(receiver: StartReceiver) -> None:
    objects = [Varbind("1.3.6.1.6.3.18.1.4.0", "octets", b"s3cret"), Varbind("1.3.6.1.6.3.18.1.3.0", "address", b"\xc0\0\2\7")]
    body = pdu.v2_trap(LINK_UP, objects, ticks=1, request_id=1)

    with receiver() as running, sender(running) as peer:
        peer.send(community_messages("area", v1=False)(body))
        (event,) = running.events(1)

    assert b"s3cret" not in running.records[0]
    assert event.computer == "192.0.2.7"


def test_a_request_is_refused(receiver: StartReceiver) -> None:
    with receiver() as running, sender(running) as peer:
        get = trap()
        place = get.index(0xA7)
        peer.send(get[:place] + b"\xa0" + get[place + 1 :])
        (event,) = running.events(1)

    assert event.get("reason") == "neither a trap nor an inform"


def test_what_did_not_fit_into_the_buffer_is_counted(receiver: StartReceiver) -> None:
    with receiver(receive_buffer_bytes=64 * 1024) as running, sender(running) as peer:
        running.hold.clear()
        for number in range(1000):
            peer.send(trap(number, text=b"x" * 200))
        running.hold.set()
        running.events(1000, seconds=1)
        peer.send(trap(0, confirm=True))
        peer.recv(65535)

    assert running.lost > 0
    assert len(running.records) + running.lost == 1001


def test_several_places_are_listened_at(receiver: StartReceiver) -> None:
    port = free_port()
    running = receiver(listen=[f"udp:127.0.0.1:{port}", f"udp:[::1]:{port}"])
    running.host, running.port = "::1", port

    with running:
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.socket(family, socket.SOCK_DGRAM) as peer:
                peer.settimeout(10)
                peer.connect((host, port))
                peer.send(trap(1, confirm=True))
                peer.recv(65535)

    assert [event.computer for event in running.events(2)] == ["127.0.0.1", "::1"]


def test_a_port_that_is_taken_is_said(receiver: StartReceiver) -> None:
    with receiver() as running:
        settings = {"listen": [f"udp:127.0.0.1:{running.port}"], "communities": ["area"]}
        second = SnmpSource(SnmpSourceSettings.model_validate(settings), running.context)
        with pytest.raises(SourceError) as caught:
            second.run(running, threading.Event())

    assert str(caught.value) == (
        f"cannot listen at UDP port {running.port} of 127.0.0.1: Address already in use; "
        "is another program there, and may this one use it?"
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"communities": [{"env": "NOT_SET_ANYWHERE"}]},
        {"users": [USER | {"auth_key": {"env": "NOT_SET_ANYWHERE"}}]},
    ],
)
def test_a_secret_that_leads_nowhere_is_said(settings: dict[str, Any], tmp_path: Path) -> None:
    source = SnmpSource(SnmpSourceSettings.model_validate(settings), Context(name="traps", state_folder=tmp_path))

    with pytest.raises(SourceError, match="NOT_SET_ANYWHERE"):
        source.run(lambda batch: None, threading.Event())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({}, "nobody could send"),
        ({"communities": ["a"], "listen": ["162"]}, 'must be like "udp:162"'),
        ({"communities": ["a"], "listen": ["udp:0"]}, 'must be like "udp:162"'),
        ({"communities": ["a"], "listen": ["udp:nms.example.net:162"]}, 'must be like "udp:162"'),
        ({"communities": ["a"], "listen": ["udp:1.2.3.4.5:162"]}, "does not appear to be an IPv4 or IPv6 address"),
        ({"communities": ["a"], "listen": []}, "at least 1 item"),
        ({"users": [USER, USER]}, "user 'alert' is there twice for the same engine"),
        ({"users": [USER | {"engine_ids": ["12"]}]}, "must be 5 to 32 bytes in hexadecimal"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        SnmpSourceSettings.model_validate(settings)
