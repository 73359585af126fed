"""The source type `snmp`."""

from __future__ import annotations

import logging
import selectors
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, ClassVar

from alert_core import Batch, Context, Cursor, DeliveryError, EventSource, Push, SecretError, SourceError
from alert_snmp.source_settings import SnmpSourceSettings, place_of

if TYPE_CHECKING:
    from alert_snmp._intake import Intake
    from alert_snmp._listener import Datagram, Listener
    from alert_snmp._memory import EngineClocks, Seen
    from alert_snmp._refusals import Refusals
    from alert_snmp._users import Users

__all__ = ["SnmpSource"]

_log = logging.getLogger(__name__)

_LOOK_AT_STOP_SECONDS = 0.1
_MOST_AT_ONCE = 500


class SnmpSource(EventSource[SnmpSourceSettings]):
    """Receives SNMP traps and informs of the versions 1, 2c and 3, over IPv4 and IPv6.

    An inform is confirmed once it is on disk; one that is repeated because the answer got lost is confirmed again, and counted
    once. What comes from unknown senders is refused, counted and reported.
    """

    name = "snmp"
    label = "SNMP traps and informs"
    rewindable = False
    endless = True
    default_format: ClassVar[str] = "snmp-trap"

    _seen: Seen | None = None

    def recall(self, kept: Iterator[Batch]) -> None:
        """Remember what was taken before, so that it is not taken again."""
        from alert_snmp._memory import Seen
        from alert_snmp._record import identities

        self._seen = Seen()
        for batch in kept:
            for identity in identities(batch.split()):
                self._seen.add(identity)

    def run(self, push: Push, stop: threading.Event) -> None:
        """Receive until told to stop."""
        from alert_snmp._intake import Intake
        from alert_snmp._listener import Listener
        from alert_snmp._memory import EngineClocks, Seen
        from alert_snmp._refusals import Refusals

        settings, folder = self.settings, self.context.state_folder
        refusals, clocks = Refusals(), EngineClocks(folder / "engines.json")
        seen, self._seen = self._seen or Seen(), None
        intake = Intake(_communities(settings, self.context), _users(settings, self.context, clocks), seen, refusals)
        with ExitStack() as stack:
            listeners = []
            for address, port in map(place_of, settings.listen):
                listeners.append(Listener(address, port, settings.receive_buffer_bytes))
                stack.callback(listeners[-1].close)
            try:
                _Receiver(push, listeners, intake, refusals, clocks).run(stop)
            except DeliveryError as error:  # of the engine id, whose code the action has too
                raise SourceError(str(error)) from error


class _Receiver:
    """One run."""

    def __init__(
        self, push: Push, listeners: Sequence[Listener], intake: Intake, refusals: Refusals, clocks: EngineClocks
    ) -> None:
        self._push, self._listeners, self._intake = push, listeners, intake
        self._refusals, self._clocks = refusals, clocks
        self._position = 0

    def run(self, stop: threading.Event) -> None:
        with selectors.DefaultSelector() as selector:
            for listener in self._listeners:
                selector.register(listener, selectors.EVENT_READ)
            while not stop.is_set():
                selector.select(_LOOK_AT_STOP_SECONDS)
                self._round()
        self._keep([record.to_bytes() for record in self._refusals.due(at_once=True)])
        self._save(at_once=True)

    def _round(self) -> None:
        """Take what is there, put it away, and only then answer."""
        records: list[bytes] = []
        answers: list[tuple[Listener, Datagram, bytes]] = []
        for listener in self._listeners:
            for datagram in listener.receive(_MOST_AT_ONCE):
                record, answer = self._intake.take(datagram)
                if record is not None:
                    records.append(record.to_bytes())
                if answer:
                    answers.append((listener, datagram, answer))
        records += [record.to_bytes() for record in self._refusals.due()]
        self._keep(records)
        for listener, datagram, answer in answers:
            listener.answer(datagram, answer)
        self._save()

    def _keep(self, records: list[bytes]) -> None:
        lost = sum(listener.dropped() for listener in self._listeners)
        if lost:
            _log.warning("the receive buffer was full: %d datagrams are lost", lost)
        if records or lost:
            start = self._position
            self._position += len(records)
            self._push(Batch(tuple(records), Cursor("", start), Cursor("", self._position), lost=lost))

    def _save(self, *, at_once: bool = False) -> None:
        try:
            self._clocks.save(at_once=at_once)
        except OSError as error:
            raise SourceError(f"the state folder cannot keep the clocks of SNMP engines: {error.strerror}") from error


def _communities(settings: SnmpSourceSettings, context: Context) -> frozenset[bytes]:
    try:
        return frozenset(context.reveal(community).encode() for community in settings.communities)
    except SecretError as error:
        raise SourceError(str(error)) from error


def _users(settings: SnmpSourceSettings, context: Context, clocks: EngineClocks) -> Users | None:
    """Who may send by version 3; makes keys of the passphrases, which takes a moment for each."""
    if not settings.users:
        return None
    from alert_snmp._identity import EngineIdentity
    from alert_snmp._sender import user_keys
    from alert_snmp._users import Users
    from alert_snmp._usm import Keys

    try:
        identity = EngineIdentity(context.state_folder, bytes.fromhex(settings.engine_id) if settings.engine_id else None)
        known = [
            (Keys(user, *user_keys(user, context)), [bytes.fromhex(engine) for engine in user.engine_ids])
            for user in settings.users
        ]
        return Users(known, identity, clocks)
    except DeliveryError as error:
        raise SourceError(str(error)) from error
