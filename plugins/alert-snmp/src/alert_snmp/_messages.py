"""SNMP messages as they arrive: the three versions, and the notifications in them."""

from __future__ import annotations

from typing import NamedTuple

from alert_snmp import _ber as ber
from alert_snmp._reader import BerError, element, elements, expect, integer, oid

__all__ = ["CommunityMessage", "NotForUsError", "Object", "Pdu", "UserMessage", "notification", "read", "scoped"]

V1_TRAP, INFORM, V2_TRAP = 0xA4, 0xA6, 0xA7
_SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
_SNMP_TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
_SNMP_TRAPS = "1.3.6.1.6.3.1.1.5"
_SNMP_TRAP_ADDRESS = "1.3.6.1.6.3.18.1.3.0"
_SNMP_TRAP_COMMUNITY = "1.3.6.1.6.3.18.1.4.0"
_NO_ADDRESS = ("", "0.0.0.0")  # noqa: S104 - compared, not bound
_ENTERPRISE_SPECIFIC = 6
_USER_SECURITY = 3
_VERSIONS = {0: "v1", 1: "v2c"}
_OCTETS, _NULL, _OID, _ADDRESS = 0x04, 0x05, 0x06, 0x40
_SIGNED = {0x02: "integer"}
_UNSIGNED = {0x41: "counter", 0x42: "gauge", 0x43: "ticks", 0x46: "counter64", 0x47: "gauge"}
_NOTHING = {_NULL: "null", 0x80: "no-such-object", 0x81: "no-such-instance", 0x82: "end-of-mib-view"}
_BYTES = {0x44: "opaque", 0x45: "nsap"}
_TEXT_CONTROLS = str.maketrans("", "", "\t\r\n")

Object = tuple[str, str, str | int | None]
"""A number, the kind of its value, and the value; bytes are `text` where they can be read, else `hex`."""


class NotForUsError(ValueError):
    """A message is no notification; the message of the error says what it is."""


class CommunityMessage(NamedTuple):
    """A message of SNMPv1 or v2c, whose PDU was not looked at yet."""

    version: str
    community: bytes
    pdu: bytes


class UserMessage(NamedTuple):
    """A message of SNMPv3, which may still be encrypted.

    Attributes:
        blank: The whole message with zeros in the place of the signature, as it was signed.
        data: The scoped PDU with its tag and length, or what it was encrypted to.
    """

    message_id: int
    flags: int
    engine_id: bytes
    boots: int
    seconds: int
    user: bytes
    digest: bytes
    salt: bytes
    blank: bytes
    data: bytes
    encrypted: bool


class Pdu(NamedTuple):
    """A notification.

    Attributes:
        confirm: Whether the sender waits for an answer: an inform.
        request_id: What the answer repeats.
        trap: Which notification it is.
        uptime: Since when the sender runs, in hundredths of a second.
        agent: The address of whom it is about, if it says so: notifications may come through others.
        objects: What it carries, without what stands above.
        pairs: All objects as they were written, for the answer.
    """

    confirm: bool
    request_id: int
    trap: str
    uptime: int
    agent: str
    objects: list[Object]
    pairs: bytes


def read(datagram: bytes) -> CommunityMessage | UserMessage:
    """What is around a PDU.

    Raises:
        BerError: It is no SNMP message.
    """
    at, end = expect(datagram, 0, len(datagram), ber.SEQUENCE)
    start, stop = expect(datagram, at, end, ber.INTEGER)
    version = integer(datagram[start:stop])
    if version == _USER_SECURITY:
        return _user_message(datagram[:end], stop)
    if version not in _VERSIONS:
        raise BerError(f"no version of SNMP has the number {version}")
    start, stop = expect(datagram, stop, end, ber.OCTETS)
    return CommunityMessage(_VERSIONS[version], datagram[start:stop], datagram[stop:end])


def _user_message(data: bytes, at: int) -> UserMessage:
    start, end = expect(data, at, len(data), ber.SEQUENCE)
    message_id, _, flags, model = _contents(data, start, end, (ber.INTEGER, ber.INTEGER, ber.OCTETS, ber.INTEGER))
    if len(flags) != 1 or integer(model) != _USER_SECURITY:
        raise BerError("not the user-based security model")
    start, at = expect(data, end, len(data), ber.OCTETS)
    start, end = expect(data, start, at, ber.SEQUENCE)
    tags = (ber.OCTETS, ber.INTEGER, ber.INTEGER, ber.OCTETS, ber.OCTETS, ber.OCTETS)
    engine_id, boots, seconds, user, digest, salt = _contents(data, start, end, tags)
    place, size = elements(data, start, end)[4][1], len(digest)
    tag, start, stop = element(data, at, len(data))
    if tag not in (ber.SEQUENCE, ber.OCTETS):
        raise BerError(f"tag 0x{tag:02x} at byte {at}, where a scoped PDU was expected")
    encrypted = tag == ber.OCTETS
    return UserMessage(
        message_id=integer(message_id),
        flags=flags[0],
        engine_id=engine_id,
        boots=integer(boots),
        seconds=integer(seconds),
        user=user,
        digest=digest,
        salt=salt,
        blank=data[:place] + bytes(size) + data[place + size :],
        data=data[start:stop] if encrypted else data[at:stop],
        encrypted=encrypted,
    )


def _contents(data: bytes, at: int, end: int, tags: tuple[int, ...]) -> list[bytes]:
    """The contents of just these elements."""
    found = elements(data, at, end)
    if tuple(tag for tag, _, _ in found) != tags:
        raise BerError(f"other elements than expected from byte {at} on")
    return [data[start:stop] for _, start, stop in found]


def scoped(data: bytes) -> tuple[bytes, bytes, bytes]:
    """The engine and the name of the context, and the PDU; behind it there may be padding.

    Raises:
        BerError: It is no scoped PDU.
    """
    at, end = expect(data, 0, len(data), ber.SEQUENCE)
    start, stop = expect(data, at, end, ber.OCTETS)
    name_start, name_stop = expect(data, stop, end, ber.OCTETS)
    return data[start:stop], data[name_start:name_stop], data[name_stop:end]


def notification(pdu: bytes) -> Pdu:
    """The notification that a PDU is.

    Raises:
        BerError: It is no PDU, or does not say which notification it is.
        NotForUsError: It is a request, or an answer to one.
    """
    tag, at, end = element(pdu, 0, len(pdu))
    if tag == V1_TRAP:
        return _v1_trap(pdu, at, end)
    if tag in (V2_TRAP, INFORM):
        return _v2_notification(pdu, at, end, confirm=tag == INFORM)
    if 0xA0 <= tag <= 0xA8:
        raise NotForUsError("neither a trap nor an inform")
    raise BerError(f"tag 0x{tag:02x}, where a PDU was expected")


def _v2_notification(pdu: bytes, at: int, end: int, *, confirm: bool) -> Pdu:
    found = elements(pdu, at, end)
    if [tag for tag, _, _ in found] != [ber.INTEGER, ber.INTEGER, ber.INTEGER, ber.SEQUENCE]:
        raise BerError("other elements than a notification has")
    (_, start, stop), (_, pairs_at, pairs_end) = found[0], found[3]
    trap, uptime, agent, objects = "", 0, "", []
    for item in _objects(pdu, pairs_at, pairs_end):
        number, kind, value = item
        if number == _SNMP_TRAP_OID and kind == "oid":
            trap = str(value)
        elif number == _SYS_UP_TIME and isinstance(value, int):
            uptime = value
        elif number == _SNMP_TRAP_ADDRESS and kind == "address":
            agent = str(value)
        elif number != _SNMP_TRAP_COMMUNITY:  # a password
            objects.append(item)
    if not trap:
        raise BerError("no object says which notification it is")
    return Pdu(confirm, integer(pdu[start:stop]), trap, uptime, _named(agent), objects, pdu[found[2][2] : end])


def _v1_trap(pdu: bytes, at: int, end: int) -> Pdu:
    """The older PDU; its number is put together by RFC 3584, section 3.1."""
    found = elements(pdu, at, end)
    if [tag for tag, _, _ in found] != [_OID, _ADDRESS, ber.INTEGER, ber.INTEGER, ber.TICKS, ber.SEQUENCE]:
        raise BerError("other elements than a trap of version 1 has")
    enterprise, address, generic, specific, ticks = (pdu[start:stop] for _, start, stop in found[:5])
    number = integer(generic)
    trap = f"{_SNMP_TRAPS}.{number + 1}" if 0 <= number < _ENTERPRISE_SPECIFIC else f"{oid(enterprise)}.0.{integer(specific)}"
    objects = [item for item in _objects(pdu, *found[5][1:]) if item[0] != _SNMP_TRAP_COMMUNITY]
    agent = _named(_dotted(address)) if len(address) == 4 else ""
    return Pdu(False, 0, trap, integer(ticks, signed=False), agent, objects, b"")


def _objects(data: bytes, at: int, end: int) -> list[Object]:
    found = []
    while at < end:
        start, at = expect(data, at, end, ber.SEQUENCE)
        name_start, name_stop = expect(data, start, at, _OID)
        tag, start, stop = element(data, name_stop, at)
        found.append((oid(data[name_start:name_stop]), *_value(tag, data[start:stop])))
    return found


def _value(tag: int, content: bytes) -> tuple[str, str | int | None]:
    if tag == _OCTETS:
        text = _text(content)
        return ("hex", content.hex()) if text is None else ("text", text)
    if tag in _SIGNED:
        return _SIGNED[tag], integer(content)
    if tag in _UNSIGNED:
        return _UNSIGNED[tag], integer(content, signed=False)
    if tag == _OID:
        return "oid", oid(content)
    if tag == _ADDRESS and len(content) == 4:
        return "address", _dotted(content)
    if tag in _NOTHING:
        return _NOTHING[tag], None
    return _BYTES.get(tag, f"tag-{tag:02x}"), content.hex()


def _text(content: bytes) -> str | None:
    """What the bytes say, if it is a text. Some senders end it with a zero, as their programs do."""
    try:
        text = (content.rstrip(b"\0") or content).decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() or text.translate(_TEXT_CONTROLS).isprintable() else None


def _dotted(content: bytes) -> str:
    return ".".join(map(str, content))


def _named(address: str) -> str:
    return "" if address in _NO_ADDRESS else address
