"""What the receiver makes of bytes: of those that our own sender writes, and of any."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_snmp import _ber as ber
from alert_snmp import _pdu as pdu
from alert_snmp._identity import EngineIdentity
from alert_snmp._listener import Datagram
from alert_snmp._memory import EngineClocks, Seen
from alert_snmp._messages import CommunityMessage, NotForUsError, notification, read
from alert_snmp._objects import Varbind
from alert_snmp._reader import BerError, integer, oid
from alert_snmp._refusals import Refusals
from alert_snmp._trap import community_messages
from alert_snmp._users import Users
from alert_snmp.settings import User

ARCS = st.lists(st.integers(0, 2**32 - 1), max_size=20).map(lambda arcs: ".".join(map(str, (1, 3, 6, 1, *arcs))))
VALUES = st.one_of(
    st.tuples(st.just("integer"), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.just("gauge"), st.integers(0, 2**32 - 1)),
    st.tuples(st.just("octets"), st.text().map(str.encode)),
    st.tuples(st.just("address"), st.binary(min_size=4, max_size=4)),
)
OBJECTS = st.lists(st.builds(lambda number, value: Varbind(number, *value), ARCS, VALUES), max_size=8)
TRAP = "1.3.6.1.4.1.32473.0.1"

# Other programs may keep the machine busy.
unhurried = settings(deadline=None)


def shown(item: Varbind) -> str | int:
    """A value as the event has it."""
    if isinstance(item.value, int):
        return item.value
    if item.kind == "address":
        return ".".join(map(str, item.value))
    return item.value.decode()


@unhurried
@given(objects=OBJECTS, ticks=st.integers(0, 2**32 - 1), request=st.integers(0, 2**31 - 1))
def test_what_the_sender_writes_is_read_back(objects: list[Varbind], ticks: int, request: int) -> None:
    datagram = community_messages("area", v1=False)(pdu.v2_trap(TRAP, objects, ticks=ticks, request_id=request))

    message = read(datagram)
    assert isinstance(message, CommunityMessage)
    found = notification(message.pdu)

    assert (message.version, message.community) == ("v2c", b"area")
    assert (found.trap, found.uptime, found.request_id, found.confirm) == (TRAP, ticks, request, False)
    assert [number for number, _, _ in found.objects] == [item.oid for item in objects]
    for (_, kind, value), item in zip(found.objects, objects, strict=True):
        if kind == "hex":
            assert bytes.fromhex(str(value)) == item.value
        else:
            assert value == shown(item) or value == str(shown(item)).rstrip("\0")


@unhurried
@given(enterprise=ARCS, generic=st.integers(1, 5), specific=st.integers(1, 2**31 - 1))
def test_numbers_of_version_1_come_back(enterprise: str, generic: int, specific: int) -> None:
    for trap in (f"1.3.6.1.6.3.1.1.5.{generic}", f"{enterprise}.0.{specific}"):
        message = read(community_messages("area", v1=True)(pdu.v1_trap(trap, [], ticks=1, address=bytes(4))))

        assert isinstance(message, CommunityMessage)
        assert notification(message.pdu).trap == trap


@unhurried
@given(st.data())
def test_spoilt_messages_are_kept_or_understood_and_never_raise(data: st.DataObject) -> None:
    from alert_snmp._intake import Intake

    good = community_messages("area", v1=False)(pdu.v2_trap(TRAP, data.draw(OBJECTS), ticks=1, request_id=1))
    at = data.draw(st.integers(0, len(good)))
    upto = data.draw(st.integers(at, len(good)))
    datagram = Datagram(good[:at] + data.draw(st.binary(max_size=20)) + good[upto:], ("192.0.2.1", 1), [])
    refusals = Refusals()

    record, answer = Intake(frozenset([b"area"]), None, Seen(), refusals).take(datagram)

    assert record is not None or refusals.due()
    assert record is None or record.trap or bytes.fromhex(record.unread) == datagram.data
    assert answer == b"" or record is not None


@pytest.fixture(scope="module")
def everyone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Users, list[bytes]]:
    """Users of every kind, and a good message of each: a trap, and what asks who is there."""
    from alert_snmp._usm import Keys, UserMessages

    folder = tmp_path_factory.mktemp("engine")
    identity, other = EngineIdentity(folder / "ours"), EngineIdentity(folder / "theirs")
    tables = [
        {"name": "open"},
        {"name": "signed", "auth": "SHA-1", "auth_key": "maplesyrup"},
        {"name": "des", "auth": "MD5", "auth_key": "maplesyrup", "privacy": "DES", "privacy_key": "maplesyrup"},
        {"name": "aes", "auth": "SHA-512", "auth_key": "maplesyrup", "privacy": "AES-256-C", "privacy_key": "maplesyrup"},
    ]
    keys = [Keys(User.model_validate(table), "maplesyrup", "maplesyrup") for table in tables]
    body = pdu.v2_trap(TRAP, [Varbind("1.3.6.1.2.1.2.2.1.2.1", "octets", b"eth0")], ticks=1, request_id=1)
    good = [
        UserMessages(one, engine).wrap(kind + body[1:])
        for one in keys
        for engine in (identity, other)
        for kind in (b"\xa6", b"\xa7")
    ]
    return Users([(one, ()) for one in keys], identity, EngineClocks(folder / "engines.json")), good


@unhurried
@given(st.data())
def test_spoilt_messages_of_users_never_raise(everyone: tuple[Users, list[bytes]], data: st.DataObject) -> None:
    from alert_snmp._intake import Intake

    users, messages = everyone
    good = data.draw(st.sampled_from(messages))
    at = data.draw(st.integers(0, len(good)))
    spoilt = good[:at] + data.draw(st.binary(max_size=4)) + good[at + data.draw(st.integers(0, 6)) :]
    refusals = Refusals()

    record, answer = Intake(frozenset(), users, Seen(), refusals).take(Datagram(spoilt, ("192.0.2.1", 1), []))

    assert record is not None or answer or refusals.due()


def test_good_messages_of_users_are_taken(everyone: tuple[Users, list[bytes]]) -> None:
    from alert_snmp._intake import Intake

    users, messages = everyone
    intake = Intake(frozenset(), users, Seen(), Refusals())

    outcomes = [intake.take(Datagram(one, ("192.0.2.1", 1), [])) for one in messages]

    # Informs and traps of our engine, then those of the other one, which cannot send informs.
    taken = [(record is not None, bool(answer)) for record, answer in outcomes]
    assert taken == [(True, True), (True, False), (False, False), (True, False)] * 4


@unhurried
@given(st.binary(max_size=200))
def test_any_bytes_are_no_reason_to_fail(datagram: bytes) -> None:
    with contextlib.suppress(BerError, NotForUsError):
        message = read(datagram)
        assert not isinstance(message, CommunityMessage) or notification(message.pdu)


@unhurried
@given(ARCS)
def test_object_identifiers_are_read_as_pyasn1_writes_them(number: str) -> None:
    assert oid(ber.oid(number)[2:]) == number


@pytest.mark.parametrize("content", [b"", b"\x2b\x80\x01", b"\x2b\x86", b"\x2b" + b"\xff" * 5 + b"\x7f", b"\x01" * 200])
def test_what_is_no_object_identifier_is_said(content: bytes) -> None:
    with pytest.raises(BerError, match="object identifier"):
        oid(content)


def test_a_counter_without_its_zero_is_positive() -> None:
    assert integer(b"\xff\xff\xff\xff", signed=False) == 2**32 - 1
    assert integer(b"\xff") == -1
