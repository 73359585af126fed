"""Text with placeholders, such as `{{ id }}` or `{{ event.computer | upper }}`, filled from a notification.

Templates are Jinja2, in its sandbox. They come from the administrator and are trusted to be well meant; the values come from
events and are not, so whoever fills a template says how a value is escaped for the place where it goes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

from alert_core.model import Notification

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["VARIABLES", "Template", "TemplateFault", "check_template", "variables"]

VARIABLES = (
    "id", "condition", "type", "key", "kind", "time", "since", "severity", "subject", "body", "quantity", "suppressed",
    "computers", "computer", "creator", "test", "event", "attributes",
)  # fmt: skip
"""The names that a template may use; `event` has the fields of `Event`, `attributes` is short for `event.attributes`."""


class TemplateFault(ValueError):
    """A template that cannot be read, or not be filled from this notification."""


def variables(notification: Notification) -> dict[str, Any]:
    """What stands behind `VARIABLES` for one notification."""
    values = {name: getattr(notification, name) for name in VARIABLES if name != "attributes"}
    values["attributes"] = notification.event.attributes
    return values


def check_template(text: str) -> str:
    """Return the text when it is a sound template; for a settings field: `Annotated[str, AfterValidator(check_template)]`.

    Raises:
        TemplateFault: It cannot be read, or names a variable that does not exist; a `ValueError`, as pydantic wants it.
    """
    if "{" not in text:  # most texts are plain, and Jinja2 takes long to load
        return text
    from jinja2 import TemplateSyntaxError, meta

    try:
        unknown = meta.find_undeclared_variables(environment().parse(text)) - set(VARIABLES)
    except TemplateSyntaxError as error:
        raise TemplateFault(f"is no template: {error.message} in line {error.lineno}") from error
    if unknown:
        names = ", ".join(VARIABLES)
        raise TemplateFault(f"{{{{ {min(unknown)} }}}} stands for nothing; there are {names}")
    return text


class Template:
    """A template, read when it is first filled.

    Args:
        text: The template; check it with `check_template` when the settings are read.
        escape: Makes a value fit for the place where the text goes, such as `urllib.parse.quote`. It gets every value that is
            put in, as text, and never the text between. Default: values stay as they are.
    """

    def __init__(self, text: str, *, escape: Callable[[str], str] | None = None) -> None:
        self.text, self._escape = text, escape
        self._compiled: Any = None

    def fill(self, notification: Notification) -> str:
        """The text for one notification. A field that an event does not have gives an empty text.

        Raises:
            TemplateFault: A filter or an operation does not work with the values of this notification.
        """
        if "{" not in self.text:
            return self.text
        if self._compiled is None:
            self._compiled = environment(self._escape).from_string(self.text)
        try:
            return str(self._compiled.render(variables(notification)))
        except Exception as error:  # a template may raise anything
            raise TemplateFault(f"template fails: {type(error).__name__}: {error}") from error


@cache
def environment(escape: Callable[[str], str] | None = None, *, strict: bool = False) -> Environment:
    """The sandbox; made on first use, because the library takes long to load.

    Args:
        escape: What every value goes through, as text.
        strict: Whether a missing value is an error, not an empty text.
    """
    from jinja2 import ChainableUndefined, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def finalize(value: object) -> str:
        text = _text(value)
        return escape(text) if escape is not None else text

    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined if strict else ChainableUndefined, keep_trailing_newline=True, finalize=finalize
    )


def _text(value: object) -> str:
    """A value as a person writes it: times in ISO 8601, lists with commas, nothing for nothing."""
    if value is None:
        return ""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple | list):
        return ",".join(map(_text, value))
    return value.isoformat() if isinstance(value, date) else str(value)
