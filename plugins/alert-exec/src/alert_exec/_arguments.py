"""The program's arguments: as many as are configured, each filled on its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from alert_core import DeliveryError, Notification
from alert_core.templates import Template, TemplateFault
from alert_exec._input import LONGEST, spelt

# What the configuration decides, not the event, and so cannot begin with a hyphen.
_HARMLESS = frozenset({"id", "condition", "type", "kind", "time", "severity", "quantity", "suppressed", "test"})
_FIRST_NAME = re.compile(r"\{\{-?\s*(\w+)")


class Arguments:
    """A fixed list of templates, each of which makes one argument: none is split, added or left out, and an empty one stays.

    Values from events are on one line and of bounded length; the text between them is the administrator's and stays as it is.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._templates = [Template(text, escape=spelt) for text in texts]

    def fill(self, notification: Notification) -> list[str]:
        """The arguments for a notification.

        Raises:
            DeliveryError: A template fails. No text is safe in its place, because an argument tells the program what to do.
        """
        return [self._filled(number, notification) for number in range(len(self._templates))]

    def _filled(self, number: int, notification: Notification) -> str:
        template = self._templates[number]
        try:
            return template.fill(notification)[:LONGEST]
        except TemplateFault as fault:
            raise DeliveryError(f"arguments.{number}: {fault}; the program was not run", retryable=False) from fault


def mistakable(texts: Sequence[str]) -> Iterator[str]:
    """The arguments that a value from an event can turn into an option, one phrase each."""
    for number, text in enumerate(texts):
        if text == "--":
            return
        if text.startswith("{") and not _begins_harmless(text):
            yield (
                f"arguments.{number} begins with a value from events, which may look like an option such as -rf; "
                'put text before it, as in host={{ computer }}, or an argument "--" if the program knows that'
            )


def _begins_harmless(text: str) -> bool:
    if not text.startswith(("{{", "{%", "{#")):
        return True
    found = _FIRST_NAME.match(text)
    return found is not None and found[1] in _HARMLESS
