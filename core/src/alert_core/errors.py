"""Every exception that the framework raises on purpose.

    AlertError
    ├── ConfigError            file, key, problem, hint
    │   ├── ConfigErrors       several of them, found in one reading
    │   ├── UnknownTypeError   a `type` that no installed plugin offers
    │   └── SecretError        a secret that cannot be resolved
    ├── PluginError            plugin, distribution, version
    │   ├── PluginLoadError    the plugin cannot be imported or registered
    │   └── PluginConflictError  two plugins offer the same type name
    ├── StoreError             the store cannot be opened, read or upgraded
    ├── SourceError            a source cannot deliver events
    └── DeliveryError          raised by `Action.send`; says whether trying again can help

Messages say where, what and what to do about it, in that order: `alert.toml: actions.noc.port: 99999 is above 65535`.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "AlertError",
    "ConfigError",
    "ConfigErrors",
    "DeliveryError",
    "PluginConflictError",
    "PluginError",
    "PluginLoadError",
    "SecretError",
    "SourceError",
    "StoreError",
    "UnknownTypeError",
]


class AlertError(Exception):
    """The base of everything the framework raises; `str()` is fit to be shown to a person."""


class ConfigError(AlertError):
    """The configuration is wrong; raised while it is read, never later.

    Args:
        problem: What is wrong, as a phrase without a full stop.
        file: Name of the file that holds the fault.
        key: Dotted key inside the file, such as `actions.noc.port`.
        hint: What to do about it, as a phrase.
    """

    def __init__(self, problem: str, *, file: str = "", key: str = "", hint: str = "") -> None:
        self.file, self.key, self.problem, self.hint = file, key, problem, hint
        place = ": ".join(part for part in (file, key) if part)
        text = f"{place}: {problem}" if place else problem
        super().__init__(f"{text}; {hint}" if hint else text)

    @property
    def errors(self) -> tuple[ConfigError, ...]:
        """The single faults; more than one only for `ConfigErrors`."""
        return (self,)


class ConfigErrors(ConfigError):
    """Several faults, found in one reading of the configuration; one line each."""

    def __init__(self, errors: Sequence[ConfigError]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self._errors = tuple(errors)

    @property
    def errors(self) -> tuple[ConfigError, ...]:
        """The single faults, in the order of the files."""
        return self._errors


class UnknownTypeError(ConfigError):
    """The configuration names a `type` that no usable plugin offers."""


class SecretError(ConfigError):
    """A secret's reference leads nowhere; the text names the reference, never a value."""


class PluginError(AlertError):
    """Something is wrong with one plugin; the others go on without it."""

    def __init__(self, problem: str, *, plugin: str, distribution: str = "", version: str = "") -> None:
        self.plugin, self.distribution, self.version, self.problem = plugin, distribution, version, problem
        origin = f" ({distribution} {version})".replace("  ", " ") if distribution else ""
        super().__init__(f"plugin {plugin!r}{origin}: {problem}")


class PluginLoadError(PluginError):
    """A plugin cannot be imported, or its hooks do not fit."""


class PluginConflictError(PluginError):
    """Two plugins offer one name; neither is used, because guessing would be worse."""


class StoreError(AlertError):
    """The store cannot be opened, read, written or upgraded."""


class SourceError(AlertError):
    """A source cannot go on: its file, address or permission is not there.

    Args:
        problem: What went wrong, as a phrase that helps an administrator.
        retryable: Whether it may work soon without anybody doing anything (default: yes). If not, as when a password is
            refused and the account would be locked, it is tried again after an hour, or when the configuration is read anew.
    """

    def __init__(self, problem: str, *, retryable: bool = True) -> None:
        self.problem, self.retryable = problem, retryable
        super().__init__(problem)


class DeliveryError(AlertError):
    """A notification was not accepted.

    Raised by `Action.send`. The core decides what follows: another attempt with backoff when `retryable`,
    else the delivery ends as `failed`. A text must not contain secrets.

    Args:
        problem: What went wrong, as a phrase that helps an administrator.
        retryable: Whether the same notification may be accepted later (default: yes).
        retry_after: Seconds that the receiver asked to wait, if it did.
        progress: What the action wants to be told at the next attempt, in its own words, such as which recipients are left;
            the core keeps it over restarts and calls `Action.resume` with it. Empty: the next attempt begins anew.
    """

    def __init__(self, problem: str, *, retryable: bool = True, retry_after: float | None = None, progress: str = "") -> None:
        self.problem, self.retryable, self.retry_after, self.progress = problem, retryable, retry_after, progress
        super().__init__(problem)
