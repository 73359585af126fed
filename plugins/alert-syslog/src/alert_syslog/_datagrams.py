"""Receives datagrams."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

from alert_syslog._basket import Basket
from alert_syslog._framing import tidy
from alert_syslog._sockets import dropped, plain_address

__all__ = ["Datagrams"]

_PER_TURN = 256
"""How many are read before others have their turn."""

_LONGEST = 65536


class Datagrams:
    """A socket for datagrams, each of which is a record.

    Args:
        opened: The socket.
        basket: Where records go.
        max_bytes: Longer records are cut.
        filled: Called when there are new records.
    """

    def __init__(self, opened: socket.socket, basket: Basket, *, max_bytes: int, filled: Callable[[], None]) -> None:
        self._socket, self._basket = opened, basket
        self._max, self._filled = max_bytes, filled
        self._dropped = 0  # what came too fast since the socket was bound counts too, though nobody read yet

    def resume(self) -> None:
        """Read what comes."""
        asyncio.get_running_loop().add_reader(self._socket, self.read)

    def pause(self) -> None:
        """Leave what comes to the kernel for a while."""
        asyncio.get_running_loop().remove_reader(self._socket)

    def read(self) -> int:
        """Take in what is there, but not too much at once; says how many there were."""
        receive, add, count = self._socket.recvfrom, self._basket.add, 0
        # Nothing is left, or, on some systems, an earlier answer of ours did not arrive.
        with contextlib.suppress(OSError):
            for _ in range(_PER_TURN):
                data, address = receive(_LONGEST)
                count += 1
                if record := tidy(data, self._max):
                    add((record,), plain_address(address[0]))
        if count:
            self._filled()
        return count

    def count_dropped(self) -> int:
        """How many were dropped by the kernel since the last call; they are noted in the basket."""
        before, self._dropped = self._dropped, dropped(self._socket)
        more = (self._dropped - before) % 2**32
        if more:
            self._basket.add_lost(more)
            self._filled()
        return more
