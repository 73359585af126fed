"""How notifications become the bytes of a mail."""

from __future__ import annotations

import hashlib
from base64 import encodebytes
from collections.abc import Sequence
from contextlib import suppress
from email.headerregistry import Address
from email.utils import formatdate

from alert_core import DeliveryError, Notification, Severity
from alert_core.model import severity_rank
from alert_email._address import parse_address
from alert_email._facts import heading
from alert_email._html import html_of, html_of_many
from alert_email._neutral import LINE_LIMIT, header, one_line
from alert_email._text import text_of, text_of_many
from alert_email.settings import EmailSettings

__all__ = ["Letterhead", "sender_address"]

_IMPORTANCE = {
    Severity.CRITICAL: ("high", "1 (Highest)"),
    Severity.MAJOR: ("high", "2 (High)"),
    Severity.MINOR: ("normal", "3 (Normal)"),
    Severity.LOW: ("low", "4 (Low)"),
    Severity.INFORMATION: ("low", "5 (Lowest)"),
}


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
        self.recipients = settings.recipients
        headers = {
            "From": _address(self.sender),
            "Reply-To": _list((settings.reply_to,)) if settings.reply_to else "",
            "To": _list(settings.to) or "undisclosed-recipients:;",
            "Cc": _list(settings.cc),
            "Auto-Submitted": "auto-generated",
            # What Exchange looks at instead.
            "X-Auto-Response-Suppress": "OOF, AutoReply",
            "MIME-Version": "1.0",
        }
        self._head = _lines({name: value for name, value in headers.items() if value})

    def compose(self, notification: Notification, *, key: str) -> bytes:
        """The whole mail, lines ending in CR LF.

        Args:
            notification: What to tell.
            key: Idempotency key; the Message-ID is made of it, so that a mail sent twice can be recognised.
        """
        thread = self._id(_digest(notification.condition, notification.key))
        headers = {
            "Subject": header(heading(notification)),
            # Repeats of one condition for one key hang on a mail that never was, so that readers show them together.
            "In-Reply-To": thread,
            "References": thread,
            "X-Alert-Id": header(one_line(notification.id)),
            "X-Alert-Condition": header(one_line(notification.condition)),
            "X-Alert-Kind": header(one_line(notification.kind)),
            "X-Alert-Severity": notification.severity.value,
            "X-Alert-Time": notification.time.isoformat(),
        }
        return self._mail(headers, key, notification.severity, text_of(notification), html_of(notification))

    def compose_many(self, batch: Sequence[Notification], *, keys: Sequence[str]) -> bytes:
        """One mail with several notifications, in the order in which they come.

        Args:
            batch: What to tell; at least two.
            keys: Their idempotency keys.
        """
        worst = max(batch, key=lambda each: severity_rank(each.severity))
        title = f"{len(batch)} notifications: {heading(worst)}, and {len(batch) - 1} more"
        headers = {"Subject": header(title), "X-Alert-Count": str(len(batch)), "X-Alert-Severity": worst.severity.value}
        return self._mail(headers, _digest(*keys), worst.severity, text_of_many(title, batch), html_of_many(title, batch))

    def _mail(self, headers: dict[str, str], key: str, severity: Severity, text: str, html: str) -> bytes:
        importance, priority = _IMPORTANCE[severity]
        boundary = f"=_{key}"
        headers |= {
            "Date": formatdate(localtime=True),
            "Message-ID": self._id(key),
            "Importance": importance,
            "X-Priority": priority,
            "Content-Type": f'multipart/alternative; boundary="{boundary}"',
        }
        parts = (_part("plain", text), _part("html", html))
        body = b"".join(b"\r\n--%b\r\n%b" % (boundary.encode(), part) for part in parts)
        return b"%b%b%b\r\n--%b--\r\n" % (self._head, _lines(headers), body, boundary.encode())

    def _id(self, local: str) -> str:
        return f"<{local}@{self.sender.domain}>"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _lines(headers: dict[str, str]) -> bytes:
    # UTF-8 is needed, and allowed by SMTPUTF8, for addresses whose local part is not ASCII; all other text is encoded already.
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()


def _part(subtype: str, text: str) -> bytes:
    """Readable as it stands where possible; anything that a server or a mailbox file might change travels as base64."""
    if text.isascii() and "\n--" not in text and "\nFrom " not in f"\n{text}" and max(map(len, text.split("\n"))) <= LINE_LIMIT:
        charset, encoding, content = "us-ascii", "7bit", text.encode()
    else:
        charset, encoding, content = "utf-8", "base64", encodebytes(text.encode())
    start = f'Content-Type: text/{subtype}; charset="{charset}"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return start.encode() + content.replace(b"\n", b"\r\n")


def _address(address: Address) -> str:
    name = header(address.display_name)
    return str(address) if name == address.display_name else f"{name} <{address.addr_spec}>"


def _list(addresses: tuple[str, ...]) -> str:
    return ",\r\n ".join(_address(parse_address(text)) for text in addresses)
