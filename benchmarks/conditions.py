"""Deterministic sets of conditions, as every contestant gets them.

The first 100 are broad (an event type and up to two filters); those after are mostly scoped to one group, computer or user,
as conditions at a large site are. In the `cold` set the scopes of those after the first 100 never occur: what is left is the
cost of having conditions. In the `adversarial` set every condition is on one frequent type with only a glob or a network:
nothing to index.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

Kind = Literal["realistic", "cold", "adversarial"]
Per = Literal["any-computer", "single-computer", "distinct-computers"]
Operator = Literal["eq", "glob", "cidr", "ge", "lt"]

DAMPER_MINUTES = 60
BROAD = 100

_TYPES = {
    "risk": 20, "ips": 12, "auth-failure": 12, "app-control": 8, "traffic": 8, "packet": 6, "scan": 5, "device-control": 5,
    "client-activity": 5, "host-integrity": 4, "tamper": 3, "sonar": 3, "auth-success": 2, "server-activity": 2,
    "policy-change": 1, "memory-exploit": 1, "download-insight": 1, "definition-update": 1, "new-software": 1,
}  # fmt: skip
_PERS: dict[Per, int] = {"any-computer": 4, "single-computer": 4, "distinct-computers": 2}
_QUANTITIES: dict[Per, tuple[list[int], list[int]]] = {  # broad, scoped
    "any-computer": ([20, 50, 100, 200], [10, 20, 50]),
    "single-computer": ([10, 20, 50, 100], [10, 20, 30]),
    "distinct-computers": ([10, 25, 50, 100], [5, 10, 20]),
}


@dataclass(frozen=True)
class Filter:
    """One field that must hold."""

    field: str
    operator: Operator
    value: str | int


@dataclass(frozen=True)
class ConditionSpec:
    """What a condition demands, in nobody's syntax."""

    type: str
    filters: tuple[Filter, ...]
    per: Per
    count: int
    minutes: int


def make(size: int, *, kind: Kind = "realistic", seed: int = 7) -> list[ConditionSpec]:
    """The first `size` conditions of a set."""
    rng = random.Random(seed)
    return [_condition(rng, kind, broad=index < BROAD) for index in range(size)]


def _condition(rng: random.Random, kind: Kind, *, broad: bool) -> ConditionSpec:
    type_ = rng.choices(list(_TYPES), list(_TYPES.values()))[0]
    if kind == "adversarial":
        type_ = "packet"
    per = rng.choices(list(_PERS), list(_PERS.values()))[0]
    if kind == "adversarial":
        filters = [_unindexable(rng)]
    else:
        filters = _broad(rng, type_) if broad else _scoped(rng, type_, cold=kind == "cold")
    minutes = rng.choice([1, 5, 10, 30, 60])
    count = rng.choice(_QUANTITIES[per][0 if broad or kind == "adversarial" else 1])
    return ConditionSpec(type=type_, filters=tuple(filters), per=per, count=count, minutes=minutes)


def _broad(rng: random.Random, type_: str) -> list[Filter]:
    share = rng.random()
    filters: list[Filter] = []
    for _ in range(0 if share < 0.15 else 1 if share < 0.7 else 2):
        found = _filter(rng, type_)
        if all(found.field != other.field for other in filters):
            filters.append(found)
    return filters


def _scoped(rng: random.Random, type_: str, *, cold: bool) -> list[Filter]:
    share = rng.random()
    if share < 0.7:
        field, name = "group", f"Site-{rng.randrange(200):03d}"
    elif share < 0.9:
        field, name = "computer", f"PC-{rng.randrange(10000):05d}"
    else:
        field, name = "user", f"user{rng.randrange(20000):05d}"
    filters = [Filter(field, "eq", f"never-{name}" if cold else name)]
    if rng.random() < 0.5:
        found = _filter(rng, type_)
        if found.field != field:
            filters.append(found)
    return filters


def _filter(rng: random.Random, type_: str) -> Filter:
    share = rng.random()
    if share < 0.55:
        return _equality(rng, type_)
    if share < 0.75:
        globs = [
            ("application", f"app{rng.randrange(10)}*"), ("user", f"user0{rng.randrange(10)}*"),
            ("computer", f"PC-0{rng.randrange(10)}*"), ("risk", "Trojan.*"), ("application", "*shell*"),
        ]  # fmt: skip
        field, pattern = rng.choice(globs)
        return Filter(field, "glob", pattern)
    if share < 0.87:
        networks = [
            ("src_ip", f"10.{rng.randrange(256)}.0.0/16"), ("dst_ip", "192.0.0.0/8"),
            ("dst_ip", f"10.{rng.randrange(0, 256, 16)}.0.0/12"),
        ]  # fmt: skip
        field, network = rng.choice(networks)
        return Filter(field, "cidr", network)
    return rng.choice([Filter("severity", "ge", 4), Filter("dst_port", "lt", 1024), Filter("severity", "ge", 5)])


def _equality(rng: random.Random, type_: str) -> Filter:
    named = ["risk"] * 3 if type_ in ("risk", "ips", "sonar", "download-insight") else []
    field = rng.choice(["action", "severity", "application", "domain", "server", "group", *named])
    # Every value is drawn, so that the choice of the field does not change what follows.
    values: dict[str, str | int] = {
        "action": rng.choice(["blocked", "quarantined", "deleted", "left-alone"]),
        "severity": rng.randrange(6),
        "application": rng.choice(["powershell.exe", "svchost.exe", "sshd", f"app{rng.randrange(190):03d}.exe"]),
        "domain": f"domain{rng.randrange(8)}",
        "server": f"mgr{rng.randrange(4)}",
        "group": f"Site-{rng.randrange(200):03d}",
        "risk": rng.choice(
            [
                "EICAR-Test-File",
                "Ransom.WannaCry",
                f"Trojan.Family.{rng.randrange(90)}",
                f"Attack: Signature {rng.randrange(200)}",
            ]
        ),
    }
    return Filter(field, "eq", values[field])


def _unindexable(rng: random.Random) -> Filter:
    choices: list[Filter] = [
        Filter("application", "glob", f"app{rng.randrange(200):03d}*"),
        Filter("user", "glob", f"user{rng.randrange(2000):04d}*"),
        Filter("src_ip", "cidr", f"10.{rng.randrange(256)}.{rng.randrange(0, 256, 16)}.0/20"),
    ]
    return rng.choice(choices)
