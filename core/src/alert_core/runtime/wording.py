"""From a firing to the notification that stands in the log and is sent: identity, severity, words."""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from typing import Any

from alert_core.components import Condition, Context
from alert_core.config.values import ConditionConfig
from alert_core.model import Event, Firing, Message, Notification, Severity, severity_rank
from alert_core.templates import environment

__all__ = ["Wording"]

_SUBJECT_LENGTH = 250
_BODY_LENGTH = 64 * 1024
# Everything that could end a line, move a cursor or reverse the order of letters; a body keeps line feeds and tabs.
_HARMFUL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_HARMFUL_IN_BODY = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Wording:
    """Makes the notifications of one condition.

    The condition's type has words of its own; templates in the configuration replace them. A template that fails costs nobody a
    notification: the type's words are used, and `fault` says why.
    """

    def __init__(self, config: ConditionConfig) -> None:
        self._config = config

    @cached_property
    def _condition(self) -> Condition[Any]:
        condition = self._config.cls(self._config.settings, Context(name=self._config.name))
        condition.damper, condition.damper_per = self._config.damper, self._config.damper_per
        return condition

    def notification(self, firing: Firing) -> Notification:
        """The record of a firing. The same firing gives the same notification, whenever and wherever it is decided."""
        event = firing.event
        assert event is not None, "the engine gives every firing its event"
        message, fault = self._words(firing, event)
        config = self._config
        identity = "\0".join((config.name, config.revision, firing.key, event.id, firing.kind))
        return Notification(
            id=hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32],
            condition=config.name,
            revision=config.revision,
            type=config.type,
            creator=config.creator,
            key=firing.key,
            kind=firing.kind,
            time=firing.time,
            severity=self._severity(event),
            subject=_one_line(message.subject) or config.name,
            body=_HARMFUL_IN_BODY.sub(" ", message.body)[:_BODY_LENGTH],
            event=event,
            quantity=firing.quantity,
            since=firing.since,
            suppressed=firing.suppressed,
            computers=firing.computers,
            fault=fault,
        )

    def _severity(self, event: Event) -> Severity:
        if self._config.severity is not None:
            return self._config.severity
        known = severity_rank(event.severity) >= 0
        return Severity(str(event.severity).lower()) if known else Severity.MAJOR

    def _words(self, firing: Firing, event: Event) -> tuple[Message, str]:
        default, faults = self._default(firing)
        words = {"subject": default.subject, "body": default.body}
        for part in words:
            template = getattr(self._config, part)
            if template:
                try:
                    words[part] = self._render(template, firing, event)
                except Exception as error:  # noqa: BLE001 a template may raise anything, and must not lose the notification
                    faults.append(f"{part} template: {type(error).__name__}: {_one_line(str(error))}")
        return Message(**words), "; ".join(faults)

    def _default(self, firing: Firing) -> tuple[Message, list[str]]:
        try:
            return self._condition.message(firing), []
        except Exception as error:  # noqa: BLE001 the type is a plugin's: its words may fail, its decision stands
            return Message(self._config.name, f"{firing.key}\n"), [f"message of {self._config.type!r}: {type(error).__name__}"]

    def _render(self, template: str, firing: Firing, event: Event) -> str:
        return environment(strict=True).from_string(template).render(_variables(self._config, firing, event))


def _variables(config: ConditionConfig, firing: Firing, event: Event) -> dict[str, Any]:
    """What a template may use."""
    return {
        "condition": config.name,
        "type": config.type,
        "key": firing.key,
        "kind": firing.kind,
        "time": firing.time,
        "since": firing.since,
        "quantity": firing.quantity,
        "suppressed": firing.suppressed,
        "computers": firing.computers,
        "computer": event.computer,
        "event": event,
        "attributes": event.attributes,
    }


def _one_line(text: str) -> str:
    return _HARMFUL.sub(" ", text).strip()[:_SUBJECT_LENGTH]
