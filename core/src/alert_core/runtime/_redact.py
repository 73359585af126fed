"""What actions say about the world, made fit for the log: no secrets, no control characters, no endless text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from alert_core.components import Context
from alert_core.settings import Secret

__all__ = ["WatchedContext", "one_line", "redact"]

_LONGEST = 2000
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class WatchedContext(Context):
    """A context that remembers which secrets it gave away, so that they can be kept out of errors and receipts."""

    revealed: set[str] = field(default_factory=set, repr=False, compare=False)

    def reveal(self, secret: Secret) -> str:
        """The value of a secret, remembered."""
        value = super().reveal(secret)
        self.revealed.add(value)
        return value


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text without secrets and without characters that a terminal obeys; line feeds stay."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def one_line(text: str, secrets: Iterable[str] = ()) -> str:
    """The same in one line of bounded length."""
    line = " ".join(redact(text, secrets).split("\n"))
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
