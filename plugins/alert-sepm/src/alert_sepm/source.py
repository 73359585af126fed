"""The source `sepm`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from alert_core import Batch, Cursor, DeliveryError, EventSource, Push, SourceError
from alert_sepm.settings import SepmSourceSettings

if TYPE_CHECKING:
    from alert_sepm._api import Manager
    from alert_sepm._seen import Seen

__all__ = ["SepmSource"]

_log = logging.getLogger(__name__)

_MOST_AT_ONCE = 1000
_GONE = 404
_NOT_LET_IN = (401, 403)


class SepmSource(EventSource[SepmSourceSettings]):
    """Critical events of Symantec Endpoint Protection Manager, fetched through its REST API every minute or so.

    With `acknowledge`, each is acknowledged in the manager once it is safe here. The format is `sepm`.
    """

    name = "sepm"
    label = "Critical events of Symantec Endpoint Protection Manager"
    rewindable = False
    endless = True

    def run(self, push: Push, stop: threading.Event) -> None:
        from alert_sepm._api import Manager, Refusal
        from alert_sepm._seen import Seen

        manager = Manager(self.settings, self.context.reveal, name=self.context.name)
        try:
            seen = Seen(self.context.state_folder / "seen.json")
            while not stop.is_set():
                self._poll(manager, seen, push, stop)
                stop.wait(self.settings.poll_seconds)
        except DeliveryError as error:
            # Whoever is not let in and keeps asking locks the account.
            locked_out = isinstance(error, Refusal) and error.status in _NOT_LET_IN
            raise SourceError(str(error), retryable=not locked_out) from error
        finally:
            manager.close()

    def _poll(self, manager: Manager, seen: Seen, push: Push, stop: threading.Event) -> None:
        from alert_sepm._api import identity

        entries = sorted(manager.critical_events(), key=lambda entry: str(entry.get("eventDateTime", "")))
        listed = {identity(entry): entry for entry in entries if not entry.get("acknowledged")}
        if seen.empty and self.settings.start == "end":
            seen.skip(listed)
        new = [name for name in listed if not seen.has(name)]
        for begin in range(0, len(new), _MOST_AT_ONCE):
            part = new[begin : begin + _MOST_AT_ONCE]
            push(_batch([listed[name] for name in part], seen.count))
            # Only now are they safe: after a crash before this, they come again, with the same identity.
            seen.add(part)
        seen.still_listed(listed)
        if self.settings.acknowledge:
            done = [entry for name, entry in listed.items() if "eventId" in entry and not seen.was_skipped(name)]
            self._acknowledge(manager, [str(entry["eventId"]) for entry in done], stop)

    def _acknowledge(self, manager: Manager, ids: list[str], stop: threading.Event) -> None:
        from alert_sepm._api import Refusal

        for event_id in ids:
            if stop.is_set():
                return
            try:
                manager.acknowledge(event_id)
            except Refusal as error:
                # Somebody else may have been faster; whatever is still listed is tried again with the next poll.
                if error.status != _GONE:
                    _log.warning("critical event %s is not acknowledged: %s", event_id, error)
                    return


def _batch(entries: Sequence[Any], place: int) -> Batch:
    records = tuple(msgspec.json.encode(entry) for entry in entries)
    return Batch(records, Cursor("sepm", place), Cursor("sepm", place + len(records)))
