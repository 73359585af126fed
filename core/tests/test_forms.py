from __future__ import annotations

from typing import Any

from alert_core import Action, Notification, Receipt, Settings
from alert_core.forms import FormField, Page, form_for
from alert_core.plugins import Plugins


def test_form_has_a_page_of_plain_questions_and_one_for_each_nested_table(plugins: Plugins) -> None:
    form = form_for(plugins.actions["post"])

    assert (form.type, form.label, form.help) == ("post", "Post", "Send a message by post.")
    assert form.instructions == "A letter box must be there."
    assert [(page.name, page.title) for page in form.pages] == [("", "Post"), ("login", "Login"), ("proxy", "Proxy")]
    assert [field.name for field in form.pages[0].fields] == [
        "host", "port", "level", "mode", "encrypted", "recipients", "copies", "headers", "key", "pause",
    ]  # fmt: skip


def test_question_knows_everything_that_the_setting_says(plugins: Plugins) -> None:
    fields = {field.name: field for field in form_for(plugins.actions["post"]).pages[0].fields}

    assert fields["host"] == FormField(
        name="host", label="Host", help="Where to send.", kind="text", required=True, placeholder="mx.example.net"
    )
    assert fields["port"] == FormField(
        name="port", label="Port", help="Where it listens.", kind="integer", default=25, minimum=1, maximum=65535
    )
    assert (fields["level"].kind, fields["level"].choices, fields["level"].label) == ("choice", ("low", "high"), "Level")
    assert (fields["mode"].kind, fields["mode"].choices, fields["mode"].default) == ("choice", ("fast", "safe"), "safe")
    assert (fields["encrypted"].kind, fields["encrypted"].default) == ("checkbox", False)
    assert fields["recipients"].kind == "list"
    assert fields["headers"].kind == "table"
    assert (fields["key"].kind, fields["key"].label, fields["key"].default) == ("secret", "Key", None)
    assert fields["pause"].kind == "text"


def test_choice_between_tables_swaps_the_questions(plugins: Plugins) -> None:
    page = form_for(plugins.actions["post"]).pages[1]

    assert page.selector == "kind"
    assert {answer: [field.name for field in fields] for answer, fields in page.variants.items()} == {
        "password": ["user", "password"],
        "token": ["token"],
    }
    assert page.variants["token"][0].kind == "secret"


def test_nested_table_keeps_the_words_of_its_setting(plugins: Plugins) -> None:
    page = form_for(plugins.actions["post"]).pages[2]

    assert (page.title, page.help) == ("Proxy", "The server in between.")
    assert [(field.name, field.required) for field in page.fields] == [("host", True), ("port", False)]


def test_component_without_settings_has_one_empty_page() -> None:
    class Nothing(Action[Settings]):
        """Do nothing."""

        name = "nothing"
        label = "Nothing"

        def send(self, notification: Notification) -> Receipt:
            raise NotImplementedError

    assert form_for(Nothing).pages == (Page(name="", title="Nothing", help="Do nothing."),)


def test_every_installed_type_has_a_form() -> None:
    plugins = Plugins.load()
    registries: tuple[Any, ...] = (plugins.sources, plugins.formats, plugins.conditions, plugins.actions)

    forms = [form_for(cls) for registry in registries for cls in registry.values()]

    assert all(field.label and field.help for form in forms for page in form.pages for field in page.fields)
