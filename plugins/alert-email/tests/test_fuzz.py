"""Ten thousand notifications as an attacker would word them: each becomes one mail with the right headers and the right text.

What is equal: the names of the headers, each once, and the recipients, always. The subject is the notification's to the letter;
so is the text up to the table of facts, once the characters that `shown` lists, which the core replaces before, are shown as
escapes. The page shows the same text, with blanks where the text has a tab or a blank that does not break.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import Message
from html import unescape
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from alert_core import Notification
from alert_core.testing import hostile
from alert_email import EmailAction

pytestmark = pytest.mark.fuzz

TOP = [
    "From", "Reply-To", "To", "Cc", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version", "Subject", "In-Reply-To",
    "References", "X-Alert-Id", "X-Alert-Condition", "X-Alert-Kind", "X-Alert-Severity", "X-Alert-Time", "Date", "Message-ID",
    "Importance", "X-Priority", "Content-Type",
]  # fmt: skip
DIGEST_TOP = [
    "From", "To", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version", "Subject", "X-Alert-Count", "X-Alert-Severity",
    "Date", "Message-ID", "Importance", "X-Priority", "Content-Type",
]  # fmt: skip
RULE = "-" * 72
PART = ["Content-Type", "Content-Transfer-Encoding"]
FACTS = re.compile(
    r"\nSeverity +[a-z]+\nCondition +.*\n(Computer +.*\n)?(Computers +.*\n)?Time +.*\n(Since +.*\n)?(Quantity +.*\n)?"
    r"(Suppressed +.*\n)?(Response ID +.*\n)?(Response host ID +.*\n)?Notification +[0-9a-f]{32}\n"
)
TAG = re.compile(r"<[^>]*>")


class Collector:
    """Keeps the mail that came last."""

    def __init__(self) -> None:
        self.count = 0
        self.last = Envelope()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.count += 1
        self.last = envelope
        return "250 OK"


def test_hostile_notifications_arrive_as_they_are(serve: Callable[..., Any], make: Callable[..., EmailAction]) -> None:
    collector = Collector()
    mail = make(serve(collector).port, to="Ann <ann@example.com>", cc="c@x.org", bcc="b@x.org", reply_to="r@x.org")

    for sent, notification in enumerate(hostile.notifications(hostile.amount()), 1):
        mail.send(notification)
        assert collector.count == sent
        check(notification, collector.last)


def test_hostile_notifications_stay_apart_in_a_digest(serve: Callable[..., Any], make: Callable[..., EmailAction]) -> None:
    collector = Collector()
    mail = make(serve(collector).port, digest=True)
    amount, batch = hostile.amount() // 10, []

    for notification in hostile.notifications(amount, seed=1):
        batch.append(notification)
        if len(batch) == 20:
            mail.send_many(batch)
            check_digest(batch, collector.last)
            batch.clear()

    assert collector.count == amount // 20


def check_digest(sent: list[Notification], envelope: Envelope) -> None:
    assert envelope.original_content is not None
    got = message_from_bytes(envelope.original_content)
    plain, page = got.get_payload()
    assert (list(got), list(plain), list(page)) == (DIGEST_TOP, PART, PART)
    text, _, sections = text_of(plain).partition(f"\n{RULE}")
    assert len(text.split("\n")) == len(sent) + 3
    pieces = f"\n{RULE}{sections}".split(f"\n{RULE}")[1:]
    assert [piece.strip("\n") for piece in pieces[::2]] == [f"{n}. {each.subject}" for n, each in enumerate(sent, 1)]
    for each, piece in zip(sent, pieces[1::2], strict=True):
        unindented = "\n".join(line.removeprefix("    ") for line in piece.strip("\n").split("\n"))
        assert unindented.startswith(shown(each.body).strip("\n"))
    assert text_of(page).count("<table") == 2 + 2 * len(sent)


def check(sent: Notification, envelope: Envelope) -> None:
    assert (envelope.mail_from, envelope.rcpt_tos) == ("alerts@example.com", ["ann@example.com", "c@x.org", "b@x.org"])
    assert envelope.original_content is not None
    assert max(map(len, envelope.original_content.split(b"\r\n"))) <= 998
    got = message_from_bytes(envelope.original_content)
    plain, page = got.get_payload()
    assert (list(got), list(plain), list(page)) == (TOP, PART, PART)
    assert got.defects == plain.defects == page.defects == []
    assert (got["To"], got["Cc"], got["Reply-To"]) == ("Ann <ann@example.com>", "c@x.org", "r@x.org")
    assert decoded(got, "Subject") == sent.subject
    assert (decoded(got, "X-Alert-Condition"), got["X-Alert-Id"]) == (blanks(sent.condition), sent.id)
    text = text_of(plain)
    body = shown(sent.body)
    assert text.startswith(body)
    assert FACTS.fullmatch(text[len(body) :].removeprefix("" if body.endswith("\n") or not body else "\n"))
    assert visible(text_in(text_of(page))) == visible(body)


def decoded(mail: Message, name: str) -> str:
    """What a present-day reader makes of a header."""
    return str(policy.default.header_fetch_parse(name, mail[name]))


def text_of(part: Any) -> str:
    return part.get_payload(decode=True).decode().replace("\r\n", "\n")


def blanks(text: str) -> str:
    """What a header or a cell makes of control characters and turned directions: one blank of a row of them."""
    return re.sub("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+", " ", text)


def shown(text: str) -> str:
    """What a text makes of control characters and turned directions: escapes."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]",
        lambda found: f"\\x{ord(found[0]):02x}" if ord(found[0]) < 256 else f"\\u{ord(found[0]):04x}",
        lines,
    )


def text_in(page: str) -> str:
    """The second cell of a page, as a browser shows it: blanks drawn together, none where a line begins."""
    cell = page.split("</td></tr>\n")[1].split("\n", 1)[1].removesuffix("\n")
    lines = (re.sub("[ \t\n]+", " ", TAG.sub("", line)).removeprefix(" ") for line in cell.split("<br>\n"))
    return unescape("\n".join(lines)).replace("\xa0", " ")


def visible(text: str) -> str:
    """What can be seen of a text: neither blanks where a line ends nor empty lines around it."""
    return "\n".join(line.rstrip(" ") for line in text.replace("\t", "    ").replace("\xa0", " ").strip("\n").split("\n"))
