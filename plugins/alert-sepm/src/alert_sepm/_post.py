"""Notifications in the form and within the limits of the manager."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from urllib.parse import quote, urlsplit

from alert_core import Notification
from alert_core.templates import Template, TemplateFault
from alert_core.wire import visible
from alert_sepm.settings import LONGEST_LINK, SepmActionSettings

__all__ = ["Composer", "shortened"]

_LONGEST = {"name": 255, "subject": 255, "message": 32767}
_MORE = "…"
_TORN = re.compile(r"&[#\w]{0,8}$")


class Composer:
    """Fills the templates of an action.

    Args:
        settings: The action's settings.
    """

    def __init__(self, settings: SepmActionSettings) -> None:
        self._templates = {
            "name": Template(settings.title, escape=_plain),
            "subject": Template(settings.subject, escape=_plain),
            "message": Template(settings.message, escape=_plain),
        }
        self._link = Template(settings.hyperlink, escape=lambda value: quote(value, safe="", errors="replace"))
        address = urlsplit(settings.hyperlink)
        self._origin = f"{address.scheme}://{address.netloc}/"

    def compose(self, notification: Notification) -> tuple[Mapping[str, str], str]:
        """The four fields of the manager, none of them blank or too long, and what was done differently from the settings."""
        fields, remarks = {}, list[str]()
        usual = {"name": notification.condition, "subject": notification.subject, "message": notification.body}
        for name, template in self._templates.items():
            try:
                text = template.fill(notification)
            except TemplateFault:
                text = _plain(usual[name])
                remarks.append(f"{name} without its template, which fails")
            text = visible(text, keep_line_feeds=name == "message").strip() or notification.type
            fields[name] = shortened(text, _LONGEST[name])
        fields["hyperlink"] = self._hyperlink(notification, remarks)
        return fields, "; ".join(remarks)

    def _hyperlink(self, notification: Notification, remarks: list[str]) -> str:
        try:
            link = visible(self._link.fill(notification).strip())
        except TemplateFault:
            remarks.append("hyperlink without its template, which fails")
            return self._origin
        if _units(link) > LONGEST_LINK:
            remarks.append("hyperlink to the server alone, because the whole is too long")
            return self._origin
        return link


def shortened(text: str, most: int) -> str:
    """The text, cut to a length that is counted as Java counts it: what lies beyond the first 65,536 characters is two."""
    if _units(text) <= most:
        return text
    cut = text.encode("utf-16-le")[: 2 * (most - len(_MORE))].decode("utf-16-le", "ignore")
    return _TORN.sub("", cut) + _MORE


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _plain(value: str) -> str:
    """A value that stays text where the manager's console shows HTML."""
    return escape(value, quote=False)
