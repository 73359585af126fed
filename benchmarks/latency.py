"""How long after its event a notification is in the log: a followed file grows, `alert run` runs, the database is watched."""

from __future__ import annotations

import itertools
import sqlite3
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import configuration, tables
from benchmarks.conditions import make
from benchmarks.ours import alert_command

CONDITIONS = 100
PROBE_EVERY = 20
TARGET_P50_MS = 5.0
POLL_SECONDS = 0.0005
PATIENCE_SECONDS = 30
PROBE: dict[str, Any] = {
    "type": "threshold", "event_types": ["probe"], "per": "single-computer", "count": 1, "minutes": 1, "damper": "none",
}  # fmt: skip


class Watcher(threading.Thread):
    """Notes when the notification of each probe can first be read by others, hence is committed."""

    def __init__(self, database: Path) -> None:
        super().__init__(daemon=True)
        self.seen: dict[str, float] = {}
        self.done = threading.Event()
        self._database = database

    def run(self) -> None:
        while not self._database.exists() and not self.done.is_set():
            time.sleep(POLL_SECONDS)
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, isolation_level=None)) as connection:
            last = 0
            while not self.done.is_set():
                last = self._look(connection, last)
                time.sleep(POLL_SECONDS)

    def _look(self, connection: sqlite3.Connection, last: int) -> int:
        query = "SELECT rowid, key FROM notifications WHERE rowid > ? AND condition = 'probe' ORDER BY rowid"
        try:
            rows = connection.execute(query, (last,)).fetchall()
        except sqlite3.OperationalError:
            return last  # the tables are not made yet
        now = time.perf_counter()
        self.seen.update((key, now) for _, key in rows)
        return rows[-1][0] if rows else last


def report(file: Path, *, rate: int, seconds: float) -> str:
    """Measure and tabulate."""
    delays, sent = _measure(file, rate=rate, seconds=seconds)
    columns = ("events/s", "probes", "lost", "p50 ms", "p99 ms", "most ms", "target", "reached")
    p50, p99 = statistics.median(delays), statistics.quantiles(delays, n=100)[98]
    row = [
        f"{rate:,}", f"{sent:,}", f"{sent - len(delays):,}", f"{p50:.1f}", f"{p99:.1f}", f"{max(delays):.1f}",
        f"p50 <= {TARGET_P50_MS:g} ms", tables.reached(p50 <= TARGET_P50_MS),
    ]  # fmt: skip
    return f"From event to committed notification, {CONDITIONS} conditions\n\n{tables.table(columns, [row])}\n"


def _measure(file: Path, *, rate: int, seconds: float) -> tuple[list[float], int]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        grown = folder / "events.ndjson"
        grown.touch()
        configuration.write(folder, make(CONDITIONS), events=grown, follow=True, probe=PROBE)
        watcher = Watcher(folder / configuration.DATABASE)
        with _running(folder), grown.open("ab", buffering=0) as out:
            watcher.start()
            _await_first(watcher, out)
            written = _write(file, out, rate=rate, events=int(rate * seconds))
            _wait(watcher, set(written), seconds=2)
        watcher.done.set()
        watcher.join()
    delays = [(watcher.seen[key] - moment) * 1000 for key, moment in written.items() if key in watcher.seen]
    if not delays:
        raise RuntimeError("no probe became a notification")
    return delays, len(written)


@contextmanager
def _running(folder: Path) -> Iterator[None]:
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen([*alert_command(), "run"], cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def _await_first(watcher: Watcher, out: Any) -> None:
    out.write(_probe("WARM-UP"))
    if not _wait(watcher, {"WARM-UP"}, seconds=PATIENCE_SECONDS):
        raise RuntimeError("`alert run` did not notify of the first event")


def _wait(watcher: Watcher, keys: set[str], *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not keys <= watcher.seen.keys() and time.monotonic() < deadline:
        time.sleep(0.01)
    return keys <= watcher.seen.keys()


def _write(file: Path, out: Any, *, rate: int, events: int) -> dict[str, float]:
    """Append the events one by one, evenly; returns when each probe was written."""
    written = {}
    with file.open("rb") as lines:
        begin = time.perf_counter()
        for number, line in enumerate(itertools.islice(lines, events)):
            time.sleep(max(0.0, begin + number / rate - time.perf_counter()))
            if number % PROBE_EVERY:
                out.write(b'{"time":"%s"%s' % (_now(), line[line.index(b',"type"') :]))
            else:
                key = f"PROBE-{number:07d}"
                out.write(_probe(key))
                written[key] = time.perf_counter()
    return written


def _probe(computer: str) -> bytes:
    return b'{"time":"%s","type":"probe","computer":"%s"}\n' % (_now(), computer.encode())


def _now() -> bytes:
    return datetime.now(UTC).isoformat().encode()
