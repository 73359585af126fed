"""What is repeated counts once, whatever happens between; what is new is never taken for repeated."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alert_core import Context, Cursor, SourceError
from alert_web.receiver._memory import Memory
from alert_web.receiver.settings import WebSourceSettings
from alert_web.receiver.source import WebSource

if TYPE_CHECKING:
    from conftest import Receiver, Receivers


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def alert(fingerprint: str, status: str = "firing", started: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    return {"status": status, "labels": {}, "startsAt": started, "fingerprint": fingerprint}


def group(*alerts: dict[str, Any]) -> bytes:
    return json.dumps({"groupKey": "g", "alerts": alerts}).encode()


def notification(id: str) -> dict[str, Any]:
    return {"id": id, "condition": "c", "revision": "r", "kind": "fired", "event": {}}


def test_request_with_the_same_key_and_body_counts_once(receiver: Receiver) -> None:
    answers = [receiver.post(b'[{"a": 1},{"a": 2}]', keyed("k")) for _ in range(3)]

    assert [answer.content for answer in answers] == [{"kept": 2, "repeated": 0}, *[{"kept": 0, "repeated": 2}] * 2]
    assert len(receiver.records) == 2


def test_same_key_with_another_body_is_something_new(receiver: Receiver) -> None:
    for number in range(3):
        receiver.post(b'{"a": %d}' % number, keyed("always the same"))

    assert len(receiver.records) == 3


def test_what_has_no_key_and_no_identity_counts_each_time(receiver: Receiver) -> None:
    for _ in range(3):
        receiver.post(b'{"a": 1}')

    assert len(receiver.records) == 3


def test_alert_counts_once_for_each_time_it_fires_or_is_resolved(receiver: Receiver) -> None:
    first, second = alert("1"), alert("2")
    contents = [
        receiver.post(group(first)).content,
        receiver.post(group(first, second)).content,
        receiver.post(group(first, alert("2", "resolved"))).content,
        receiver.post(group(alert("2", started="2026-01-02T00:00:00Z"))).content,
    ]

    assert [(content["kept"], content["repeated"]) for content in contents] == [(1, 0), (1, 1), (1, 1), (1, 0)]
    assert len(receiver.records) == 4


def test_notification_counts_once_however_it_is_put_together_with_others(receiver: Receiver) -> None:
    one, two, three = (notification(id) for id in ("1", "2", "3"))

    receiver.post(json.dumps([one, two]).encode(), keyed("a"))
    answer = receiver.post(json.dumps([two, three, three]).encode(), keyed("b"))

    assert answer.content == {"kept": 1, "repeated": 2}
    assert [value["id"] for value in receiver.values] == ["1", "2", "3"]


def test_nothing_is_remembered_if_so_set(receivers: Receivers) -> None:
    receiver = receivers(remember_hours=0)

    for _ in range(2):
        receiver.post(group(alert("1")), keyed("k"))

    assert len(receiver.records) == 2


def test_what_was_remembered_long_enough_counts_again(receivers: Receivers) -> None:
    receiver = receivers(remember_hours=0.00001)

    contents = [receiver.post(b"{}", keyed("k")).content]
    threading.Event().wait(0.05)
    contents.append(receiver.post(b"{}", keyed("k")).content)

    assert [content["kept"] for content in contents] == [1, 1]


def test_requests_that_come_together_count_once(receiver: Receiver) -> None:
    kept = list[int]()
    threads = [
        threading.Thread(target=lambda: kept.append(receiver.post(b"{}", keyed("k")).content["kept"])) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(kept) == [0] * 19 + [1]
    assert len(receiver.records) == 1


def test_it_is_remembered_over_a_restart(receivers: Receivers) -> None:
    first = receivers()
    first.post(b"{}", keyed("k"))
    first.stop()

    answer = receivers().post(b"{}", keyed("k"))

    assert answer.content == {"kept": 0, "repeated": 1}


@pytest.mark.parametrize(
    ("before", "after", "known"),
    [
        (Cursor("1-a", 10), Cursor("1-a", 10), False),  # it was never written
        (Cursor("1-a", 10), Cursor("1-a", 30), True),
        (Cursor("1-a", 10), Cursor("2-b", 0), False),  # a new piece was begun, and that was all
        (Cursor("1-a", 10), Cursor("2-b", 20), True),
        (Cursor("1-a", 0), Cursor("1-a", 0), False),
        (None, None, False),
    ],
)
def test_after_a_crash_it_is_known_if_and_only_if_it_is_on_disk(
    tmp_path: Path, before: Cursor | None, after: Cursor | None, known: bool
) -> None:
    file = tmp_path / "hooks" / "received.sqlite"
    memory = Memory(file, before)
    memory.note([("earlier", 60)], Cursor("1-a", 5))
    memory.note([("last", 60)], before)
    memory.close()

    memory = Memory(file, after)

    assert (memory.knows("earlier"), memory.knows("last")) == (True, known)
    memory.close()


def test_file_that_cannot_be_used_ends_the_run(tmp_path: Path) -> None:
    (tmp_path / "received.sqlite").write_bytes(b"no database" * 1000)
    source = WebSource(WebSourceSettings(), Context(name="hooks", state_folder=tmp_path))

    with pytest.raises(SourceError, match=r"cannot use '.*received.sqlite': file is not a database; check its disk"):
        Memory(source.context.state_folder / "received.sqlite", None)
