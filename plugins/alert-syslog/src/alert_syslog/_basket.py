"""Records on their way from the sockets to the disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from alert_core import Batch, Cursor

__all__ = ["Basket"]

BATCH_BYTES = 1024 * 1024
BATCH_RECORDS = 4096
FULL_BYTES = 4 * 1024 * 1024
"""With more than this nothing is read any more until some of it is safe."""

_OVERHEAD_BYTES = 100  # of a short record in memory


class Basket:
    """Takes records in while others are being written, and gives them out in batches.

    Attributes:
        taken: How many records were ever taken in.
        safe: How many of them, counted from the first, are on disk.
    """

    def __init__(self) -> None:
        self.taken = self.safe = 0
        self._bytes = 0
        self._lost = 0
        self._waiting: deque[tuple[Sequence[bytes], str]] = deque()
        self._batch: Batch | None = None
        self._batch_bytes = 0

    @property
    def full(self) -> bool:
        """Whether to wait before anything more is taken in."""
        return self._bytes > FULL_BYTES

    def add(self, records: Sequence[bytes], sender: str) -> None:
        """Take in what one sender sent."""
        if records:
            self.taken += len(records)
            self._bytes += _size(records)
            self._waiting.append((records, sender))

    def add_lost(self, count: int) -> None:
        """Note that records got lost before they could be read."""
        self._lost += count

    def batch(self) -> Batch | None:
        """What to write next: the same again until `written` is called, so that nothing is lost when writing fails."""
        if self._batch is None and (self._waiting or self._lost):
            self._batch = self._filled()
        return self._batch

    def written(self) -> None:
        """The last batch is on disk."""
        assert self._batch is not None
        self.safe += len(self._batch.records)
        self._bytes -= self._batch_bytes
        self._batch, self._batch_bytes = None, 0

    def _filled(self) -> Batch:
        records: list[bytes] = []
        senders: list[str] = []
        while self._waiting and self._batch_bytes < BATCH_BYTES and len(records) < BATCH_RECORDS:
            group, sender = self._waiting.popleft()
            records += group
            senders += [sender] * len(group)
            self._batch_bytes += _size(group)
        lost, self._lost = self._lost, 0
        start = Cursor("received", self.safe)
        return Batch(tuple(records), start, Cursor("received", self.safe + len(records)), tuple(senders), lost)


def _size(records: Sequence[bytes]) -> int:
    return sum(map(len, records)) + len(records) * _OVERHEAD_BYTES
