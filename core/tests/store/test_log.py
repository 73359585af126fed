from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alert_core import Event, Notification, Severity, StoreError
from alert_core.store import Commit, Log, LogFilter, NewDelivery, Store, decision_line
from alert_core.store._lock import RunLock
from alert_core.store._pool import PooledDatabase

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


def _notification(id: str, minute: int = 0, **changes: Any) -> Notification:
    computer = changes.pop("computer", "pc-1")
    event = Event(time=NOON, type="risk", computer=computer)
    changes = {"id": id, "time": NOON + timedelta(minutes=minute), "event": event, "test": False, **changes}
    return msgspec.structs.replace(Notification.sample(NOON), **changes)


def _ids(store: Store, **wanted: Any) -> str:
    return "".join(entry.notification.id for entry in store.entries(LogFilter(**wanted)))


@pytest.fixture
def filled(store: Store) -> Store:
    notifications = [
        _notification("a", 1, condition="outbreak", type="risk-outbreak", creator="ann"),
        _notification("b", 2, condition="outbreak-2", computer="PC-2", severity=Severity.CRITICAL),
        _notification("c", 3, condition="logins", computer="srv[1]"),
        _notification("d", 3, condition="logins"),
    ]
    store.write(Commit([], notifications, [NewDelivery("a", "mail"), NewDelivery("a", "trap"), NewDelivery("c", "mail")]))
    store.acknowledge(["b"], by="bob", note="seen", at=NOON)
    return store


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, "abcd"),
        ({"newest_first": True}, "dcba"),
        ({"newest_first": True, "limit": 2}, "dc"),
        ({"limit": 0}, ""),
        ({"since": NOON + timedelta(minutes=2)}, "bcd"),
        ({"until": NOON + timedelta(minutes=2)}, "a"),
        ({"acknowledged": False}, "acd"),
        ({"acknowledged": True}, "b"),
        ({"type": "risk-outbreak"}, "a"),
        ({"creator": "ann"}, "a"),
        ({"condition": "outbreak"}, "a"),
        ({"condition": "OUT*"}, "ab"),
        ({"computer": "pc-2"}, "b"),
        ({"computer": "pc-?"}, "abd"),
        ({"severity": "critical"}, "b"),
        ({"failed": True}, ""),
    ],
)
def test_filter_lets_through_what_it_names(filled: Store, wanted: dict[str, Any], expected: str) -> None:
    assert _ids(filled, **wanted) == expected


def test_more_than_one_page_is_complete_in_both_directions(store: Store) -> None:
    store.write(Commit([], [_notification(f"{number:04}", number // 7) for number in range(1000)]))

    forwards = [entry.notification.id for entry in store.entries()]
    backwards = [entry.notification.id for entry in store.entries(LogFilter(newest_first=True, limit=999))]

    assert forwards == [f"{number:04}" for number in range(1000)]
    assert backwards == forwards[:0:-1]


def test_entry_tells_who_acknowledged_and_where_deliveries_stand(filled: Store) -> None:
    acknowledged, delivered = filled.entry("b"), filled.entry("a")

    assert (acknowledged.acknowledged_by, acknowledged.acknowledge_note) == ("bob", "seen")
    assert acknowledged.acknowledged_at == NOON
    assert [(one.action, one.state.value, one.attempts) for one in delivered.deliveries] == [
        ("mail", "pending", 0),
        ("trap", "pending", 0),
    ]


def test_entry_is_found_by_a_unique_beginning_only(store: Store) -> None:
    store.write(Commit([], [_notification("ab1"), _notification("ab2"), _notification("a%c")]))

    assert store.entry("ab2").notification.id == "ab2"
    assert store.entry("a%").notification.id == "a%c"
    with pytest.raises(StoreError, match="more than one notification"):
        store.entry("ab")
    for nothing in ("abc", "%", "", "x" * 1000):
        with pytest.raises(StoreError, match=r"no notification has an id|more than one"):
            store.entry(nothing)


def test_acknowledging_again_changes_nothing(filled: Store) -> None:
    counts = [filled.acknowledge(LogFilter(condition="out*"), by="eve"), filled.acknowledge(["a", "b", "x"], by="eve")]

    assert counts == [1, 0]
    assert filled.entry("b").acknowledged_by == "bob"
    assert filled.entry("a").acknowledged_by == "eve"


def test_old_entries_are_forgotten_when_they_are_acknowledged_and_nothing_waits(filled: Store) -> None:
    filled.acknowledge(["a", "d"], by="ann")

    forgotten = [filled.forget(NOON), filled.forget(datetime.now(UTC) + timedelta(days=1))]

    assert forgotten == [0, 2]
    assert _ids(filled) == "ac"


def test_listing_uses_the_indexes(filled: Store, tmp_path: Path) -> None:
    statements: list[str] = []

    class TracedDatabase(PooledDatabase):
        def connect(self) -> sqlite3.Connection:
            connection = super().connect()
            connection.set_trace_callback(statements.append)
            return connection

    folder = tmp_path / "store"
    with Store(TracedDatabase(folder / "alert.db"), RunLock(folder)) as store:
        list(store.entries(LogFilter(since=NOON, newest_first=True)))
        list(store.entries(LogFilter(acknowledged=False)))
        store.due("mail", datetime.now(UTC), 10)

    asked = [
        statement for statement in statements if statement.startswith("SELECT") and "FROM deliveries WHERE" not in statement
    ]
    with closing(sqlite3.connect(folder / "alert.db")) as connection:
        plans = [" | ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")) for statement in asked]
    expected = ("notifications_by_time", "notifications_open", "deliveries_due")
    assert all(index in plan and "TEMP B-TREE" not in plan for index, plan in zip(expected, plans, strict=True)), plans


def test_log_opened_alone_says_what_the_store_says(filled: Store, tmp_path: Path) -> None:
    filled.remember_revisions([("logins", "0123456789ab", "{}")])
    filled.report_fault("mail", "mail", "raised", "no")

    with Log.open(tmp_path / "store") as log:
        assert log.acknowledge(["d"], by="ann") == 1
        assert list(log.entries()) == list(filled.entries())
        assert log.entry("a") == filled.entry("a")
        assert log.revision("logins", "0123456789ab") == "{}"
        assert log.faults() == filled.faults()


def test_faults_are_counted(store: Store) -> None:
    for text in ("first", "second"):
        store.report_fault("mail", "mail-admins", "raised", text)

    (fault,) = store.faults()
    assert (fault.plugin, fault.action, fault.kind, fault.text, fault.count) == ("mail", "mail-admins", "raised", "second", 2)
    assert fault.first <= fault.last


_text = st.text(st.characters(), max_size=20)
_times = st.datetimes(timezones=st.timezones())
_plain = st.none() | st.booleans() | st.integers() | st.floats() | _text | _times
_values = st.recursive(_plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3))
_events = st.builds(
    Event,
    time=_times,
    type=_text,
    computer=_text,
    count=st.integers(),
    severity=_text | st.integers() | st.floats(),
    attributes=st.dictionaries(_text, _values, max_size=3),
    raw=_text,
    flags=st.tuples(_text),
)
_notifications = st.builds(
    Notification,
    **dict.fromkeys(("id", "condition", "revision", "type", "key", "kind", "subject", "body", "creator", "fault"), _text),
    time=_times,
    severity=st.sampled_from(Severity),
    event=_events,
    quantity=st.integers(),
    suppressed=st.integers(),
    since=st.none() | _times,
    computers=st.lists(_text, max_size=3).map(tuple),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(notification=_notifications)
def test_decision_line_is_the_same_before_and_after_the_log(store: Store, notification: Notification) -> None:
    before = decision_line(notification)
    key = uuid4().hex
    store.write(Commit([], [msgspec.structs.replace(notification, id=key)]))

    after = decision_line(msgspec.structs.replace(store.entry(key).notification, id=notification.id))

    assert after == before
    assert b"\n" not in before


def test_decision_line_has_every_field_in_order_and_nothing_that_a_terminal_obeys() -> None:
    notification = _notification("a", subject="\x1b[2J\x9b2J\x7f\u202e\u2028ü", body="\n")

    line = decision_line(notification)

    decoded = json.loads(line)
    assert list(decoded) == sorted(Notification.__struct_fields__)
    assert decoded["subject"] == notification.subject
    assert not {0x1B, 0x7F, 0x0A} & set(line)
    assert "\x9b" not in line.decode()
    assert "ü".encode() in line


HOSTILE: dict[str, Any] = {
    "lone surrogate": {"message": "\ud800"},
    "number beyond 64 bits": {"count": 10**30},
    "severity that is no number": {"severity": float("nan")},
    "value without a JSON form": {"attributes": {"object": object}},
    "key without a JSON form": {"attributes": {None: 1, (1, 2): 2}},
    "deep nesting": {"attributes": {"deep": reduce(lambda inner, _: [inner], range(5000), "x")}},
    "first hour of the calendar": {"time": datetime.min.replace(tzinfo=UTC).astimezone(UTC)},
    "nul": {"message": "a\0b"},
}


@pytest.mark.parametrize("fields", HOSTILE.values(), ids=HOSTILE)
def test_hostile_event_does_not_stop_the_log(store: Store, fields: dict[str, Any]) -> None:
    event = Event(**{"time": NOON, "type": "risk", **fields})
    notification = _notification("a", event=event, quantity=event.count, key=event.message)

    store.write(Commit([], [notification]))

    kept = store.entry("a").notification
    assert kept.event.type == "risk"
    assert decision_line(kept) == decision_line(notification)
