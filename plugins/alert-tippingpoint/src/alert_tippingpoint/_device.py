"""The remote syslog of devices: fields between delimiters of the administrator's choice."""

from __future__ import annotations

import csv
import re
from datetime import datetime

from alert_core import Event
from alert_core.wire.stamps import StampReader
from alert_core.wire.syslog import Received
from alert_tippingpoint._hit import SEVERITIES, endpoint, hit, number, without_number

__all__ = ["START", "device_event"]

# As the vendor numbers them, from 1. The sixth is said to be reserved, and the action to be the seventh; in the vendor's own
# example the sixth is the action and the seventh a number.
COLUMNS = (
    "log", "version", "time", "device", "sequence", "reserved", "action", "severity", "policy_uuid", "policy", "name",
    "protocol", "ip_protocol", "source", "destination", "since", "count", "parameters", "packet_trace", "segment",
)  # fmt: skip
_FEWEST = COLUMNS.index("destination") + 1
START = re.compile(r"(?:^|(?<=[\s>:]))(?:ALT|BLK|P2P)(#011|[^\w\s\"']|\t)v\d{1,3}\1", re.ASCII)
"""How a record begins: with the log, the delimiter, and the version of the layout."""

_TAB = "#011"
_SIGNATURE = re.compile(r"(\d{1,9}): ", re.ASCII)
_NO_OFFSET = re.compile(r"[+-]\d\d[6-9]\d$", re.ASCII)


def device_event(text: str, delimiter: str, *, stamps: StampReader, header: Received, raw: str) -> Event:
    """The event of a record.

    Args:
        text: From the first field on.
        delimiter: What is between fields.
        stamps: Reads times.
        header: What the header in front says.
        raw: All of it.

    Raises:
        ValueError: It is cut off before the addresses, or its time cannot be read.
    """
    if delimiter == _TAB:
        text, delimiter = text.replace(_TAB, "\t"), "\t"
    try:
        (cells,) = csv.reader([text.replace("\n", " ").replace("\r", " ")], delimiter=delimiter)
    except (csv.Error, ValueError) as error:
        raise ValueError(f"fields cannot be told apart: {error}") from None
    if len(cells) < _FEWEST:
        raise ValueError(f"cut off: {len(cells)} of {len(COLUMNS)} fields")
    said = dict(zip(COLUMNS, (cell.strip() for cell in cells), strict=False))
    source, source_port = _place(said["source"])
    destination, destination_port = _place(said["destination"])
    severity = said["severity"]
    signature = _SIGNATURE.match(said["name"])
    fields = {
        "computer": destination,
        "server": said["device"].rpartition("/")[2] or said["device"],
        "severity": SEVERITIES.get(severity.lower(), severity),
        "risk": without_number(said["name"]),
        "message": said["name"],
        "action": said["action"] if said["action"] and not said["action"].isdecimal() else said["reserved"],
        "count": number(said.get("count", ""), least=1),
        "source_address": source,
        "source_port": source_port,
        "destination_address": destination,
        "destination_port": destination_port,
        "protocol": said["protocol"],
    }
    attributes = {
        name: said.get(name, "")
        for name in ("log", "sequence", "policy_uuid", "policy", "since", "parameters", "packet_trace", "segment")
    }
    attributes["signature"] = (signature[1].lstrip("0") or "0") if signature else ""
    attributes["device"] = said["device"]
    attributes["ip_protocol"] = "" if said["ip_protocol"] == "0" else said["ip_protocol"]
    attributes["stated_source_address"] = "" if source else said["source"]
    attributes["stated_destination_address"] = "" if destination else said["destination"]
    attributes["more"] = delimiter.join(cells[len(COLUMNS) :])
    return hit(fields, attributes, time=_time(said["time"], stamps), header=header, raw=raw)


def _place(text: str) -> tuple[str, int | None]:
    """Address and port of `192.0.2.1:80`, or of an address alone."""
    address, colon, port = text.rpartition(":")
    known, at = endpoint(address, port)
    return (known, at) if colon and known else endpoint(text, "")


def _time(text: str, stamps: StampReader) -> datetime:
    """The time; devices write offsets that no clock has, such as `+0360`, and then it is in the configured zone."""
    return stamps.read(_NO_OFFSET.sub("", text))
