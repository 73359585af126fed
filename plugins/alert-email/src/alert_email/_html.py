"""A notification, or several, as HTML for mail readers: tables and inline styles, nothing that is fetched, nothing that runs.

Word, which draws mails in Outlook, knows neither style sheets nor kept blanks, so every cell says how it looks, and blanks that
matter are written as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from alert_core import Notification, Severity
from alert_email._facts import facts, heading, moment
from alert_email._neutral import plain

__all__ = ["html_of", "html_of_many"]

# White on each of them can be read: at least 4.5 to 1.
_COLOURS = {
    Severity.CRITICAL: "#b3261e",
    Severity.MAJOR: "#b34700",
    Severity.MINOR: "#8a6100",
    Severity.LOW: "#33658a",
    Severity.INFORMATION: "#5a6472",
}
_FONT = "font-family:Arial,Helvetica,sans-serif"
_HEAD = (
    '<!DOCTYPE html>\n<html>\n<head>\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8">\n'
    '<meta name="viewport" content="width=device-width">\n<title>{title}</title>\n</head>\n'
    '<body bgcolor="#eef0f3" style="margin:0;padding:12px;background-color:#eef0f3">\n'
)
_FOOT = "</body>\n</html>\n"
_CARD = (
    '<table align="center" width="640" cellpadding="0" cellspacing="0" border="0" bgcolor="#ffffff" '
    f'style="width:100%;max-width:640px;margin-bottom:16px;background-color:#ffffff;color:#1c1e21;{_FONT}">\n'
)
_LABEL = f'style="padding:2px 16px 2px 0;color:#5a6472;font-size:13px;{_FONT};white-space:nowrap"'
_VALUE = f'style="padding:2px 0;color:#1c1e21;font-size:13px;{_FONT};word-break:break-word"'


def html_of(notification: Notification) -> str:
    """The whole page for one notification."""
    return f"{_HEAD.format(title=escape(heading(notification)))}{_card(notification, heading(notification))}{_FOOT}"


def html_of_many(title: str, batch: Sequence[Notification]) -> str:
    """The whole page for several: a list of contents whose lines lead to what follows."""
    rows = "".join(_contents_row(number, each) for number, each in enumerate(batch, 1))
    contents = (
        f'{_CARD}<tr><td style="padding:12px 16px;font-size:17px;font-weight:bold;{_FONT}">{escape(title)}</td></tr>\n'
        '<tr><td style="padding:0 16px 12px 16px"><table cellpadding="0" cellspacing="0" border="0">\n'
        f"{rows}</table></td></tr>\n</table>\n"
    )
    cards = "".join(
        f'<a name="n{number}"></a>\n{_card(each, f"{number}. {heading(each)}")}' for number, each in enumerate(batch, 1)
    )
    return f"{_HEAD.format(title=escape(title))}{contents}{cards}{_FOOT}"


def _contents_row(number: int, notification: Notification) -> str:
    cells = (f"{number}.", moment(notification.time), notification.severity.value)
    facts_cells = "".join(f'<td valign="top" {_LABEL}>{_unbroken(cell)}</td>' for cell in cells)
    link = f'<a href="#n{number}" style="color:#1c1e21">{escape(heading(notification))}</a>'
    return f'<tr>{facts_cells}<td valign="top" dir="auto" {_VALUE}>{link}</td></tr>\n'


def _card(notification: Notification, title: str) -> str:
    colour = _COLOURS[notification.severity]
    rows = "".join(
        f'<tr><td valign="top" {_LABEL}>{_unbroken(name)}</td><td valign="top" dir="auto" {_VALUE}>{escape(value)}</td></tr>\n'
        for name, value in facts(notification)
    )
    return (
        f'{_CARD}<tr><td bgcolor="{colour}" dir="auto" style="padding:12px 16px;background-color:{colour};color:#ffffff;'
        f'font-size:17px;font-weight:bold;{_FONT};word-break:break-word">{escape(title)}</td></tr>\n'
        f'<tr><td dir="auto" style="padding:16px;font-size:15px;line-height:21px;{_FONT};word-break:break-word">\n'
        f"{_flowing(plain(notification.body))}\n</td></tr>\n"
        '<tr><td style="padding:8px 16px 16px 16px;border-top:1px solid #d5d9df">'
        f'<table cellpadding="0" cellspacing="0" border="0">\n{rows}</table></td></tr>\n</table>\n'
    )


def _flowing(text: str) -> str:
    """Text whose lines and blanks stay where they are, although a page would draw them together."""
    escaped = "\n" + escape(text.strip("\n"))
    lines = escaped.replace("\t", "    ").replace("  ", " &nbsp;").replace("\n ", "\n&nbsp;")
    return lines[1:].replace("\n", "<br>\n")


def _unbroken(text: str) -> str:
    return escape(text).replace(" ", "&nbsp;")
