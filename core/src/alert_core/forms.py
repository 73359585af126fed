"""The form that a person fills in for a component, worked out from the JSON Schema of its settings and from nothing else.

A wizard on a terminal and a page in a browser draw the same form, and no plugin brings a user interface of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from alert_core.components import Component

__all__ = ["Form", "FormField", "Page", "form_for"]

Kind = Literal["text", "number", "integer", "checkbox", "choice", "secret", "list", "table", "group"]
Schema = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class FormField:
    """One question.

    Attributes:
        name: The key in the configuration.
        label: What a person sees.
        help: One or two sentences.
        kind: How to ask. `group` asks for `fields`, or, with `variants`, for one of them.
        required: Whether there must be an answer.
        default: What holds without an answer.
        placeholder: An example.
        choices: The answers there are, for `choice` and for a `list` of choices.
        minimum: The smallest number.
        maximum: The largest number.
        fields: The questions inside a group.
        selector: The field that decides between the variants.
        variants: Answer of the selector -> the questions that come with it.
    """

    name: str
    label: str
    help: str = ""
    kind: Kind = "text"
    required: bool = False
    default: Any = None
    placeholder: str = ""
    choices: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    fields: tuple[FormField, ...] = ()
    selector: str = ""
    variants: Mapping[str, tuple[FormField, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of the wizard; `name` is the key of the table that it fills, empty for the component's own."""

    name: str
    title: str
    help: str = ""
    fields: tuple[FormField, ...] = ()
    selector: str = ""
    variants: Mapping[str, tuple[FormField, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Form:
    """Everything that a person is asked for a component; `instructions` is the last page."""

    type: str
    label: str
    help: str
    pages: tuple[Page, ...]
    instructions: str = ""


def form_for(cls: type[Component[Any]]) -> Form:
    """The form of a component: one page of plain questions, and one for each nested table."""
    schema = cls.settings_model.model_json_schema()
    fields = tuple(_fields(schema, schema.get("$defs", {})))
    plain = tuple(each for each in fields if each.kind != "group")
    pages = [Page(name="", title=cls.label, help=cls.help, fields=plain)] if plain or not fields else []
    pages += [
        Page(
            name=each.name, title=each.label, help=each.help, fields=each.fields, selector=each.selector, variants=each.variants
        )
        for each in fields
        if each.kind == "group"
    ]
    return Form(
        type=cls.name, label=cls.label, help=cls.help, pages=tuple(pages), instructions=getattr(cls, "instructions", "")
    )


def _fields(schema: Schema, definitions: Schema) -> Iterator[FormField]:
    required = schema.get("required", ())
    for name, written in schema.get("properties", {}).items():
        yield _field(name, _resolved(written, definitions), name in required, definitions=definitions)


def _field(name: str, schema: Schema, required: bool, *, definitions: Schema) -> FormField:
    facts: dict[str, Any] = {
        "name": name,
        "label": schema.get("title", name),
        "help": schema.get("description", ""),
        "required": required,
        "default": schema.get("default"),
        "placeholder": str(schema["examples"][0]) if schema.get("examples") else "",
    }
    kind = _kind(schema)
    if kind == "group":
        return FormField(kind=kind, **facts, **_group(schema, definitions))
    if kind == "list":
        items = _resolved(schema.get("items", {}), definitions)
        return FormField(kind=kind, **facts, choices=tuple(items.get("enum", ())))
    if kind in ("number", "integer"):
        facts["minimum"] = schema.get("minimum", schema.get("exclusiveMinimum"))
        facts["maximum"] = schema.get("maximum", schema.get("exclusiveMaximum"))
    return FormField(kind=kind, **facts, choices=_choices(schema))


def _kind(schema: Schema) -> Kind:
    if schema.get("writeOnly"):
        return "secret"
    if "properties" in schema or "discriminator" in schema:
        return "group"
    if "enum" in schema or "const" in schema:
        return "choice"
    kinds: dict[object, Kind] = {
        "boolean": "checkbox", "integer": "integer", "number": "number", "array": "list", "object": "table",
    }  # fmt: skip
    return kinds.get(schema.get("type"), "text")


def _choices(schema: Schema) -> tuple[Any, ...]:
    return (schema["const"],) if "const" in schema else tuple(schema.get("enum", ()))


def _group(schema: Schema, definitions: Schema) -> dict[str, Any]:
    if "discriminator" not in schema:
        return {"fields": tuple(_fields(schema, definitions))}
    selector = schema["discriminator"]["propertyName"]
    variants = {
        answer: tuple(
            each for each in _fields(_resolved({"$ref": reference}, definitions), definitions) if each.name != selector
        )
        for answer, reference in schema["discriminator"]["mapping"].items()
    }
    return {"selector": selector, "variants": variants}


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """The schema with references followed and `or null` left out; what stands beside a reference wins."""
    if "$ref" in schema:
        target = definitions[str(schema["$ref"]).rpartition("/")[2]]
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return _resolved({**target, **beside}, definitions)
    if schema.get("writeOnly"):
        return schema
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    if len(options) == 1:
        beside = {key: value for key, value in schema.items() if key != "anyOf"}
        return {**_resolved(options[0], definitions), **beside}
    # A value of several types is asked for as text; a list of choices among them is kept.
    return schema
