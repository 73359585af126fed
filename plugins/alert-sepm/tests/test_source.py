"""Critical events fetched from a manager over HTTPS."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from alert_core import Batch, Context, Cursor, SourceError
from alert_sepm import SepmFormat, SepmFormatSettings, SepmSource, SepmSourceSettings
from alert_sepm.testing import LocalManager


class Push:
    """Takes what the source gives; can refuse it, as a crash does."""

    cursor: Cursor | None = None

    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.batches: list[Batch] = []
        self.broken = False

    def __call__(self, batch: Batch) -> None:
        if self.broken:
            raise OSError("no space left")
        self.batches.append(batch)
        self.records += batch.split()

    @property
    def ids(self) -> list[str]:
        return [json.loads(record)["eventId"] for record in self.records]


def made(manager: LocalManager, folder: Path, **settings: Any) -> SepmSource:
    values = {**manager.settings, "poll_seconds": 1, **settings}
    return SepmSource(SepmSourceSettings.model_validate(values), Context(name="sepm", state_folder=folder))


@contextmanager
def running(source: SepmSource, push: Push) -> Iterator[None]:
    stop, errors = threading.Event(), list[SourceError]()

    def run() -> None:
        try:
            source.run(push, stop)
        except SourceError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
    assert errors == []


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not reached() and time.monotonic() < end:
        time.sleep(0.01)
    assert reached()


def polls(manager: LocalManager) -> int:
    return sum("/events/critical" in request for request in manager.requests)


def test_events_come_in_the_order_of_their_times_and_only_once(manager: LocalManager, tmp_path: Path) -> None:
    manager.add("B", time="2024-05-01 10:00:02.0")
    manager.add("A", time="2024-05-01 10:00:01.0")
    push = Push()

    with running(made(manager, tmp_path), push):
        until(lambda: polls(manager) >= 2)
        manager.add("C", time="2024-05-01 10:00:03.0")
        until(lambda: len(push.records) == 3)

    assert push.ids == ["A", "B", "C"]
    assert [event["acknowledged"] for event in manager.critical.values()] == [0, 0, 0]


def test_restart_does_not_give_events_again(manager: LocalManager, tmp_path: Path) -> None:
    manager.add("A")
    first, second = Push(), Push()
    with running(made(manager, tmp_path), first):
        until(lambda: len(first.records) == 1)

    manager.add("B")
    with running(made(manager, tmp_path), second):
        until(lambda: len(second.records) == 1)

    assert (first.ids, second.ids) == (["A"], ["B"])


def test_event_that_was_not_safe_comes_again(manager: LocalManager, tmp_path: Path) -> None:
    manager.add("A")
    broken, push = Push(), Push()
    broken.broken = True
    with pytest.raises(OSError, match="no space left"):
        made(manager, tmp_path, acknowledge=True).run(broken, threading.Event())

    with running(made(manager, tmp_path), push):
        until(lambda: push.ids == ["A"])

    assert manager.critical["A"]["acknowledged"] == 0


def test_events_are_acknowledged_when_they_are_safe(manager: LocalManager, tmp_path: Path) -> None:
    for name in ("A", "B/?#", "Ü"):
        manager.add(name)
    push = Push()

    with running(made(manager, tmp_path, acknowledge=True), push):
        until(lambda: all(event["acknowledged"] for event in manager.critical.values()))

    assert sorted(push.ids) == ["A", "B/?#", "Ü"]


def test_event_that_could_not_be_acknowledged_is_tried_again_but_not_given_again(manager: LocalManager, tmp_path: Path) -> None:
    manager.add("A")
    answer, refused, push = manager.answer, list[str](), Push()

    def moody(method: str, target: str, token: str, body: Any) -> Any:
        if "acknowledge/" in target and not refused:
            refused.append(target)
            return 503, None
        return answer(method, target, token, body)

    manager.answer = moody  # type: ignore[method-assign]
    with running(made(manager, tmp_path, acknowledge=True), push):
        until(lambda: bool(manager.critical["A"]["acknowledged"]))

    assert push.ids == ["A"]


def test_first_run_can_skip_what_is_there_and_leaves_it_unacknowledged(manager: LocalManager, tmp_path: Path) -> None:
    manager.add("old")
    push = Push()

    with running(made(manager, tmp_path, start="end", acknowledge=True), push):
        until(lambda: polls(manager) >= 1 and (tmp_path / "seen.json").exists())
        manager.add("new")
        until(lambda: bool(manager.critical["new"]["acknowledged"]))

    assert push.ids == ["new"]
    assert manager.critical["old"]["acknowledged"] == 0


def test_long_list_is_asked_for_once_and_handed_over_in_parts(manager: LocalManager, tmp_path: Path) -> None:
    for number in range(4906):
        manager.add(f"E{number:04}")
    push = Push()

    with running(made(manager, tmp_path, poll_seconds=60), push):
        until(lambda: len(push.records) == 4906)

    assert polls(manager) == 1
    assert [len(batch.records) for batch in push.batches] == [1000, 1000, 1000, 1000, 906]


def test_manager_that_gives_pages_is_asked_for_all_of_them(tmp_path: Path) -> None:
    push = Push()
    with LocalManager(tmp_path, page_size=10) as manager:
        for number in range(25):
            manager.add(f"E{number:02}")

        with running(made(manager, tmp_path, poll_seconds=60), push):
            until(lambda: len(push.records) == 25)

        assert polls(manager) == 3


def test_manager_that_counts_more_than_it_gives_is_not_asked_for_ever(manager: LocalManager, tmp_path: Path) -> None:
    manager.add("A")
    answer, push = manager.answer, Push()

    def boasting(method: str, target: str, token: str, body: Any) -> Any:
        status, said = answer(method, target, token, body)
        return status, {**said, "totalUnacknowledgedMessages": 4906} if "critical" in target and status == 200 else said

    manager.answer = boasting  # type: ignore[method-assign]
    with running(made(manager, tmp_path, poll_seconds=60), push):
        until(lambda: len(push.records) == 1)

    assert polls(manager) == 2


def test_token_is_renewed_when_it_runs_out_and_when_it_is_forgotten(tmp_path: Path) -> None:
    push = Push()
    with LocalManager(tmp_path, token_seconds=1.5) as manager:
        with running(made(manager, tmp_path), push):
            until(lambda: polls(manager) >= 3)
            manager.forget_tokens()
            manager.add("A")
            until(lambda: push.ids == ["A"])

        assert sum("authenticate" in request for request in manager.requests) >= 3


@pytest.mark.parametrize(
    ("settings", "problem", "retryable"),
    [
        ({"password": "wrong-password"}, "does not log 'alert' in: it answers 401", False),
        ({"port": 1}, "cannot be used: Connection refused", True),
        ({"tls": {}}, "cannot be trusted: ", True),
        ({"password": {"env": "NO_SUCH_VARIABLE"}}, "environment variable 'NO_SUCH_VARIABLE' is not set", True),
    ],
)
def test_source_that_cannot_go_on_says_why_and_whether_to_ask_again_soon(
    manager: LocalManager, tmp_path: Path, settings: dict[str, Any], problem: str, retryable: bool
) -> None:
    with pytest.raises(SourceError) as caught:
        made(manager, tmp_path, **settings).run(Push(), threading.Event())

    assert problem in str(caught.value)
    assert caught.value.retryable is retryable
    assert "password" not in str(caught.value).replace("NO_SUCH", "")


def test_answer_that_is_none_is_reported_without_its_words(manager: LocalManager, tmp_path: Path) -> None:
    manager.answer = lambda *_: (200, ["s3cret"])  # type: ignore[method-assign]

    with pytest.raises(SourceError, match="answers something else than was asked for"):
        made(manager, tmp_path).run(Push(), threading.Event())


def test_events_are_read_by_the_format(manager: LocalManager, tmp_path: Path, sepm: SepmFormat) -> None:
    manager.add("A", time="2024-05-01 10:00:01.0", subject="MAJOR: SERVER OFFLINE")
    push = Push()

    with running(made(manager, tmp_path), push):
        until(lambda: len(push.records) == 1)
    (event,) = sepm.decode(push.records)

    assert (event.id, event.type, event.severity) == ("sepm:A", "manager-notification", "major")


def test_damaged_memory_is_reported_and_nothing_is_given_twice_unasked(manager: LocalManager, tmp_path: Path) -> None:
    (tmp_path / "seen.json").write_bytes(b"{")

    with pytest.raises(SourceError, match="delete it to take all events again"):
        made(manager, tmp_path).run(Push(), threading.Event())


def test_settings_are_checked() -> None:
    account = {"user": "alert", "password": "s3cret"}

    for server in ("", "https://sepm", "sepm/api", "user@sepm"):
        with pytest.raises(ValueError, match="server"):
            SepmSourceSettings.model_validate({**account, "server": server})


def test_format_settings_are_checked() -> None:
    with pytest.raises(ValueError, match="timezone"):
        SepmFormatSettings(timezone="Nowhere/Land")
