"""Hostile notifications go to a real socket; each is read by the letter of its standard and compared with what was sent."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from queue import SimpleQueue
from typing import Any

import msgspec
import pytest

from alert_core import Context, Notification
from alert_core.testing.hostile import amount, notifications
from alert_core.wire import event_texts, restored
from alert_syslog import SyslogAction, SyslogSettings

pytestmark = pytest.mark.fuzz

LIMIT = 8192
MARK = "...[cut]"
LONG_NAME = "h" * 255
SEVERITIES = {"critical": 2, "major": 3, "minor": 4, "low": 5, "information": 6}
# RFC 5424, section 6, as written there.
HEADER = re.compile(
    r"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([!-~]{1,255}) ([!-~]{1,48}) - ([!-~]{1,32}) ", re.ASCII
)
NAME = r"[!#-<>-\\^-~]{1,32}"
PARAMETER = re.compile(rf' ({NAME})="((?:[^"\\\]]|\\["\\\]])*)"')
ELEMENT = re.compile(rf'\[({NAME})((?: {NAME}="(?:[^"\\\]]|\\["\\\]])*")*)\]')
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
BULKY = {"message", "attributes", "raw"}


class Strict:
    """One RFC 5424 message, read strictly; anything that the standard does not allow fails."""

    def __init__(self, message: bytes) -> None:
        text = message.decode("utf-8")
        header = HEADER.match(text)
        assert header, f"no header: {text[:200]!r}"
        self.priority, self.time, self.kind = int(header[1]), header[2], header[5]
        self.data: dict[str, dict[str, str]] = {}
        place = header.end()
        while element := ELEMENT.match(text, place):
            assert element[1] not in self.data, f"twice: {element[1]}"
            pairs = PARAMETER.findall(element[2])
            self.data[element[1]] = {name: restored(re.sub(r'\\(["\\\]])', r"\1", value)) for name, value in pairs}
            assert len(self.data[element[1]]) == len(pairs), f"a parameter came twice: {pairs}"
            place = element.end()
        if not self.data:
            assert text[place] == "-"
            place += 1
        assert text[place : place + 1] == " ", f"after structured data: {text[place : place + 50]!r}"
        self.text = text[place + 1 :]


def text_of(notification: Notification) -> str:
    body = notification.body.removesuffix("\n")
    return f"{notification.subject}: {body}" if body else notification.subject


def check_header(strict: Strict, sent: Notification) -> None:
    assert strict.priority == 16 * 8 + SEVERITIES[sent.severity.value]
    assert datetime.fromisoformat(strict.time) == sent.time
    assert strict.kind == (re.sub("[^!-~]", "_", sent.type[:32]) or "-")


def check_text(strict: Strict, sent: Notification, *, keep_lines: bool) -> None:
    text = strict.text
    if not text.isascii():
        assert text.startswith("\ufeff")
        text = text[1:]
    lines = text.split("\n\t")
    assert CONTROLS.search("".join(lines)) is None
    assert keep_lines or len(lines) == 1
    same(restored("\n".join(lines)), text_of(sent))
    own = {"id": sent.id, "severity": sent.severity.value, "kind": sent.kind, "condition": sent.condition, "key": sent.key}
    own |= {"quantity": str(sent.quantity), "computers": ",".join(sent.computers), "creator": sent.creator}
    own |= {"suppressed": str(sent.suppressed or ""), "since": sent.since.isoformat() if sent.since else ""}
    got = dict(strict.data["alert@32473"])
    assert len(got.pop("delivery")) == 32
    assert got == {name: value for name, value in own.items() if value}
    event = event_texts(sent.event) | {"severity": str(sent.event.severity)}
    event = {name: value for name, value in event.items() if value and name not in BULKY}
    assert strict.data.get("event@32473", {}) == event
    assert set(strict.data) <= {"alert@32473", "event@32473"}


def same(got: str, sent: str) -> None:
    """Compare two texts, of which the one that arrived may have been cut."""
    if got != sent:
        assert got.endswith(MARK), f"{got[:300]!r} != {sent[:300]!r}"
        assert sent.startswith(got.removesuffix(MARK))
        assert len(sent) > 1000


def read_cef(text: str) -> tuple[list[str], dict[str, str]]:
    parts = re.match(r"CEF:([01])\|" + r"((?:[^\\|]|\\[\\|])*)\|" * 6, text)
    assert parts, text[:200]
    header = [restored(re.sub(r"\\([\\|])", r"\1", part)) for part in parts.groups()]
    rest = text[parts.end() :]
    starts = list(re.finditer(r"(?:^| )([A-Za-z0-9]+)=", rest))
    assert starts[0].start() == 0
    ends = [start.start() for start in starts[1:]] + [len(rest)]
    raw = [(start[1], rest[start.end() : end]) for start, end in zip(starts, ends, strict=True)]
    assert all(re.fullmatch(r"(?:[^\\=]|\\[\\=nr])*", value, re.DOTALL) for _, value in raw)
    values = {"n": "\n", "r": "\r"}
    pairs = [(key, restored(re.sub(r"\\(.)", lambda m: values.get(m[1], m[1]), value))) for key, value in raw]
    assert len(dict(pairs)) == len(pairs)
    return header, dict(pairs)


def read_leef(text: str) -> tuple[list[str], dict[str, str]]:
    head, vendor, product, version, event_id, delimiter, rest = text.split("|", 6)
    assert (head, delimiter) == ("LEEF:2.0", "^")
    pairs = [pair.split("=", 1) for pair in rest.split("^")]
    assert len({key for key, _ in pairs}) == len(pairs)
    return [vendor, product, version, restored(event_id)], {key: restored(value) for key, value in pairs}


def check_cef(strict: Strict, sent: Notification) -> None:
    assert CONTROLS.search(strict.text) is None
    assert set(strict.data) == {"alert@32473"}
    header, got = read_cef(strict.text)
    assert (header[1:3], header[4]) == (["alert", "alert"], sent.condition)
    same(header[5], sent.subject)
    same(got.pop("msg", ""), sent.body)
    event = sent.event
    expected = {"externalId": sent.id, "alertKey": sent.key, "alertCreator": sent.creator, "alertEventId": event.id}
    expected |= {
        "alertSeverity": str(event.severity),
        "cat": event.type,
        "dhost": event.computer,
        "duser": event.user,
        "dproc": event.application,
    }
    expected |= {"act": event.action, "alertMessage": event.message, "alertRisk": event.risk, "proto": event.protocol}
    got |= {"src": got["c6a2"]} if "c6a2" in got else {}
    expected |= {"src": event.source_address, "alertGroup": event.group, "dvchost": event.server, "alertType": sent.type}
    assert {key: got.get(key, "") for key in expected} == expected
    assert json.loads(got.get("alertAttributes", "{}")) == event.attributes or MARK in got["alertAttributes"]
    same(got.get("rawEvent", ""), event.raw)


def check_leef(strict: Strict, sent: Notification) -> None:
    assert CONTROLS.search(strict.text) is None
    header, got = read_leef(strict.text)
    assert header[3] == sent.condition
    same(got.pop("msg", ""), sent.body)
    event = sent.event
    expected = {"alertId": sent.id, "alertKey": sent.key, "alertSubject": sent.subject, "cat": event.type}
    expected |= {"resource": event.computer, "usrName": event.user, "src": event.source_address, "alertMessage": event.message}
    expected |= {"policy": sent.condition, "alertGroup": event.group, "alertServer": event.server, "domain": event.domain}
    assert {key: got.get(key, "") for key in expected} == expected


def check_json(strict: Strict, sent: Notification) -> None:
    assert CONTROLS.search(strict.text) is None
    got = msgspec.json.decode(strict.text, type=Notification)
    if "cut" in got.event.flags:
        assert len(strict.text) > LIMIT / 4  # bytes; characters may have four
        assert (got.id, got.condition, got.key) == (sent.id, sent.condition, sent.key)
        same(got.body, sent.body)
    else:
        assert got == sent


@contextmanager
def datagrams() -> Iterator[tuple[int, Callable[[], bytes]]]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        yield server.getsockname()[1], lambda: server.recv(70_000)


@contextmanager
def counted() -> Iterator[tuple[int, Callable[[], bytes]]]:
    """A server that reads octet-counted messages as RFC 6587 has them, in a thread of its own."""
    queue: SimpleQueue[bytes] = SimpleQueue()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=read_counted, args=(server, queue))
        thread.start()
        yield server.getsockname()[1], lambda: queue.get(timeout=10)
        thread.join(10)
    assert not thread.is_alive()
    assert queue.empty()


def read_counted(server: socket.socket, queue: SimpleQueue[bytes]) -> None:
    connection, _ = server.accept()
    with connection, connection.makefile("rb") as stream:
        while True:
            digits = b""
            while (one := stream.read(1)) not in (b" ", b""):
                digits += one
            if not digits:
                return
            assert re.fullmatch(rb"[1-9]\d{0,5}", digits)
            queue.put(stream.read(int(digits)))


CHECKS = {"cef": check_cef, "leef": check_leef, "json": check_json}


def action_to(port: int, **given: Any) -> SyslogAction:
    settings = {"server": "127.0.0.1", "port": port, "hostname": "sensor", "max_bytes": LIMIT} | given
    return SyslogAction(SyslogSettings.model_validate(settings), Context(name="log"))


@pytest.mark.parametrize(
    ("server", "transport", "bodies"),
    [(datagrams, "udp", ("text", "json")), (datagrams, "udp", ("cef", "leef")), (counted, "tcp", ("text",))],
)
def test_nothing_is_added_or_lost_and_the_text_is_equal(server: Any, transport: str, bodies: tuple[str, ...]) -> None:
    with server() as (port, receive), ExitStack() as stack:
        actions = [(body, stack.enter_context(closing(action_to(port, transport=transport, body=body)))) for body in bodies]
        for sent in notifications(amount()):
            for body, action in actions:
                action.send(sent)
                raw = receive()
                assert len(raw) <= LIMIT
                strict = Strict(raw)
                check_header(strict, sent)
                if body == "text":
                    check_text(strict, sent, keep_lines=transport == "tcp")
                else:
                    CHECKS[body](strict, sent)


@pytest.mark.parametrize("body", ["text", *CHECKS])
@pytest.mark.parametrize("form", ["rfc5424", "rfc3164"])
def test_short_messages_stay_whole_in_every_form(form: str, body: str) -> None:
    given = {"body": body, "max_bytes": 1024, "format": form, "hostname": LONG_NAME}

    with datagrams() as (port, receive), closing(action_to(port, **given)) as log:
        for sent in notifications(amount() // 20):
            log.send(sent)
            raw = receive()
            assert len(raw) <= 1024
            read_short(raw, form, body)


def read_short(raw: bytes, form: str, body: str) -> None:
    text = Strict(raw).text if form == "rfc5424" else raw.decode().split(f"{LONG_NAME} ", 1)[1].removeprefix("alert: ")
    assert CONTROLS.search(text) is None
    if body == "cef":
        read_cef(text)
    elif body == "leef":
        read_leef(text)
    elif body == "json":
        msgspec.json.decode(text, type=Notification)
