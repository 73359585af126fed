"""The formats `alertmanager`, `falco` and `notification`: what is sent as web requests by products that have their own JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar
from urllib.parse import urlsplit

import msgspec
from pydantic import BeforeValidator, Field, field_validator

from alert_core import Context, Event, Format, Settings, unparsed
from alert_core.model import EVENT_FIELDS, UNKNOWN_TIME, Severity

if TYPE_CHECKING:
    from alert_core.wire.stamps import StampReader

__all__ = ["AlertmanagerFormat", "FalcoFormat", "NotificationFormat", "WebhookSettings"]

_OWN = frozenset({"id", "source", "raw", "flags", "time", "type", "count"})
_PORTS = ("source_port", "destination_port")
_LARGEST_PORT = 65535


def _keys(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


class WebhookSettings(Settings):
    """What an administrator may say about such a format."""

    fields: dict[str, Annotated[tuple[str, ...], BeforeValidator(_keys, json_schema_input_type=str | list[str])]] = Field(
        default_factory=dict,
        title="Field mapping",
        description="Event field = key in the record, or several of which the first that has a value counts. It goes before "
        "the mapping of the format. What stands before the first dot is the key of an object, the rest a key in it.",
        examples=[{"computer": ["labels.cluster", "labels.instance"]}],
    )

    @field_validator("fields")
    @classmethod
    def _mappable(cls, fields: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for name in fields:
            if name in _OWN or name not in EVENT_FIELDS:
                raise ValueError(f"{name!r} is no field that can be mapped here")
        return fields


class _WebhookFormat(Format[WebhookSettings]):
    """What the formats have in common: an object, in which keys stand for fields; all of it becomes attributes.

    Attributes:
        keys: Event field = keys, the first that has a value counts.
        severities: The severity that a word means, in lower case.
        marks: A record that has all these in it can only be of this format.
    """

    keys: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    severities: ClassVar[Mapping[str, str]] = {}
    marks: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: WebhookSettings, context: Context) -> None:
        super().__init__(settings, context)
        names = self.keys.keys() | settings.fields.keys()
        self._keys = {name: (*settings.fields.get(name, ()), *self.keys.get(name, ())) for name in names}

    @classmethod
    def recognises(cls, text: str) -> bool:
        return bool(cls.marks) and text.startswith("{") and all(f'"{mark}"' in text for mark in cls.marks)

    def decode(self, records: Sequence[bytes]) -> list[Event]:
        return [self._decode(record) for record in records]

    def _decode(self, record: bytes) -> Event:
        try:
            content = msgspec.json.decode(record.decode("utf-8", "replace"))
        except (msgspec.DecodeError, RecursionError) as error:
            return unparsed(record, f"not JSON: {error}")
        if not isinstance(content, dict):
            return unparsed(record, "not a JSON object")
        try:
            event = self.event(content)
        except ValueError as error:
            return unparsed(record, str(error))
        return msgspec.structs.replace(event, raw=record.decode("utf-8", "replace"))

    def event(self, content: dict[str, Any]) -> Event:
        """The event of one object.

        Raises:
            ValueError: It is none; says why.
        """
        raise NotImplementedError

    def filled(self, content: dict[str, Any]) -> dict[str, Any]:
        """The fields that the keys lead to."""
        fields: dict[str, Any] = {}
        for name, keys in self._keys.items():
            value = next((found for key in keys if (found := _text(_reach(content, key)))), "")
            if name in _PORTS:
                fields[name] = int(value) if value.isdecimal() and len(value) < 6 and int(value) <= _LARGEST_PORT else None
            else:
                fields[name] = value
        severity = fields.get("severity", "")
        fields["severity"] = self.severities.get(severity.lower(), severity)
        return fields

    @cached_property
    def _stamps(self) -> StampReader:
        from alert_core.wire.stamps import StampReader

        return StampReader()

    def time(self, value: object) -> Any:
        """When it was; what says nothing gets its time from the core."""
        return self._stamps.read(value) if isinstance(value, str) and value else UNKNOWN_TIME


class AlertmanagerFormat(_WebhookFormat):
    """Alerts of Prometheus Alertmanager, of Grafana, and of whatever else speaks like its webhook, one by one.

    The source `web` takes a webhook apart, so that each alert of a group is a record.
    """

    name = "alertmanager"
    label = "Alertmanager webhook"
    marks = ("labels", "startsAt", "fingerprint")
    keys: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "computer": ("labels.computer", "labels.host", "labels.hostname", "labels.nodename", "labels.node", "labels.instance"),
        "group": ("labels.cluster", "labels.namespace"),
        "server": ("externalURL",),
        "user": ("labels.user",),
        "risk": ("labels.alertname",),
        "application": ("labels.service", "labels.job"),
        "action": ("status",),
        "severity": ("labels.severity", "labels.priority"),
        "message": ("annotations.summary", "annotations.message", "annotations.description"),
    }
    severities: ClassVar[Mapping[str, str]] = {
        "critical": "critical", "page": "critical", "emergency": "critical", "error": "major", "high": "major",
        "major": "major", "warning": "minor", "warn": "minor", "medium": "minor", "minor": "minor", "notice": "low",
        "low": "low", "info": "information", "information": "information", "debug": "information", "none": "",
    }  # fmt: skip

    def event(self, content: dict[str, Any]) -> Event:
        if "alerts" in content:
            raise ValueError("a whole group of alerts; only the source web takes it apart")
        status, started = _text(content.get("status")), _text(content.get("startsAt"))
        if status not in ("firing", "resolved"):
            raise ValueError("an alert is either firing or resolved")
        fields = self.filled(content)
        fields["computer"], fields["server"] = _host(fields["computer"]), _host(fields["server"])
        fingerprint = _text(content.get("fingerprint"))
        return Event(
            time=self.time(content.get("endsAt") if status == "resolved" else started),
            type=f"alert-{status}",
            id=f"{fingerprint}/{status}/{started}" if fingerprint else "",
            attributes=content,
            **fields,
        )


class FalcoFormat(_WebhookFormat):
    """What Falco says about the behaviour of programs, sent by itself or by Falcosidekick."""

    name = "falco"
    label = "Falco (JSON)"
    marks = ("rule", "priority", "output")
    keys: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "computer": ("hostname", "output_fields.evt.hostname", "output_fields.k8s.node.name"),
        "group": ("output_fields.k8s.ns.name",),
        "user": ("output_fields.user.name", "output_fields.ka.user.name"),
        "risk": ("rule",),
        "application": ("output_fields.proc.name", "output_fields.container.name"),
        "severity": ("priority",),
        "source_address": ("output_fields.fd.cip",),
        "source_port": ("output_fields.fd.cport",),
        "destination_address": ("output_fields.fd.sip",),
        "destination_port": ("output_fields.fd.sport",),
        "protocol": ("output_fields.fd.l4proto",),
        "message": ("output",),
    }
    severities: ClassVar[Mapping[str, str]] = {
        "emergency": "critical", "alert": "critical", "critical": "critical", "error": "major", "warning": "minor",
        "notice": "low", "informational": "information", "info": "information", "debug": "information",
    }  # fmt: skip

    def event(self, content: dict[str, Any]) -> Event:
        if not _text(content.get("rule")):
            raise ValueError("no rule")
        return Event(time=self.time(content.get("time")), type="falco", attributes=content, **self.filled(content))


class NotificationFormat(_WebhookFormat):
    """Notifications of another installation of alert, as its action `web` sends them."""

    name = "notification"
    label = "Notification of alert"
    marks = ("condition", "revision", "event", "suppressed")
    keys: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **{name: (f"event.{name}",) for name in sorted(EVENT_FIELDS - _OWN)},
        "severity": ("severity",),
        "message": ("subject",),
        "risk": ("event.risk", "condition"),
    }
    severities: ClassVar[Mapping[str, str]] = {severity.value: severity.value for severity in Severity}

    def event(self, content: dict[str, Any]) -> Event:
        kind = _text(content.get("kind"))
        if not kind or not isinstance(content.get("event"), dict):
            raise ValueError("a notification has a kind and an event")
        return Event(
            time=self.time(content.get("time")),
            type="notification" if kind == "fired" else f"notification-{kind}",
            id=_text(content.get("id")),
            attributes=content,
            **self.filled(content),
        )


def _reach(content: Mapping[str, Any], path: str) -> Any:
    head, _, rest = path.partition(".")
    value = content.get(head)
    return value.get(rest) if rest and isinstance(value, dict) else value if not rest else None


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()


def _host(text: str) -> str:
    """The host in a URL, or in a name with a port; what is neither stays as it is."""
    try:
        return urlsplit(text if "://" in text else f"//{text}").hostname or text
    except ValueError:
        return text
