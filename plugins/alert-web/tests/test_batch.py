"""Several notifications in one request."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from alert_core import DeliveryError, Notification, Receipt

if TYPE_CHECKING:
    from conftest import Hooks, Site


def several(hooks: Hooks, *subjects: str) -> list[Notification]:
    return [hooks.notification(id=f"{place:032x}", subject=subject) for place, subject in enumerate(subjects)]


def test_batch_is_one_request_with_an_array(site: Site, hooks: Hooks) -> None:
    batch = several(hooks, "a", "b", "c")

    answers = hooks(batch=True).send_many(batch)

    [got] = site.requests
    assert msgspec.json.decode(got.body, type=list[Notification]) == batch
    assert got.headers["Content-Type"] == "application/json"
    assert [type(answer) for answer in answers] == [Receipt] * 3


def test_batch_may_be_lines(site: Site, hooks: Hooks) -> None:
    hooks(batch=True, batch_format="ndjson", fields={"s": "{{ subject }}"}).send_many(several(hooks, "a\nb", "c"))

    [got] = site.requests
    assert [json.loads(line) for line in got.body.splitlines()] == [{"s": "a\nb"}, {"s": "c"}]
    assert (got.headers["Content-Type"], got.body[-1:]) == ("application/x-ndjson", b"\n")


def test_one_notification_is_an_array_too(site: Site, hooks: Hooks) -> None:
    hooks(batch=True).send(hooks.notification(subject="a"))

    assert [each["subject"] for each in json.loads(site.requests[0].body)] == ["a"]


def test_only_what_is_set_up_for_it_batches(site: Site, hooks: Hooks) -> None:
    hook = hooks()

    hook.send_many(several(hooks, "a", "b"))

    assert (hook.batching, hooks(batch=True).batching) == (False, True)
    assert [json.loads(each.body)["subject"] for each in site.requests] == ["a", "b"]


def test_key_of_a_batch_is_that_of_its_members(site: Site, hooks: Hooks) -> None:
    hook, batch = hooks(batch=True), several(hooks, "a", "b")

    for each in (batch, batch, batch[:1], batch[1:]):
        hook.send_many(each)

    keys = [each.headers["Idempotency-Key"] for each in site.requests]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    assert all(len(key) == 32 for key in keys)


def test_bad_notification_does_not_sink_the_others(site: Site, hooks: Hooks) -> None:
    site.choosy = lambda body: 422 if b"bad" in body else 0

    answers = hooks(batch=True).send_many(several(hooks, "a", "bad", "c"))

    assert [type(answer).__name__ for answer in answers] == ["Receipt", "Refusal", "Receipt"]
    assert [answer.retryable for answer in answers if isinstance(answer, DeliveryError)] == [False]
    assert len(site.requests) == 4


@pytest.mark.parametrize(("status", "retryable"), [(401, False), (407, False), (429, True), (503, True), (302, False)])
def test_refusal_that_is_not_about_content_is_that_of_all(site: Site, hooks: Hooks, status: int, retryable: bool) -> None:
    site.status = status

    answers = hooks(batch=True).send_many(several(hooks, "a", "b"))

    assert [isinstance(answer, DeliveryError) and answer.retryable for answer in answers] == [retryable] * 2
    assert len(site.requests) == 1


def test_server_that_fails_meanwhile_is_not_asked_again(site: Site, hooks: Hooks) -> None:
    site.choosy = lambda body: 400 if b"bad" in body else 503 if b"down" in body else 0
    hook = hooks(batch=True, fields={"s": "{{ subject }}"})

    answers = hook.send_many(several(hooks, "bad", "a", "down", "c"))

    shown = [answer.retryable if isinstance(answer, DeliveryError) else "taken" for answer in answers]
    assert shown == [False, "taken", True, True]
    assert len(site.requests) == 4


def test_template_that_fails_for_one_is_told_with_all(site: Site, hooks: Hooks) -> None:
    hook = hooks(batch=True, fields={"s": "{{ 1 / subject | length }}"})

    answers = hook.send_many(several(hooks, "a", ""))

    first, second = json.loads(site.requests[0].body)
    assert (first, second["id"]) == ({"s": "1.0"}, f"{1:032x}")
    assert isinstance(answers[0], Receipt)
    assert "default body: template fails: ZeroDivisionError" in answers[0].detail


def test_rest_of_a_batch_waits_when_the_server_is_slow(site: Site, hooks: Hooks) -> None:
    def slow(body: bytes) -> int:
        time.sleep(0.4)
        return 400 if b"bad" in body else 0

    site.choosy = slow

    answers = hooks(batch=True, wait_seconds=1.5).send_many(several(hooks, "bad", *"abcdefgh"))

    first, *_, last = answers
    assert isinstance(first, DeliveryError)
    assert isinstance(last, DeliveryError)
    assert (first.retryable, last.retryable) == (False, True)
    assert str(last) == "the server took the time that there was for others of the batch"
    assert len(site.requests) < len(answers)
