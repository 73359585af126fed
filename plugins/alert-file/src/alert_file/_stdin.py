"""Reading records from a pipe."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Iterator

from alert_core import Batch, Cursor
from alert_file._cut import Cutter, Upto
from alert_file._piece import LONGEST_LINE, Reading
from alert_file._text import Text

__all__ = ["batches"]

_BLOCK_BYTES = 64 * 1024
_MARK_BYTES = 4
_LOOK_AT_STOP_SECONDS = 0.05


def batches(descriptor: int, reading: Reading, stop: threading.Event) -> Iterator[Batch]:
    """Blocks of whole records as they arrive; a line longer than 16 MiB is cut, a last one without line feed is given too."""
    stream: _Stream | None = None
    begun = b""
    for data in _arriving(descriptor, _patience(reading), stop):
        if stream is not None:
            yield from stream.take(data or b"", Upto.LINES if data is None else Upto.RECORDS)
            continue
        # The beginning says how the rest reads, as soon as there is enough of it.
        begun += data or b""
        if len(begun) >= _MARK_BYTES or b"\n" in begun:
            stream = _Stream(begun, reading)
            yield from stream.take(b"", Upto.RECORDS)
    yield from (stream or _Stream(begun, reading)).take(b"", Upto.ALL)


class _Stream:
    """What has come and was not given yet."""

    def __init__(self, begun: bytes, reading: Reading) -> None:
        text = Text.of(reading.encoding, begun)
        self._cutter = Cutter(text, reading.multiline)
        self._waiting, self._position = begun[text.mark :], text.mark

    def take(self, data: bytes, upto: Upto) -> Iterator[Batch]:
        self._waiting += data
        cut = self._cutter.whole(self._waiting, 0, upto)
        if not cut and len(self._waiting) >= LONGEST_LINE:
            cut = LONGEST_LINE
        if cut:
            records, offsets = self._cutter.records(self._waiting[:cut])
            start, self._position, self._waiting = self._position, self._position + cut, self._waiting[cut:]
            yield Batch(records, Cursor("stdin", start), Cursor("stdin", self._position), offsets=offsets)


def _patience(reading: Reading) -> float | None:
    return reading.multiline.flush_seconds if reading.multiline else None


def _arriving(descriptor: int, patience: float | None, stop: threading.Event) -> Iterator[bytes | None]:
    """What comes until the end; `None` whenever nothing has come for a while."""
    quiet_since = time.monotonic()
    while not stop.is_set():
        if not select.select([descriptor], [], [], _LOOK_AT_STOP_SECONDS)[0]:
            if patience is not None and time.monotonic() - quiet_since > patience:
                quiet_since = time.monotonic()
                yield None
            continue
        data = os.read(descriptor, _BLOCK_BYTES)
        if not data:
            return
        yield data
        quiet_since = time.monotonic()
