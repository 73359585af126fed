from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import msgspec
import pytest

from alert_core.model import Notification
from alert_core.testing.hostile import AMOUNT_VARIABLE, amount, notifications


@pytest.fixture(scope="module")
def some() -> list[Notification]:
    return list(notifications(2000))


def texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts_in(key)
            yield from texts_in(item)


def test_same_seed_gives_the_same_notifications_everywhere(some: list[Notification]) -> None:
    assert list(notifications(2000)) == some
    assert list(notifications(10)) == some[:10]
    assert list(notifications(10, seed=1)) != some[:10]


def test_each_has_an_id_of_its_own(some: list[Notification]) -> None:
    assert len({notification.id for notification in some}) == len(some)


def test_subjects_and_bodies_are_as_the_core_hands_them_over(some: list[Notification]) -> None:
    assert [
        it.subject for it in some if not it.subject or re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e]", it.subject)
    ] == []
    assert [it.body for it in some if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e]", it.body)] == []
    assert max(len(it.body) for it in some) == 64 * 1024
    assert "" in {it.body for it in some}


def test_events_are_as_their_senders_wrote_them(some: list[Notification]) -> None:
    text = "".join(each for it in some for each in texts_in(msgspec.to_builtins(it.event)))

    wanted = {"Cc", "Cf", "Co", "Cn", "Lo", "Mn", "So", "Zl", "Zp", "Zs"}
    assert wanted <= {unicodedata.category(character) for character in text}
    assert {ord(character) >> 16 for character in text} >= {0, 1, 2, 14, 15, 16}
    for part in ("\r\nX-Injected", "\u202e", "\x00", "<script>", "$(id)", "{{ 7*7 }}", "%n", "CEF:0|", "伺服器", "\x1b[2J"):
        assert part in text


def test_everything_can_be_stored(some: list[Notification]) -> None:
    stored = msgspec.json.encode(some)

    assert msgspec.json.decode(stored, type=list[Notification]) == some


def test_environment_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(AMOUNT_VARIABLE, raising=False)
    usual = amount()
    monkeypatch.setenv(AMOUNT_VARIABLE, "10000")

    assert (usual, amount()) == (300, 10000)
