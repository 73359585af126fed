"""How a notification becomes the bytes of a mail.

The standard library's `EmailMessage` is not used: it decodes encoded words in the text of a header, so that a subject taken
from an event, such as `=?utf-8?q?a=0D=0ABcc:_x@y?=`, would add a header (seen with Python 3.11). `Header` takes text as text.
"""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from email import policy
from email.header import Header
from email.headerregistry import Address
from email.mime.text import MIMEText
from email.utils import formatdate

from alert_core import DeliveryError, Notification, Severity
from alert_email.settings import EmailSettings, parse_address

__all__ = ["compose", "sender_address"]

_POLICY = policy.compat32.clone(linesep="\r\n", mangle_from_=False)
_LINE_LIMIT = 900  # RFC 5321 allows 998 bytes
_LONGEST_NAME = "X-Alert-Condition"  # room for it is left, else folding would put a blank before the text
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


def compose(notification: Notification, settings: EmailSettings, *, sender: Address, key: str) -> bytes:
    """The whole mail, lines ending in CR LF.

    Args:
        notification: What to tell.
        settings: Whom to tell.
        sender: As `sender_address` worked out.
        key: Idempotency key; the Message-ID is made of it, so that a mail sent twice can be recognised.
    """
    mail = _text(_plain(notification.body))
    mail["Subject"] = _header(_one_line(notification.subject))
    mail["From"] = _address(sender)
    if settings.reply_to:
        mail["Reply-To"] = _address(parse_address(settings.reply_to))
    mail["To"] = _list(settings.to) or "undisclosed-recipients:;"
    if settings.cc:
        mail["Cc"] = _list(settings.cc)
    mail["Date"] = formatdate(localtime=True)
    mail["Message-ID"] = f"<{key}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Importance"] = _IMPORTANCE.get(notification.severity, "low")
    for name, value in _facts(notification).items():
        mail[f"X-Alert-{name}"] = _header(_one_line(value))
    return mail.as_bytes(policy=_POLICY)


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
    return Header(text, "utf-8", header_name=_LONGEST_NAME).encode()


def _address(address: Address) -> str:
    name = _header(address.display_name)
    return str(address) if name == address.display_name else f"{name} <{address.addr_spec}>"


def _list(addresses: tuple[str, ...]) -> str:
    return ", ".join(_address(parse_address(text)) for text in addresses)


def _one_line(text: str) -> str:
    """Header text: every run of white space and control characters is one blank."""
    visible = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in _encodable(text))
    return " ".join(visible.split())


def _plain(text: str) -> str:
    """Body text: lines end in a line feed, other control characters are shown as escapes."""
    lines = _encodable(text).replace("\r\n", "\n").replace("\r", "\n")
    if lines.isprintable():
        return lines
    return "".join(_visible(c) if c not in "\n\t" else c for c in lines)


def _visible(char: str) -> str:
    return f"\\x{ord(char):02x}" if unicodedata.category(char) == "Cc" else char


def _encodable(text: str) -> str:
    """Lone surrogates cannot travel as UTF-8."""
    return text.encode("utf-8", "replace").decode()
