"""What arrived at a receiver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["ACTIONS", "Arrived", "Message"]

ACTIONS = {"email": "admins", "web": "ticket-desk", "syslog": "loghost", "snmp": "noc", "exec": "block-host"}
"""Channel -> the action of the example configuration that uses it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message, as the receiver of a channel got it.

    Attributes:
        channel: The type of the action that sent it, such as `email`.
        notification: The id of the notification that it tells of, taken from the message itself; empty when it names none.
        content: What the receiver got, in the words of its protocol.
    """

    channel: str
    notification: str
    content: dict[str, Any]

    @property
    def action(self) -> str:
        """The action of the example configuration that sends such messages."""
        return ACTIONS[self.channel]


Arrived = Callable[[Message], None]
"""Takes a message from the thread of a receiver."""
