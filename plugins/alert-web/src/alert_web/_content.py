"""What a request carries, and how it is called."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec

from alert_core.model import Notification
from alert_core.templates import Template, TemplateFault
from alert_web.settings import WebSettings

__all__ = ["Content", "media_type"]

_TEXT = "{{ subject }}\n\n{{ body }}"
_FIELDS = {
    name: f"{{{{ {name} }}}}"
    for name in ("id", "condition", "kind", "time", "severity", "key", "computer", "quantity", "subject", "body")
}
_TYPES = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "none": "",
}


def media_type(settings: WebSettings) -> str:
    """What the body is, unless a header of the administrator says otherwise; empty when there is none."""
    if settings.method == "GET":
        return ""
    return _TYPES["ndjson" if settings.batch and settings.batch_format == "ndjson" else settings.body]


class Content:
    """Makes bodies.

    Args:
        settings: The action's settings.
        declared: The media type that is declared to the receiver; values in a text are escaped for it.
    """

    def __init__(self, settings: WebSettings, declared: str) -> None:
        self._settings = settings
        self._escape = _escape_for(declared)
        self._fields = {name: Template(text) for name, text in settings.fields.items()}
        self._text = Template(settings.text or _TEXT, escape=self._escape)

    def make(self, notification: Notification) -> tuple[bytes | None, str]:
        """The body for one notification, and what had to be left out of it because a template fails."""
        if self._settings.method == "GET" or self._settings.body == "none":
            return None, ""
        try:
            return self._filled(notification), ""
        except TemplateFault as fault:
            return self._default(notification), f"default body: {fault}"

    def join(self, bodies: Sequence[bytes]) -> bytes:
        """Several bodies as one."""
        if self._settings.batch_format == "ndjson":
            return b"".join(body + b"\n" for body in bodies)
        return b"[" + b",".join(bodies) + b"]"

    def _filled(self, notification: Notification) -> bytes:
        kind = self._settings.body
        if kind == "text":
            return _utf8(self._text.fill(notification))
        if kind == "json" and not self._fields:
            return _json(notification)
        values = {name: template.fill(notification) for name, template in self._fields.items()}
        return _json(values) if kind == "json" else _form(values or _default_fields(notification))

    def _default(self, notification: Notification) -> bytes:
        kind = self._settings.body
        if kind == "text":
            return _utf8(Template(_TEXT, escape=self._escape).fill(notification))
        return _json(notification) if kind == "json" else _form(_default_fields(notification))


def _default_fields(notification: Notification) -> dict[str, str]:
    return {name: Template(text).fill(notification) for name, text in _FIELDS.items()}


def _json(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        # A lone surrogate in some text: JSON can escape it, UTF-8 cannot hold it.
        return json.dumps(msgspec.to_builtins(value)).encode("ascii")


def _form(values: Mapping[str, str]) -> bytes:
    return urlencode(values, errors="replace").encode("ascii")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _escape_for(declared: str) -> Callable[[str], str] | None:
    """How a value from an event becomes harmless inside a text of some media type."""
    kind = declared.partition(";")[0].strip().lower()
    if kind.endswith(("json", "ndjson")):
        return _escape_json
    return _escape_markup if kind.endswith(("xml", "html")) else None


def _escape_json(value: str) -> str:
    return json.dumps(value)[1:-1]


def _escape_markup(value: str) -> str:
    # XML cannot hold other control characters, not even escaped.
    return html.escape("".join(c for c in value if c >= " " or c in "\t\n\r"))
