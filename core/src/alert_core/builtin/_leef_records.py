"""What is done with records of LEEF: the work of the format `leef`."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from alert_core.builtin._flat import Fields
from alert_core.builtin._marked_records import MarkedRecords, scaled
from alert_core.model import Event
from alert_core.wire import read_leef
from alert_core.wire.own import VENDOR, event_from_leef
from alert_core.wire.syslog import Received

__all__ = ["LeefRecords"]

# Letters of Java's SimpleDateFormat that strptime knows too; zones are read by the stamp reader.
_JAVA = {
    "yyyy": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%m", "dd": "%d", "d": "%d", "HH": "%H", "H": "%H",
    "hh": "%I", "h": "%I", "mm": "%M", "m": "%M", "ss": "%S", "s": "%S", "SSS": "%f", "SSSSSS": "%f", "a": "%p",
    "EEE": "%a", "EEEE": "%A", "Z": "%z", "z": "%Z", "zzz": "%Z",
} | dict.fromkeys(("X" * length for length in (1, 2, 3)), "%z")  # fmt: skip
_RUN = re.compile(r"'([^']*)'|([A-Za-z])\2*|%")


class LeefRecords(MarkedRecords):
    """Reads records of LEEF."""

    split = staticmethod(read_leef.split)

    def _event(self, text: str, header: Received | None, raw: str) -> Event:
        parts = self.split(text)
        (version, vendor, product, product_version, _), values, _, loose = parts
        if vendor == VENDOR and (own := event_from_leef(vendor, product, values, raw=raw)) is not None:
            return own
        time, fields = self._said(parts, self._fields)
        values |= {"vendor": vendor, "product": product, "product_version": product_version, "leef_version": version}
        if loose:
            values["unlabelled"] = loose
        return self._finished(time, fields, values, header=header, raw=raw)

    def _said(self, parts: Any, fields: Fields) -> tuple[datetime | None, dict[str, Any]]:
        (_, _, _, _, event_id), values, _, _ = parts
        for key, value in values.items():
            values[key] = value.strip()
        time = self._time(values, fields)
        said = fields.take(values)
        if event_id:
            said.setdefault("type", event_id)
        if "severity" in said:
            said["severity"] = scaled(said["severity"])
        return time, said

    def _time(self, values: dict[str, str], fields: Fields) -> datetime | None:
        written, stamp = values.get("devTimeFormat"), values.get("devTime")
        if written and stamp and not stamp.isdigit():
            try:
                moment = datetime.strptime(stamp, _strptime(written))
            except (ValueError, re.error):
                pass  # most formats tell themselves
            else:
                del values["devTime"]
                return self._stamps.read(moment.isoformat())
        return fields.take_time(values, self._stamps)


def _strptime(java: str) -> str:
    """A format of Java's SimpleDateFormat, as `strptime` writes it.

    Raises:
        ValueError: It says what `strptime` cannot read.
    """

    def written(run: re.Match[str]) -> str:
        if run[0] == "%":
            return "%%"
        if run[1] is not None:
            return run[1].replace("%", "%%") or "'"
        if run[0] not in _JAVA:
            raise ValueError(f"{run[0]!r} in a time format")
        return _JAVA[run[0]]

    meant = _RUN.sub(written, java)
    if "%Y" not in meant and "%y" not in meant:
        raise ValueError("a time format without a year")
    return meant
