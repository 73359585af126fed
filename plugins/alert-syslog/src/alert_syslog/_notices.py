"""Log lines about what senders do, which must not fill the log however often they do it."""

from __future__ import annotations

import logging
import time

__all__ = ["Notices"]

_PAUSE_SECONDS = 60.0

logger = logging.getLogger(__name__)


class Notices:
    """Says the same kind of thing once a minute at most, and how often it was left unsaid.

    Args:
        name: Of the source.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._said: dict[str, tuple[float, int]] = {}

    def warn(self, kind: str, text: str) -> None:
        """Log a warning, unless there was one of its kind a moment ago."""
        now = time.monotonic()
        said, unsaid = self._said.get(kind, (now - _PAUSE_SECONDS, 0))
        if now - said < _PAUSE_SECONDS:
            self._said[kind] = said, unsaid + 1
            return
        self._said[kind] = now, 0
        more = f" (and {unsaid} more like this since the last time)" if unsaid else ""
        logger.warning("source %s: %s%s", self._name, text, more)
