"""The public names of alert-core: everything that a plugin needs.

Heavy parts (store, runtime, command line) are not imported here, and each name is fetched when it is first asked for:
`import alert_core` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alert_core._lazy import fetching

if TYPE_CHECKING:
    from alert_core.components import (
        Action,
        Batch,
        Component,
        Condition,
        Context,
        Cursor,
        EventSource,
        Format,
        Push,
    )
    from alert_core.errors import (
        AlertError,
        ConfigError,
        ConfigErrors,
        DeliveryError,
        PluginConflictError,
        PluginError,
        PluginLoadError,
        SecretError,
        SourceError,
        StoreError,
        UnknownTypeError,
    )
    from alert_core.evaluators import Evaluator
    from alert_core.hooks import hookimpl
    from alert_core.model import (
        UNPARSED,
        CheckResult,
        Delivery,
        DeliveryState,
        Event,
        Firing,
        Message,
        Notification,
        Receipt,
        Severity,
        Strength,
        unparsed,
    )
    from alert_core.settings import Secret, Settings

__all__ = [
    "UNPARSED",
    "Action",
    "AlertError",
    "Batch",
    "CheckResult",
    "Component",
    "Condition",
    "ConfigError",
    "ConfigErrors",
    "Context",
    "Cursor",
    "Delivery",
    "DeliveryError",
    "DeliveryState",
    "Evaluator",
    "Event",
    "EventSource",
    "Firing",
    "Format",
    "Message",
    "Notification",
    "PluginConflictError",
    "PluginError",
    "PluginLoadError",
    "Push",
    "Receipt",
    "Secret",
    "SecretError",
    "Settings",
    "Severity",
    "SourceError",
    "StoreError",
    "Strength",
    "UnknownTypeError",
    "hookimpl",
    "unparsed",
]

if not TYPE_CHECKING:
    __getattr__ = fetching(__name__, __all__, ("errors", "hooks", "model", "settings", "components", "evaluators"))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
