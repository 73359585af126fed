"""From datagrams to records, and to the answers that are owed once the records are safe."""

from __future__ import annotations

import hashlib
from typing import Any

from alert_snmp import _ber as ber
from alert_snmp._listener import Datagram
from alert_snmp._memory import Seen
from alert_snmp._messages import CommunityMessage, NotForUsError, Pdu, UserMessage, notification, read, scoped
from alert_snmp._reader import BerError
from alert_snmp._record import Record
from alert_snmp._refusals import Refusals
from alert_snmp._users import LEVELS, RefusedError, Users

__all__ = ["Intake"]

_RESPONSE = 0xA2

Outcome = tuple[Record | None, bytes]
"""The record that a datagram becomes, if any, and the answer to it, which may be empty."""


class Intake:
    """Understands datagrams.

    Args:
        communities: Those that may send.
        users: Those of version 3.
        seen: The messages that were taken before.
        refusals: Where to count what is not taken.
    """

    def __init__(self, communities: frozenset[bytes], users: Users | None, seen: Seen, refusals: Refusals) -> None:
        self._communities, self._users = communities, users
        self._seen, self._refusals = seen, refusals

    def take(self, datagram: Datagram) -> Outcome:
        """What becomes of a datagram. The answer must not be sent before the record is safe."""
        answer = b""
        try:
            message = read(datagram.data)
            if isinstance(message, CommunityMessage):
                return self._of_community(message, datagram)
            return self._of_user(message, datagram)
        except BerError as error:
            return _record(datagram, fault=str(error), unread=datagram.data.hex()), answer
        except NotForUsError as error:
            self._refusals.add(str(error), datagram)
        except RefusedError as error:
            answer = error.answer
            if not error.expected:
                self._refusals.add(error.reason.words, datagram)
        return None, answer

    def _of_community(self, message: CommunityMessage, datagram: Datagram) -> Outcome:
        if message.community not in self._communities:
            self._refusals.add("unknown community", datagram)
            return None, b""
        pdu = notification(message.pdu)
        if not pdu.confirm:
            return _notified(pdu, datagram, version=message.version), b""
        answer = ber.sequence(ber.integer(1), ber.octets(message.community), _response(pdu))
        identity = _identity(_place(datagram), message.pdu)
        return self._once(identity, pdu, datagram, version=message.version), answer

    def _of_user(self, message: UserMessage, datagram: Datagram) -> Outcome:
        users = self._users
        if users is None:
            self._refusals.add("version 3, for which no users are configured", datagram)
            return None, b""
        engine, context, inner = scoped(users.open(message))
        pdu = notification(inner)
        said = {
            "version": "v3",
            "user": message.user.decode("utf-8", "replace"),
            "level": LEVELS[message.flags & 3],
            "engine": (engine if pdu.confirm and engine else message.engine_id).hex(),
            "context": context.decode("utf-8", "replace"),
        }
        if pdu.confirm:
            users.require_authority(message)
            answer = ber.sequence(ber.octets(engine), ber.octets(context), _response(pdu))
            # A repetition has a message id and a signature of its own, but the same in it.
            identity = _identity(_place(datagram), message.user, inner)
            return self._once(identity, pdu, datagram, **said), users.answer(message, answer)
        if message.digest:
            # A copy of what was signed can only be a replay, or the network's doing.
            return self._once(_identity(message.digest, message.blank), pdu, datagram, **said), b""
        return _notified(pdu, datagram, **said), b""

    def _once(self, identity: str, pdu: Pdu, datagram: Datagram, **said: str) -> Record | None:
        return _notified(pdu, datagram, id=identity, **said) if self._seen.add(identity) else None


def _identity(*parts: bytes) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(4, "big") + part)
    return digest.hexdigest()


def _place(datagram: Datagram) -> bytes:
    return f"{datagram.sender} {datagram.port}".encode()


def _notified(pdu: Pdu, datagram: Datagram, **said: str) -> Record:
    return _record(
        datagram, confirm=pdu.confirm, trap=pdu.trap, uptime=pdu.uptime, agent=pdu.agent, objects=pdu.objects, **said
    )


def _record(datagram: Datagram, **said: Any) -> Record:
    return Record(sender=datagram.sender, **said)


def _response(pdu: Pdu) -> bytes:
    """What tells the sender of an inform that it is safe: the same objects."""
    zero = ber.integer(0)
    return ber.sequence(ber.integer(pdu.request_id), zero, zero, pdu.pairs, tag=_RESPONSE)
