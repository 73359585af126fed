"""What the core itself reads in the tables of `alert.toml`; all other keys belong to the plugin behind the table's `type`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from alert_core.model import Severity
from alert_core.settings import Settings

__all__ = ["ActionKeys", "ConditionKeys", "Damper", "FormatKeys", "PluginKeys", "SourceKeys", "StoreKeys"]

AUTO = timedelta(minutes=60)
_YEAR_MINUTES = 365 * 24 * 60


def _damper(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if value == "auto":
        return AUTO
    if value == "none":
        return timedelta(0)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= _YEAR_MINUTES:
        return timedelta(minutes=value)
    raise ValueError(f'must be "auto", "none", or a number of minutes above 0 and up to {_YEAR_MINUTES}')


class _DamperSchema:
    """How it is checked, saved and described."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _damper,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value.total_seconds() / 60),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        minutes = {"type": "number", "exclusiveMinimum": 0, "maximum": _YEAR_MINUTES}
        return {"anyOf": [{"enum": ["auto", "none"]}, minutes]}


Damper = Annotated[timedelta, _DamperSchema]
"""`"auto"` (60 minutes), `"none"` or a number of minutes."""


class SourceKeys(Settings):
    """What every `[sources.<name>]` table has."""

    type: str = Field(title="Type", description="Which installed source type this is; `alert plugins` lists them.")
    format: str | dict[str, Any] = Field(
        "",
        title="Format",
        description="How a record is turned into an event: a format type, or a table with `type` and its settings. Blank: "
        "what suits the source, `json` for most.",
    )


class FormatKeys(Settings):
    """What every `format = { ... }` table has."""

    type: str = Field(title="Type", description="Which installed format this is; `alert plugins` lists them.")


class ConditionKeys(Settings):
    """What every `[conditions.<name>]` table has."""

    type: str = Field(title="Type", description="Which installed condition type this is; `alert plugins` lists them.")
    where: dict[str, Any] = Field(
        default_factory=dict,
        title="Filters",
        description="Field to filter; all must hold. A value, a list of values, a glob, a network, a comparison; `!` negates.",
    )
    damper: Damper = Field(
        AUTO,
        title="Damper",
        description='How long the actions are not repeated: "auto" (60 minutes), "none", or minutes.',
        json_schema_extra={"default": "auto"},
    )
    damper_per: Literal["key", "condition"] = Field(
        "key",
        title="Damper per",
        description="One damper for each key the condition counts by, so that one victim never hides the next, or one for all.",
    )
    actions: tuple[str, ...] = Field(
        (), title="Actions", description="Names of the actions that are told; none switches the condition off."
    )
    subject: str = Field("", title="Subject", description="Template of the subject; empty: the words of the type.")
    body: str = Field("", title="Body", description="Template of the text; empty: the words of the type.")
    severity: Severity | None = Field(
        None, title="Severity", description="Severity of the notification; not set: that of the event, else major."
    )
    creator: str = Field("", title="Creator", description="Who set the condition up.")


class ActionKeys(Settings):
    """What every `[actions.<name>]` table has."""

    type: str = Field(title="Type", description="Which installed action type this is; `alert plugins` lists them.")
    concurrency: int = Field(2, ge=1, le=64, title="Concurrency", description="How many deliveries run side by side.")
    timeout_seconds: float = Field(
        30.0, gt=0, le=3600, title="Time limit in seconds", description="How long one attempt may take."
    )
    batch_size: int = Field(
        100,
        ge=1,
        le=1000,
        title="Batch size",
        description="How many waiting notifications are handed over at once, if the action can carry several.",
    )
    give_up_hours: float = Field(
        24.0, gt=0, le=8760, title="Give up after hours", description="How long attempts go on before the delivery has failed."
    )


class PluginKeys(Settings):
    """The `[plugins]` table; it acts before any plugin is imported."""

    only: tuple[str, ...] | None = Field(
        None, title="Only", description="Load these plugins and no others; an empty list loads none but the built-in one."
    )
    block: tuple[str, ...] = Field((), title="Block", description="Never load these plugins.")
    require: tuple[str, ...] = Field((), title="Require", description="Refuse to start unless these plugins work.")


class StoreKeys(Settings):
    """The `[store]` table."""

    folder: Path = Field(
        Path("state"),
        title="Folder",
        description="Where the database, spools and state are kept; relative to the folder of `alert.toml`.",
    )
    snapshot_seconds: float = Field(
        15.0,
        gt=0,
        le=3600,
        title="Seconds between snapshots",
        description="How often the state of all conditions is written; a start after a crash reads again what came since.",
    )
    keep_days: int = Field(
        0, ge=0, le=36500, title="Keep days", description="How long acknowledged notifications are kept; 0 keeps everything."
    )
