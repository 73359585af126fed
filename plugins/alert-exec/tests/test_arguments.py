"""Arguments are a fixed list, whatever events say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from alert_core import DeliveryError, Notification

if TYPE_CHECKING:
    from conftest import Bench

# Its own number of arguments and each of them, exactly.
WRITE_DOWN = "printf '%s\\0' \"$@\" > OUT/arguments"


def told(**event: Any) -> Notification:
    sample = Notification.sample()
    return msgspec.structs.replace(sample, event=msgspec.structs.replace(sample.event, **event))


def given(bench: Bench) -> list[str]:
    return (bench.out / "arguments").read_bytes().decode().split("\0")[:-1]


def test_a_template_is_filled_from_the_notification(bench: Bench) -> None:
    bench.script(WRITE_DOWN)
    action = bench.action(arguments=["--host={{ computer }}", "{{ severity }}", "{{ attributes.hash | upper }}", '{"a": 1}'])

    action.send(told(computer="pc-7", attributes={"hash": "abc"}))

    assert given(bench) == ["--host=pc-7", "information", "ABC", '{"a": 1}']


@pytest.mark.parametrize(
    ("value", "argument"),
    [
        ("a b  c", "a b  c"),
        ("", ""),
        ("x; touch y && $(id) `id` | cat > z", "x; touch y && $(id) `id` | cat > z"),
        ("* ? [a] ~", "* ? [a] ~"),
        ("'\"\\", "'\"\\"),
        ("-rf", "-rf"),
        ("{{ id }}", "{{ id }}"),
        ("שלום‮", "שלום‮"),
        ("a\0b", "a\\x00b"),
        ("a\r\nb\x1b[31m\u2028\ud800", "a\\r\\nb\\x1b[31m\\u2028\\ud800"),
        ("\U0001f6a8" * 5000, "\U0001f6a8" * 4096),
        ("\0" * 5000, "\\x00" * 1024),
    ],
)
def test_a_value_is_one_argument_and_stays_what_it_is(bench: Bench, value: str, argument: str) -> None:
    bench.script(WRITE_DOWN)

    bench.action(arguments=["first", "{{ computer }}", "last"]).send(told(computer=value))

    assert given(bench) == ["first", argument, "last"]


def test_what_an_event_does_not_have_leaves_an_empty_argument(bench: Bench) -> None:
    bench.script(WRITE_DOWN)

    bench.action(arguments=["", "{{ attributes.none.at.all }}", "{{ event.user }}", "end"]).send(told())

    assert given(bench) == ["", "", "", "end"]


def test_the_longest_arguments_still_start_the_program(bench: Bench) -> None:
    bench.script(WRITE_DOWN)
    text = "\U0001f6a8" * 300_000

    bench.action(arguments=["{{ computer }}{{ event.user }}"] * 64).send(told(computer=text, user=text, message=text))

    assert given(bench) == ["\U0001f6a8" * 4096] * 64


def test_a_template_that_fails_runs_nothing(bench: Bench) -> None:
    bench.script(WRITE_DOWN)

    with pytest.raises(DeliveryError) as caught:
        bench.action(arguments=["ok", "{{ attributes.port + 1 }}"]).send(told(attributes={"port": "22"}))

    assert str(caught.value).startswith("arguments.1: template fails: TypeError")
    assert not caught.value.retryable
    assert list(bench.out.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "warned"),
    [
        (["{{ computer }}"], ["arguments.0"]),
        (["-v", "{{subject}}", "{{- event.user }}"], ["arguments.1", "arguments.2"]),
        (["{% if test %}x{% endif %}{{ key }}"], ["arguments.0"]),
        (["{{ 'a' ~ key }}"], ["arguments.0"]),
        (["--", "{{ computer }}"], []),
        (["host={{ computer }}", "{{ id }}", "{{ severity }} {{ computer }}", "-x", '{"a": 1}', ""], []),
    ],
)
def test_check_warns_of_values_that_may_look_like_options(bench: Bench, arguments: list[str], warned: list[str]) -> None:
    bench.script("exit 0")

    complaints = bench.action(arguments=arguments).check()

    assert [complaint.split(" begins with")[0] for complaint in complaints] == warned
