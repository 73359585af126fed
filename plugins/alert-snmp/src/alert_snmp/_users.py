"""Receiving SNMPv3: who sent a message, whether it is authentic and new, and what is in it (RFC 3414, section 3.2)."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import NamedTuple

from alert_snmp import _ber as ber
from alert_snmp._identity import EngineIdentity
from alert_snmp._memory import WINDOW_SECONDS, EngineClocks
from alert_snmp._messages import UserMessage
from alert_snmp._usm import AUTHENTICATED, PRIVATE, REPORTABLE, Keys, UserMessages, assembled

__all__ = ["Refusal", "RefusedError", "Users"]

LEVELS = {0: "noAuthNoPriv", AUTHENTICATED: "authNoPriv", AUTHENTICATED | PRIVATE: "authPriv"}
_USM_STATS = "1.3.6.1.6.3.15.1.1"
_COUNTER, _REPORT = 0x41, 0xA8
_SHORTEST_ID, _LONGEST_ID = 5, 32


class Refusal(NamedTuple):
    """Why a message is not taken: in words, and by the number of the counter that the sender is told."""

    words: str
    counter: int = 0


LEVEL = Refusal("signed or encrypted otherwise than the user has to", 1)
LATE = Refusal("outside its time window: replayed, or sent by an engine that lost its count of boots", 2)
USER = Refusal("unknown user", 3)
ENGINE = Refusal("unknown engine", 4)
DIGEST = Refusal("wrong authentication passphrase or algorithm", 5)
DECRYPTION = Refusal("wrong privacy passphrase or algorithm", 6)


class RefusedError(Exception):
    """A message is not taken.

    Attributes:
        reason: Why.
        answer: What to tell the sender; empty: nothing.
        expected: Whether it is but how a sender of informs gets to know us.
    """

    def __init__(self, reason: Refusal, answer: bytes = b"", *, expected: bool = False) -> None:
        super().__init__(reason.words)
        self.reason, self.answer, self.expected = reason, answer, expected


class _User(NamedTuple):
    keys: Keys
    answers: UserMessages
    """Of the engine that we are, which is the authority for informs."""


class Users:
    """The users whose messages are taken.

    Args:
        users: Keys, and the engines whose traps they may send; none: those of any, and informs.
        identity: The engine that we are for who sends informs.
        clocks: What is known about the engines that send traps.
    """

    def __init__(self, users: Iterable[tuple[Keys, Iterable[bytes]]], identity: EngineIdentity, clocks: EngineClocks) -> None:
        self._identity, self._clocks = identity, clocks
        self._users: dict[tuple[bytes, bytes], _User] = {}
        self._counters = dict.fromkeys(range(1, 7), 0)
        for keys, engines in users:
            user = _User(keys, UserMessages(keys, identity))
            self._users.update({(engine, keys.name): user for engine in engines or (b"",)})

    def open(self, message: UserMessage) -> bytes:
        """The scoped PDU of a message that may be taken.

        Raises:
            RefusedError: It may not.
        """
        engine_id = message.engine_id
        if not _SHORTEST_ID <= len(engine_id) <= _LONGEST_ID:
            raise self._refused(ENGINE, message)
        user = self._find(message)
        if user is None:
            raise self._refused(USER, message)
        keys = user.keys
        if message.flags & (AUTHENTICATED | PRIVATE) != keys.flags or message.encrypted != bool(keys.flags & PRIVATE):
            raise self._refused(LEVEL, message)
        if not keys.flags:
            return message.data
        digest = keys.digest(keys.auth_key(engine_id), message.blank)
        if not hmac.compare_digest(digest, message.digest):
            raise self._refused(DIGEST, message)
        if not self._timely(message):
            raise self._refused(LATE, message, user)
        return message.data if not message.encrypted else self._decrypted(keys, message)

    def answer(self, message: UserMessage, scoped: bytes) -> bytes:
        """The message that answers another one, protected like it."""
        user = self._find(message)
        assert user is not None, "only what was opened is answered"
        return user.answers.message(scoped, message.message_id)

    def require_authority(self, message: UserMessage) -> None:
        """Of informs, we are the authority; who takes another engine for it has to learn about us first.

        Raises:
            RefusedError: It was another engine.
        """
        if message.engine_id != self._identity.engine_id:
            raise self._refused(ENGINE, message)

    def _find(self, message: UserMessage) -> _User | None:
        known = self._users.get((message.engine_id, message.user))
        return known or self._users.get((b"", message.user))

    def _timely(self, message: UserMessage) -> bool:
        if message.engine_id != self._identity.engine_id:
            return self._clocks.timely(message.engine_id, message.boots, message.seconds)
        boots, seconds = self._identity.clock()
        return message.boots == boots and abs(message.seconds - seconds) <= WINDOW_SECONDS

    def _decrypted(self, keys: Keys, message: UserMessage) -> bytes:
        try:
            data = keys.decrypt(message.engine_id, message.boots, message.seconds, message.salt, message.data)
        except ValueError:
            raise self._refused(DECRYPTION, message) from None
        if data[:1] != bytes([ber.SEQUENCE]):
            raise self._refused(DECRYPTION, message)
        return data

    def _refused(self, reason: Refusal, message: UserMessage, user: _User | None = None) -> RefusedError:
        """The refusal, with a report for who asked for one; that is how senders of informs learn who we are and our time."""
        expected = reason is ENGINE or (reason is LATE and not message.boots and not message.seconds)
        if not message.flags & REPORTABLE:
            return RefusedError(reason)
        if message.engine_id != self._identity.engine_id:
            return RefusedError(reason, self._report(ENGINE, message), expected=expected)
        return RefusedError(reason, self._report(reason, message, user), expected=expected)

    def _report(self, reason: Refusal, message: UserMessage, user: _User | None = None) -> bytes:
        self._counters[reason.counter] = count = (self._counters[reason.counter] + 1) & 0xFFFFFFFF
        pair = ber.sequence(ber.oid(f"{_USM_STATS}.{reason.counter}.0"), ber.integer(count, _COUNTER))
        zero = ber.integer(0)
        pdu = ber.sequence(zero, zero, zero, ber.sequence(pair), tag=_REPORT)
        engine_id = self._identity.engine_id
        scoped = ber.sequence(ber.octets(engine_id), ber.octets(b""), pdu)
        if user is not None:
            return user.answers.message(scoped, message.message_id, readable=True)
        engine = (engine_id, *self._identity.clock(), message.user)
        return assembled(message.message_id, 0, engine, digest=b"", salt=b"", scoped=scoped)
