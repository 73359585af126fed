"""What is not taken is counted, and told of without a flood."""

from __future__ import annotations

import logging
import time

from alert_snmp._listener import Datagram
from alert_snmp._record import Record

__all__ = ["Refusals"]

_log = logging.getLogger(__name__)

_PAUSE_SECONDS = 60.0


class Refusals:
    """Counts messages by the reason why they are refused; tells of the first at once, and of those after it once a minute."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[int, Datagram]] = {}
        self._told: dict[str, float] = {}

    def add(self, reason: str, datagram: Datagram) -> None:
        """Count one."""
        count = self._waiting[reason][0] if reason in self._waiting else 0
        self._waiting[reason] = count + 1, datagram

    def due(self, *, at_once: bool = False) -> list[Record]:
        """What is to be told now."""
        if not self._waiting:
            return []
        now, records = time.monotonic(), []
        for reason, (count, last) in list(self._waiting.items()):
            if at_once or now - self._told.get(reason, -_PAUSE_SECONDS) >= _PAUSE_SECONDS:
                _log.warning("refused %d messages, the last from %s: %s", count, last.sender, reason)
                records.append(Record(sender=last.sender, refused=reason, count=count))
                del self._waiting[reason]
                self._told[reason] = now
        return records
