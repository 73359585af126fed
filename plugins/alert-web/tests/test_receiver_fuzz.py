"""Requests as no sender would make them: each is answered as HTTP or hung up on, nothing breaks, nothing but JSON is kept."""

from __future__ import annotations

import gc
import gzip
import json
import random
import re
import socket
from typing import TYPE_CHECKING

import pytest

from alert_core.testing.hostile import amount, notifications

if TYPE_CHECKING:
    from conftest import Hooks, Receiver, Receivers

BODY = b'[{"type": "a", "text": "\xc3\xbc\\ud83d\\ude00"}, {"n": 1.5e3, "list": [true, null, {}]}]'
SEEDS = (
    b"POST /events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY),
    b"POST /events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"POST /events HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: 9\r\n\r\n{}\n{}\n{}\n",
    b"POST /events HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s"
    % (len(gzip.compress(BODY, mtime=0)), gzip.compress(BODY, mtime=0)),
    b"POST /events HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nIdempotency-Key: k\r\nContent-Length: 2\r\n\r\n{}",
    b'POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: 37\r\n\r\n{"groupKey": "x", "alerts": [{}, {}]}',
)
PIECES = (
    b"\r\n",
    b"\n",
    b"\0",
    b"\xff\xfe",
    b": ",
    b"9" * 30,
    b"{" * 50,
    b'"',
    b"Content-Length: 5\r\n",
    b"\x1f\x8b",
    b"chunked",
)


def spoilt(chance: random.Random) -> bytes:
    text = chance.choice(SEEDS) + chance.choice((b"", b"", chance.choice(SEEDS)))
    for _ in range(chance.randint(1, 3)):
        at, upto = sorted(chance.randrange(len(text) + 1) for _ in range(2))
        upto = min(upto, at + 20)
        text = chance.choice((text[:at], text[:at] + text[upto:], text[:at] + chance.choice(PIECES) + text[upto:]))
    return text


@pytest.mark.fuzz
def test_spoilt_requests_are_answered_or_hung_up_on(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(1)

    for _ in range(amount()):
        text = spoilt(chance)
        answer = receiver.say(text)
        assert re.match(rb"HTTP/1\.1 [1-5]\d\d |\Z", answer), text

    assert receiver.post(b"{}").status == 200
    gc.collect()  # what asyncio has to say about a task that broke, it says now
    assert [record.getMessage() for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []
    assert all(isinstance(json.loads(record.decode("utf-8", "replace")), dict) for record in receiver.records)


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_request_cut_in_two_at_any_byte_is_the_same_request(receiver: Receiver, seed: bytes) -> None:
    whole = receiver.say(seed)
    number = len(receiver.records)

    for cut in range(1, len(seed)):
        with receiver.connect() as wire:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire.sendall(seed[:cut])
            wire.sendall(seed[cut:])
            wire.shutdown(socket.SHUT_WR)
            assert receiver.read_all(wire).split(b"\r\n")[0] == whole.split(b"\r\n")[0], cut

    assert receiver.records == receiver.records[:number] * len(seed)


@pytest.mark.fuzz
def test_hostile_notifications_of_our_own_action_arrive_each_once(receivers: Receivers, hooks: Hooks) -> None:
    receiver = receivers(token="sesame-0815", signature={"secret": "s3cret-key"})
    settings = {
        "url": f"http://127.0.0.1:{receiver.port}/events",
        "auth": "bearer",
        "token": "sesame-0815",
        "signature": {"secret": "s3cret-key"},
    }
    hook = hooks(**settings, batch=True)
    sent = list(notifications(amount()))

    for first in range(0, len(sent), 100):
        hook.send_many(sent[first : first + 100])

    assert [value["id"] for value in receiver.values] == list(dict.fromkeys(each.id for each in sent))
