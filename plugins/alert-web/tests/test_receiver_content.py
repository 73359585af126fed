"""What requests carry, and what is said about what they should not; the events are looked for on the disk."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Receiver, Receivers

LINES = {"Content-Type": "application/x-ndjson"}
GZIP = {"Content-Encoding": "gzip"}


def test_object_is_one_record_as_it_was_written(receiver: Receiver) -> None:
    answer = receiver.post(b' {"a": 1,\n "b": "\xc3\xbc"} ')

    assert (answer.status, answer.content) == (200, {"kept": 1, "repeated": 0})
    assert [record.strip() for record in receiver.records] == [b'{"a": 1,\n "b": "\xc3\xbc"}']


def test_array_is_a_record_for_each_element(receiver: Receiver) -> None:
    answer = receiver.post(b'[{"a": 1}, {"b": {"c": [2, "]"]}} ,{ }]')

    assert answer.content == {"kept": 3, "repeated": 0}
    assert receiver.records == [b'{"a": 1}', b'{"b": {"c": [2, "]"]}}', b"{ }"]


def test_lines_are_a_record_each(receiver: Receiver) -> None:
    answer = receiver.post(b'{"a": 1}\r\n\n  {"a": 2}\n{"a": 3}', LINES)

    assert answer.content == {"kept": 3, "repeated": 0}
    assert receiver.records == [b'{"a": 1}', b'{"a": 2}', b'{"a": 3}']


def test_text_is_a_record_for_each_line_whatever_it_says(receiver: Receiver) -> None:
    receiver.post(b"CEF:0|a|b|c|d|e|1|\n<13>x \xff\n", {"Content-Type": "text/plain; charset=UTF-8"})

    assert receiver.records == [b"CEF:0|a|b|c|d|e|1|", b"<13>x \xff"]


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/vnd.acme.v1+json", "Application/JSON", ""])
def test_json_by_any_name(receiver: Receiver, kind: str) -> None:
    assert receiver.post(b"{}", {"Content-Type": kind}).status == 200


def test_sender_is_told_with_each_record(receiver: Receiver) -> None:
    receiver.post(b"[{},{}]")

    (batch,) = receiver.spool.read(receiver.spool.begin, receiver.spool.end)
    assert batch.senders == ("127.0.0.1", "127.0.0.1")


@pytest.mark.parametrize("body", [b"[]", b" [ ] "])
def test_nothing_in_an_array_is_all_right(receiver: Receiver, body: bytes) -> None:
    answer = receiver.post(body)

    assert (answer.status, answer.content, receiver.records) == (200, {"kept": 0, "repeated": 0}, [])


def test_mark_of_byte_order_is_overlooked(receiver: Receiver) -> None:
    receiver.post(b'\xef\xbb\xbf{"a": 1}')

    assert receiver.records == [b'{"a": 1}']


def test_half_a_character_costs_nothing_but_itself(receiver: Receiver) -> None:
    """JSON can escape it, text cannot hold it, and many libraries write it."""
    receiver.post(json.dumps([{"a": "x\ud83d"}, {"b": "\ud800y"}, {"c": "\U0001f600"}]).encode())

    assert receiver.values == [{"a": "x?"}, {"b": "?y"}, {"c": "\U0001f600"}]


def test_number_that_no_type_holds_is_kept_as_it_is_written(receiver: Receiver) -> None:
    receiver.post(b'[{"a": 1e999}]')

    assert receiver.records == [b'{"a": 1e999}']


FAULTS: list[tuple[bytes, str, dict[str, int]]] = [
    (b"", "the body is empty", {"offset": 0}),
    (b" \n", "the body is empty", {"offset": 2}),
    (b'{"a": 1', "not JSON: Expecting ',' delimiter", {"offset": 7}),
    (b'{"a": }', "not JSON: Expecting value", {"offset": 6}),
    (b'{"a": 1}}', "not JSON: something follows the object", {"offset": 8}),
    (b'{"a": 1} {"b": 2}', "not JSON: something follows the object", {"offset": 9}),
    (b'{"\xc3\xbc": 1, x}', "not JSON: Expecting property name enclosed in double quotes", {"offset": 10}),
    (b'{"\xff": 1, x}', "not JSON: Expecting property name enclosed in double quotes", {"offset": 9}),
    (b'\xef\xbb\xbf{"a" 1}', "not JSON: Expecting ':' delimiter", {"offset": 8}),
    (b"7", "not a JSON object", {"offset": 0}),
    (b' "text"', "not a JSON object", {"offset": 1}),
    (b"null", "not a JSON object", {"offset": 0}),
    (b'{"a": NaN}', "not JSON: NaN is no number", {"offset": 0}),
    (b'[{"a": 1}, 7]', "not a JSON object", {"record": 2, "offset": 11}),
    (b"[[{}]]", "not a JSON object", {"record": 1, "offset": 1}),
    (b'[{"a": 1}, {"b" 2}]', "not JSON: Expecting ':' delimiter", {"record": 2, "offset": 16}),
    (b'[{"a": 1} {"b": 2}]', "not JSON: an array goes on with a comma or ends", {"record": 1, "offset": 10}),
    (b'[{"a": 1},]', "not JSON: Expecting value", {"record": 2, "offset": 10}),
    (b'[{"a": 1}', "not JSON: an array goes on with a comma or ends", {"record": 1, "offset": 9}),
    (b'[{"a": 1}] x', "not JSON: something follows the array", {"offset": 11}),
    (b"{" * 100_000, "not JSON: Expecting property name enclosed in double quotes", {"offset": 1}),
    (b'{"a":' * 100_000, "nested too deeply", {"offset": 0}),
    (b"[" * 100_000, "nested too deeply", {"record": 1, "offset": 1}),
]


@pytest.mark.parametrize(("body", "fault", "place"), FAULTS, ids=[repr(body[:24]) for body, _, _ in FAULTS])
def test_fault_is_told_exactly_and_nothing_is_kept(receiver: Receiver, body: bytes, fault: str, place: dict[str, int]) -> None:
    answer = receiver.post(body)

    assert (answer.status, answer.content) == (400, {"fault": fault, **place})
    assert receiver.records == []


def test_fault_in_a_line_is_told_with_its_number_and_nothing_is_kept(receiver: Receiver) -> None:
    answer = receiver.post(b'{"a": 1}\n\n {"a" 2}\n{"a": 3}\n', LINES)

    assert (answer.status, answer.content) == (400, {"fault": "not JSON: Expecting ':' delimiter", "line": 3, "offset": 16})
    assert receiver.records == []


@pytest.mark.parametrize("compress", [gzip.compress, lambda body: gzip.compress(body[:5]) + gzip.compress(body[5:])])
def test_gzip_is_decompressed_in_one_or_several_members(receiver: Receiver, compress: Any) -> None:
    receiver.post(compress(b'[{"a": 1},{"a": 2}]'), GZIP)

    assert receiver.records == [b'{"a": 1}', b'{"a": 2}']


@pytest.mark.parametrize(
    ("body", "fault", "offset"),
    [
        (b"{}", "not gzip: Error -3 while decompressing data: incorrect header check", 0),
        (zlib.compress(b"{}"), "not gzip: Error -3 while decompressing data: incorrect header check", 0),
        (gzip.compress(b"{}", mtime=0)[:-3], "the gzip stream ends too early", 19),
        (gzip.compress(b"{}", mtime=0) + b"more", "not gzip: Error -3 while decompressing data: incorrect header check", 22),
        (gzip.compress(b"{}", mtime=0)[:-1] + b"x", "not gzip: Error -3 while decompressing data: incorrect length check", 0),
        (b"", "the gzip stream ends too early", 0),
    ],
)
def test_fault_in_gzip_is_told(receiver: Receiver, body: bytes, fault: str, offset: int) -> None:
    answer = receiver.post(body, GZIP)

    assert (answer.status, answer.content) == (400, {"fault": fault, "offset": offset})


def test_bomb_is_stopped_before_it_takes_memory(receivers: Receivers) -> None:
    receiver = receivers(max_body_bytes=1_000_000)
    bomb = gzip.compress(bytes(200_000_000), 9)
    tracemalloc.start()

    answer = receiver.post(bomb, GZIP)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (answer.status, answer.content["fault"]) == (413, "the body is larger than 1000000 bytes; send less at once")
    assert peak < 10_000_000


def test_array_of_nothing_much_takes_little_memory(receiver: Receiver) -> None:
    body = b"[" + b"{}," * 2_500_000 + b"{}]"
    tracemalloc.start()

    answer = receiver.post(body)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (answer.status, answer.content["fault"]) == (413, "there are more than 10000 records; send less at once")
    assert peak < 60_000_000


@pytest.mark.parametrize("body", [b"[" + b"{}," * 10 + b"{}]", b"{}\n" * 11])
def test_records_are_counted(receivers: Receivers, body: bytes) -> None:
    receiver = receivers(max_records=10)

    answer = receiver.post(body, LINES if body.startswith(b"{") else {})

    assert (answer.status, receiver.records) == (413, [])


def test_body_that_is_just_not_too_large_is_taken(receivers: Receivers) -> None:
    receiver = receivers(max_body_bytes=1024)

    sizes = [receiver.post(b'{"a":"' + b"x" * (size - 8) + b'"}').status for size in (1024, 1025)]

    assert sizes == [200, 413]


@pytest.mark.parametrize(
    ("headers", "fault", "advice"),
    [
        (
            {"Content-Type": "application/x-www-form-urlencoded"},
            "content type 'application/x-www-form-urlencoded' is not understood; "
            "send application/json, application/x-ndjson or text/plain",
            ("Accept", "application/json, application/x-ndjson, text/plain"),
        ),
        (
            {"Content-Type": "application/json; charset=utf-16"},
            "charset 'utf-16' is not understood; send UTF-8",
            ("Accept", "application/json, application/x-ndjson, text/plain"),
        ),
        (
            {"Content-Encoding": "br"},
            "content encoding 'br' is not understood; send gzip, or leave it as it is",
            ("Accept-Encoding", "gzip, identity"),
        ),
    ],
)
def test_what_is_not_understood_is_told_with_what_is(
    receiver: Receiver, headers: dict[str, str], fault: str, advice: tuple[str, str]
) -> None:
    answer = receiver.post(b"{}", headers)

    assert (answer.status, answer.content) == (415, {"fault": fault})
    assert answer.headers[advice[0]] == advice[1]


def test_group_of_alertmanager_is_a_record_for_each_alert(receiver: Receiver) -> None:
    alerts = [
        {"status": status, "labels": {"alertname": "A"}, "startsAt": "2026-01-01T00:00:00Z", "fingerprint": status}
        for status in ("firing", "resolved")
    ]
    group = {"version": "4", "groupKey": "{}:{}", "receiver": "r", "externalURL": "http://am.example", "status": "firing"}

    answer = receiver.post(json.dumps({**group, "truncatedAlerts": 3, "alerts": alerts}).encode())

    about = {"receiver": "r", "groupKey": "{}:{}", "externalURL": "http://am.example"}
    (batch,) = receiver.spool.read(receiver.spool.begin, receiver.spool.end)
    assert answer.content == {"kept": 2, "repeated": 0}
    assert receiver.values == [{**about, **alert} for alert in alerts]
    assert batch.lost == 3


@pytest.mark.parametrize("alerts", ["7", "[7]", '[{"status": "firing"}]', "{}"])
def test_what_only_looks_like_alertmanager_is_an_object_like_any_other(receiver: Receiver, alerts: str) -> None:
    body = f'{{"groupKey": "x", "alerts": {alerts}}}'.encode()

    receiver.post(body)

    assert receiver.records == [body]
