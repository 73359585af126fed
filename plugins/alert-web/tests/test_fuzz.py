"""Notifications as an attacker would word them: the request stays the one that was configured, and the text arrives equal."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
import pytest

from alert_core import Context, Notification
from alert_core.testing.hostile import amount, notifications
from alert_web import WebAction, WebSettings

pytestmark = pytest.mark.fuzz

HEADERS = {"X-Title": "[{{ severity }}] {{ subject }}", "X-Computer": "{{ computer }}", "X-Key": {"env": "HOOK_KEY"}}
NAMES = [
    b"Host", b"User-Agent", b"Accept-Encoding", b"Content-Type", b"X-Key", b"X-Title", b"X-Computer", b"Idempotency-Key",
    b"X-Alert-Timestamp", b"X-Alert-Signature", b"Content-Length",
]  # fmt: skip


class Receiver(socketserver.ThreadingTCPServer):
    """Takes requests byte by byte, without a parser that could forgive anything."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.port = self.server_address[1]
        self.got: list[tuple[bytes, bytes]] = []


class Conversation(socketserver.BaseRequestHandler):
    server: Receiver

    def handle(self) -> None:
        data = b""
        while piece := self.request.recv(1 << 20):
            data += piece
            head, end, body = data.partition(b"\r\n\r\n")
            # More than was announced is never complete, so the action would wait for its answer in vain.
            if end and len(body) == length(head):
                self.server.got.append((head, body))
                self.request.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                data = b""


def length(head: bytes) -> int:
    [size] = [line.split(b": ")[1] for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")]
    return int(size)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever, args=(0.02,))
        thread.start()
        yield receiver
        receiver.shutdown()
        thread.join()


def action(receiver: Receiver, path: str = "/", **settings: Any) -> WebAction:
    given = {"url": f"http://127.0.0.1:{receiver.port}{path}", "headers": HEADERS, "signature": {"secret": "s"}} | settings
    return WebAction(WebSettings.model_validate(given), Context(name="hook"))


def header(head: bytes, name: bytes) -> str:
    return next(line for line in head.split(b"\r\n") if line.startswith(name + b": "))[len(name) + 2 :].decode()


def assert_only_our_headers(head: bytes) -> None:
    # Splitting at every line end that some receiver might accept.
    assert [line.split(b":")[0] for line in head.splitlines()[1:]] == NAMES


def one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text[:500])


def test_hostile_notification_stays_in_its_place(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_KEY", "k3y")
    path = "/a/{{ condition }}/{{ type }}{{ event.user }}/b?x={{ event.computer }}&y={{ event.message }}"

    with closing(action(receiver, path)) as hook:
        for sample in notifications(amount()):
            hook.send(sample)
            head, body = receiver.got.pop()

            assert_only_our_headers(head)
            assert_target_holds(head.split(b"\r\n")[0].decode("ascii"), sample)
            assert header(head, b"X-Title") == f"[{sample.severity}] {one_line(sample.subject)}".strip()
            assert header(head, b"X-Computer") == one_line(sample.computer).strip()
            assert msgspec.json.decode(body, type=Notification) == sample


def assert_target_holds(line: str, sample: Notification) -> None:
    method, target, version = line.split(" ")
    path, query = target.split("?")
    before, first, condition, second, last = path.split("/")
    assert (method, version, before, first, last) == ("POST", "HTTP/1.1", "", "a", "b")
    assert unquote(unstepped(condition)) == sample.condition
    assert unquote(unstepped(second)) == sample.type + sample.event.user
    x, y = query.split("&")
    assert (unquote(x), unquote(y)) == (f"x={sample.event.computer}", f"y={sample.event.message}")


def unstepped(piece: str) -> str:
    return piece.replace("%252E", ".") if piece in ("%252E", "%252E%252E") else piece


def test_hostile_text_arrives_equal_in_every_kind_of_body(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_KEY", "k3y")
    fields = {"subject": "{{ subject }}", "body": "{{ body }}"}
    json_text = {"body": "text", "text": '{"subject": "{{ subject }}", "body": "{{ body }}"}'}
    kinds: list[dict[str, Any]] = [
        {"fields": fields},
        {"body": "form", "fields": fields},
        {"body": "text", "text": "{{ subject }}\0{{ body }}"},
        {"headers": HEADERS | {"Content-Type": "application/json"}, **json_text},
    ]
    reads = [json.loads, read_form, read_text, json.loads]

    with ExitStack() as stack:
        hooks = [stack.enter_context(closing(action(receiver, **each))) for each in kinds]
        for place, sample in enumerate(notifications(amount(), seed=1)):
            kind = place % len(kinds)
            hooks[kind].send(sample)
            head, body = receiver.got.pop()

            assert_only_our_headers(head)
            assert reads[kind](body) == {"subject": sample.subject, "body": sample.body}


def read_form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True))


def read_text(body: bytes) -> dict[str, str]:
    subject, _, rest = body.decode().partition("\0")
    return {"subject": subject, "body": rest}


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_hostile_batch_has_as_many_members_as_it_should(receiver: Receiver, form: str) -> None:
    batch = list(notifications(amount() // 4, seed=2))

    with closing(action(receiver, batch=True, batch_format=form, headers={}, signature=None)) as hook:
        for start in range(0, len(batch), 50):
            hook.send_many(batch[start : start + 50])

    got = [
        one for _, body in receiver.got for one in (json.loads(body) if form == "json" else map(json.loads, body.splitlines()))
    ]
    assert [msgspec.convert(one, Notification) for one in got] == batch
