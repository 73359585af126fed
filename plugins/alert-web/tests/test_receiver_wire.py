"""Bytes on the wire, as careful, careless, slow and hostile senders put them there."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
import tracemalloc
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from alert_core import SourceError

if TYPE_CHECKING:
    from conftest import Receiver, Receivers, Until

HEAD = b"POST /events HTTP/1.1\r\nHost: x\r\n"
GOOD = HEAD + b"Content-Length: 2\r\n\r\n{}"


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def fault(answer: bytes) -> str:
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["fault"])


def read_answer(wire: socket.socket) -> bytes:
    """One answer of a connection that stays open."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += wire.recv(1)
    length = re.search(rb"(?i)content-length: (\d+)", got)
    while length and len(got.partition(b"\r\n\r\n")[2]) < int(length[1]):
        got += wire.recv(1)
    return got


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/events", 200),
        (b"/events?from=me", 200),
        (b"/%65vents", 200),
        (b"http://x/events", 200),
        (b"/", 404),
        (b"/events/", 404),
        (b"/Events", 404),
        (b"/x/../events", 404),
        (b"//events", 404),
        (b"*", 404),
        (b"http://[/events", 400),
    ],
)
def test_path_is_the_one_that_is_set(receiver: Receiver, target: bytes, expected: int) -> None:
    answer = receiver.say(b"POST " + target + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")

    assert status(answer) == expected


@pytest.mark.parametrize("method", [b"GET", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"HEAD"])
def test_other_methods_are_told_the_right_one(receiver: Receiver, method: bytes) -> None:
    answer = receiver.say(method + b" /events HTTP/1.1\r\nHost: x\r\n\r\n")

    assert status(answer) == 405
    assert b"Allow: POST\r\n" in answer
    assert answer.endswith(b"\r\n\r\n") == (method == b"HEAD")


def test_connection_takes_one_request_after_the_other(receiver: Receiver) -> None:
    with receiver.connect() as wire:
        answers = []
        for number in range(3):
            body = b'{"n": %d}' % number
            wire.sendall(HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            answers.append(status(read_answer(wire)))

    assert answers == [200] * 3
    assert receiver.values == [{"n": number} for number in range(3)]


def test_connection_goes_on_after_a_fault_in_the_body(receiver: Receiver) -> None:
    answer = receiver.say(HEAD + b"Content-Length: 1\r\n\r\nx" + GOOD)

    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"400", b"200"]


def test_requests_may_be_sent_before_earlier_ones_are_answered(receiver: Receiver) -> None:
    answer = receiver.say(GOOD * 50)

    assert answer.count(b"HTTP/1.1 200 OK") == 50
    assert len(receiver.records) == 50


def test_request_in_single_bytes_is_a_request(receiver: Receiver) -> None:
    with receiver.connect() as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in GOOD:
            wire.send(bytes([byte]))
        answer = read_answer(wire)

    assert status(answer) == 200


def test_chunks_become_one_body(receiver: Receiver) -> None:
    answer = receiver.say(HEAD + b'Transfer-Encoding: chunked\r\n\r\n3;x=y\r\n{"a\r\n5\r\n": 1}\r\n0\r\nX-Trailer: 1\r\n\r\n')

    assert status(answer) == 200
    assert receiver.values == [{"a": 1}]


def test_who_waits_for_a_word_to_go_on_gets_it(receiver: Receiver) -> None:
    with receiver.connect() as wire:
        wire.sendall(HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        first = read_answer(wire)
        wire.sendall(b"{}")
        second = read_answer(wire)

    assert [status(first), status(second)] == [100, 200]


def test_who_would_be_refused_is_not_asked_for_the_body(receivers: Receivers) -> None:
    receiver = receivers(token="sesame-0815")

    with receiver.connect() as wire:
        wire.sendall(HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        answer = receiver.read_all(wire)

    assert status(answer) == 401
    assert b"Connection: close" in answer


def test_answer_reaches_a_sender_that_does_not_stop_to_listen(receivers: Receivers) -> None:
    receiver = receivers(max_body_bytes=1024)

    answer = receiver.post(b"x" * 5_000_000)

    assert (answer.status, answer.headers["Connection"]) == (413, "close")


def test_length_that_is_not_known_before_is_limited_too(receivers: Receivers) -> None:
    receiver = receivers(max_body_bytes=1024)

    answer = receiver.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b" " * 1024 + b"\r\n" + b"1\r\n \r\n")

    assert status(answer) == 413


def test_old_version_of_http_is_answered_and_closed(receiver: Receiver) -> None:
    answer = receiver.say(b"POST /events HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}")

    assert status(answer) == 200
    assert b"Connection: close" in answer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"hello\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500) + b"\r\n\r\n", 400),
        (b"POST /events HTTP/2.0\r\n\r\n", 505),
        (b"POST /events HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 400),  # no Host
        (HEAD + b"Host: y\r\nContent-Length: 2\r\n\r\n{}", 400),
        (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
        (HEAD + b"Content-Length: -2\r\n\r\n{}", 400),
        (HEAD + b"Content-Length: 0x2\r\n\r\n{}", 400),
        (HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}", 400),
        (HEAD + b"Content-Length: 99999999999\r\n\r\n{}", 413),
        (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx0\r\n\r\n", 400),
        (HEAD + b"X Y: 1\r\nContent-Length: 2\r\n\r\n{}", 400),
        (HEAD + b"X: a\x00b\r\nContent-Length: 2\r\n\r\n{}", 400),
        (HEAD + b"X: " + b"a" * 20_000 + b"\r\n\r\n", 431),
        (HEAD + b"X: a\r\n" * 5000 + b"\r\n", 431),
        (b"POST /" + b"a" * 20_000, 431),
    ],
)
def test_what_is_not_http_is_refused(receiver: Receiver, text: bytes, expected: int) -> None:
    answer = receiver.say(text)

    assert status(answer) == expected
    assert b"Connection: close" in answer
    assert receiver.records == []


def test_answer_has_nothing_in_it_that_a_sender_could_use(receiver: Receiver) -> None:
    answer = receiver.say(HEAD + b'Content-Type: a\x1b[2J"/b\xff\r\nContent-Length: 2\r\n\r\n{}')

    assert re.fullmatch(rb"[\r\n -~]*", answer)


def test_sender_that_hangs_up_in_the_middle_leaves_nothing(receiver: Receiver) -> None:
    for text in (
        b"",
        HEAD[:10],
        HEAD,
        HEAD + b"Content-Length: 10\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{",
    ):
        with receiver.connect() as wire:
            wire.sendall(text)

    assert receiver.post(b'{"a": 1}').status == 200
    assert receiver.records == [b'{"a": 1}']


def test_sender_that_stops_in_the_middle_is_told_after_a_while(receivers: Receivers) -> None:
    receiver = receivers(wait_seconds=0.3)

    with receiver.connect() as head, receiver.connect() as body:
        head.sendall(HEAD)
        body.sendall(HEAD + b"Content-Length: 10\r\n\r\n{}")
        answers = [read_answer(head), read_answer(body)]

    assert [status(answer) for answer in answers] == [408, 408]
    assert fault(answers[0]) == "the request did not arrive within 0.3 seconds"


def test_two_hundred_slow_senders_do_not_delay_a_fast_one_and_take_little_memory(receiver: Receiver) -> None:
    with ExitStack() as stack:
        tracemalloc.start()
        wires = [stack.enter_context(receiver.connect()) for _ in range(200)]
        for wire in wires:
            wire.sendall(HEAD + b'Content-Length: 1000000\r\n\r\n{"a": "')
        done = threading.Event()

        def dribble() -> None:
            while not done.wait(0.2):
                for wire in wires:
                    wire.send(b"x")

        dribbling = threading.Thread(target=dribble)
        dribbling.start()
        times = []
        for _ in range(30):
            started = time.monotonic()
            assert receiver.post(b"{}").status == 200
            times.append(time.monotonic() - started)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        done.set()
        dribbling.join()

    assert sorted(times)[15] < 0.2
    assert peak < 30_000_000


def test_all_senders_together_may_hold_so_much_and_no_more(receivers: Receivers, until: Until) -> None:
    receiver, large = receivers(max_body_bytes=32_000_000), b'{"a":"' + b"x" * 24_000_000
    with ExitStack() as stack:
        wires = [stack.enter_context(receiver.connect()) for _ in range(3)]
        for wire in wires[:2]:
            wire.sendall(HEAD + b"Content-Length: 30000000\r\n\r\n" + large)
        third = wires[2]
        third.sendall(HEAD + b"Content-Length: 30000000\r\n\r\n" + large)
        answer = read_answer(third)

    assert (status(answer), fault(answer)) == (429, "too much is waiting to be written; send it again later")
    assert until(lambda: receiver.post(large[:20_000_000] + b'"}').status == 200)


def test_newcomer_takes_the_place_of_who_was_silent_for_longest(receivers: Receivers) -> None:
    receiver = receivers(max_connections=3)
    with ExitStack() as stack:
        first, silent, third = (stack.enter_context(receiver.connect()) for _ in range(3))
        for wire in (silent, third, first):
            wire.sendall(GOOD)
            assert status(read_answer(wire)) == 200

        assert receiver.post(b"{}").status == 200

        assert receiver.read_all(silent) == b""
        for wire in (third, first):
            wire.sendall(GOOD)
            assert status(read_answer(wire)) == 200


def test_senders_are_told_to_wait_while_nobody_takes_more(receivers: Receivers, until: Until) -> None:
    receiver = receivers(backlog_bytes=100_000)
    receiver.taking.clear()
    answers = []
    while not answers or answers[-1].status == 200:
        answers.append(receiver.post(b'{"a": "%s"}' % (b"x" * 60_000), {"Idempotency-Key": str(len(answers))}))
    key = {"Idempotency-Key": str(len(answers) - 1)}
    late = receiver.post(b'{"b": 1}')
    receiver.taking.set()

    stuck = answers.pop()
    assert 1 < len(answers) < 5
    assert (stuck.status, stuck.headers["Retry-After"]) == (503, "5")
    assert stuck.content["fault"].startswith("it takes too long to say whether this is kept")
    assert (late.status, late.headers["Retry-After"]) == (429, "5")
    assert late.content == {"fault": "events come faster than they can be taken; send it again later"}
    again = until(lambda: got if (got := receiver.post(b'{"a": "%s"}' % (b"x" * 60_000), key)).status == 200 else None)
    assert again.content == {"kept": 0, "repeated": 1}
    assert len(receiver.records) == len(answers) + 1


def test_disk_that_takes_nothing_is_no_yes_and_ends_the_run(receivers: Receivers, until: Until) -> None:
    receiver = receivers()
    receiver.post(b'{"a": 1}', {"Idempotency-Key": "1"})
    receiver.fill_disk()

    answer = receiver.post(b'{"a": 2}', {"Idempotency-Key": "2"})
    until(lambda: receiver.ended)

    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert isinstance(receiver.error, SourceError)
    again = receivers()
    assert again.post(b'{"a": 2}', {"Idempotency-Key": "2"}).content == {"kept": 1, "repeated": 0}
    assert again.values == [{"a": 1}, {"a": 2}]


def test_stopping_answers_who_has_sent_and_lets_the_others_go(receivers: Receivers, until: Until) -> None:
    receiver = receivers()
    with receiver.connect() as idle, receiver.connect() as half:
        idle.sendall(GOOD)
        read_answer(idle)
        half.sendall(HEAD + b"Content-Length: 2\r\n\r\n{")
        until(lambda: receiver.post(b"{}").status == 200)
        stopping = threading.Thread(target=receiver.stop)
        stopping.start()
        assert receiver.read_all(idle) == b""
        half.sendall(b"}")
        answer = receiver.read_all(half)
        stopping.join()

    assert (status(answer), fault(answer)) == (503, "the receiver is stopping; send it again later")
    assert b"Retry-After: 5\r\n" in answer
    assert len(receiver.records) == 2


def test_port_that_is_taken_is_told(receivers: Receivers, until: Until) -> None:
    first = receivers("first")

    second = receivers("second", port=first.port)
    until(lambda: second.ended)

    problem = f"cannot listen on port {first.port} of 127.0.0.1: Address already in use"
    assert str(second.error).startswith(problem)


def test_every_address_is_listened_at_if_none_is_set(receivers: Receivers) -> None:
    receiver = receivers(address="")

    statuses = []
    for host in ("127.0.0.1", "::1"):
        with socket.create_connection((host, receiver.port), 10) as wire:
            wire.sendall(GOOD)
            statuses.append(status(read_answer(wire)))

    batches = list(receiver.spool.read(receiver.spool.begin, receiver.spool.end))
    assert statuses == [200, 200]
    assert [batch.senders for batch in batches] == [("127.0.0.1",), ("::1",)]
