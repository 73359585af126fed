"""How a notification becomes the bytes of a mail.

The standard library's `EmailMessage` is not used: it decodes encoded words in the text of a header, so that a subject taken
from an event, such as `=?utf-8?q?a=0D=0ABcc:_x@y?=`, would add a header (seen with Python 3.11). `Header` takes text as text.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from email import policy
from email.header import Header
from email.headerregistry import Address
from email.mime.text import MIMEText
from email.utils import formatdate

from alert_core import DeliveryError, Notification, Severity
from alert_email.settings import EmailSettings, parse_address

__all__ = ["Letterhead", "sender_address"]

_POLICY = policy.compat32.clone(linesep="\r\n", mangle_from_=False)
_LINE_LIMIT = 900  # RFC 5321 allows 998 bytes
_LONGEST_NAME = "X-Alert-Condition"  # room for it is left, else folding would put a blank before the text
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # control characters without tab and line feed
_IMPORTANCE = {Severity.CRITICAL: "high", Severity.MAJOR: "high", Severity.MINOR: "normal"}


def sender_address(settings: EmailSettings, computer: str) -> Address:
    """Who the mail is from: the sender that is set, else the user name, else SYSTEM@computer.

    Raises:
        DeliveryError: The computer's name does not fit into an address.
    """
    if settings.sender:
        return parse_address(settings.sender)
    for text in (settings.user, f"SYSTEM@{computer}" if computer.isascii() else ""):
        with suppress(ValueError):  # the user name of many servers is no address
            return parse_address(text)
    raise DeliveryError(f"computer name {computer!r} cannot be part of a sender's address; set sender", retryable=False)


class Letterhead:
    """What all mails of one action have in common, worked out once.

    Args:
        settings: Whom to tell, and in whose name.
        computer: Name of this computer, for a sender that is blank.

    Raises:
        DeliveryError: There is no sender.
    """

    def __init__(self, settings: EmailSettings, computer: str) -> None:
        self.sender = sender_address(settings, computer)
        headers = {
            "From": _address(self.sender),
            "Reply-To": _list((settings.reply_to,)) if settings.reply_to else "",
            "To": _list(settings.to) or "undisclosed-recipients:;",
            "Cc": _list(settings.cc),
            "Auto-Submitted": "auto-generated",
        }
        folded = {name: Header(value, header_name=name).encode(linesep="\r\n") for name, value in headers.items() if value}
        self._head = _lines(folded)

    def compose(self, notification: Notification, *, key: str) -> bytes:
        """The whole mail, lines ending in CR LF.

        Args:
            notification: What to tell.
            key: Idempotency key; the Message-ID is made of it, so that a mail sent twice can be recognised.
        """
        headers = {
            "Subject": _header(_one_line(notification.subject)),
            "Date": formatdate(localtime=True),
            "Message-ID": f"<{key}@{self.sender.domain}>",
            "Importance": _IMPORTANCE.get(notification.severity, "low"),
        }
        headers |= {f"X-Alert-{name}": _header(_one_line(value)) for name, value in _facts(notification).items()}
        return self._head + _lines(headers) + _text(_plain(notification.body)).as_bytes(policy=_POLICY)


def _lines(headers: dict[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("ascii")


def _facts(notification: Notification) -> dict[str, str]:
    facts = {
        "Id": notification.id,
        "Condition": notification.condition,
        "Kind": notification.kind,
        "Severity": notification.severity.value,
        "Time": notification.time.isoformat(),
    }
    return {name: value for name, value in facts.items() if value}


def _text(body: str) -> MIMEText:
    """Readable as it stands where possible; anything but short ASCII lines travels as base64."""
    short = body.isascii() and max(map(len, body.split("\n"))) <= _LINE_LIMIT
    return MIMEText(body, "plain", "us-ascii" if short else "utf-8", policy=policy.compat32)


def _header(text: str) -> str:
    """Text that a reader gets back as it is: encoded words unless it can be mistaken for nothing else."""
    if text.isascii() and "=?" not in text and len(text) <= _LINE_LIMIT:
        return text
    return Header(text, "utf-8", header_name=_LONGEST_NAME).encode(linesep="\r\n")


def _address(address: Address) -> str:
    name = _header(address.display_name)
    return str(address) if name == address.display_name else f"{name} <{address.addr_spec}>"


def _list(addresses: tuple[str, ...]) -> str:
    return ", ".join(_address(parse_address(text)) for text in addresses)


def _one_line(text: str) -> str:
    """Header text: every run of white space and control characters is one blank."""
    if text.isprintable():
        return " ".join(text.split())
    visible = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in _encodable(text))
    return " ".join(visible.split())


def _plain(text: str) -> str:
    """Body text: lines end in a line feed, other control characters are shown as escapes."""
    lines = _encodable(text).replace("\r\n", "\n").replace("\r", "\n")
    return _HIDDEN.sub(lambda found: f"\\x{ord(found[0]):02x}", lines)


def _encodable(text: str) -> str:
    """Lone surrogates cannot travel as UTF-8."""
    return text.encode("utf-8", "replace").decode()
