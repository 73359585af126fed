"""What can be set for the receiver of SNMP notifications."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from alert_core import Secret, Settings
from alert_snmp.settings import User, engine_id_digits

__all__ = ["SnmpSourceSettings", "TrapUser", "place_of"]

_PLACE = r"udp:(?:(\[[0-9A-Fa-f:.]+(?:%[^\]]+)?\]|[0-9.]+):)?(\d{1,5})"
_HIGHEST_PORT = 65535

EngineId = Annotated[str, AfterValidator(engine_id_digits)]


def place_of(text: str) -> tuple[str, int]:
    """Address and port of a place such as `udp:162` or `udp:[2001:db8::1]:162`; no address means all.

    Raises:
        ValueError: It is none.
    """
    match = re.fullmatch(_PLACE, text, re.ASCII)
    if match is None or not 0 < int(match[2]) <= _HIGHEST_PORT:
        raise ValueError('must be like "udp:162" or "udp:[2001:db8::1]:162": udp, an IP address if not all, port')
    address = (match[1] or "").strip("[]")
    return str(ipaddress.ip_address(address)) if address else "", int(match[2])


def _place(text: str) -> str:
    place_of(text)
    return text


class TrapUser(User):
    """An SNMPv3 user whose notifications are taken if they are signed and encrypted just like this."""

    engine_ids: tuple[EngineId, ...] = Field(
        default=(),
        title="Engine IDs",
        description="Take only traps that come from these engines, in hexadecimal; such a user sends no informs. "
        "Empty: traps of any engine that knows the passphrases, and informs.",
    )


class SnmpSourceSettings(Settings):
    """Where to listen, and whom to believe."""

    listen: tuple[Annotated[str, AfterValidator(_place)], ...] = Field(
        default=("udp:162",),
        min_length=1,
        title="Listen",
        description="Where notifications are received: `udp`, an IP address of this computer unless all of them, and port, "
        "with colons between; IPv6 addresses in brackets. Ports below 1024 need a privilege.",
        examples=[["udp:192.0.2.1:162", "udp:[2001:db8::1]:162"]],
    )
    communities: tuple[Secret, ...] = Field(
        default=(),
        title="Communities",
        description="Take notifications of v1 and v2c that name one of these; they travel in the clear. Empty: take none.",
    )
    users: tuple[TrapUser, ...] = Field(
        default=(), title="Users", description="The SNMPv3 users whose notifications are taken. Empty: take none of v3."
    )
    receive_buffer_bytes: int = Field(
        default=16 * 1024 * 1024,
        ge=64 * 1024,
        le=1024 * 1024 * 1024,
        title="Receive buffer",
        description="How much the system may keep of what comes faster than it can be written to disk. "
        "What does not fit is lost, counted, and reported as an event of type `records-lost`.",
    )
    engine_id: EngineId | None = Field(
        default=None,
        title="Engine ID",
        description="The receiver's own SNMPv3 engine id in hexadecimal. Made up once and kept when empty.",
    )

    @model_validator(mode="after")
    def _somebody_can_send(self) -> SnmpSourceSettings:
        if not self.communities and not self.users:
            raise ValueError("nobody could send: set communities, users or both")
        places = Counter((user.name, engine) for user in self.users for engine in user.engine_ids or ("",))
        twice = [name for (name, _), count in places.items() if count > 1]
        if twice:
            raise ValueError(f"user {twice[0]!r} is there twice for the same engine; tell them apart by engine_ids")
        return self
