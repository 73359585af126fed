"""The four kinds of component that a plugin can bring: `EventSource`, `Format`, `Condition`, `Action`.

A component is a class with a short `name` (its `type` in `alert.toml`), a `label`, a `help` text and a settings model, written
once as the type argument: `class SnmpAction(Action[SnmpSettings])`. Instances are made by the core, one per configured use.
`__init__` must not do I/O; heavy libraries are imported inside the work.
"""

from __future__ import annotations

import hashlib
import threading
import time
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from alert_core.batches import Batch, Cursor, Push
from alert_core.errors import DeliveryError
from alert_core.model import CheckResult, Event, Firing, Message, Notification, Receipt
from alert_core.settings import Secret, Settings

if TYPE_CHECKING:
    from alert_core.evaluators import Evaluator
    from alert_core.projection import BlockDecoder, Projection

__all__ = [
    "Action",
    "Batch",
    "Component",
    "Condition",
    "Context",
    "Cursor",
    "EventSource",
    "Format",
    "Push",
]

SettingsT = TypeVar("SettingsT", bound=Settings)


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a component gets to know about the world around it; nothing else reaches a plugin.

    Attributes:
        name: The configured name, such as `noc-trap`.
        state_folder: A folder of its own, made on first use, kept over restarts.
        program_folder: The `bin` folder from which executables may be run.
        resolver: Resolves secret references of plugins; use `reveal`.
        formats: The installed formats by name, for a format that holds records of another.
    """

    name: str
    state_folder: Path = Path("state")
    program_folder: Path = Path("bin")
    resolver: Callable[[Mapping[str, str]], str | None] | None = field(default=None, repr=False)
    formats: Mapping[str, type[Format[Any]]] = field(default_factory=dict, repr=False)

    def reveal(self, secret: Secret) -> str:
        """The value of a secret. Use it at once and keep it nowhere.

        Raises:
            SecretError: The reference leads nowhere.
        """
        return secret.resolve(self.resolver)


class Component(ABC, Generic[SettingsT]):
    """What sources, formats, conditions and actions have in common.

    Attributes:
        name: The `type` in the configuration: lower case, digits and hyphens.
        label: What a person chooses in a wizard.
        help: One paragraph on what it is for; the first one of the class docstring unless set.
        settings_model: The settings class, taken from the type argument.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    help: ClassVar[str] = ""
    settings_model: ClassVar[type[Settings]] = Settings

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.__dict__.get("help") and cls.__doc__:
            cls.help = " ".join(cls.__doc__.strip().split("\n\n")[0].split())
        # Of this class only: a subclass that sets `settings_model` itself must keep it.
        for base in cls.__dict__.get("__orig_bases__", ()):
            for argument in typing.get_args(base):
                if isinstance(argument, type) and issubclass(argument, Settings):
                    cls.settings_model = argument

    def __init__(self, settings: SettingsT, context: Context) -> None:
        self.settings = settings
        self.context = context

    def check(self) -> Sequence[str]:
        """What would silently not work, one phrase each, for `alert check`; only looks at local files. Default: nothing."""
        return ()


class Action(Component[SettingsT]):
    """A way to tell someone or something.

    The core calls `send` from one thread per instance, under a time limit, and owns retry, backoff, damper, templates and
    the outbox: an action never sleeps, retries, logs secrets or keeps globals.

    Attributes:
        instructions: What must run at the other end for this to work.
        on_close: Whether it has something to say when a condition or response closes; see `declines`.
        lossy: Whether it hands over datagrams, so that success does not mean arrival.
        max_bytes: The longest message it can carry, if there is a limit.
    """

    instructions: ClassVar[str] = ""
    on_close: ClassVar[bool] = False
    lossy: ClassVar[bool] = False
    max_bytes: ClassVar[int | None] = None

    @property
    def batching(self) -> bool:
        """Whether it carries several notifications better than one by one; the core then calls `send_many`. Default: no."""
        return False

    def declines(self, notification: Notification) -> str:
        """Why this notification is none of its business, by its settings; the delivery then ends as `skipped`.

        Default: what closes, unless `on_close`; empty for everything else, which is sent.
        """
        return "nothing is sent when something closes" if notification.kind == "closed" and not self.on_close else ""

    @abstractmethod
    def send(self, notification: Notification) -> Receipt:
        """Deliver one notification.

        Raises:
            DeliveryError: It was not taken; the error says whether another attempt can help.
        """

    def resume(self, notification: Notification, progress: str) -> Receipt:
        """Deliver the rest of a notification, of which an earlier attempt delivered a part. Default: `send`, all of it.

        Args:
            notification: The same as then.
            progress: What that attempt said in `DeliveryError.progress`.

        Raises:
            DeliveryError: As `send` does.
        """
        return self.send(notification)

    def send_many(self, batch: Sequence[Notification]) -> Sequence[Receipt | DeliveryError]:
        """Deliver several at once; one answer each, in order. Called when `batching` says so. Default: one by one."""
        answers: list[Receipt | DeliveryError] = []
        for notification in batch:
            try:
                answers.append(self.send(notification))
            except DeliveryError as error:
                answers.append(error)
        return answers

    def test(self) -> CheckResult:
        """The Test button: send a marked sample and say how it went."""
        started = time.monotonic()
        try:
            receipt = self.send(Notification.sample())
        except DeliveryError as error:
            return CheckResult(ok=False, detail=str(error), seconds=time.monotonic() - started)
        detail = " ".join(part for part in (receipt.strength.value, receipt.remote_id, receipt.detail) if part)
        return CheckResult(ok=True, detail=detail, seconds=time.monotonic() - started)

    def close(self) -> None:
        """Give up connections; called once, when the instance is no longer needed. Default: nothing."""

    def idempotency_key(self, notification: Notification) -> str:
        """The same for every attempt to deliver this notification through this action; 32 hexadecimal digits."""
        return hashlib.sha256(f"{notification.id}/{self.context.name}".encode()).hexdigest()[:32]


class Condition(Component[SettingsT]):
    """A type of condition: when to notify.

    Attributes:
        event_types: The event types that instances look at; empty: what `event_types` in the settings says, else every type.
        filters: Names of the event fields that `where` offers in a form; any other field may be used as well.
        damper: How long it keeps quiet after firing, set by the core; for evaluators that keep the damper themselves.
        damper_per: `key`: a damper for each key that `Evaluator.key` gives; `condition`: one for all. Set by the core.
    """

    damper: timedelta = timedelta(minutes=60)
    damper_per: str = "key"

    event_types: ClassVar[frozenset[str]] = frozenset()
    filters: ClassVar[tuple[str, ...]] = (
        "domain", "group", "server", "computer", "user", "risk", "application", "severity", "action",
    )  # fmt: skip

    def wanted_types(self) -> frozenset[str]:
        """The event types that this instance looks at; names or globs; empty means every type."""
        return self.event_types or frozenset(getattr(self.settings, "event_types", ()))

    @abstractmethod
    def evaluator(self) -> Evaluator[Any]:
        """The state machine that decides; built from `alert_core.evaluators` or an own one."""

    def message(self, firing: Firing) -> Message:
        """Default words for a firing; the configuration may replace them by templates."""
        event = firing.event
        about = f" on {firing.key}" if firing.key else ""
        body = f"{event.message or event.raw or event.type}\n" if event else ""
        return Message(subject=f"{firing.condition}{about}", body=body)


class EventSource(Component[SettingsT]):
    """Where events come from.

    Attributes:
        rewindable: Whether `read` can give any range again. A source that cannot be rewound is spooled to disk by the core.
        endless: Whether it never comes to an end, as a receiver does not; `alert run --once` then reads what it has received.
        live: Whether events are happening now, so that one from the future must be a wrong clock.
        default_format: How its records read when the configuration does not say: as a `format` in it would say.
    """

    rewindable: ClassVar[bool] = True
    endless: ClassVar[bool] = False
    live: ClassVar[bool] = True
    default_format: ClassVar[str | Mapping[str, Any]] = "json"

    @abstractmethod
    def run(self, push: Push, stop: threading.Event) -> None:
        """Read from `push.cursor` on until the end or until `stop` is set; called in a thread of its own.

        Raises:
            SourceError: It cannot go on; the core reports it and tries again later.
        """

    def read(self, start: Cursor, end: Cursor) -> Iterator[Batch]:
        """Give the records from `start` up to `end` once more; used to recover. Rewindable sources only.

        Raises:
            SourceError: They are gone.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot be rewound")

    def recall(self, kept: Iterator[Batch]) -> None:
        """Get to know what was kept last, oldest first; called before `run` if the source cannot be rewound. Default: nothing.

        A sender whose record was kept, but who got no answer because of a crash, sends it again. Who can tell that it is the
        same record answers it, and does not push it a second time.
        """


class Format(Component[SettingsT]):
    """How records are turned into events."""

    @property
    def headed(self) -> bool:
        """Whether it finds in the first line of a file how the others read; it then gets that line before them. Default: no."""
        return False

    @abstractmethod
    def decode(self, records: Sequence[bytes]) -> list[Event]:
        """One event per record, in order.

        A record that cannot be read becomes an event of type `unparsed` (use `unparsed()`); nothing is dropped or raised.
        An event without an id or a source gets them from the core, and so does one whose time is `UNKNOWN_TIME` its time.
        """

    def decoder(self, projection: Projection) -> BlockDecoder | None:
        """A faster way to the fields that the configuration needs, if the format has one. Default: none."""
        return None

    @classmethod
    def recognises(cls, text: str) -> bool:  # noqa: ARG003 for formats that do
        """Whether a record can only be of this format, for the format `auto`; quick, rather no than wrong. Default: never."""
        return False
