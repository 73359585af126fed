"""SEC, the Simple Event Correlator, with the same conditions in its own words.

Its best configuration: one rule file for each event type, chosen by Jump rules, so that a line meets only the rules of its
type; plain substrings instead of expressions where they suffice; no logging. It reads the same file as everyone else.

It has no distinct count (mapped to a plain threshold, which is less work) and counts by the time at which it reads a line. Its
windows do not slide over used events as ours do, but a rule that has fired ignores what follows until its window ends.
"""

from __future__ import annotations

import ipaddress
import re
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from benchmarks import cache
from benchmarks.case import Case, Measure
from benchmarks.conditions import ConditionSpec, Filter, make
from benchmarks.decode import FullEvent
from benchmarks.processes import cpu_seconds_of

_NUMBERS = ("severity", "src_port", "dst_port")
_ORDER = FullEvent.__struct_fields__
_FEW = 3
_ANYTHING = '[^"]*'


def measure(case: Case, file: Path) -> Measure:
    """Run it over the file and, to know its start-up, over nothing."""
    program = cache.sec_program()
    if program is None:
        raise RuntimeError("there is no `sec` here")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        firings, nothing = folder / "firings", folder / "nothing"
        nothing.touch()
        write_rules(folder, make(case.conditions, kind=case.kind), firings)
        command = [program, f"--conf={folder}/*.sec", "--notail", "--blocksize=65536", "--bufsize=1"]
        empty = cpu_seconds_of([*command, f"--input={nothing}"])
        total = cpu_seconds_of([*command, f"--input={file}"])
        fired = len(firings.read_bytes().splitlines()) if firings.exists() else 0
    return Measure(events=case.events, seconds=total - empty, facts={"firings": fired, "start-up": empty})


def write_rules(folder: Path, conditions: Sequence[ConditionSpec], firings: Path) -> None:
    """Write the rule files: `main.sec` and one for each type."""
    by_type: dict[str, list[tuple[int, ConditionSpec]]] = defaultdict(list)
    for number, condition in enumerate(conditions):
        by_type[condition.type].append((number, condition))
    (folder / "main.sec").write_text("\n\n".join(_jumps(list(by_type))) + "\n")
    for type_, members in by_type.items():
        rules = [f"type=Options\njoincfset={type_}\nprocallin=no"]
        rules += [_rule(number, condition, firings) for number, condition in members]
        (folder / f"{type_}.sec").write_text("\n\n".join(rules) + "\n")


def _jumps(types: list[str]) -> list[str]:
    # Measured: a few substrings beat one expression, and one expression beats many substrings.
    if len(types) <= _FEW:
        return [f'type=Jump\nptype=SubStr\npattern="type":"{type_}"\ncfset={type_}' for type_ in types]
    return [f'type=Jump\nptype=RegExp\npattern="type":"({"|".join(types)})"\ncfset=$1\nconstset=No']


def _rule(number: int, condition: ConditionSpec, firings: Path) -> str:
    kind, text = pattern(condition)
    key = " $1" if condition.per == "single-computer" else ""
    return (
        f"type=SingleWithThreshold\ncontinue=TakeNext\nptype={kind}\npattern={text}\ndesc=c{number:05d}{key}\n"
        f"action=write {firings} %s\nwindow={condition.minutes * 60}\nthresh={condition.count}"
    )


def pattern(condition: ConditionSpec) -> tuple[str, str]:
    """Type and text of the pattern for a condition's filters, among lines of its event type."""
    filters = sorted(condition.filters, key=lambda part: _ORDER.index(part.field))
    single = condition.per == "single-computer"
    if not filters and not single:
        return "TValue", "TRUE"
    if len(filters) == 1 and not single and filters[0].operator == "eq":
        return "SubStr", _field(filters[0].field, str(filters[0].value))
    parts = {part.field: _field(part.field, _value(part)) for part in filters}
    if single:
        # The computer is captured; it comes before every other field that a filter may name.
        own = next((_value(part) for part in filters if part.field == "computer"), _ANYTHING)
        others = [part for field, part in parts.items() if field != "computer"]
        return "RegExp", ".*".join([f'"computer":"({own})"', *others])
    return "RegExp", ".*".join(parts.values())


def _field(field: str, value: str) -> str:
    if field in _NUMBERS:
        return f'"{field}":{value}'
    if value.endswith(_ANYTHING):
        return f'"{field}":"{value.removesuffix(_ANYTHING)}'
    return f'"{field}":"{value}' + ("" if value.endswith("\\.") else '"')


def _value(part: Filter) -> str:
    text = str(part.value)
    match part.operator:
        case "eq":
            return _literal(text)
        case "glob":
            return _ANYTHING.join(map(_literal, text.split("*")))
        case "cidr":
            return _network(text)
        case "ge":
            return f"[{text}-9]"
        case "lt":
            return r"(?:\d{1,3}|10[01]\d|102[0-3]),"


def _literal(text: str) -> str:
    return re.sub(r"([.*+?()\[\]{}|^$\\])", r"\\\1", text)


def _network(text: str) -> str:
    """A network as an expression on the dotted text; prefixes of 8 to 16 bits."""
    network = ipaddress.ip_network(text)
    first, second, *_ = str(network.network_address).split(".")
    if network.prefixlen == 8:
        return rf"{first}\."
    if network.prefixlen > 16:
        raise ValueError(f"{text} is longer than 16 bits")
    last = int(second) + 2 ** (16 - network.prefixlen)
    return rf"{first}\.(?:{'|'.join(str(octet) for octet in range(int(second), last))})\."
