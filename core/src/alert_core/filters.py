"""`where`: what a field must look like for an event to concern a condition.

    group = "Sales"                        equal
    severity = ["critical", "major"]       any of these
    computer = "PC-0*"                     a glob: `*`, `?`, `[abc]`
    source_address = "10.0.0.0/8"          inside a network
    severity = ">=major"                   ordered: numbers, and severities from information to critical
    user = "!SYSTEM"                       `!` negates any of the above; in a list it excludes: ["srv-*", "!srv-1"]

All fields must hold. Comparison is case-sensitive. A number in the filter is compared with the number that the event's value
is, also as a text (443, 443.0 and "443" are equal), in the precision of a float; a field that an event lacks, or has as null,
is the empty text.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import math
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any

from alert_core.model import severity_rank

__all__ = ["Filter", "as_number", "compile_filter", "pack_address"]

Test = Callable[[Any], bool]

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}

# How much of a stream one equality lets through, for fields whose nature is known. Only order matters, and only for speed.
_SHARES = {
    "computer": 0.0001,
    "user": 0.0001,
    "source_address": 0.0001,
    "destination_address": 0.0001,
    "group": 0.005,
    "risk": 0.02,
    "application": 0.02,
    "domain": 0.12,
    "severity": 0.17,
    "action": 0.2,
    "server": 0.25,
}


@dataclass(frozen=True, kw_only=True)
class Filter:
    """One compiled filter.

    Attributes:
        field: The event field or attribute it looks at.
        text: The filter as written, for explanations and as its identity.
        test: Whether a value passes.
        equal: The values it is equal to, when it is an equality; of a numeric one, those that the value is to be as a number.
        network: First and last packed address, when it is one network.
        between: Two texts between which the addresses of an IPv4 network are found in the order of texts, to rule most others
            out; those that are mapped into IPv6 have a colon.
        part: `start`, `end` or `anywhere`, and what must stand there in a text, when it is a glob that says just that.
        order: Operator and number, when it is one numeric comparison.
        share: Estimated part of events that pass; the smallest is tested first.
        numeric: Whether it makes sense of numbers only, so that the field may be decoded as one.
    """

    field: str
    text: str
    test: Test
    equal: frozenset[Any] | None = None
    network: tuple[bytes, bytes] | None = None
    between: tuple[str, str] | None = None
    part: tuple[str, str] | None = None
    order: tuple[str, float] | None = None
    share: float = 0.5
    numeric: bool = False


def compile_filter(field: str, value: object) -> Filter:
    """Compile what stands behind one key of `where`.

    Raises:
        ValueError: The filter makes no sense; the text says why, as a phrase.
    """
    values = value if isinstance(value, list | tuple) else [value]
    if not values:
        raise ValueError("an empty list lets nothing through")
    if any(isinstance(item, list | tuple | dict) for item in values):
        raise ValueError("must be a text, a number, true, false or a list of these")
    wanted = [_compile_one(field, item) for item in values if not _negated(item)]
    refused = [_compile_one(field, str(item)[1:]) for item in values if _negated(item)]
    text = repr(value) if isinstance(value, str | int | float) else repr(list(values))
    if not refused:
        return wanted[0] if len(wanted) == 1 else _any_of(field, text, wanted)
    return _all_but(field, text, wanted, refused)


def _negated(value: object) -> bool:
    return isinstance(value, str) and value.startswith("!")


def _any_of(field: str, text: str, wanted: list[Filter]) -> Filter:
    share = min(0.9, sum(part.share for part in wanted))
    equal = frozenset().union(*(part.equal for part in wanted if part.equal is not None))
    if all(part.equal is not None and part.numeric for part in wanted):
        return _number(field, text, equal, share)
    if all(part.equal is not None and not part.numeric for part in wanted):
        return Filter(field=field, text=text, test=_one_of(equal), equal=equal, share=share)
    tests = [part.test for part in wanted]
    return Filter(field=field, text=text, test=lambda value: any(test(value) for test in tests), share=share)


def _all_but(field: str, text: str, wanted: list[Filter], refused: list[Filter]) -> Filter:
    passing = [part.test for part in wanted]
    failing = [part.test for part in refused]

    def test(value: Any) -> bool:
        return (not passing or any(check(value) for check in passing)) and not any(check(value) for check in failing)

    return Filter(field=field, text=text, test=test, share=sum(part.share for part in wanted) or 0.9)


@lru_cache(maxsize=16_384, typed=True)
def _compile_one(field: str, value: object) -> Filter:
    if isinstance(value, bool | int | float):
        return _equality(field, value)
    if not isinstance(value, str):
        raise ValueError(f"must be a text, a number, true, false or a list of these, not {type(value).__name__}")
    for sign in _ORDERS:
        if value.startswith(sign):
            return _order(field, value, sign, value[len(sign) :].strip())
    if "/" in value and (network := _network(value)):
        return _inside(field, value, network)
    if any(character in value for character in "*?["):
        return _glob(field, value)
    return _equality(field, value)


def _equality(field: str, value: str | int | float) -> Filter:
    share = _SHARES.get(field, 0.05)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(field, repr(value), frozenset({as_number(value)}), share)
    equal = frozenset(_spellings(value))
    return Filter(field=field, text=repr(value), test=_one_of(equal), equal=equal, share=share)


def _number(field: str, text: str, equal: frozenset[float], share: float) -> Filter:
    return Filter(field=field, text=text, test=lambda value: as_number(value) in equal, equal=equal, share=share, numeric=True)


def _spellings(value: str | bool) -> Iterator[Any]:
    """The forms in which the same value may stand in an event: 443 and "443", true and "true", nothing and ""."""
    yield value
    if isinstance(value, bool):
        yield str(value).lower()
    elif value == "":
        yield None
    elif re.fullmatch(r"-?(0|[1-9]\d{0,17})", value):
        yield int(value)


def _one_of(equal: frozenset[Any]) -> Test:
    return equal.__contains__


def _glob(field: str, pattern: str) -> Filter:
    match = re.compile(fnmatch.translate(pattern)).match
    return Filter(
        field=field, text=repr(pattern), test=lambda value: match(_text(value)) is not None, part=_part(pattern), share=0.1
    )


def _part(pattern: str) -> tuple[str, str] | None:
    core = pattern.strip("*")
    if not core or any(character in core for character in "*?["):
        return None
    where = {(False, True): "start", (True, False): "end", (True, True): "anywhere"}
    return where[pattern.startswith("*"), pattern.endswith("*")], core


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _order(field: str, text: str, sign: str, bound: str) -> Filter:
    compare = _ORDERS[sign]
    share = 0.4
    if (rank := severity_rank(bound)) >= 0:

        def by_rank(value: Any) -> bool:
            own = severity_rank(value)
            return own >= 0 and compare(own, rank)

        return Filter(field=field, text=repr(text), test=by_rank, share=share)
    try:
        number = float(bound)
    except ValueError:
        raise ValueError(f"{text!r} compares with {bound!r}, which is neither a number nor a severity") from None

    def by_number(value: Any) -> bool:
        return compare(as_number(value), number)

    return Filter(field=field, text=repr(text), test=by_number, order=(sign, number), share=share, numeric=True)


def as_number(value: Any) -> float:
    """As a number; what is none becomes NaN, which every comparison refuses."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _network(text: str) -> tuple[bytes, bytes] | None:
    """First and last packed address, or None when it is a text with a slash that is no network."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        if re.fullmatch(r"[0-9.]+/\d+|[0-9a-fA-F:.]+/\d+", text):
            raise ValueError(f"{text!r} is not a network: {error}") from None
        return None
    return pack_address(str(network.network_address)), pack_address(str(network.broadcast_address))


def _inside(field: str, text: str, network: tuple[bytes, bytes]) -> Filter:
    first, last = network

    def test(value: Any) -> bool:
        return first <= pack_address(value) <= last

    share = 0.5 if len(first) == 5 and text.endswith(("/8", "/0")) else 0.05
    return Filter(field=field, text=repr(text), test=test, network=network, between=_between(first, last), share=share)


def _between(first: bytes, last: bytes) -> tuple[str, str] | None:
    """Two texts between which every address of an IPv4 network stands in the order of texts, and others may."""
    if first[0] != 4 or last[0] != 4:
        return None
    alike = 1
    while alike < 4 and first[alike] == last[alike]:
        alike += 1
    before = "".join(f"{number}." for number in first[1:alike])
    texts = [f"{before}{number}" for number in range(first[alike], last[alike] + 1)]
    # The next number follows behind a dot; a slash is the character after the dot.
    return min(texts), max(f"{text}/" for text in texts)


_MAPPED = b"\0" * 10 + b"\xff\xff"


def pack_address(value: Any) -> bytes:
    """An address as bytes that compare like the address; the version comes first, so that none matches the other's networks.

    What is no address packs to nothing, which is inside no network. An IPv4 address mapped into IPv6 is the IPv4 address.
    """
    try:
        return b"\4" + inet_pton(AF_INET, value)
    except (OSError, TypeError, ValueError):
        pass
    try:
        packed = inet_pton(AF_INET6, value)
    except (OSError, TypeError, ValueError):
        return b""
    return b"\4" + packed[12:] if packed.startswith(_MAPPED) else b"\6" + packed
