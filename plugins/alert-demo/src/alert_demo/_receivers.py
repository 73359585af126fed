"""All receivers of the demo together."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from alert_demo._mail import mail_server
from alert_demo._message import Message
from alert_demo._program import Blocklist
from alert_demo._servers import syslog_server, trap_server, web_server

__all__ = ["Receivers", "receivers"]

# How long to wait for a message before looking at the file that the program writes.
_POLL_SECONDS = 0.2
_SERVERS = {"email": mail_server, "web": web_server, "syslog": syslog_server, "snmp": trap_server}


class Receivers:
    """The running receivers.

    Attributes:
        ports: Channel -> the port of its receiver on loopback.
    """

    def __init__(self, ports: dict[str, int], arrived: queue.SimpleQueue[Message]) -> None:
        self.ports = ports
        self._arrived = arrived

    def messages(self, blocklist: Blocklist, *, until: float) -> Iterator[Message]:
        """The messages in the order in which they come, until a time of the monotonic clock."""
        while True:
            yield from blocklist.new()
            remaining = until - time.monotonic()
            try:
                yield self._arrived.get(timeout=min(max(remaining, 0.0), _POLL_SECONDS))
            except queue.Empty:
                if remaining <= 0:
                    return


@contextmanager
def receivers() -> Iterator[Receivers]:
    """Run a receiver for each channel that has one, on free ports of loopback."""
    arrived: queue.SimpleQueue[Message] = queue.SimpleQueue()
    with ExitStack() as stack:
        ports = {channel: stack.enter_context(server(arrived.put)) for channel, server in _SERVERS.items()}
        yield Receivers(ports, arrived)
