"""Collecting what is wrong, so that one reading of the configuration names every fault and not just the first."""

from __future__ import annotations

from collections.abc import Iterable

from alert_core.errors import ConfigError, ConfigErrors

__all__ = ["Faults", "did_you_mean"]


class Faults:
    """The faults of one reading, each once.

    Args:
        errors: Those that are known already.
    """

    def __init__(self, errors: Iterable[ConfigError] = ()) -> None:
        self._errors: dict[str, ConfigError] = {}
        for error in errors:
            self.keep(error)

    @property
    def errors(self) -> tuple[ConfigError, ...]:
        """What was noted so far."""
        return tuple(self._errors.values())

    def add(self, problem: str, *, file: str = "", key: str = "", hint: str = "") -> None:
        """Note a fault; see `ConfigError`."""
        self.keep(ConfigError(problem, file=file, key=key, hint=hint))

    def keep(self, error: ConfigError) -> None:
        """Note an error that is there already."""
        for single in error.errors:
            self._errors.setdefault(str(single), single)

    def raise_if_any(self) -> None:
        """Raise what was noted: the error itself if there is one, `ConfigErrors` if there are several."""
        if len(self.errors) == 1:
            raise self.errors[0]
        if self.errors:
            raise ConfigErrors(self.errors)


def did_you_mean(name: str, valid: Iterable[str], what: str) -> str:
    """A hint: the nearest valid name, else all of them when they are few."""
    import difflib

    names = sorted(set(valid))
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"valid {what}: {', '.join(names)}" if names else f"there are no {what}"
