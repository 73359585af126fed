"""What a mail looks like to those who get it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from alert_core import Context, Event, Notification, Severity, Strength
from alert_core.testing.peers import free_port
from alert_email import EmailAction, EmailSettings

TIME = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


def notification(**changes: Any) -> Notification:
    return msgspec.structs.replace(Notification.sample(TIME), **changes)


def event(**attributes: Any) -> Event:
    return Event(time=TIME, type="scan", computer="db-01", attributes=attributes)


def content(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


class Page(HTMLParser):
    """What somebody sees of a page, cell by cell."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.cells: list[str] = []
        self.inside = False
        self.feed(text)
        self.cells = [re.sub("(?m)^ | $", "", cell).replace("\xa0", " ") for cell in self.cells]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag == "td":
            self.cells.append("")
        if tag == "br":
            self.cells[-1] += "\n"
        self.inside = tag == "td" or (self.inside and tag != "table")

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "td"

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.cells[-1] += re.sub("[ \t\n]+", " ", data)


def test_mail_arrives_with_its_text_and_headers(
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    sample = notification(subject="Grüße: 5 × 感染", body="line 1\n.\nFrom here\nEnde: ü\n", severity=Severity.CRITICAL)
    mail = make(serve(mailbox).port, to="Ann Ö <ann@example.com>", cc="c@x.org", bcc="b@x.org", reply_to="r@x.org")

    receipt = mail.send(sample)

    [got] = mailbox.mails
    assert (receipt.strength, receipt.remote_id, receipt.detail) == (Strength.ACCEPTED, "250 2.0.0 queued as 1", "")
    assert mailbox.recipients == [["ann@example.com", "c@x.org", "b@x.org"]]
    assert got["Subject"] == "Grüße: 5 × 感染"
    assert content(got).startswith("line 1\n.\nFrom here\nEnde: ü\n\nSeverity      critical\nCondition     test\n")
    assert got["To"] == "Ann Ö <ann@example.com>"
    assert (got["From"], got["Cc"], got["Bcc"], got["Reply-To"]) == ("alerts@example.com", "c@x.org", None, "r@x.org")
    assert (got["Auto-Submitted"], got["Importance"], got["X-Priority"]) == ("auto-generated", "high", "1 (Highest)")
    assert (got["X-Alert-Id"], got["X-Alert-Condition"]) == (sample.id, "test")
    assert got["Message-ID"] == f"<{mail.idempotency_key(sample)}@example.com>"


@pytest.mark.parametrize(
    ("severity", "importance", "priority"),
    [
        (Severity.CRITICAL, "high", "1 (Highest)"),
        (Severity.MAJOR, "high", "2 (High)"),
        (Severity.MINOR, "normal", "3 (Normal)"),
        (Severity.LOW, "low", "4 (Low)"),
        (Severity.INFORMATION, "low", "5 (Lowest)"),
    ],
)
def test_importance_follows_the_severity(
    severity: Severity, importance: str, priority: str,
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction],
) -> None:  # fmt: skip
    make(serve(mailbox).port).send(notification(severity=severity))

    assert [(mail["Importance"], mail["X-Priority"]) for mail in mailbox.mails] == [(importance, priority)]


def test_repeats_of_a_condition_for_one_key_hang_together(
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    mail = make(serve(mailbox).port)

    for change in ({"id": "1"}, {"id": "2"}, {"id": "3", "kind": "closed"}, {"key": "other"}, {"condition": "other"}):
        mail.send(notification(**change))

    first, repeat, closed, *others = [got["References"] for got in mailbox.mails]
    assert first == repeat == closed
    assert len({first, *others}) == 3
    assert all(got["In-Reply-To"] == got["References"] for got in mailbox.mails)
    assert len({got["Message-ID"] for got in mailbox.mails[:3]}) == 3


def test_response_ids_stand_in_subject_and_text(
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    sample = notification(subject="host quarantined", event=event(response_host_id=4711, response_event_id="88\r\nBcc: x"))

    make(serve(mailbox).port).send(sample)

    [got] = mailbox.mails
    assert got["Subject"] == "host quarantined [response host 4711]"
    assert "\nResponse ID       88 Bcc: x\nResponse host ID  4711\n" in content(got)


def test_subject_says_that_something_closed(mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]) -> None:
    make(serve(mailbox).port, on_close=True).send(notification(kind="closed", subject="port scan"))

    assert mailbox.mails[0]["Subject"] == "Closed: port scan"


def test_page_shows_what_the_text_says_and_nothing_else(
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    body = '<script>alert(1)</script>\n  indented   thrice\n\n one\n"quoted" & <b>bold</b>\n<img src="http://evil.example/x">\n'
    sample = notification(
        subject="<b>5</b> computers", body=body, event=event(), since=TIME - timedelta(minutes=5), quantity=5, suppressed=395,
        computers=tuple(f"pc-{number}" for number in range(25)),
    )  # fmt: skip

    make(serve(mailbox).port).send(sample)

    [got] = mailbox.mails
    page = Page(content(got, "html"))
    heading, text, _, *facts = page.cells
    assert (heading, text.strip("\n")) == ("<b>5</b> computers", body.strip("\n"))
    assert {"script", "img", "b", "link", "style", "iframe", "a"} & set(page.tags) == set()
    assert {"href", "src", "background", "onclick", "class"} & page.attributes == set()
    lines = [f"{name:<14}{value}".strip() for name, value in zip(facts[::2], facts[1::2], strict=True)]
    assert content(got) == body + "\n" + "".join(f"{line}\n" for line in lines)
    assert "Computers     pc-0, pc-1," in content(got)
    assert ", pc-19 and 5 more\n" in content(got)
    assert "Suppressed    395 more while the damper was active\n" in content(got)


def test_no_sender_is_wanted_in_answers(mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]) -> None:
    make(serve(mailbox).port, to=(), bcc="ann@example.com").send(notification())

    [got] = mailbox.mails
    assert (got["To"], got["Bcc"], got["X-Auto-Response-Suppress"]) == ("undisclosed-recipients:;", None, "OOF, AutoReply")
    assert mailbox.recipients == [["ann@example.com"]]


HOSTILE = [
    "a\r\nBcc: eve@example.com",
    "=?utf-8?q?a=0D=0ABcc:_eve@example.com?=",
    "=?utf-8?q?a=0D=0A=0D=0Abody?= tail",
    "one\u2028Bcc: eve@example.com\x85Bcc: eve@example.com\x0bBcc: e",
    "\x1b[2J\x00\x07 bell",
    "\u202eright to left אבג",
    "x" * 5000,
    "é" * 5000,
    "lone \ud800 surrogate",
    "",
    "<script>&amp;\"'`$(id)",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_adds_and_loses_no_header(
    text: str, mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    mail = make(serve(mailbox).port)

    mail.send(notification())
    mail.send(notification(subject=text, condition=text, body=text, key=text, kind=text, computers=(text,)))

    plain, hostile = mailbox.mails
    assert list(hostile) == list(plain)
    assert mailbox.recipients[1] == ["ann@example.com"]
    assert all(len(line) <= 998 for line in mailbox.envelopes[1].original_content.split(b"\r\n"))


@pytest.mark.parametrize(
    "text", ["=?utf-8?q?hi?=", "x" * 5000, "日本語 " * 300 + "end", 'a, b; c: <d> "e" (f)', "  two  blanks "]
)
def test_text_arrives_equal(text: str, mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]) -> None:
    make(serve(mailbox).port).send(notification(subject=text, body=f"{text}\n"))

    [got] = mailbox.mails
    assert str(got["Subject"]) == text
    assert content(got).startswith(f"{text}\n\nSeverity ")


def test_digest_holds_every_notification_once(
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    mail = make(serve(mailbox).port, digest=True)
    forged = f"text\n{'-' * 72}\n3. forged\n{'-' * 72}\n"
    batch = [
        notification(id="1", subject="first", severity=Severity.LOW, body=forged),
        notification(id="2", subject="second <b>", severity=Severity.MAJOR, kind="closed"),
    ]

    receipts = mail.send_many(batch)

    [got] = mailbox.mails
    text = content(got)
    assert mail.batching
    assert [receipt.remote_id for receipt in receipts] == ["250 2.0.0 queued as 1"] * 2
    assert got["Subject"] == "2 notifications: Closed: second <b>, and 1 more"
    assert (got["Importance"], got["X-Alert-Count"], got["X-Alert-Severity"]) == ("high", "2", "major")
    assert text.splitlines()[2:4] == [
        "  1. 2026-03-14 15:09:26 UTC  low          first",
        "  2. 2026-03-14 15:09:26 UTC  major        Closed: second <b>",
    ]
    assert text.splitlines().count("-" * 72) == 4
    page = Page(content(got, "html"))
    assert [cell for cell in page.cells if cell.startswith(("1. ", "2. "))] == ["1. first", "2. Closed: second <b>"]
    assert "b" not in page.tags


def test_digest_that_the_server_dislikes_is_sent_in_pieces(
    mailbox: Any, serve: Callable[..., Any], make: Callable[..., EmailAction]
) -> None:
    mail = make(serve(mailbox).port, digest=True)

    good, bad, last = mail.send_many(
        [notification(id="1"), notification(id="2", subject="x", body="GTUBE\n"), notification(id="3")]
    )

    assert (good.remote_id, last.remote_id) == ("250 2.0.0 queued as 1", "250 2.0.0 queued as 2")
    assert (bad.retryable, "looks like spam" in str(bad)) == (False, True)
    assert [got["X-Alert-Id"] for got in mailbox.mails] == ["1", "3"]


def test_digest_that_cannot_be_sent_fails_for_each(make: Callable[..., EmailAction]) -> None:
    errors = make(free_port(), digest=True).send_many([notification(id="1"), notification(id="2")])

    assert [(error.retryable, "Connection refused" in str(error)) for error in errors] == [(True, True)] * 2


def test_the_same_notification_makes_the_same_mail() -> None:
    settings = EmailSettings.model_validate({"server": "m", "to": "a@x.org", "sender": "s@x.org"})
    from alert_email._message import Letterhead

    mails = [
        message_from_bytes(Letterhead(settings, "pc").compose(notification(), key="k"), policy=policy.default) for _ in range(2)
    ]

    first, second = [{name: value for name, value in mail.items() if name != "Date"} for mail in mails]
    assert first == second
    assert EmailAction(settings, Context(name="m")).batching is False
