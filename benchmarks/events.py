"""The stream that everything is measured on: a deterministic quarter of a day at a large site, one JSON object a line.

The same size gives the same bytes on every Python: 20 event types in very different shares, 10,000 computers of which few are
busy, six hours of event time, 6 % of the events in bursts (brute force, outbreak, flood, scan), 1 % up to two seconds off.
"""

from __future__ import annotations

import itertools
import json
import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

T = TypeVar("T")

COMPUTERS = 10_000
SECONDS = 6 * 3600
START = 1_740_787_200.0  # 2025-03-01T00:00:00Z
BURSTS_PERCENT = 6
DISORDERED_SHARE = 0.01

TYPES = {
    "traffic": 300, "packet": 180, "ips": 80, "auth-failure": 70, "client-activity": 70, "app-control": 60,
    "device-control": 40, "host-integrity": 40, "scan": 40, "risk": 30, "auth-success": 30, "definition-update": 15,
    "server-activity": 10, "policy-change": 8, "tamper": 7, "sonar": 7, "download-insight": 5, "memory-exploit": 4,
    "new-software": 3, "license": 1,
}  # fmt: skip
RISKS = [
    "EICAR-Test-File", "Trojan.Gen.2", "W32.Qakbot", "Ransom.WannaCry", "Heur.AdvML.B", "WS.Reputation.1", "Backdoor.Cobalt",
    "Infostealer.Limitail", "PUA.InstallCore", "SONAR.Heuristic.120", *(f"Trojan.Family.{number}" for number in range(90)),
]  # fmt: skip
APPLICATIONS = [
    "chrome.exe", "svchost.exe", "powershell.exe", "outlook.exe", "winword.exe", "sshd", "nginx", "java", "python3",
    "rundll32.exe", *(f"app{number:03d}.exe" for number in range(190)),
]  # fmt: skip
ACTIONS = {"blocked": 40, "allowed": 35, "quarantined": 8, "deleted": 5, "logged": 10, "left-alone": 2}
SIGNATURES = [f"Attack: Signature {number}" for number in range(200)]
RISKY_TYPES = ("risk", "sonar", "download-insight")
WELL_KNOWN_PORTS = (22, 53, 80, 135, 139, 443, 445, 3389)


class Weighted:
    """A choice among values in which some are likelier than others."""

    def __init__(self, values: Sequence[str], weights: Sequence[float]) -> None:
        self._values = values
        self._sums = list(itertools.accumulate(weights))

    def choose(self, rng: random.Random) -> str:
        """One of the values."""
        return self._values[bisect_right(self._sums, rng.random() * self._sums[-1])]

    @staticmethod
    def falling(values: Sequence[str], *, head: int = 1) -> Weighted:
        """The n-th value is chosen 1 / (n + head) times as often; a larger head flattens the start."""
        return Weighted(values, [1 / (index + head) for index in range(len(values))])


@dataclass(frozen=True)
class Planned:
    """A moment at which something happens, and what is already decided about it."""

    offset: float
    type: str = ""
    computer: str = ""
    risk: str = ""


class Site:
    """The computers of the site and what belongs to each of them."""

    def __init__(self, rng: random.Random) -> None:
        self.names = [f"PC-{number:05d}" for number in range(COMPUTERS)]
        by_activity = self.names[:]
        rng.shuffle(by_activity)
        self.group = {name: f"Site-{rng.randrange(200):03d}" for name in self.names}
        self.domain = {name: f"domain{rng.randrange(8)}" for name in self.names}
        self.server = {name: f"mgr{rng.randrange(4)}" for name in self.names}
        self.user = {name: f"user{rng.randrange(20000):05d}" for name in self.names}
        self.address = {name: f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}" for name in self.names}
        self.busy = Weighted.falling(by_activity, head=10)


class Stream:
    """The events of one period.

    Args:
        size: How many.
        seed: Another seed, another period.
    """

    def __init__(self, size: int, seed: int = 1) -> None:
        self._rng = random.Random(seed)
        self._size = size
        self._site = Site(self._rng)
        self._types = Weighted(list(TYPES), list(TYPES.values()))
        self._risks = Weighted.falling(RISKS)
        self._applications = Weighted.falling(APPLICATIONS)
        self._actions = Weighted(list(ACTIONS), list(ACTIONS.values()))
        self._severities = list(itertools.accumulate([2, 3, 10, 25, 30, 30]))

    def lines(self) -> Iterator[str]:
        """One JSON object a line, in the order in which they arrive."""
        encode = json.JSONEncoder(separators=(",", ":")).encode
        for planned in self._plan():
            yield encode(self._event(planned)) + "\n"

    def _plan(self) -> list[Planned]:
        bursts = self._size * BURSTS_PERCENT // 100
        plan = [Planned(offset) for offset in sorted(self._rng.random() * SECONDS for _ in range(self._size - bursts))]
        while bursts > 0:
            burst = self._burst(bursts)
            plan += burst
            bursts -= len(burst)
        return sorted(plan, key=lambda planned: planned.offset)

    def _burst(self, limit: int) -> list[Planned]:
        rng, site = self._rng, self._site
        kind = rng.choice(("brute", "outbreak", "flood", "scan"))
        start = rng.random() * (SECONDS - 600)
        if kind == "brute":
            computer, size = rng.choice(site.names), min(limit, rng.randrange(20, 200))
            return [Planned(start + rng.random() * 300, "auth-failure", computer) for _ in range(size)]
        if kind == "outbreak":
            risk, size = self._risks.choose(rng), min(limit, rng.randrange(20, 300))
            return [Planned(start + rng.random() * 600, "risk", rng.choice(site.names), risk) for _ in range(size)]
        if kind == "flood":
            computer, size = rng.choice(site.names), min(limit, rng.randrange(100, 1500))
            return [Planned(start + rng.random() * 200, "packet", computer) for _ in range(size)]
        size, signature = min(limit, rng.randrange(50, 300)), rng.choice(SIGNATURES)
        return [Planned(start + rng.random() * 400, "ips", rng.choice(site.names), signature) for _ in range(size)]

    def _event(self, planned: Planned) -> dict[str, Any]:
        rng, site = self._rng, self._site
        offset = planned.offset
        if rng.random() < DISORDERED_SHARE:
            offset += (rng.random() - 0.5) * 4
        kind = planned.type or self._types.choose(rng)
        computer = planned.computer or site.busy.choose(rng)
        severity = bisect_right(self._severities, rng.random() * 100)
        action = self._actions.choose(rng)
        application = self._applications.choose(rng)
        risk = self._risk(kind, planned.risk)
        target = f"{rng.choice((10, 172, 192, 203))}.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
        source_port, target_port = rng.randrange(1024, 65536), rng.choice((*WELL_KNOWN_PORTS, rng.randrange(1, 65536)))
        user = site.user[computer] if rng.random() < 0.9 else f"user{rng.randrange(20000):05d}"
        return {
            "time": stamp(round(START + offset, 3)), "type": kind, "computer": computer, "group": site.group[computer],
            "domain": site.domain[computer], "server": site.server[computer], "user": user, "risk": risk,
            "application": application, "severity": severity, "action": action, "src_ip": site.address[computer],
            "dst_ip": target, "src_port": source_port, "dst_port": target_port,
            "message": f"{kind} {action} for {user} by {application} id={rng.getrandbits(40):010x}",
        }  # fmt: skip

    def _risk(self, kind: str, decided: str) -> str:
        if kind in RISKY_TYPES:
            return decided or self._risks.choose(self._rng)
        if kind == "ips":
            return decided or self._rng.choice(SIGNATURES)
        return ""


def stamp(seconds: float) -> str:
    """A moment as ISO 8601 with milliseconds."""
    whole = int(seconds)
    milliseconds = round((seconds - whole) * 1000) % 1000
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"
