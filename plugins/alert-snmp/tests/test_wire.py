"""Traps and informs, read by a receiver on loopback that is built from pysnmp."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alert_core import Context, DeliveryError, Event, Notification, Severity, Strength
from alert_snmp import SnmpAction, SnmpSettings

BASE = "1.3.6.1.4.1.8072.9999.9999.25378"
ENGINE_ID = "80001f880500112233445566"
AUTHENTICATIONS = ["MD5", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512"]
PRIVACIES = ["DES", "3DES", "AES-128", "AES-192", "AES-256", "AES-192-C", "AES-256-C"]
AUTH_KEY, PRIVACY_KEY = "authentication passphrase", "privacy passphrase"


def user(auth: str | None = None, privacy: str | None = None, name: str = "alert") -> dict[str, Any]:
    table: dict[str, Any] = {"name": name}
    if auth:
        table |= {"auth": auth, "auth_key": AUTH_KEY}
    if privacy:
        table |= {"privacy": privacy, "privacy_key": PRIVACY_KEY}
    return table


class Receiver:
    """A notification receiver in a thread of its own; `traps` gets (oid, {oid: value}) of each."""

    def __init__(self, users: list[dict[str, Any]], host: str) -> None:
        self.traps: list[tuple[str, dict[str, Any]]] = []
        self._arrived = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._host, self._users = host, users
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(10)

    def wait(self, count: int) -> list[tuple[str, dict[str, Any]]]:
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.traps) >= count, 10), f"{len(self.traps)} of {count} traps came"
            return list(self.traps)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._engine.close_dispatcher()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._open())
        self._ready.set()
        self._loop.run_forever()

    async def _open(self) -> None:
        from pysnmp.carrier.asyncio.dgram import udp, udp6
        from pysnmp.entity import config, engine
        from pysnmp.entity.rfc3413 import ntfrcv
        from pysnmp.proto.api import v2c

        from alert_snmp._usm import AUTHENTICATION, PRIVACY

        self._engine = engine.SnmpEngine()
        carrier = udp6 if ":" in self._host else udp
        domain = carrier.DOMAIN_NAME
        transport = carrier.Udp6Transport() if ":" in self._host else carrier.UdpTransport()
        transport = transport.open_server_mode((self._host, 0))
        config.add_transport(self._engine, domain, transport)
        await transport._lport
        self.port = transport.transport.get_extra_info("sockname")[1]
        config.add_v1_system(self._engine, "area", "s3cret community")
        for entry in self._users:
            keys: dict[str, Any] = {}
            if "auth" in entry:
                keys |= {"authProtocol": AUTHENTICATION[entry["auth"]][0], "authKey": entry["auth_key"]}
            if "privacy" in entry:
                keys |= {"privProtocol": PRIVACY[entry["privacy"]], "privKey": entry["privacy_key"]}
            for engine_id in (None, v2c.OctetString(hexValue=ENGINE_ID)):
                config.add_v3_user(self._engine, entry["name"], securityEngineId=engine_id, **keys)
        ntfrcv.NotificationReceiver(self._engine, self._receive)

    def _receive(self, engine: Any, reference: Any, engine_id: Any, name: Any, pairs: Any, context: Any) -> None:
        objects = {str(oid): value for oid, value in pairs}
        oid = str(objects.pop("1.3.6.1.6.3.1.1.4.1.0"))
        with self._arrived:
            self.traps.append((oid, objects))
            self._arrived.notify_all()


@pytest.fixture
def receiver() -> Iterator[Callable[..., Receiver]]:
    opened: list[Receiver] = []

    def start(users: list[dict[str, Any]] | None = None, host: str = "127.0.0.1") -> Receiver:
        opened.append(Receiver(users or [], host))
        return opened[-1]

    yield start
    for one in opened:
        one.stop()


@contextmanager
def action(folder: Path, port: int, name: str = "noc-trap", **settings: Any) -> Iterator[SnmpAction]:
    # An answer that is expected comes at once, unless the machine has more to do than it can.
    table = {"host": "127.0.0.1", "port": port, "version": "v2c", "confirm_seconds": 30, **settings}
    if table["version"] != "v3":
        table.setdefault("community", "s3cret community")
    else:
        table.setdefault("engine_id", ENGINE_ID)
    one = SnmpAction(SnmpSettings.model_validate(table), Context(name=name, state_folder=folder / name))
    try:
        yield one
    finally:
        one.close()


def resources() -> tuple[int, int]:
    """Open descriptors and threads of this process."""
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


def notification(**changes: Any) -> Notification:
    event = Event(time=datetime(2026, 3, 4, 5, 6, 7, 890_000, tzinfo=UTC), type="risk", id="e1", computer="pc-7")
    values: dict[str, Any] = {
        "id": "f" * 32, "condition": "outbreak", "revision": "0" * 12, "type": "threshold", "key": "pc-7", "kind": "fired",
        "time": event.time, "severity": Severity.CRITICAL, "subject": "Outbreak on 5 computers",
        "body": "First line\nSecond line\n", "event": event, "quantity": 5, "suppressed": 3,
    }  # fmt: skip
    return Notification(**{**values, **changes})


@pytest.mark.parametrize("version", ["v1", "v2c"])
def test_a_trap_carries_the_notification(version: str, tmp_path: Path, receiver: Callable[..., Receiver]) -> None:
    peer = receiver()

    with action(tmp_path, peer.port, version=version) as sender:
        receipt = sender.send(notification())
        key = sender.idempotency_key(notification())

    ((oid, objects),) = peer.wait(1)
    assert receipt.strength is Strength.HANDED_OVER
    assert oid == f"{BASE}.0.1"
    assert {number: objects[f"{BASE}.1.{number}.0"] for number in range(1, 12)} == {
        1: b"f" * 32,
        2: b"outbreak",
        3: 5,
        4: b"Outbreak on 5 computers",
        5: b"pc-7",
        6: b"\x07\xea\x03\x04\x05\x06\x07\x08+\x00\x00",
        7: 5,
        8: 3,
        9: b"First line\nSecond line\n",
        10: key.encode(),
        11: b"pc-7",
    }


def test_a_trap_goes_to_an_ipv6_address(tmp_path: Path, receiver: Callable[..., Receiver]) -> None:
    peer = receiver(host="::1")

    with action(tmp_path, peer.port, host="::1") as sender:
        sender.send(notification())

    assert len(peer.wait(1)) == 1


@pytest.mark.parametrize(
    ("auth", "privacy"),
    [
        (None, None),
        *((auth, None) for auth in AUTHENTICATIONS),
        *(("SHA-256", privacy) for privacy in PRIVACIES),
        ("MD5", "AES-256"),
    ],
)
def test_a_v3_trap_is_understood(
    auth: str | None, privacy: str | None, tmp_path: Path, receiver: Callable[..., Receiver]
) -> None:
    peer = receiver([user(auth, privacy)])

    with action(tmp_path, peer.port, version="v3", user=user(auth, privacy)) as sender:
        receipt = sender.send(notification())

    assert peer.wait(1)[0][1][f"{BASE}.1.4.0"] == b"Outbreak on 5 computers"
    assert receipt.detail == f"engine id 0x{ENGINE_ID}"


def test_an_encrypted_trap_cannot_be_read_on_the_way(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        wire.settimeout(10)
        with action(tmp_path, wire.getsockname()[1], version="v3", user=user("SHA-256", "AES-128")) as sender:
            sender.send(notification())
        datagram = wire.recv(65535)

    assert b"Outbreak" not in datagram


def test_two_workers_never_use_one_initialisation_vector(tmp_path: Path) -> None:
    from alert_snmp._identity import EngineIdentity
    from alert_snmp._usm import Keys, UserMessages

    settings = SnmpSettings.model_validate({"host": "h", "version": "v3", "user": user("SHA-1", "AES-128")})
    assert settings.user
    workers = [UserMessages(Keys(settings.user, AUTH_KEY, PRIVACY_KEY), EngineIdentity(tmp_path)) for _ in range(2)]

    messages = [worker.wrap(b"\x05\x00") for worker in workers for _ in range(3)]

    assert len({_salt(message) for message in messages}) == 6


def _salt(message: bytes) -> bytes:
    from pyasn1.codec.ber import decoder

    whole, _ = decoder.decode(message)
    parameters, _ = decoder.decode(bytes(whole[2]))
    return bytes(parameters[5])


@pytest.mark.parametrize(
    ("version", "who"),
    [
        ("v2c", {}),
        ("v3", {"user": user()}),
        ("v3", {"user": user("SHA-1")}),
        ("v3", {"user": user("SHA-512", "AES-256")}),
        ("v3", {"user": user("SHA-256", "AES-192-C")}),
    ],
)
def test_an_inform_is_confirmed(version: str, who: dict[str, Any], tmp_path: Path, receiver: Callable[..., Receiver]) -> None:
    peer = receiver([who["user"]] if who else [])

    with action(tmp_path, peer.port, version=version, confirm=True, **who) as sender:
        receipts = [sender.send(notification()) for _ in range(3)]

    assert [receipt.strength for receipt in receipts] == [Strength.CONFIRMED] * 3
    assert [oid for oid, _ in peer.wait(3)] == [f"{BASE}.0.1"] * 3


def test_an_inform_that_nobody_answers_is_an_error_within_the_time(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with action(tmp_path, silent.getsockname()[1], confirm=True, confirm_seconds=0.5) as sender:
            started = time.monotonic()
            with pytest.raises(DeliveryError, match="did not confirm") as caught:
                sender.send(notification())

    assert caught.value.retryable
    assert time.monotonic() - started < 5


def test_an_inform_with_a_wrong_passphrase_is_refused_for_good(tmp_path: Path, receiver: Callable[..., Receiver]) -> None:
    peer = receiver([user("SHA-256")])

    with (
        action(tmp_path, peer.port, version="v3", confirm=True, user={**user("SHA-256"), "auth_key": "another one"}) as sender,
        pytest.raises(DeliveryError, match="did not confirm") as caught,
    ):
        sender.send(notification())

    assert not caught.value.retryable
    assert "another one" not in str(caught.value)


def test_an_inform_that_cannot_be_decrypted_is_refused_for_good_if_the_receiver_says_so(
    tmp_path: Path, receiver: Callable[..., Receiver]
) -> None:
    peer = receiver([user("SHA-256", "DES")])
    wrong = {**user("SHA-256", "DES"), "privacy_key": "another one"}

    with (
        action(tmp_path, peer.port, version="v3", confirm=True, confirm_seconds=3, user=wrong) as sender,
        pytest.raises(DeliveryError) as caught,
    ):
        sender.send(notification())

    assert str(caught.value) == (
        "the receiver did not confirm: privacy passphrase or algorithm differ from those that it knows"
    )
    assert not caught.value.retryable


@pytest.mark.parametrize(
    "answer",
    [
        lambda said: b"\x00",
        lambda said: b"\x30\x84\xff\xff\xff\xff",
        lambda said: b"\x30\x80" * 2000,
        lambda said: bytes(65_000),
        lambda said: said,
        lambda said: said[:-1],
        lambda said: said.replace(b"\xa6", b"\xa2", 1).replace(b"\x02\x01\x00\x02\x01\x00", b"\x02\x01\x7f\x02\x01\x7f", 1),
    ],
    ids=["nothing", "endless", "nested", "zeros", "echo", "cut", "odd status"],
)
@pytest.mark.parametrize("who", [{"version": "v2c"}, {"version": "v3", "user": user("SHA-256")}], ids=["v2c", "v3"])
def test_an_answer_that_makes_no_sense_confirms_nothing(
    answer: Callable[[bytes], bytes], who: dict[str, Any], tmp_path: Path
) -> None:
    started = time.monotonic()

    with (
        Answering(answer) as peer,
        action(tmp_path, peer.port, confirm=True, confirm_seconds=0.5, **who) as sender,
        pytest.raises(DeliveryError, match="the receiver"),
    ):
        sender.send(notification())

    assert time.monotonic() - started < 5


class Answering:
    """A receiver that answers each datagram in its own way."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Answering:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
            stop.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while True:
            said, sender = self._socket.recvfrom(65535)
            if not said:
                return
            self._socket.sendto(self._answer(said), sender)


TIMES = 8


def wait_for_resources(most: tuple[int, int]) -> None:
    """Nothing was left behind each time. The receiver, and what other tests left, may have something open of their own."""
    deadline = time.monotonic() + 10
    while any(now >= then + TIMES for now, then in zip(resources(), most, strict=True)) and time.monotonic() < deadline:
        time.sleep(0.01)
    descriptors, threads = resources()
    assert descriptors < most[0] + TIMES
    assert threads < most[1] + TIMES


def test_the_socket_and_the_engine_are_kept(tmp_path: Path, receiver: Callable[..., Receiver]) -> None:
    peer = receiver([user("SHA-256", "AES-128")])

    with action(tmp_path, peer.port, version="v3", user=user("SHA-256", "AES-128")) as sender:
        sender.send(notification())
        before = resources()
        for _ in range(TIMES):
            sender.send(notification())

        wait_for_resources(before)
    assert len(peer.wait(TIMES + 1)) == TIMES + 1


@pytest.mark.parametrize("confirm", [False, True])
def test_nothing_is_left_behind(confirm: bool, tmp_path: Path, receiver: Callable[..., Receiver]) -> None:
    peer = receiver([user("SHA-256", "AES-128")])
    before = resources()

    for _ in range(TIMES):
        with action(tmp_path, peer.port, version="v3", confirm=confirm, user=user("SHA-256", "AES-128")) as sender:
            sender.send(notification())

    wait_for_resources(before)


def test_an_action_can_send_again_after_close(tmp_path: Path, receiver: Callable[..., Receiver]) -> None:
    peer = receiver()

    with action(tmp_path, peer.port) as sender:
        sender.send(notification())
        sender.close()
        sender.send(notification())

    assert len(peer.wait(2)) == 2


def test_the_engine_id_stays_the_same_over_restarts_and_workers(tmp_path: Path) -> None:
    details = set()
    for _ in range(3):
        with (
            action(tmp_path, 9, version="v3", user=user(), engine_id=None) as first,
            action(tmp_path, 9, version="v3", user=user(), engine_id=None) as second,
        ):
            details |= {first.send(notification()).detail, second.send(notification()).detail}

    assert len(details) == 1


def test_an_unknown_host_is_an_error_that_may_pass(tmp_path: Path) -> None:
    for confirm in (False, True):
        with (
            action(tmp_path, 162, host="no-such-host.invalid", confirm=confirm) as sender,
            pytest.raises(DeliveryError, match=r"cannot send to no-such-host\.invalid port 162") as caught,
        ):
            sender.send(notification())

        assert caught.value.retryable


def test_a_port_where_nobody_listens_is_noticed(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

    with action(tmp_path, port) as sender:
        sender.send(notification())
        # The answer to a trap that went nowhere meets the next one; on loopback it is there at once.
        with pytest.raises(DeliveryError, match="refused"):
            sender.send(notification())


def test_a_secret_that_leads_nowhere_is_an_error_without_its_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOC_AUTH", "short")
    keys = {"name": "alert", "auth": "SHA-1", "auth_key": {"env": "NOC_AUTH"}}

    with action(tmp_path, 162, version="v3", user=keys) as sender, pytest.raises(DeliveryError) as caught:
        sender.send(notification())
    with (
        action(tmp_path, 162, community={"env": "NO_SUCH_VARIABLE"}) as sender,
        pytest.raises(DeliveryError, match="'NO_SUCH_VARIABLE' is not set"),
    ):
        sender.send(notification())

    assert str(caught.value) == "user.auth_key is shorter than 8 characters"


def test_hostile_text_adds_no_line_and_no_varbind(tmp_path: Path, receiver: Callable[..., Receiver]) -> None:
    peer = receiver()
    hostile = notification(
        subject="x\r\n\x1b[31mred\x00\x85\u2028y",
        body="tab\there\nnext\x1b]0;title\x07 שלום \U0001f600 " + "ü" * 5000,
        event=msgspec.structs.replace(notification().event, computer="pc\n" * 400),
        quantity=2**40,
    )

    with action(tmp_path, peer.port) as sender:
        sender.send(hostile)

    ((_, objects),) = peer.wait(1)
    body = bytes(objects[f"{BASE}.1.9.0"]).decode()
    assert len(objects) == 12
    assert bytes(objects[f"{BASE}.1.4.0"]) == rb"x\r\n\x1b[31mred\x00\x85\u2028y"
    assert body.startswith("tab\there\nnext\\x1b]0;title\\x07 שלום 😀 ü")
    assert body.endswith("ü…")
    assert len(body.encode()) <= SnmpAction.max_bytes
    assert len(bytes(objects[f"{BASE}.1.5.0"])) <= 255
    assert objects[f"{BASE}.1.7.0"] == 2**32 - 1


def test_the_test_button_sends_the_test_oid(tmp_path: Path, receiver: Callable[..., Receiver]) -> None:
    peer = receiver()

    with action(tmp_path, peer.port, test_oid="1.3.6.1.4.1.10734.3.4.3.0.17") as sender:
        result = sender.test()

    assert result.ok
    assert [oid for oid, _ in peer.wait(1)] == ["1.3.6.1.4.1.10734.3.4.3.0.17"]


def test_two_actions_do_not_interfere(tmp_path: Path, receiver: Callable[..., Receiver]) -> None:
    left, right = receiver([user("SHA-1", "AES-128")]), receiver()

    with (
        action(tmp_path, left.port, name="left", version="v3", user=user("SHA-1", "AES-128")) as first,
        action(tmp_path, right.port, name="right", trap_oid=f"{BASE}.0.9") as second,
    ):
        for _ in range(3):
            first.send(notification())
            second.send(notification())
        first.close()
        second.send(notification())

    assert [oid for oid, _ in left.wait(3)] == [f"{BASE}.0.1"] * 3
    assert [oid for oid, _ in right.wait(4)] == [f"{BASE}.0.9"] * 4


def test_a_state_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "noc-trap").write_text("a file where a folder should be")

    with (
        action(tmp_path, 162, version="v3", user=user(), engine_id=None) as sender,
        pytest.raises(DeliveryError, match="state folder cannot keep the SNMP engine id"),
    ):
        sender.send(notification())


def test_a_context_is_all_that_an_action_needs_to_exist(tmp_path: Path) -> None:
    context = replace(Context(name="noc-trap"), state_folder=tmp_path / "never-made")

    SnmpAction(SnmpSettings.model_validate({"host": "h", "version": "v2c", "community": "c"}), context)

    assert not (tmp_path / "never-made").exists()


def test_closing_is_told_only_when_asked_for(tmp_path: Path, receiver: Callable[..., Receiver]) -> None:
    peer = receiver()

    with action(tmp_path, peer.port) as silent, action(tmp_path, peer.port, trap_on_close=True) as telling:
        declined = [one.declines(notification(kind=kind)) for one in (silent, telling) for kind in ("fired", "closed")]
        telling.send(notification(kind="closed"))

    assert declined == ["", "trap_on_close is off", "", ""]
    assert [oid for oid, _ in peer.wait(1)] == [f"{BASE}.0.2"]


def test_what_the_receiver_said_about_itself_is_remembered(tmp_path: Path, receiver: Callable[..., Receiver]) -> None:
    peer = receiver([user("SHA-256", "AES-128")])

    with (
        Relay(peer.port) as relay,
        action(tmp_path, relay.port, version="v3", confirm=True, user=user("SHA-256", "AES-128")) as sender,
    ):
        sent = []
        for _ in range(3):
            sender.send(notification())
            sent.append(relay.forwarded)

    assert [later - earlier for earlier, later in pairwise(sent)] == [1, 1]


class Relay:
    """Stands between a sender and a receiver, and counts what the sender says."""

    def __init__(self, port: int) -> None:
        self.forwarded = 0
        self._front, self._back = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self._front.bind(("127.0.0.1", 0))
        self._back.connect(("127.0.0.1", port))
        self.port = self._front.getsockname()[1]
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Relay:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
            stop.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._front.close()
        self._back.close()

    def _run(self) -> None:
        while True:
            said, sender = self._front.recvfrom(65535)
            if not said:
                return
            self.forwarded += 1
            self._back.send(said)
            self._front.sendto(self._back.recv(65535), sender)


def test_many_traps_at_once_keep_their_order_and_need_one_socket(tmp_path: Path, wire: Any) -> None:
    with action(tmp_path, wire.port) as sender:
        for number in range(50):
            sender.send(notification(quantity=number))
        traps = [wire.trap() for _ in range(50)]

    assert [int.from_bytes(trap.varbinds[6][2], "big") for trap in traps] == list(range(50))
    request_ids = [int.from_bytes(trap.header[0][1], "big") for trap in traps]
    assert request_ids == list(range(request_ids[0], request_ids[0] + 50))
