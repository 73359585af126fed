"""Reading lines from a pipe."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterator

__all__ = ["blocks"]

_BLOCK_BYTES = 64 * 1024
_LONGEST_LINE = 16 * 1024 * 1024
_LOOK_AT_STOP_SECONDS = 0.05


def blocks(descriptor: int, stop: threading.Event) -> Iterator[bytes]:
    """Blocks of whole lines as they arrive; a line longer than 16 MiB is cut, a last one without line feed is given too."""
    waiting = b""
    while not stop.is_set():
        if not select.select([descriptor], [], [], _LOOK_AT_STOP_SECONDS)[0]:
            continue
        data = os.read(descriptor, _BLOCK_BYTES)
        if not data:
            break
        cut = data.rfind(b"\n") + 1
        if cut:
            yield waiting + data[:cut]
            waiting = data[cut:]
        else:
            waiting += data
        if len(waiting) >= _LONGEST_LINE:
            yield waiting
            waiting = b""
    if waiting:
        yield waiting
