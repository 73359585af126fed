"""`Settings`, the base of every plugin's options, and `Secret`, the type of those that nobody may see."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from alert_core.errors import SecretError

__all__ = ["Secret", "Settings"]


class Settings(BaseModel):
    """The options of one component.

    Subclass it and give every field `Field(title=..., description=...)`: validation, `alert.toml`, the wizard's form,
    the JSON Schema and the documentation all come from this one description. Unknown keys are refused.
    """

    # Input never appears in pydantic's own error text: it may be a secret. Validators are built when `Plugins.load` or the
    # first use asks for them: that is most of what importing a plugin costs, and a list of the commands needs none.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)


class Secret:
    """A password, key or token: either the value itself, or a reference to where it is kept.

    In `alert.toml`: `"literal"`, `{ env = "NAME" }`, `{ file = "/path" }`, or a table with one key that a plugin resolves
    through the hook `alert_resolve_secret`. It shows as `Secret('***')` or as its reference, and saves as what was written.
    """

    __slots__ = ("_reference",)

    def __init__(self, reference: str | Mapping[str, str]) -> None:
        self._reference = reference if isinstance(reference, str) else dict(reference)

    @property
    def reference(self) -> str | dict[str, str]:
        """What stands in the configuration. For saving only: a literal is the secret itself."""
        return self._reference

    @property
    def literal(self) -> bool:
        """Whether the value itself stands in the configuration."""
        return isinstance(self._reference, str)

    def resolve(self, ask: Callable[[Mapping[str, str]], str | None] | None = None) -> str:
        """Look the value up.

        Args:
            ask: Called with a reference that is neither `env` nor `file`; the hook `alert_resolve_secret`.

        Raises:
            SecretError: The variable is not set, the file cannot be read, or no plugin knows the reference.
        """
        reference = self._reference
        if isinstance(reference, str):
            return reference
        if "env" in reference:
            return self._from_environment(reference["env"])
        if "file" in reference:
            return self._from_file(reference["file"])
        value = ask(reference) if ask else None
        if value is None:
            kinds = ", ".join(reference)
            raise SecretError(
                f"no plugin resolves a secret of kind {kinds!r}", hint="use env, file, or install the plugin for it"
            )
        return value

    @staticmethod
    def _from_environment(name: str) -> str:
        try:
            return os.environ[name]
        except KeyError:
            raise SecretError(f"environment variable {name!r} is not set", hint="set it where alert runs") from None

    @staticmethod
    def _from_file(path: str) -> str:
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise SecretError(f"cannot read secret file {path!r}: {reason}", hint="check its path and permissions") from None

    def __repr__(self) -> str:
        return "Secret('***')" if self.literal else f"Secret({self._reference!r})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._reference == other._reference

    def __hash__(self) -> int:
        return hash(repr(sorted(self._reference.items())) if isinstance(self._reference, dict) else self._reference)

    @classmethod
    def _validate(cls, value: object) -> Secret:
        if isinstance(value, Secret):
            return value
        if isinstance(value, str) and value:
            return cls(value)
        if (
            isinstance(value, Mapping)
            and len(value) == 1
            and all(isinstance(part, str) for pair in value.items() for part in pair)
        ):
            return cls(value)
        raise ValueError('must be a non-empty string, { env = "NAME" }, { file = "/path" } or one reference of a plugin')

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda secret: secret.reference),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        reference = {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "minProperties": 1,
            "maxProperties": 1,
        }
        return {"anyOf": [{"type": "string", "format": "password", "minLength": 1}, reference], "writeOnly": True}
