"""Times in whatever notation a sender chose, as long as it can be told from all others."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from alert_core.wire.times import MONTHS, Calendar, parse_zone, read_epoch

__all__ = ["ZONES", "StampReader"]

_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
_ZONE = r"(?: ?(?P<zone>[+-]\d\d:?\d\d|[A-Z][A-Za-z]*(?:[+-]\d{1,2}(?::?\d\d)?|(?:/[A-Za-z_]+)*)))?"
# The year stands at the third, the fifth or the last place, and the zone before or behind it.
_MONTH_FIRST = re.compile(
    rf"(?P<month>[A-Z][a-z]{{2}}) +(?P<day>\d{{1,2}})(?: (?P<year>\d{{4}}))? {_CLOCK}"
    rf"(?: (?P<late_year>\d{{4}}))?{_ZONE}(?: (?P<last_year>\d{{4}}))?",
    re.ASCII,
)
_DAY_FIRST = re.compile(
    rf"(?P<day>\d{{1,2}})[ /-](?P<month>[A-Z][a-z]{{2}})[ /-](?P<year>\d{{4}})[ :T]{_CLOCK}{_ZONE}"
    r"(?P<late_year>)(?P<last_year>)",
    re.ASCII,
)
_OFFSET = re.compile(r"(?:GMT|UTC)?([+-])(\d\d?):?(\d\d)?", re.ASCII)
ZONES = {
    "UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "JST": 9,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
"""Hours east of UTC: the abbreviations of RFC 822, and some that one part of the world alone uses. Others are ambiguous."""

_MILLISECONDS_DIGITS = 13
_SECONDS_DIGITS = 10
_LONGEST = 64
_REMEMBERED = 4096


class StampReader:
    """Reads times in ISO 8601, as seconds or smaller units since 1970, or with the month by its English name.

    The same text always gives the same time, with one exception: a time without a year, when `year` is `None`, is in the year
    that puts it nearest to now.

    Args:
        zone: The zone of times that do not say one; a name or an offset.
        year: The year of times that do not say one; `None`: the one nearest to now.
        year_begins: The month in which that year begins.
    """

    def __init__(self, zone: str = "UTC", *, year: int | None = None, year_begins: int = 1) -> None:
        self._calendar = Calendar(parse_zone(zone), year=year, year_begins=year_begins)
        self._remembered: dict[str | tuple[str, str], datetime] = {}
        self._today = datetime(1970, 1, 1, tzinfo=UTC).date()

    def refresh(self) -> None:
        """Forget what was worked out for a day that is over; call it now and then."""
        if self._calendar.year is None and (today := datetime.now(UTC).date()) != self._today:
            self._remembered.clear()
            self._today = today

    def read(self, text: str, zone: str = "") -> datetime:
        """The time that a text says; all of it must be the time.

        Args:
            text: The time.
            zone: The zone that the sender names elsewhere, which goes before the assumed one; ignored when it is none.

        Raises:
            ValueError: It is not a time.
        """
        known = self._remembered.get((text, zone) if zone else text)
        if known is not None:
            return known
        if text[:1].isalpha():
            return self._named(text, zone)
        try:
            if text.isdigit() and text.isascii():
                return _number(text)
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                moment = self._zoned(moment, zone)
            return moment if isinstance(moment.tzinfo, timezone) else self._calendar.in_zone(moment)
        except ValueError:
            return self._named(text, zone)

    def _zoned(self, moment: datetime, zone: str) -> datetime:
        return moment.replace(tzinfo=_zone_of(zone) or self._calendar.zone)

    def _named(self, text: str, zone: str) -> datetime:
        moment = (None if zone else self._calendar.read_old(text)) or self._worked_out(text, zone)
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()
        self._remembered[(text, zone) if zone else text] = moment
        return moment

    def _worked_out(self, text: str, zone: str) -> datetime:
        match = None if len(text) > _LONGEST else _MONTH_FIRST.fullmatch(text) or _DAY_FIRST.fullmatch(text)
        month = MONTHS.get(match["month"]) if match else None
        if match is None or month is None:
            if text[:1].isdigit() and re.fullmatch(r"\d{1,19}\.\d{1,9}", text, re.ASCII):
                return read_epoch(text)
            raise ValueError(f"unreadable time {text[:_LONGEST]!r}")
        day, hour, minute, second = (int(match[name]) for name in ("day", "hour", "minute", "second"))
        fraction = int((match["fraction"] or "").ljust(6, "0")[:6])
        stated = _zone_of(match["zone"] or zone)
        year = match["year"] or match["late_year"] or match["last_year"]
        if match["zone"] and stated is None:
            raise ValueError(f"unknown time zone {match['zone']!r}")

        def at(year: int) -> datetime:
            return datetime(year, month, day, hour, minute, second, fraction, tzinfo=stated)

        return self._calendar.in_zone(at(int(year))) if year else self._calendar.dated(month, at)


def _number(text: str) -> datetime:
    """A number of seconds or milliseconds the fast way, any other the exact one."""
    if len(text) == _MILLISECONDS_DIGITS:
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    return datetime.fromtimestamp(int(text), UTC) if len(text) == _SECONDS_DIGITS else read_epoch(text)


def _zone_of(text: str) -> tzinfo | None:
    """The zone that a name, an abbreviation or an offset means; `None` if it is none of these."""
    if text in ZONES:
        return timezone(timedelta(hours=ZONES[text]))
    try:
        if match := _OFFSET.fullmatch(text):
            offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
            return timezone(-offset if match[1] == "-" else offset)
        return parse_zone(text)
    except ValueError:
        return None
