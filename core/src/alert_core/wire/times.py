"""Times as log files write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

__all__ = ["MONTHS", "MONTH_NAMES", "Calendar", "TimeReader", "lacks_year", "parse_zone", "read_epoch"]

MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""What `strftime` would translate."""
MONTHS = {name: number for number, name in enumerate(MONTH_NAMES, 1)}
_SYSLOG = re.compile(r"([A-Z][a-z]{2}) ([ 0-9][0-9]) ([0-9]{2}):([0-9]{2}):([0-9]{2})")
_ISO = re.compile(r"\d{4}-?\d\d-?\d\d[T ]\d\d(?::?\d\d(?::?\d\d(?:[.,]\d+)?)?)?(?: ?(?:Z|[+-]\d\d:?\d\d\b))?", re.ASCII)
_EPOCH = re.compile(r"(\d{1,19})(?:\.(\d{1,9}))?", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)", re.ASCII)
_START = datetime(1970, 1, 1, tzinfo=UTC)
_REMEMBERED = 4096
# A log does not tell the future, but clocks go wrong.
_AHEAD = timedelta(days=31)
# The 29th of February may be eight years ago.
_YEARS = 10
_LONGEST_STAMP = 128
# Epoch numbers of so many digits are seconds, milliseconds, microseconds or nanoseconds; in seconds it would be the year 5138.
_SECONDS_DIGITS = 11


def parse_zone(text: str) -> tzinfo:
    """A time zone by its IANA name or as an offset such as `+02:00`.

    Raises:
        ValueError: There is no such zone.
    """
    if text in ("UTC", "Z"):
        return UTC
    match = _OFFSET.fullmatch(text)
    try:
        if match is None:
            return ZoneInfo(text)
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-offset if match[1] == "-" else offset)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{text!r} is neither a time zone such as Europe/Berlin nor an offset such as +02:00") from None


def lacks_year(time_format: str) -> bool:
    """Whether times of this format do not say their year.

    Raises:
        ValueError: It is no format, or does not say the day.
    """
    if time_format in ("iso8601", "epoch"):
        return False
    if time_format == "syslog":
        return True
    sample = datetime(1988, 11, 27, 13, 48, 59, tzinfo=UTC)
    try:
        read = datetime.strptime(sample.strftime(time_format), time_format)
    except (ValueError, re.error) as error:
        raise ValueError(f"{time_format!r} is neither syslog, iso8601, epoch nor a strptime format: {error}") from None
    if (read.month, read.day) != (sample.month, sample.day):
        raise ValueError(f"{time_format!r} does not say the month and the day")
    return read.year != sample.year


class Calendar:
    """Completes times that do not say their zone or year.

    Args:
        zone: The zone of times that do not say one.
        year: The year of times that do not say one; `None`: the one that puts it nearest to now, at most a month ahead.
        year_begins: The month in which that year begins.
    """

    def __init__(self, zone: tzinfo, *, year: int | None = None, year_begins: int = 1) -> None:
        self.zone, self.year, self.year_begins = zone, year, year_begins

    def in_zone(self, moment: datetime) -> datetime:
        """The moment in UTC.

        Raises:
            ValueError: It is out of range.
        """
        aware = moment if moment.tzinfo else moment.replace(tzinfo=self.zone)
        if aware.tzinfo is UTC:
            return aware
        try:
            return aware.astimezone(UTC)
        except OverflowError:
            raise ValueError("the time is out of range") from None

    def dated(self, month: int, at: Callable[[int], datetime]) -> datetime:
        """The moment in the right year, given how to build it for a year.

        Raises:
            ValueError: There is no such day.
        """
        if self.year is not None:
            return self.in_zone(at(self.year + (month < self.year_begins)))
        latest = datetime.now(UTC) + _AHEAD
        for year in range(latest.year, latest.year - _YEARS, -1):
            moment = self._possible(at, year)
            if moment is not None and moment <= latest:
                return moment
        raise ValueError("there is no such day in any of the last years")

    def read_old(self, stamp: str) -> datetime | None:
        """The moment that a stamp such as `Oct  1 22:14:15` says; `None` if it is none.

        Raises:
            ValueError: There is no such moment.
        """
        match = _SYSLOG.fullmatch(stamp)
        month = MONTHS.get(match[1]) if match else None
        if match is None or month is None:
            return None
        day, hour, minute, second = map(int, match.group(2, 3, 4, 5))
        return self.dated(month, lambda year: datetime(year, month, day, hour, minute, second, tzinfo=self.zone))

    def _possible(self, at: Callable[[int], datetime], year: int) -> datetime | None:
        try:
            return self.in_zone(at(year))
        except ValueError:
            return None


class TimeReader:
    """Reads the time at the beginning of a text.

    The same text always gives the same time, with one exception: with `year=None` it is the year that puts it nearest to now.

    Args:
        time_format: `syslog`, `iso8601`, `epoch` or a strptime format.
        zone: The zone of times that do not say one.
        year: The year of times that do not say one; `None`: the one nearest to now.
        year_begins: The month in which that year begins.
    """

    def __init__(self, time_format: str, zone: tzinfo, *, year: int | None, year_begins: int) -> None:
        self._calendar = Calendar(zone, year=year, year_begins=year_begins)
        self._format = time_format
        self._remembered: dict[str, datetime] = {}
        self._today = _START.date()
        readers: dict[str, Callable[[str], datetime]] = {"syslog": self._syslog, "iso8601": self._iso, "epoch": read_epoch}
        self.read = readers.get(time_format, self._strptime)
        """Reads a time.

        Raises:
            ValueError: The text does not begin with one.
        """
        self._words = len(time_format.split())
        self._dateless = time_format not in readers and lacks_year(time_format)

    def refresh(self) -> None:
        """Forget what was worked out for a day that is over; call it now and then."""
        if self._calendar.year is None and (today := datetime.now(UTC).date()) != self._today:
            self._remembered.clear()
            self._today = today

    def _remember(self, text: str, moment: datetime) -> datetime:
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()
        self._remembered[text] = moment
        return moment

    def _syslog(self, text: str) -> datetime:
        stamp = text[:15]
        known = self._remembered.get(stamp)
        if known is not None:
            return known
        moment = self._calendar.read_old(stamp)
        if moment is None:
            raise ValueError("no syslog time at the beginning")
        return self._remember(stamp, moment)

    def _strptime(self, text: str) -> datetime:
        stamp = " ".join(text[:_LONGEST_STAMP].split(None, self._words)[: self._words])
        known = self._remembered.get(stamp)
        if known is not None:
            return known
        if not self._dateless:
            return self._remember(stamp, self._calendar.in_zone(datetime.strptime(stamp, self._format)))
        # 29 February is read only in a leap year, and 2000 was one.
        month = datetime.strptime(f"2000 {stamp}", f"%Y {self._format}").month
        moment = self._calendar.dated(month, lambda year: datetime.strptime(f"{year} {stamp}", f"%Y {self._format}"))
        return self._remember(stamp, moment)

    def _iso(self, text: str) -> datetime:
        match = _ISO.match(text)
        if match is None:
            raise ValueError("no ISO 8601 time at the beginning")
        stamp = match[0]
        if " " in stamp:
            stamp = stamp.replace(" ", "T", 1).replace(" ", "")
        return self._calendar.in_zone(datetime.fromisoformat(stamp))


def _scaled(number: int, power: int) -> int:
    """Times ten to a power, without the detour of a float."""
    return number * int(10**power) if power >= 0 else number // int(10**-power)


def read_epoch(text: str) -> datetime:
    """The time that a number of seconds, milliseconds, microseconds or nanoseconds since 1970 stands for, told by its length.

    Raises:
        ValueError: The text does not begin with such a number.
    """
    match = _EPOCH.match(text)
    if match is None:
        raise ValueError("no seconds since 1970 at the beginning")
    whole, fraction = match[1], match[2] or ""
    power = 3 * max(0, -((_SECONDS_DIGITS - len(whole)) // 3))
    number = int(whole + fraction)
    try:
        return _START + timedelta(microseconds=_scaled(number, 6 - power - len(fraction)))
    except OverflowError:
        raise ValueError("the time is out of range") from None
