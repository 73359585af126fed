"""What a program wrote and how it ended, made fit for receipts and errors."""

from __future__ import annotations

import signal
from collections.abc import Iterable

from alert_exec._input import visible

_SHORTEST_SECRET = 4


def encoded(secrets: Iterable[str]) -> list[bytes]:
    """Secrets as a program would write them, the longest first; those that may stand in a text by chance are left out."""
    long_enough = (secret.encode("utf-8", "surrogateescape") for secret in secrets if len(secret) >= _SHORTEST_SECRET)
    return sorted(long_enough, key=len, reverse=True)


def blot(output: bytes, secrets: Iterable[bytes], limit: int) -> str:
    """The beginning of an output as one line of text, with asterisks for secrets that the program wrote."""
    for secret in secrets:
        # Of the same length, so that nothing moves up from behind the end.
        output = output.replace(secret, b"*" * len(secret))
    return visible(output[:limit].decode("utf-8", "replace").strip())


def signal_name(number: int) -> str:
    """The name of a signal, such as SIGSEGV."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
