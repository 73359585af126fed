"""`python -m benchmarks.dispatch`: what a notification costs on its way out, for each channel, beside what others need.

Every case of every round is a fresh process on one core; the sink, a process that only receives, is on another one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from benchmarks import cache, tables
from benchmarks.rounds import ROOT
from benchmarks.sinks import Sink

SLOW_MS = 50.0
SLOW_TARGET = 500


@dataclass(frozen=True)
class Sender:
    """One row of the table.

    Attributes:
        title: What the table calls it.
        sink: `http`, `smtp`, `udp`, or nothing for a channel without a network.
        name: Function in `benchmarks.senders`, or `module:function`; `outbox CHANNEL` for a channel behind the outbox.
        messages: How many it sends in a round.
        apprise: Whether it runs under the interpreter that has Apprise.
        delay_ms: How long the sink waits before it answers.
        concurrency: Workers, behind the outbox.
        goals: Titles of other rows with the least number of times that they need more CPU time (or, where the number is
            below 1, the share of theirs that this one may need at most).
    """

    title: str
    sink: str
    name: str
    messages: int
    apprise: bool = False
    delay_ms: float = 0.0
    concurrency: int = 4
    goals: tuple[tuple[str, float], ...] = ()


OWN = "benchmarks.channels"
ALIKE = 1 / 1.2
SENDERS = {
    "web": (
        Sender("requests.Session", "http", "requests_session", 2000),
        Sender("Apprise json://", "http", "apprise_json", 1000, apprise=True),
        Sender("alert web", "http", f"{OWN}:web", 2000, goals=(("requests.Session", ALIKE), ("Apprise json://", 2))),
        Sender("alert web, batch", "http", f"{OWN}:web_batch", 10_000, goals=(("Apprise json://", 20),)),
        Sender("outbox, web", "http", "outbox web", 2000),
        Sender("outbox, web, batch", "http", "outbox web-batch", 10_000, concurrency=2),
        Sender(f"outbox, web, sink answers after {SLOW_MS:g} ms", "http", "outbox web", 5000, delay_ms=SLOW_MS, concurrency=64),
    ),
    "email": (
        Sender("smtplib, kept connection", "smtp", "smtplib_kept", 1000),
        Sender("Apprise mailto://", "smtp", "apprise_mail", 300, apprise=True),
        Sender("alert email", "smtp", f"{OWN}:email", 1000, goals=(("smtplib, kept connection", ALIKE),)),
        Sender("outbox, email", "smtp", "outbox email", 1000),
    ),
    "syslog": (
        Sender("socket", "udp", "udp_socket", 20_000),
        Sender("Apprise rsyslog://", "udp", "apprise_syslog", 2000, apprise=True),
        Sender("alert syslog", "udp", f"{OWN}:syslog", 20_000, goals=(("socket", ALIKE),)),
        Sender("outbox, syslog", "udp", "outbox syslog", 5000),
    ),
    "snmp": (
        Sender("pysnmp, lower layers", "udp", "pysnmp_layers", 1000),
        Sender("pysnmp, high-level API", "udp", "pysnmp_high_level", 500),
        Sender(
            "alert snmp", "udp", f"{OWN}:snmp", 5000, goals=(("pysnmp, lower layers", ALIKE), ("pysnmp, high-level API", 2))
        ),
        Sender("outbox, snmp", "udp", "outbox snmp", 5000),
    ),
    "exec": (
        Sender("subprocess.run", "", "subprocess_run", 300),
        Sender("subprocess.run, same limits", "", "subprocess_limited", 300),
        Sender("alert exec", "", f"{OWN}:exec_", 300, goals=(("subprocess.run, same limits", ALIKE),)),
        Sender("outbox, exec", "", "outbox exec", 300),
    ),
}
_COLUMNS = ("sender", "n/s", "least - most", "CPU us", "target: CPU time of", "reached")


def report(channels: Sequence[str], rounds: int, scale: float = 1.0) -> str:
    """Measure and tabulate, interleaved."""
    parts = []
    for channel in channels:
        senders = SENDERS[channel]
        measures: dict[str, list[dict[str, float]]] = {sender.title: [] for sender in senders}
        failures: dict[str, str] = {}
        for _ in range(rounds):
            for sender in senders:
                if sender.title not in failures:
                    try:
                        measures[sender.title].append(_measure(sender, max(100, int(sender.messages * scale) // 100 * 100)))
                    except RuntimeError as error:
                        failures[sender.title] = str(error)
        rows = [_row(sender, measures, failures) for sender in senders]
        parts.append(f"Dispatch: {channel}\n\n{tables.table(_COLUMNS, rows)}\n")
    return "\n".join(parts)


def _measure(sender: Sender, messages: int) -> dict[str, float]:
    python = cache.apprise_python() if sender.apprise else sys.executable
    if python is None:
        raise RuntimeError("there is no environment with Apprise")
    with Sink(sender.sink, sender.delay_ms) if sender.sink else nullcontext() as sink:
        port = str(sink.port if sink else 0)
        if sender.name.startswith("outbox "):
            channel = sender.name.removeprefix("outbox ")
            command = [python, "-m", f"{OWN}", channel, port, str(messages), str(sender.concurrency)]
        else:
            command = [python, "-W", "ignore", "-m", "benchmarks.senders", sender.name, port, str(messages)]
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if answer.returncode:
        raise RuntimeError(answer.stderr.strip().splitlines()[-1] if answer.stderr.strip() else "it failed silently")
    result: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    if sink and sender.sink != "udp" and "batch" not in sender.name and sink.taken < messages:
        raise RuntimeError(f"the sink got {sink.taken} of {messages}")
    return result


def _row(sender: Sender, measures: dict[str, list[dict[str, float]]], failures: dict[str, str]) -> list[str]:
    if sender.title in failures:
        return [sender.title, "", "", "", "", f"not measured: {failures[sender.title]}"]
    own = measures[sender.title]
    rates = sorted(1 / one["wall"] for one in own)
    goals, judged = [], []
    for title, bound in sender.goals:
        ratios = [other["cpu"] / mine["cpu"] for mine, other in zip(own, measures[title], strict=False)]
        if not ratios:
            continue
        ratio = statistics.median(ratios)
        goals.append(f"<= {1 / bound:.2f} x {title}" if bound < 1 else f"<= 1/{bound:g} of {title}")
        judged.append(f"{tables.reached(ratio >= bound)} ({f'{1 / ratio:.2f}' if bound < 1 else f'1/{ratio:.1f}'})")
    if sender.delay_ms:
        goals.append(f">= {SLOW_TARGET}/s")
        judged.append(tables.reached(statistics.median(rates) >= SLOW_TARGET))
    return [
        sender.title,
        f"{statistics.median(rates):,.0f}",
        f"{rates[0]:,.0f} - {rates[-1]:,.0f}",
        f"{statistics.median(one['cpu'] for one in own) * 1e6:,.0f}",
        ", ".join(goals),
        ", ".join(judged),
    ]


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dispatch", description="Measure the channels.")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (5)")
    parser.add_argument("--only", nargs="+", choices=SENDERS, help="measure only these channels")
    parser.add_argument("--scale", type=float, default=1.0, help="send this multiple of the usual number of messages (1)")
    options: Any = parser.parse_args()
    print(report(options.only or list(SENDERS), options.rounds, options.scale), flush=True)


if __name__ == "__main__":
    main()
