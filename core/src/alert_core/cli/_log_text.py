"""How entries of the log look: as a table, in full, as JSON, as CSV. Their text comes from anyone and is escaped."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from alert_core.cli._common import console, local_time, printable
from alert_core.store import safe_json

if TYPE_CHECKING:
    from alert_core.store import Attempt, DeliverySummary, LogEntry

__all__ = ["CSV_COLUMNS", "as_dict", "csv_row", "draw_entry", "draw_table", "json_line"]

_STYLES = {"critical": "bold red", "major": "red", "minor": "yellow", "failed": "bold red", "pending": "yellow"}
CSV_COLUMNS = (
    "id", "time", "recorded", "condition", "type", "severity", "kind", "key", "computer", "subject", "body", "quantity",
    "suppressed", "since", "creator", "revision", "acknowledged_at", "acknowledged_by", "acknowledge_note", "deliveries",
)  # fmt: skip


def as_dict(entry: LogEntry) -> dict[str, Any]:
    """An entry as plain values: the notification's fields and what happened to it since."""
    since = {field.name: getattr(entry, field.name) for field in dataclasses.fields(entry) if field.name != "notification"}
    return {**msgspec.structs.asdict(entry.notification), "computer": entry.notification.computer, **since}


def json_line(entry: LogEntry, **more: Any) -> bytes:
    """An entry as one line of JSON without a line end."""
    return safe_json(msgspec.json.encode({**as_dict(entry), **more}, order="sorted"))


def csv_row(entry: LogEntry) -> list[object]:
    """The values of `CSV_COLUMNS`, made harmless for programs that take some texts for formulas."""
    values = as_dict(entry)
    values["deliveries"] = " ".join(f"{one.action}:{one.state.value}" for one in entry.deliveries)
    return [_cell(values[name]) for name in CSV_COLUMNS]


def _cell(value: object) -> object:
    if value is None or isinstance(value, int):
        return "" if value is None else value
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    text = "".join(character if character == "\n" else printable(character) for character in text)
    # A spreadsheet takes a cell that begins like this for a formula; the apostrophe makes it text.
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%")) else text


def draw_table(entries: Iterable[LogEntry], *, more: bool) -> None:
    """Print entries as a table."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Id", "Time", "Severity"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Subject", overflow="fold", ratio=1)
    table.add_column("Sent", no_wrap=True)
    table.add_column("Seen", no_wrap=True)
    for entry in entries:
        notification = entry.notification
        severity = "info" if notification.severity == "information" else notification.severity.value
        table.add_row(
            printable(notification.id[:8]),
            _local(notification.time),
            Text(severity, style=_STYLES.get(severity, "")),
            printable(notification.subject),
            _sent(entry.deliveries),
            "no" if entry.acknowledged_at is None else "yes",
        )
    out = console()
    if table.row_count == 0:
        out.print("no notification fits")
        return
    out.print(table)
    if more:
        out.print("there are more; see --limit, --since and the other options")


def _sent(deliveries: Sequence[DeliverySummary]) -> Any:
    from rich.text import Text

    if not deliveries:
        return Text("-")
    states = [one.state.value for one in deliveries]
    worst = next((state for state in ("failed", "pending") if state in states), "")
    return Text(f"{states.count('delivered')}/{len(states)}", style=_STYLES.get(worst, ""))


def _local(moment: datetime | None) -> str:
    return "" if moment is None else f"{local_time(moment):%Y-%m-%d %H:%M:%S}"


def draw_entry(entry: LogEntry, attempts: Sequence[Attempt]) -> None:
    """Print everything about one entry."""
    out = console()
    out.print(_pairs(_facts(entry)))
    out.print()
    for line in entry.notification.body.splitlines():
        out.print(f"  {printable(line)}")
    out.print("\nEvent", style="bold")
    out.print(_pairs(_event_facts(entry)))
    for delivery in entry.deliveries:
        out.print(f"\nDelivery through {printable(delivery.action)}", style="bold")
        out.print(_pairs(_delivery_facts(delivery, attempts)))


def _facts(entry: LogEntry) -> dict[str, object]:
    notification = entry.notification
    seen = f"{_local(entry.acknowledged_at)} by {entry.acknowledged_by}" if entry.acknowledged_at else "no"
    return {
        "id": notification.id,
        "subject": notification.subject,
        "condition": f"{notification.condition} ({notification.type}, revision {notification.revision})",
        "creator": notification.creator,
        "kind": notification.kind,
        "severity": notification.severity.value,
        "time": _local(notification.time),
        "since": _local(notification.since),
        "recorded": _local(entry.recorded),
        "key": notification.key,
        "quantity": notification.quantity,
        "suppressed": notification.suppressed or "",
        "computers": ", ".join(notification.computers),
        "fault": notification.fault,
        "acknowledged": seen,
        "note": entry.acknowledge_note,
    }


def _event_facts(entry: LogEntry) -> dict[str, object]:
    event = entry.notification.event
    facts = {name: getattr(event, name) for name in event.__struct_fields__ if name not in ("attributes", "time", "flags")}
    return {"time": _local(event.time), **facts, "flags": ", ".join(event.flags), **event.attributes}


def _delivery_facts(delivery: DeliverySummary, attempts: Sequence[Attempt]) -> dict[str, object]:
    receipt = delivery.receipt
    facts: dict[str, object] = {
        "id": delivery.id,
        "state": delivery.state.value,
        "reason": delivery.reason,
        "next attempt": _local(delivery.next_attempt),
        "receipt": " ".join(filter(None, (receipt.strength.value, receipt.remote_id, receipt.detail))) if receipt else "",
    }
    for one in attempts:
        if one.delivery == delivery.id:
            end = f"{one.outcome} after {one.seconds:.3f} s"
            facts[f"attempt {one.number}"] = f"{_local(one.started)}  {end}" + (f": {one.error}" if one.error else "")
    return facts


def _pairs(facts: dict[str, object]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        if value not in (None, ""):
            text = printable(value)
            table.add_row(Text(f"  {printable(name)}", style="dim"), Text(text, style=_STYLES.get(text, "")))
    return table
