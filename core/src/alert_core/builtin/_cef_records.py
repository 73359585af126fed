"""What is done with records of CEF: the work of the format `cef`."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from alert_core.builtin._flat import Fields
from alert_core.builtin._marked_records import MarkedRecords, scaled
from alert_core.model import Event
from alert_core.wire import read_cef
from alert_core.wire.own import VENDOR, event_from_cef
from alert_core.wire.syslog import Received

__all__ = ["CefRecords"]

_LABEL = "Label"
# A blank before a value, as opposed to the one behind an empty one.
_LEADING = re.compile(r"= (?![A-Za-z0-9_.\[\]-]+=)")


class CefRecords(MarkedRecords):
    """Reads records of CEF."""

    @staticmethod
    def split(text: str) -> Any:
        parts = read_cef.split(text)
        if "  " in text or text.endswith(" ") or ("= " in text and _LEADING.search(text)):
            _strip(parts[0][1], parts[1])
        return parts

    def _event(self, text: str, header: Received | None, raw: str) -> Event:
        parts = self.split(text)
        (version, vendor, product, product_version, _, name, _), values, loose = parts
        if vendor == VENDOR and (own := event_from_cef(vendor, product, values, raw=raw)) is not None:
            return own
        time, fields = self._said(parts, self._fields)
        if "Label=" in text:
            _resolve_labels(values)
        values["vendor"], values["product"], values["product_version"] = vendor, product, product_version
        values["name"], values["cef_version"] = name, version
        if loose:
            values["unlabelled"] = loose
        return self._finished(time, fields, values, header=header, raw=raw)

    def _said(self, parts: Any, fields: Fields) -> tuple[datetime | None, dict[str, Any]]:
        (_, _, _, _, signature, name, severity), values, _ = parts
        time = fields.take_time(values, self._stamps, values.get("dtz", ""))
        said = fields.take(values)
        if signature:
            said.setdefault("type", signature)
        said["severity"] = scaled(said.get("severity") or severity.strip())
        said.setdefault("message", name)
        return time, said


def _strip(vendor: str, values: dict[str, str]) -> None:
    """Take blanks around values away, which other products mean nothing by."""
    if vendor != VENDOR:
        for key, value in values.items():
            values[key] = value.strip()


def _resolve_labels(values: dict[str, str]) -> None:
    """`cs1Label=Profile cs1=Office` means Profile = Office, unless something else is called so."""
    for key in [key for key in values if key[-5:] == _LABEL]:
        field, label = key[:-5], values[key]
        if label and label not in values and field in values:
            del values[key]
            values[label] = values.pop(field)
