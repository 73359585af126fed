"""The hooks, in the order in which the life of a run calls them.

A plugin implements any of them with `@hookimpl` and may leave out arguments that it does not need. Only `Plugins` calls hooks,
one plugin at a time, so that a raising implementation takes out nothing but itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from alert_core.components import Action, Condition, EventSource, Format
from alert_core.hooks import hookspec
from alert_core.model import Delivery, Notification

if TYPE_CHECKING:
    import click

    from alert_core.config import Config

__all__ = [
    "alert_configured",
    "alert_delivered",
    "alert_register_actions",
    "alert_register_commands",
    "alert_register_conditions",
    "alert_register_formats",
    "alert_register_sources",
    "alert_resolve_secret",
    "alert_suppress",
]


def __dir__() -> list[str]:
    # Pluggy looks at each name of this module, once for each plugin.
    return __all__


@hookspec
def alert_register_sources() -> Sequence[type[EventSource[Any]]]:
    """Called once, while plugins are loaded.

    Returns:
        The event source types that this plugin offers.

    Thread: the main one. If it raises: the plugin is left out and reported. Added in 0.1.
    """
    raise NotImplementedError


@hookspec
def alert_register_formats() -> Sequence[type[Format[Any]]]:
    """Called once, while plugins are loaded.

    Returns:
        The formats that this plugin offers.

    Thread: the main one. If it raises: the plugin is left out and reported. Added in 0.1.
    """
    raise NotImplementedError


@hookspec
def alert_register_conditions() -> Sequence[type[Condition[Any]]]:
    """Called once, while plugins are loaded.

    Returns:
        The condition types that this plugin offers.

    Thread: the main one. If it raises: the plugin is left out and reported. Added in 0.1.
    """
    raise NotImplementedError


@hookspec
def alert_register_actions() -> Sequence[type[Action[Any]]]:
    """Called once, while plugins are loaded.

    Returns:
        The action types that this plugin offers.

    Thread: the main one. If it raises: the plugin is left out and reported. Added in 0.1.
    """
    raise NotImplementedError


@hookspec
def alert_register_commands() -> Sequence[click.Command]:
    """Called when the command line is asked for a command that the core does not have.

    Returns:
        Click commands, added to `alert` under their own names.

    Thread: the main one. If it raises: the plugin is left out and reported. Added in 0.1.
    """
    raise NotImplementedError


@hookspec
def alert_configured(config: Config) -> None:
    """Called when a configuration is valid and about to be used, at the start and after every reload.

    Thread: the main one. If it raises: logged, and the run goes on. Added in 0.1.
    """


@hookspec(firstresult=True)
def alert_resolve_secret(reference: Mapping[str, str]) -> str | None:
    """Asked for a secret whose reference is neither `env` nor `file`, such as `{ vault = "path" }`.

    Returns:
        The value, or None when the reference is not of this plugin's kind. Stops at the first value.

    Thread: any. If it raises: logged without the reference's value, and it resolves nothing. Added in 0.1.
    """


@hookspec(firstresult=True)
def alert_suppress(notification: Notification, action: str) -> str | None:
    """Asked once per delivery, just before its first attempt.

    Returns:
        Why this delivery must not happen, or None to have no opinion. Stops at the first reason; plugins are asked by name.

    Thread: the dispatcher's. If it raises: logged, and the notification is delivered. Added in 0.1.
    """


@hookspec
def alert_delivered(delivery: Delivery) -> None:
    """Called after every attempt, good or bad.

    Thread: the dispatcher's. If it raises: logged, and nothing else happens. Added in 0.1.
    """
