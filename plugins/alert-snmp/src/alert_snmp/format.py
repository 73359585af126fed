"""The format `snmp-trap`: the records of the source `snmp`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from alert_core import Event, Format, Settings, Severity
from alert_core.model import EVENT_FIELDS
from alert_snmp.settings import Oid

if TYPE_CHECKING:
    from alert_snmp._events import EventMaker

__all__ = ["SnmpTrapFormat", "SnmpTrapSettings"]

_TEXT_FIELDS = EVENT_FIELDS - {
    "id", "time", "source", "raw", "flags", "type", "severity", "count", "source_port", "destination_port",
}  # fmt: skip


def _known_fields(value: dict[str, str]) -> dict[str, str]:
    for name in value:
        if name not in _TEXT_FIELDS:
            raise ValueError(f"{name!r} is no event field that an object can fill; those are {', '.join(sorted(_TEXT_FIELDS))}")
    return value


class SnmpTrapSettings(Settings):
    """What is known about the notifications that come."""

    names: dict[Oid, str] = Field(
        default_factory=dict,
        title="Names",
        description="Number = name, of notifications and of objects without their instance, beside those that are built in. "
        "A notification's name is the type of the event.",
        examples=[{"1.3.6.1.4.1.9.9.117.2.0.2": "cefcPowerStatusChange"}],
    )
    severities: dict[str, Severity] = Field(
        default_factory=dict,
        title="Severities",
        description="Notification, by name or number = how bad it is, before what is built in or says so itself.",
        examples=[{"linkDown": "major"}],
    )
    fields: Annotated[dict[str, str], AfterValidator(_known_fields)] = Field(
        default_factory=dict,
        title="Field mapping",
        description="Event field = the object, by name or number, whose value fills it.",
        examples=[{"computer": "sysName"}],
    )
    base_oid: Oid | None = Field(
        default=None, title="Base OID", description="Where the numbers of ALERT-MIB begin at the sender, if its action sets it."
    )


class SnmpTrapFormat(Format[SnmpTrapSettings]):
    """SNMP notifications as the source `snmp` writes them down.

    The type of the event is the name of the notification, or its number. Objects become attributes, by name or number.
    """

    name = "snmp-trap"
    label = "SNMP notifications"

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        return self._maker.decode(records)

    @classmethod
    def recognises(cls, text: str) -> bool:
        return text.startswith('{"sender":"') and any(f'"{key}":"' in text for key in ("trap", "fault", "refused"))

    @cached_property
    def _maker(self) -> EventMaker:
        from alert_snmp._events import EventMaker

        return EventMaker(self.settings)
