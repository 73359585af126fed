"""Our channels as senders, alone and behind the outbox; see `benchmarks.senders`."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alert_core import Action, DeliveryError, Event, Notification, Receipt, Severity
from alert_core.components import Context
from alert_core.config.values import ActionConfig, Config, StoreConfig
from alert_core.plugins import Plugins
from alert_core.runtime.dispatcher import Dispatcher
from alert_core.store import Commit, NewDelivery, Store
from benchmarks.processes import pin
from benchmarks.senders import BODY, SUBJECT, Send, document, measured

BATCH = 100
PATIENCE_SECONDS = 300

SETTINGS: dict[str, Callable[[int], dict[str, Any]]] = {
    "web": lambda port: {"url": f"http://127.0.0.1:{port}/alerts"},
    "web-batch": lambda port: {"url": f"http://127.0.0.1:{port}/alerts", "batch": True},
    "email": lambda port: {
        "server": "127.0.0.1", "port": port, "security": "none", "sender": "alert@example.com", "to": ["ann@example.com"],
    },
    "syslog": lambda port: {"server": "127.0.0.1", "port": port},
    "snmp": lambda port: {"host": "127.0.0.1", "port": port, "version": "v2c", "community": "public"},
    "exec": lambda _: {"program": "true"},
}  # fmt: skip
"""What stands in `alert.toml` for each channel."""


def notification(number: int) -> Notification:
    """The same as `document(number)`."""
    event = document(number)["event"]
    return Notification(
        id=f"{number % 2**128:032x}", condition="outbreak", revision="0123456789ab", type="threshold", key="", kind="fired",
        time=datetime(2026, 3, 1, 12, tzinfo=UTC), severity=Severity.CRITICAL, subject=SUBJECT, body=BODY, quantity=7,
        event=Event(**{**event, "time": datetime(2026, 3, 1, 12, tzinfo=UTC)}),
    )  # fmt: skip


def _class_and_settings(channel: str, port: int) -> tuple[type[Action[Any]], Any]:
    cls = Plugins.load().actions.find(channel.removesuffix("-batch"))
    return cls, cls.settings_model.model_validate(SETTINGS[channel](port))


def _bin() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="alert-benchmark-")) / "bin"
    folder.mkdir(mode=0o755)
    program = folder / "true"
    program.write_bytes(Path("/bin/true").read_bytes())
    program.chmod(0o755)
    return folder


def _action(channel: str, port: int) -> Action[Any]:
    cls, settings = _class_and_settings(channel, port)
    folder = _bin()
    return cls(settings, Context(name="benchmark", state_folder=folder.parent / "state", program_folder=folder))


def _of(prepare: Callable[[int], Any], carries: int = 1) -> Callable[[Callable[[int], Send]], Callable[[int], Send]]:
    """Say what a sender sends, and how many messages that is."""

    def say(sender: Callable[[int], Send]) -> Callable[[int], Send]:
        sender.prepare, sender.carries = prepare, carries  # type: ignore[attr-defined]
        return sender

    return say


@_of(notification)
def web(port: int) -> Send:
    """The action `web`."""
    return _action("web", port).send


@_of(lambda first: [notification(first + index) for index in range(BATCH)], carries=BATCH)
def web_batch(port: int) -> Send:
    """The action `web` with `batch = true`, a hundred at a time."""
    action = _action("web-batch", port)

    def send(notes: list[Notification]) -> object:
        answers = action.send_many(notes)
        if any(not isinstance(answer, Receipt) for answer in answers):
            raise DeliveryError(f"{answers[0]}")
        return answers

    return send


@_of(notification)
def email(port: int) -> Send:
    """The action `email`."""
    return _action("email", port).send


@_of(notification)
def syslog(port: int) -> Send:
    """The action `syslog`."""
    return _action("syslog", port).send


@_of(notification)
def snmp(port: int) -> Send:
    """The action `snmp`."""
    return _action("snmp", port).send


@_of(notification)
def exec_(port: int) -> Send:
    """The action `exec`."""
    return _action("exec", port).send


def through_outbox(channel: str, port: int, count: int, concurrency: int) -> dict[str, float]:
    """Deliver what waits in the outbox, with everything that belongs to it; seconds of wall and of CPU for one notification."""
    cls, settings = _class_and_settings(channel, port)
    folder = _bin().parent
    action = ActionConfig(name="benchmark", type=cls.name, cls=cls, settings=settings, concurrency=concurrency)
    config = Config(folder=folder, store=StoreConfig(folder=folder / "state"), actions={"benchmark": action})
    with Store.open(config.store.folder) as store:
        notes = [notification(number) for number in range(count)]
        store.write(Commit((), notes, [NewDelivery(one.id, "benchmark") for one in notes]))

        def drain(_: int) -> object:
            dispatcher = Dispatcher(store, Plugins.load(), config)
            dispatcher.start()
            if not dispatcher.drain(PATIENCE_SECONDS) or store.pending():
                raise RuntimeError("not everything was delivered")
            dispatcher.stop()
            return None

        return measured(drain, range(1), count, prepare=lambda number: number, warm_up=False)


def main(channel: str, port: str, count: str, concurrency: str) -> None:
    """Measure a channel behind the outbox."""
    pin()
    print(json.dumps(through_outbox(channel, int(port), int(count), int(concurrency))))


__all__ = ["email", "exec_", "measured", "snmp", "syslog", "through_outbox", "web", "web_batch"]

if __name__ == "__main__":
    main(*sys.argv[1:])
