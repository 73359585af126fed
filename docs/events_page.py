"""Writes `events.md` from the code: what an event has, and what each format fills it from.

python docs/events_page.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from alert_core.builtin._flat import SEVERITY_WORDS
from alert_core.builtin._marked import SCALE, MarkedFormat
from alert_core.builtin.cef import CefFormat
from alert_core.builtin.json import JsonFormat
from alert_core.builtin.leef import LeefFormat
from alert_core.builtin.lines import NETFILTER, SSHD
from alert_core.builtin.mappings import EcsFormat, EveFormat, OcsfFormat
from alert_core.builtin.syslog import SEVERITIES, SyslogFormat
from alert_core.components import Context
from alert_core.model import OWN_TYPES, Event, Severity
from alert_core.testing import FormatConformance
from alert_sepm.tables import FIELDS
from alert_sepm.tables import TYPES as SEPM_TYPES
from alert_snmp.conformance import SnmpTrapConformance
from alert_tippingpoint.conformance import TippingPointConformance
from alert_web.conformance import AlertmanagerConformance, FalcoConformance, NotificationConformance

BY_EXAMPLE: tuple[type[FormatConformance], ...] = (
    TippingPointConformance,
    SnmpTrapConformance,
    AlertmanagerConformance,
    FalcoConformance,
    NotificationConformance,
)
FORMATS = {cls.name: cls for cls in (CefFormat, JsonFormat, SyslogFormat)}
LONGEST_EXAMPLE = 40
PAGE = Path(__file__).with_name("events.md")

MEANINGS = {
    "time": "when it happened, with a time zone; what says no time happened when it arrived, or with the record before it",
    "type": "what happened, such as `auth-failure`",
    "id": "the sender's identity for it, else source and position; the same whenever the record is read again",
    "source": "name of the configured source; filled in by alert",
    "computer": "the machine it happened to",
    "count": "how many occurrences the record stands for, at least 1",
    "severity": "one of the names below, or the number that the product uses",
    "group": "the group of the computer",
    "domain": "the domain of the user or the computer",
    "server": "who reported it: a manager, a sensor, a relay",
    "user": "who was concerned",
    "risk": "name of the virus, signature or rule",
    "application": "the program or protocol concerned",
    "action": "what was done about it",
    "source_address": "where it came from",
    "destination_address": "where it went to",
    "source_port": "0 to 65535",
    "destination_port": "0 to 65535",
    "protocol": "such as TCP",
    "message": "text for people",
    "attributes": "whatever else the record says, by the product's own names",
    "raw": "the record itself, undecodable bytes replaced",
    "flags": "what alert noticed about it, such as `future`",
}
OWN_MEANINGS = {
    "unparsed": "a record that could not be read; `reason` among the attributes says why",
    "header": "a line that only says how other lines read, such as the header of a CSV file",
    "records-lost": "records got lost before a source could read them; `count` says how many",
    "state-evicted": "a condition had to give up what it remembered of some keys",
    "timer": "time passed",
}
SCHEMAS: tuple[type[JsonFormat], ...] = (EcsFormat, OcsfFormat, EveFormat)
MARKED: tuple[type[MarkedFormat], ...] = (CefFormat, LeefFormat)
LEVELS = ("emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug")


def page() -> str:
    """The whole page."""
    return "\n".join([*_fields(), *_types(), *_severities(), *_mappings(), *_lines(), *_plugins()]) + "\n"


def _fields() -> Iterator[str]:
    yield "# Events"
    yield ""
    yield "<!-- Written by docs/events_page.py from the code; change it there. -->"
    yield ""
    yield "Every record of every [source](sources.md) becomes one event, whatever its [format](formats.md)."
    yield "An event has these fields; filters and templates use them by these names."
    yield ""
    yield from _table(("field", "type", "meaning"), [(f"`{name}`", _written(name), MEANINGS[name]) for name in MEANINGS])
    yield ""
    yield "A text that is not known is empty, a port that is not known is null."
    yield "Any other name is looked up among the attributes; dots reach into objects, as in `alert.signature_id`."
    yield ""


def _written(name: str) -> str:
    kind = str(Event.__annotations__[name])
    return {
        "datetime": "time",
        "str": "text",
        "int": "number",
        "int | None": "number",
        "str | int | float": "text or number",
    }.get(kind, {"attributes": "object", "flags": "texts"}.get(name, kind))


def _types() -> Iterator[str]:
    yield "## Types"
    yield ""
    yield "What happened is named by the product, and by the format only where the product has no names for it."
    yield "These types are alert's own; a condition sees them only if it names them:"
    yield ""
    yield from _table(("type", "meaning"), [(f"`{name}`", OWN_MEANINGS[name]) for name in sorted(OWN_TYPES)])
    yield ""


def _severities() -> Iterator[str]:
    yield "## Severities"
    yield ""
    yield f"From least to worst: {', '.join(f'`{name.value}`' for name in Severity)}."
    yield 'A filter such as `severity = ">=major"` compares in this order.'
    yield ""
    words: dict[str, list[str]] = {}
    for word, name in SEVERITY_WORDS.items():
        words.setdefault(name, []).append(word)
    low = dict(zip([name for _, name in SCALE], [-1, *[top for top, _ in SCALE]], strict=False))
    scale = {name: f"{low[name] + 1} to {top}" if top - low[name] > 1 else str(top) for top, name in SCALE}
    scale["critical"] = f"{SCALE[-1][0] + 1} to 10"
    rows = [
        (
            f"`{name.value}`",
            ", ".join(words[name.value]),
            scale[name.value],
            ", ".join(f"{number} {LEVELS[number]}" for number, meant in enumerate(SEVERITIES) if meant == name.value),
        )
        for name in reversed(Severity)
    ]
    yield from _table(("severity", "words, in any case", "`cef` and `leef`", "`syslog`"), rows)
    yield ""
    yield "What is neither stays as it is."
    yield ""


def _mappings() -> Iterator[str]:
    yield "## Mappings"
    yield ""
    yield "The first key that has a value counts; `fields` in the table of the format goes before all of them."
    yield "What a field does not use stays among the attributes."
    yield ""
    yield "`syslog` fills `time`, `computer` (the host), `application` (the tag or APP-NAME), `severity` and `message`."
    yield "`json` and `csv` fill every field from the key or column of its own name."
    yield ""
    for cls in MARKED:
        more = {"cef": {"type": ("signature",), "severity": ("severity of the header",)}, "leef": {"type": ("event id",)}}
        mapping = {**cls.mapping, **more[cls.name]}
        if cls is CefFormat:
            mapping["message"] = (*cls.mapping["message"], "name of the header")
        yield from _section(f"{cls.name}: {cls.label}", mapping)
    for schema in SCHEMAS:
        assert schema.mapping is not None
        yield from _section(f"{schema.name}: {schema.label}", schema.mapping.fields)


def _section(title: str, mapping: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield f"### {title}"
    yield ""
    rows = [
        (f"`{name}`", ", ".join(key if " " in key else f"`{key}`" for key in mapping[name]))
        for name in MEANINGS
        if name in mapping
    ]
    yield from _table(("field", "from"), rows)
    yield ""


def _lines() -> Iterator[str]:
    for name, title, patterns in (("sshd", "OpenSSH server", SSHD), ("netfilter", "Linux firewall", NETFILTER)):
        yield f"### {name}: {title}"
        yield ""
        found: dict[str, set[str]] = {}
        for pattern in patterns:
            groups = set(re.findall(r"\?P<(\w+)>", pattern["regex"])) | pattern.get("constants", {}).keys()
            found.setdefault(pattern["type"], set()).update(groups)
        rows = [(f"`{type_}`", _told(groups, True), _told(groups, False)) for type_, groups in found.items()]
        yield from _table(("type", "fields", "attributes"), rows)
        yield ""
    yield "All other lines are of type `log`. Each has the time, computer and application of its header as well."


def _plugins() -> Iterator[str]:
    yield ""
    yield "## Formats of plugins"
    yield ""
    yield "What a log of Symantec Endpoint Protection Manager is called, and which column fills which field; see `alert-sepm`:"
    yield ""
    rows = [
        (log.replace("-", " "), f"`{SEPM_TYPES[log]}`", ", ".join(f"`{name}` from {key}" for key, name in FIELDS[log].items()))
        for log in SEPM_TYPES
    ]
    yield from _table(("log", "type", "fields, from columns"), rows)
    yield ""
    yield "What the other formats make of one record of each type, by way of example; what is long is cut:"
    yield ""
    for kit in BY_EXAMPLE:
        yield from _examples(kit)


def _examples(kit: type[FormatConformance]) -> Iterator[str]:
    cls = kit.format
    yield f"### {cls.name}: {cls.label}"
    yield ""
    settings = cls.settings_model.model_validate(kit.settings)
    found: dict[str, Event] = {}
    for event in cls(settings, Context(name="example", formats=FORMATS)).decode(kit.records):
        found.setdefault(event.type, event)
    rows = [
        (f"`{type_}`", _filled(event), ", ".join(f"`{name}`" for name in event.attributes)) for type_, event in found.items()
    ]
    yield from _table(("type", "fields", "attributes"), rows)
    yield ""


def _filled(event: Event) -> str:
    given = {name: getattr(event, name) for name in MEANINGS if name not in ("time", "type", "attributes", "raw", "source")}
    shown = {name: " ".join(str(value).split()) for name, value in given.items() if value not in ("", None, ())}
    return ", ".join(f"`{name}` {_cut(value)}" for name, value in shown.items())


def _cut(text: str) -> str:
    text = text if len(text) <= LONGEST_EXAMPLE else f"{text[:LONGEST_EXAMPLE]}..."
    return "`" + text.replace("|", "/").replace("`", "'") + "`"


def _told(names: set[str], in_event: bool) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names) if (name in MEANINGS) == in_event)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
