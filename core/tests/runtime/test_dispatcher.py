from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from pydantic import Field

from alert_core import Action, Component, Delivery, DeliveryError, Notification, Receipt, Secret, Settings, Strength
from alert_core.config.values import ActionConfig, Config, StoreConfig
from alert_core.runtime._backoff import Backoff
from alert_core.runtime.dispatcher import Dispatcher
from alert_core.store import DELIVERY_FAILED, Commit, LogFilter, NewDelivery, Store, delivery_id

ACCEPTED = Receipt(Strength.ACCEPTED)
QUICK = Backoff(first_seconds=0.01, cap_seconds=0.02, random=Random(1))


class Hooks:
    """What a run without any plugin answers."""

    def suppress(self, notification: Notification, action: str) -> str | None:
        return None

    def delivered(self, delivery: Delivery) -> None:
        pass

    def owner(self, cls: type[Component[Any]]) -> str:
        return "own-plugin"

    def resolve_secret(self, reference: Mapping[str, str]) -> str | None:
        return None


class Rig:
    """A store and a dispatcher on it, with actions made of classes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store.open(folder)
        self.dispatcher: Dispatcher | None = None
        self.release = threading.Event()

    def config(self, *actions: ActionConfig) -> Config:
        return Config(folder=self.folder, store=StoreConfig(folder=self.folder), actions={one.name: one for one in actions})

    def start(self, *actions: ActionConfig, hooks: Hooks | None = None, **more: Any) -> Dispatcher:
        more.setdefault("backoff", QUICK)
        self.dispatcher = Dispatcher(self.store, hooks or Hooks(), self.config(*actions), **more)
        self.dispatcher.start()
        return self.dispatcher

    def put(self, id: str, *actions: str) -> None:
        notification = msgspec.structs.replace(Notification.sample(), id=id, test=False, subject=f"subject {id}")
        self.store.write(Commit((), [notification], [NewDelivery(id, action) for action in actions]))
        if self.dispatcher:
            self.dispatcher.notify(actions)

    def states(self, id: str) -> dict[str, str]:
        return {one.action: one.state.value for one in self.store.entry(id).deliveries}

    def reason(self, id: str) -> str:
        return self.store.entry(id).deliveries[0].reason

    def outcomes(self, id: str) -> list[str]:
        return [attempt.outcome for attempt in self.store.attempts(id)]

    def close(self) -> None:
        self.release.set()
        if self.dispatcher:
            self.dispatcher.stop(5)
        self.store.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path / "store")
    yield made
    made.close()


def _action(name: str, cls: type[Action[Any]], **more: Any) -> ActionConfig:
    return ActionConfig(name=name, type="own", cls=cls, settings=more.pop("settings", Settings()), **more)


def _sending(send: Callable[[Notification], Receipt]) -> type[Action[Settings]]:
    """An action class whose `send` is this function."""

    class Sending(Action[Settings]):
        """Sends as told."""

        name = "own"
        label = "Own"

        def send(self, notification: Notification) -> Receipt:
            return send(notification)

    return Sending


def _until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def test_delivery_is_made_and_its_receipt_kept(rig: Rig) -> None:
    receipt = Receipt(Strength.CONFIRMED, "queue-7", "250 ok")
    dispatcher = rig.start(_action("mail", _sending(lambda _: receipt)))

    rig.put("a", "mail")

    assert dispatcher.drain(10)
    (delivery,) = rig.store.entry("a").deliveries
    assert (delivery.state.value, delivery.attempts, delivery.receipt) == ("delivered", 1, receipt)
    assert rig.outcomes("a") == ["delivered"]


def test_deliveries_are_begun_in_the_order_in_which_they_came(rig: Rig) -> None:
    order: list[str] = []
    dispatcher = rig.start(_action("mail", _sending(lambda n: (order.append(n.id), ACCEPTED)[1]), concurrency=1))

    for number in range(600):
        rig.put(f"{number:03}", "mail")

    assert dispatcher.drain(30)
    assert order == [f"{number:03}" for number in range(600)]


def test_no_instance_is_used_by_two_threads(rig: Rig) -> None:
    users: dict[int, set[int]] = {}
    gate = threading.Barrier(3, timeout=10)

    class Watched(Action[Settings]):
        """Notes who uses it."""

        name = "own"
        label = "Own"

        def send(self, notification: Notification) -> Receipt:
            users.setdefault(id(self), set()).add(threading.get_ident())
            gate.wait()
            return ACCEPTED

    for number in range(9):
        rig.put(str(number), "mail")
    dispatcher = rig.start(_action("mail", Watched, concurrency=3))

    assert dispatcher.drain(20)
    assert sorted(len(threads) for threads in users.values()) == [1, 1, 1]


def test_dead_action_does_not_delay_another(rig: Rig) -> None:
    def hang(_: Notification) -> Receipt:
        rig.release.wait()
        return ACCEPTED

    rig.start(_action("dead", _sending(hang), timeout_seconds=60), _action("trap", _sending(lambda _: ACCEPTED)))

    for number in range(300):
        rig.put(str(number), "dead", "trap")

    _until(lambda: rig.store.pending() == {"dead": 300})


def test_retryable_failure_is_tried_again_until_it_works(rig: Rig) -> None:
    answers = iter([DeliveryError("busy"), DeliveryError("still busy"), None])

    def send(_: Notification) -> Receipt:
        if error := next(answers):
            raise error
        return ACCEPTED

    rig.start(_action("mail", _sending(send)))

    rig.put("a", "mail")

    _until(lambda: rig.states("a") == {"mail": "delivered"})
    assert [(one.number, one.outcome, one.error) for one in rig.store.attempts("a")] == [
        (1, "failed", "busy"),
        (2, "failed", "still busy"),
        (3, "delivered", ""),
    ]
    assert rig.reason("a") == ""


def test_drain_does_not_wait_for_retries_in_the_future(rig: Rig) -> None:
    def send(_: Notification) -> Receipt:
        raise DeliveryError("closed", retry_after=3600)

    dispatcher = rig.start(_action("mail", _sending(send)))
    rig.put("a", "mail")

    assert dispatcher.drain(10)
    due = rig.store.next_due("mail")
    assert due is not None
    assert timedelta(minutes=59) < due - datetime.now(UTC) <= timedelta(hours=1)
    assert rig.outcomes("a") == ["failed"]


def test_refused_delivery_fails_at_once_and_is_announced_through_another_action(rig: Rig) -> None:
    told: list[Notification] = []

    def refuse(_: Notification) -> Receipt:
        raise DeliveryError("no such user\x1b[2J", retryable=False)

    def tell(notification: Notification) -> Receipt:
        told.append(notification)
        return ACCEPTED

    dispatcher = rig.start(_action("mail", _sending(refuse)), _action("trap", _sending(tell)))
    rig.put("a", "mail")

    assert dispatcher.drain(10)
    assert rig.states("a") == {"mail": "failed"}
    assert rig.reason("a") == "no such user\\u001b[2J"
    (announcement,) = told
    assert (announcement.condition, announcement.key) == (DELIVERY_FAILED, "mail")
    assert announcement.subject == "alert could not deliver through mail: subject a"
    assert "Last error: no such user" in announcement.body
    assert [entry.notification.id for entry in rig.store.entries(LogFilter(decisions=True))] == ["a"]


def test_failures_are_announced_once_an_hour_and_the_rest_is_counted(rig: Rig) -> None:
    later = timedelta()
    told: list[Notification] = []

    def refuse(_: Notification) -> Receipt:
        raise DeliveryError("no", retryable=False)

    def tell(notification: Notification) -> Receipt:
        told.append(notification)
        return ACCEPTED

    actions = (_action("mail", _sending(refuse)), _action("trap", _sending(tell)))
    dispatcher = rig.start(*actions, clock=lambda: datetime.now(UTC) + later)
    for number in range(5):
        rig.put(str(number), "mail")
    assert dispatcher.drain(10)
    later = timedelta(minutes=61)
    rig.put("late", "mail")

    assert dispatcher.drain(10)
    assert [(one.quantity, one.suppressed) for one in told] == [(1, 0), (5, 4)]


def test_failed_announcement_is_not_announced(rig: Rig) -> None:
    def refuse(_: Notification) -> Receipt:
        raise DeliveryError("no", retryable=False)

    dispatcher = rig.start(*(_action(name, _sending(refuse)) for name in ("a", "b", "c")))
    rig.put("one", "b")

    assert dispatcher.drain(10)
    entries = list(rig.store.entries())
    assert len(entries) == 2
    assert [(one.action, one.state.value) for entry in entries for one in entry.deliveries] == [
        ("b", "failed"),
        ("a", "failed"),
    ]


def test_delivery_is_given_up_after_the_configured_hours_with_a_last_attempt_at_the_end(rig: Rig) -> None:
    later = timedelta()

    def send(_: Notification) -> Receipt:
        raise DeliveryError("down")

    slow = Backoff(first_seconds=86400, cap_seconds=86400)
    action = _action("mail", _sending(send), give_up_hours=24)
    dispatcher = rig.start(action, clock=lambda: datetime.now(UTC) + later, backoff=slow)
    rig.put("a", "mail")
    assert dispatcher.drain(10)
    assert rig.states("a") == {"mail": "pending"}
    later = timedelta(hours=24)
    dispatcher.notify()

    assert dispatcher.drain(10)
    assert rig.states("a") == {"mail": "failed"}
    assert rig.outcomes("a") == ["failed", "failed"]


def test_failed_delivery_can_be_put_back(rig: Rig) -> None:
    works = False

    def send(_: Notification) -> Receipt:
        if not works:
            raise DeliveryError("wrong password", retryable=False)
        return ACCEPTED

    dispatcher = rig.start(_action("mail", _sending(send)))
    for id in ("a", "b"):
        rig.put(id, "mail")
    assert dispatcher.drain(10)
    works = True

    put_back = [rig.store.redrive([delivery_id("a", "mail")]), rig.store.redrive(action="trap"), rig.store.redrive([])]

    assert put_back == [1, 0, 0]
    assert dispatcher.drain(10)
    assert (rig.states("a"), rig.states("b")) == ({"mail": "delivered"}, {"mail": "failed"})


def test_raising_send_is_a_fault_and_is_not_tried_again(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    def send(notification: Notification) -> Receipt:
        if notification.id == "a":
            raise KeyError("oops")
        return ACCEPTED

    dispatcher = rig.start(_action("own-1", _sending(send)))
    for id in ("a", "b"):
        rig.put(id, "own-1")

    assert dispatcher.drain(10)
    assert (rig.states("a"), rig.states("b")) == ({"own-1": "failed"}, {"own-1": "delivered"})
    assert rig.outcomes("a") == ["raised"]
    (fault,) = rig.store.faults()
    assert (fault.plugin, fault.action, fault.kind, fault.text) == (
        "own-plugin",
        "own-1",
        "raised",
        "send() raised KeyError: 'oops'",
    )
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), BaseException("base")])
def test_worker_survives_whatever_send_raises(rig: Rig, error: BaseException) -> None:
    def send(notification: Notification) -> Receipt:
        if notification.id == "a":
            raise error
        return ACCEPTED

    dispatcher = rig.start(_action("mail", _sending(send), concurrency=1))
    for id in ("a", "b"):
        rig.put(id, "mail")

    assert dispatcher.drain(10)
    assert (rig.states("a"), rig.states("b")) == ({"mail": "failed"}, {"mail": "delivered"})


def test_send_that_returns_no_receipt_is_a_fault(rig: Rig) -> None:
    nothing: Any = None
    dispatcher = rig.start(_action("mail", _sending(lambda _: nothing)))
    rig.put("a", "mail")

    assert dispatcher.drain(10)
    assert rig.reason("a") == "send() returned NoneType, not a Receipt"
    assert [fault.kind for fault in rig.store.faults()] == ["no-receipt"]


def test_raising_constructor_is_a_fault_and_is_tried_again(rig: Rig) -> None:
    tries: list[int] = []

    class Late(Action[Settings]):
        """Cannot be made at first."""

        name = "own"
        label = "Own"

        def __init__(self, settings: Settings, context: Any) -> None:
            tries.append(1)
            if len(tries) < 3:
                raise OSError("not yet")
            super().__init__(settings, context)

        def send(self, notification: Notification) -> Receipt:
            return ACCEPTED

    rig.start(_action("mail", Late, concurrency=1))
    rig.put("a", "mail")

    _until(lambda: rig.states("a") == {"mail": "delivered"})
    (fault,) = rig.store.faults()
    assert (fault.kind, fault.count, fault.text) == ("constructor", 2, "__init__() raised OSError: not yet")


def test_hanging_send_is_timed_out_and_its_worker_replaced(rig: Rig) -> None:
    calls: list[str] = []

    def send(notification: Notification) -> Receipt:
        calls.append(notification.id)
        if calls == ["a"]:
            rig.release.wait()
        return ACCEPTED

    rig.start(_action("mail", _sending(send), concurrency=1, timeout_seconds=0.1))
    for id in ("a", "b"):
        rig.put(id, "mail")

    _until(lambda: (rig.states("a"), rig.states("b")) == ({"mail": "delivered"}, {"mail": "delivered"}))
    assert [(one.outcome, one.error) for one in rig.store.attempts("a")] == [
        ("timed-out", "no answer within 0.1 seconds"),
        ("delivered", ""),
    ]
    assert [fault.kind for fault in rig.store.faults()] == ["hung"]


def test_action_that_always_hangs_pauses_and_goes_on_when_it_comes_back(rig: Rig) -> None:
    hang = True

    def send(_: Notification) -> Receipt:
        if hang:
            rig.release.wait()
        return ACCEPTED

    dispatcher = rig.start(_action("mail", _sending(send), timeout_seconds=0.05), _action("trap", _sending(lambda _: ACCEPTED)))
    for number in range(20):
        rig.put(str(number), "mail", "trap")

    _until(lambda: dispatcher.status()[0].paused)
    assert dispatcher.status()[0].hung == 4
    assert not dispatcher.drain(10)
    assert rig.store.pending() == {"mail": 20}
    assert {fault.kind for fault in rig.store.faults()} == {"hung", "paused"}
    (announcement,) = rig.store.entries(LogFilter(condition=DELIVERY_FAILED))
    assert announcement.notification.subject == "alert delivers nothing through mail for now"
    assert [one.action for one in announcement.deliveries] == ["trap"]
    hang = False
    rig.release.set()

    _until(lambda: rig.store.pending() == {})
    assert not dispatcher.status()[0].paused


def test_late_answer_of_a_hanging_send_changes_nothing(rig: Rig) -> None:
    def send(_: Notification) -> Receipt:
        rig.release.wait()
        raise DeliveryError("late", retryable=False)

    slow = Backoff(first_seconds=3600, cap_seconds=3600)
    dispatcher = rig.start(_action("mail", _sending(send), timeout_seconds=0.05), backoff=slow)
    rig.put("a", "mail")
    _until(lambda: rig.outcomes("a") == ["timed-out"])
    rig.release.set()

    _until(lambda: dispatcher.status()[0].hung == 0)
    assert dispatcher.drain(10)
    assert rig.states("a") == {"mail": "pending"}
    assert rig.outcomes("a") == ["timed-out"]


def test_suppressed_delivery_is_skipped_with_the_reason(rig: Rig) -> None:
    class Silent(Hooks):
        def suppress(self, notification: Notification, action: str) -> str | None:
            return "maintenance" if notification.id == "a" else None

    dispatcher = rig.start(_action("mail", _sending(lambda _: ACCEPTED)), hooks=Silent())
    for id in ("a", "b"):
        rig.put(id, "mail")

    assert dispatcher.drain(10)
    assert (rig.states("a"), rig.states("b")) == ({"mail": "skipped"}, {"mail": "delivered"})
    assert (rig.reason("a"), rig.outcomes("a")) == ("maintenance", [])


def test_plugins_are_asked_once_and_told_about_every_attempt(rig: Rig) -> None:
    asked: list[str] = []
    told: list[tuple[str, int, str]] = []

    class Listening(Hooks):
        def suppress(self, notification: Notification, action: str) -> str | None:
            asked.append(notification.id)
            return None

        def delivered(self, delivery: Delivery) -> None:
            told.append((delivery.state.value, delivery.attempt, delivery.error))
            raise SystemExit("a listener that misbehaves")

    answers = iter([DeliveryError("busy"), None])

    def send(_: Notification) -> Receipt:
        if error := next(answers):
            raise error
        return ACCEPTED

    rig.start(_action("mail", _sending(send)), hooks=Listening())
    rig.put("a", "mail")

    _until(lambda: len(told) == 2)
    assert asked == ["a"]
    assert told == [("pending", 1, "busy"), ("delivered", 2, "")]


def test_hanging_hook_does_not_stop_the_action(rig: Rig) -> None:
    class Hanging(Hooks):
        def delivered(self, delivery: Delivery) -> None:
            if delivery.notification.id == "a":
                rig.release.wait()

    rig.start(_action("mail", _sending(lambda _: ACCEPTED), concurrency=1, timeout_seconds=0.1), hooks=Hanging())
    for id in ("a", "b"):
        rig.put(id, "mail")

    _until(lambda: rig.states("b") == {"mail": "delivered"})
    assert rig.outcomes("a") == ["delivered"]
    _until(lambda: [fault.text for fault in rig.store.faults()] == ["a hook did not return within 0.1 seconds"])


def test_secrets_do_not_reach_log_errors_or_receipts(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    class Keys(Settings):
        token: Secret = Field(title="Token", description="Of the server.")

    class Leaky(Action[Keys]):
        """Says too much."""

        name = "own"
        label = "Own"

        def send(self, notification: Notification) -> Receipt:
            token = self.context.reveal(self.settings.token)
            if notification.id == "a":
                raise ValueError(f"bad token {token}")
            if notification.id == "b":
                raise DeliveryError(f"401 for {token}", retryable=False)
            return Receipt(Strength.ACCEPTED, token, f"with {token}")

    caplog.set_level(logging.DEBUG)
    dispatcher = rig.start(_action("mail", Leaky, settings=Keys(token=Secret("s3cr3t"))))
    for id in ("a", "b", "c"):
        rig.put(id, "mail")

    assert dispatcher.drain(10)
    assert (rig.reason("a"), rig.reason("b")) == ("send() raised ValueError: bad token ***", "401 for ***")
    assert rig.store.entry("c").deliveries[0].receipt == Receipt(Strength.ACCEPTED, "***", "with ***")
    assert "s3cr3t" not in caplog.text + repr(rig.store.faults()) + repr(list(rig.store.entries()))


def test_secret_that_cannot_be_resolved_is_tried_again(rig: Rig, tmp_path: Path) -> None:
    class Keys(Settings):
        token: Secret = Field(title="Token", description="Of the server.")

    class Locked(Action[Keys]):
        """Needs its token."""

        name = "own"
        label = "Own"

        def send(self, notification: Notification) -> Receipt:
            self.context.reveal(self.settings.token)
            return ACCEPTED

    rig.start(_action("mail", Locked, settings=Keys(token=Secret({"file": str(tmp_path / "token")}))))
    rig.put("a", "mail")
    _until(lambda: len(rig.outcomes("a")) > 1)
    (tmp_path / "token").write_text("x")

    _until(lambda: rig.states("a") == {"mail": "delivered"})


def test_what_ends_together_is_written_together(rig: Rig) -> None:
    for number in range(200):
        rig.put(str(number), "mail")
    before = _log_frames(rig)
    dispatcher = rig.start(_action("mail", _sending(lambda _: ACCEPTED), concurrency=4))

    assert dispatcher.drain(20)
    written = {one.updated for entry in rig.store.entries() for one in entry.deliveries}
    assert len(written) < 150
    assert _log_frames(rig) > before


def _log_frames(rig: Rig) -> int:
    return (rig.folder / "alert.db-wal").stat().st_size


def test_unchanged_action_keeps_its_instance_over_a_reload_and_others_get_a_new_one(rig: Rig) -> None:
    class Where(Settings):
        host: str = Field(title="Host", description="Where to.")

    seen: list[tuple[str, str, int]] = []

    class Own(Action[Where]):
        """Notes its settings."""

        name = "own"
        label = "Own"

        def send(self, notification: Notification) -> Receipt:
            seen.append((self.context.name, self.settings.host, id(self)))
            return ACCEPTED

    keep = _action("keep", Own, settings=Where(host="same"), concurrency=1)
    dispatcher = rig.start(keep, _action("move", Own, settings=Where(host="old"), concurrency=1))
    rig.put("a", "keep", "move")
    assert dispatcher.drain(10)

    dispatcher.reload(rig.config(keep, _action("move", Own, settings=Where(host="new"), concurrency=1)))
    rig.put("b", "keep", "move")

    assert dispatcher.drain(10)
    kept = [one for one in seen if one[0] == "keep"]
    assert kept[0] == kept[1]
    assert [host for name, host, _ in seen if name == "move"] == ["old", "new"]


def test_removed_action_finishes_and_what_waited_for_it_is_skipped(rig: Rig) -> None:
    begun = threading.Event()

    def send(_: Notification) -> Receipt:
        begun.set()
        rig.release.wait()
        return ACCEPTED

    dispatcher = rig.start(_action("mail", _sending(send), concurrency=1))
    for id in ("a", "b"):
        rig.put(id, "mail")
    begun.wait(10)

    dispatcher.reload(rig.config())
    rig.release.set()

    assert dispatcher.drain(10)
    assert (rig.states("a"), rig.states("b")) == ({"mail": "delivered"}, {"mail": "skipped"})
    assert rig.reason("b") == "action is no longer configured"


def test_changed_action_does_not_repeat_what_its_former_self_is_doing(rig: Rig) -> None:
    sent: list[str] = []
    begun = threading.Event()

    def slow(notification: Notification) -> Receipt:
        sent.append(notification.id)
        begun.set()
        rig.release.wait()
        return ACCEPTED

    def quick(notification: Notification) -> Receipt:
        sent.append(notification.id)
        return ACCEPTED

    dispatcher = rig.start(_action("mail", _sending(slow), concurrency=1))
    for id in ("a", "b"):
        rig.put(id, "mail")
    begun.wait(10)
    dispatcher.reload(rig.config(_action("mail", _sending(quick), concurrency=1)))
    _until(lambda: rig.states("b") == {"mail": "delivered"})
    rig.release.set()

    assert dispatcher.drain(10)
    assert sent == ["a", "b"]
    assert rig.states("a") == {"mail": "delivered"}


def test_what_waits_for_unknown_actions_is_skipped_at_the_start(rig: Rig) -> None:
    rig.put("a", "gone", "mail")

    assert rig.start(_action("mail", _sending(lambda _: ACCEPTED))).drain(10)

    assert rig.states("a") == {"gone": "skipped", "mail": "delivered"}


def test_stop_lets_an_attempt_end_and_leaves_the_rest_in_the_outbox(rig: Rig) -> None:
    begun = threading.Event()
    closed: list[int] = []

    class Slow(Action[Settings]):
        """Takes its time."""

        name = "own"
        label = "Own"

        def send(self, notification: Notification) -> Receipt:
            begun.set()
            rig.release.wait()
            return ACCEPTED

        def close(self) -> None:
            closed.append(1)

    dispatcher = rig.start(_action("mail", Slow, concurrency=1))
    for id in ("a", "b"):
        rig.put(id, "mail")
    begun.wait(10)
    threading.Timer(0.1, rig.release.set).start()

    dispatcher.stop(10)

    assert (rig.states("a"), rig.states("b")) == ({"mail": "delivered"}, {"mail": "pending"})
    assert closed == [1]


def test_stop_does_not_wait_longer_than_it_may(rig: Rig) -> None:
    begun = threading.Event()

    def send(_: Notification) -> Receipt:
        begun.set()
        rig.release.wait()
        return ACCEPTED

    dispatcher = rig.start(_action("mail", _sending(send)))
    rig.put("a", "mail")
    begun.wait(10)
    started = time.monotonic()

    dispatcher.stop(0.1)

    assert time.monotonic() - started < 5
    assert rig.states("a") == {"mail": "pending"}
    assert not dispatcher.drain(1)


def test_put_back_by_another_process_is_seen_without_being_told(rig: Rig) -> None:
    dispatcher = rig.start(_action("mail", _sending(lambda _: ACCEPTED)))
    assert dispatcher.drain(10)
    notification = msgspec.structs.replace(Notification.sample(), id="a")
    with Store.open(rig.folder) as other:
        other.write(Commit((), [notification], [NewDelivery("a", "mail")]))

    _until(lambda: rig.states("a") == {"mail": "delivered"})


def test_outcome_is_kept_until_the_store_can_be_written_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alert_core.store._database.BUSY_SECONDS", 0.05)
    sent: list[str] = []
    told: list[str] = []

    def refuse(notification: Notification) -> Receipt:
        sent.append(notification.id)
        other.execute("BEGIN IMMEDIATE")
        raise DeliveryError("no", retryable=False)

    def tell(notification: Notification) -> Receipt:
        told.append(notification.condition)
        return ACCEPTED

    other = sqlite3.connect(rig.folder / "alert.db", check_same_thread=False, isolation_level=None)
    dispatcher = rig.start(_action("mail", _sending(refuse)), _action("trap", _sending(tell)))
    rig.put("a", "mail")
    assert not dispatcher.drain(0.5)
    other.execute("ROLLBACK")
    other.close()

    assert dispatcher.drain(10)
    assert (sent, rig.states("a"), told) == (["a"], {"mail": "failed"}, [DELIVERY_FAILED])


def test_hook_or_close_that_raises_keeps_no_notification_from_people(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    class Raising(Hooks):
        def suppress(self, notification: Notification, action: str) -> str | None:
            raise SystemExit("no opinion")

    class Untidy(Action[Settings]):
        """Cannot be closed."""

        name = "own"
        label = "Own"

        def send(self, notification: Notification) -> Receipt:
            return ACCEPTED

        def close(self) -> None:
            raise OSError("closed already")

    dispatcher = rig.start(_action("mail", Untidy), hooks=Raising())
    rig.put("a", "mail")

    assert dispatcher.drain(10)
    dispatcher.stop(5)
    assert rig.states("a") == {"mail": "delivered"}
    assert "alert_suppress() raised" in caplog.text
    assert "close() raised" in caplog.text


def test_dispatcher_goes_on_after_an_unexpected_error(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    class Forgetful(Hooks):
        def owner(self, cls: type[Component[Any]]) -> str:
            raise KeyError(cls)

    def send(notification: Notification) -> Receipt:
        if notification.id == "a":
            raise RuntimeError("bug")
        return ACCEPTED

    dispatcher = rig.start(_action("mail", _sending(send)), hooks=Forgetful())
    for id in ("a", "b"):
        rig.put(id, "mail")

    assert dispatcher.drain(10)
    assert (rig.states("a"), rig.states("b")) == ({"mail": "failed"}, {"mail": "delivered"})
    assert "dispatcher: unexpected error; going on" in caplog.text


def test_dispatcher_that_does_not_run_answers_at_once(rig: Rig) -> None:
    dispatcher = Dispatcher(rig.store, Hooks(), rig.config())

    dispatcher.stop()

    assert not dispatcher.drain(10)
    assert dispatcher.status() == []


class Carrier(Action[Settings]):
    """Carries several at once, and refuses those whose id begins with x."""

    name = "own"
    label = "Own"
    loads: list[list[str]] = []

    @property
    def batching(self) -> bool:
        return True

    def send(self, notification: Notification) -> Receipt:
        (answer,) = self.send_many([notification])
        if isinstance(answer, DeliveryError):
            raise answer
        return answer

    def send_many(self, batch: Sequence[Notification]) -> Sequence[Receipt | DeliveryError]:
        self.loads.append([one.id for one in batch])
        return [DeliveryError("no", retryable=False) if one.id.startswith("x") else ACCEPTED for one in batch]


def test_what_waits_is_handed_over_together_and_answered_one_by_one(rig: Rig) -> None:
    class Mine(Carrier):
        loads = []

    ids = ["first", *(f"{'x' if number == 7 else 'n'}{number:02}" for number in range(25))]
    for id in ids:
        rig.put(id, "mail")
    dispatcher = rig.start(_action("mail", Mine, concurrency=1, batch_size=10))

    assert dispatcher.drain(20)
    # The first shows that the action can carry several; from then on as many as wait, up to the size of a batch.
    assert [len(load) for load in Mine.loads[:4]] == [1, 10, 10, 5]
    assert [id for load in Mine.loads[:4] for id in load] == ids
    assert {id: rig.states(id)["mail"] for id in ids} == {id: "failed" if id == "x07" else "delivered" for id in ids}


def test_wrong_number_of_answers_is_a_fault_and_nothing_counts_as_delivered(rig: Rig) -> None:
    class Forgetful(Carrier):
        loads = []

        def send_many(self, batch: Sequence[Notification]) -> Sequence[Receipt | DeliveryError]:
            return super().send_many(batch)[:1]

    for id in ("first", "b", "c"):
        rig.put(id, "mail")
    dispatcher = rig.start(_action("mail", Forgetful, concurrency=1))

    assert dispatcher.drain(20)
    assert [rig.states(id)["mail"] for id in ("first", "b", "c")] == ["delivered", "failed", "failed"]
    assert rig.reason("b") == "send_many() raised TypeError: 1 answers for 2 notifications"


def test_rest_of_a_delivery_is_resumed_after_a_restart_of_everything(rig: Rig) -> None:
    calls: list[tuple[str, str]] = []

    class Partly(Action[Settings]):
        """Reaches one of two at first."""

        name = "own"
        label = "Own"

        def send(self, notification: Notification) -> Receipt:
            calls.append(("send", notification.id))
            raise DeliveryError("bob was refused", retry_after=0.3, progress="left: bob")

        def resume(self, notification: Notification, progress: str) -> Receipt:
            calls.append(("resume", progress))
            return ACCEPTED

    rig.put("a", "mail")
    rig.start(_action("mail", Partly)).drain(10)
    assert rig.dispatcher is not None
    rig.dispatcher.stop(5)
    rig.start(_action("mail", Partly))

    _until(lambda: rig.states("a") == {"mail": "delivered"})
    assert calls == [("send", "a"), ("resume", "left: bob")]


def test_attempt_that_hangs_does_not_forget_what_was_delivered_before(rig: Rig) -> None:
    calls: list[str] = []

    class Partly(Action[Settings]):
        """Reaches one, hangs, and reaches the rest."""

        name = "own"
        label = "Own"

        def send(self, notification: Notification) -> Receipt:
            raise DeliveryError("bob was refused", progress="left: bob")

        def resume(self, notification: Notification, progress: str) -> Receipt:
            calls.append(progress)
            if len(calls) == 1:
                rig.release.wait()
            return ACCEPTED

    rig.put("a", "mail")
    rig.start(_action("mail", Partly, timeout_seconds=0.2))

    _until(lambda: rig.states("a") == {"mail": "delivered"})
    assert calls == ["left: bob", "left: bob"]


def test_action_that_declines_a_notification_is_not_asked_to_send_it(rig: Rig) -> None:
    class Quiet(Action[Settings]):
        """Has nothing to say when something closes."""

        name = "own"
        label = "Own"

        def send(self, notification: Notification) -> Receipt:
            raise AssertionError("it must not come here")

    closed = msgspec.structs.replace(Notification.sample(), id="a", kind="closed")
    rig.store.write(Commit((), [closed], [NewDelivery("a", "mail")]))
    dispatcher = rig.start(_action("mail", Quiet))

    assert dispatcher.drain(10)
    assert (rig.states("a"), rig.reason("a")) == ({"mail": "skipped"}, "nothing is sent when something closes")


def test_as_many_workers_as_configured_work_side_by_side(rig: Rig) -> None:
    gate = threading.Barrier(12, timeout=10)

    for number in range(12):
        rig.put(f"{number:02}", "mail")
    dispatcher = rig.start(_action("mail", _sending(lambda _: (gate.wait(), ACCEPTED)[1]), concurrency=12))

    assert dispatcher.drain(20)
    assert {state for number in range(12) for state in rig.states(f"{number:02}").values()} == {"delivered"}
