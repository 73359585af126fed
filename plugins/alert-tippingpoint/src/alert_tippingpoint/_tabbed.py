"""The tab-delimited layout of the SMS, from its version 2 on."""

from __future__ import annotations

import re
from collections.abc import Mapping

from alert_core import Event
from alert_core.wire.stamps import StampReader
from alert_core.wire.syslog import Received
from alert_tippingpoint._hit import SEVERITIES, endpoint, hit, number, without_number

__all__ = ["START", "tabbed_event"]

COLUMNS = (
    "action", "severity", "policy_uuid", "signature_uuid", "name", "signature", "protocol", "source_address", "source_port",
    "destination_address", "destination_port", "count", "source_zone", "destination_zone", "port", "vlan", "device", "taxonomy",
    "time", "sequence",
)  # fmt: skip
_FEWEST = COLUMNS.index("count") + 1
_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
START = re.compile(rf"(?:^|(?<=[\s>:]))\d{{1,2}}(\t|#011)[0-4]\1{_UUID}\1{_UUID}\1", re.ASCII)
"""How a record begins. Some relays write tabs as `#011`."""


def tabbed_event(text: str, tab: str, *, actions: Mapping[str, str], stamps: StampReader, header: Received, raw: str) -> Event:
    """The event of a record.

    Args:
        text: From the first column on.
        tab: What is between columns.
        actions: The names of actions by their numbers.
        stamps: Reads the time.
        header: What the header in front says.
        raw: All of it.

    Raises:
        ValueError: It is cut off before the hit count.
    """
    cells = text.split(tab)
    if len(cells) < _FEWEST:
        raise ValueError(f"cut off: {len(cells)} of {len(COLUMNS)} columns")
    said = dict(zip(COLUMNS, (cell.strip() for cell in cells), strict=False))
    source, source_port = endpoint(said["source_address"], said["source_port"])
    destination, destination_port = endpoint(said["destination_address"], said["destination_port"])
    name = without_number(said["name"])
    fields = {
        "computer": destination,
        "server": said.get("device", ""),
        "severity": SEVERITIES.get(said["severity"], said["severity"]),
        "risk": name,
        "message": said["name"],
        "action": actions.get(said["action"], said["action"]),
        "count": number(said["count"], least=1),
        "source_address": source,
        "source_port": source_port,
        "destination_address": destination,
        "destination_port": destination_port,
        "protocol": said["protocol"],
    }
    attributes = {
        name: said.get(name, "")
        for name in (
            "signature", "signature_uuid", "policy_uuid", "source_zone", "destination_zone", "port", "vlan", "taxonomy",
            "sequence",
        )
    }  # fmt: skip
    # What could not be understood, and columns of later versions.
    for address, known in (("source_address", source), ("destination_address", destination)):
        attributes[f"stated_{address}"] = "" if known else said[address]
    attributes["more"] = "\t".join(cells[len(COLUMNS) :])
    time = stamps.read(said["time"]) if said.get("time") else None
    return hit(fields, attributes, time=time, header=header, raw=raw)
