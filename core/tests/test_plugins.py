from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import click
import pytest

from alert_core import (
    Action,
    ConfigError,
    Delivery,
    DeliveryState,
    Notification,
    PluginConflictError,
    PluginLoadError,
    Receipt,
    Settings,
    Strength,
    UnknownTypeError,
    hookimpl,
)
from alert_core._reports import Reports
from alert_core.plugins import PluginReport, Plugins


def action_source(name: str, *, class_name: str = "AnAction") -> str:
    """The source of a plugin module with one good action type."""
    return dedent(f'''
        from alert_core import Action, Receipt, Settings, Strength, hookimpl

        class AnAction(Action[Settings]):
            """Send nothing anywhere."""

            name = "{name}"
            label = "Nothing"

            def send(self, notification):
                return Receipt(Strength.CONFIRMED)

        @hookimpl
        def alert_register_actions():
            return [AnAction]
    ''')


class Quiet(Action[Settings]):
    """Send nothing anywhere."""

    name = "quiet"
    label = "Nothing"

    def send(self, notification: Notification) -> Receipt:
        return Receipt(Strength.CONFIRMED)


class Offers:
    """A plugin object that offers some action classes."""

    def __init__(self, *classes: Any) -> None:
        self.classes = classes

    @hookimpl
    def alert_register_actions(self) -> Sequence[type[Action[Any]]]:
        return list(self.classes)


def report_of(plugins: Plugins, name: str) -> PluginReport:
    return next(report for report in plugins.reports if report.name == name)


def load(**objects: object) -> Plugins:
    return Plugins.load(only=(), objects=objects)


def test_installed_plugin_is_found_through_its_entry_point(fake_distribution: Any) -> None:
    fake_distribution("alert-hello", action_source("hello"), version="1.2")

    plugins = Plugins.load(only=["hello"])

    assert report_of(plugins, "hello") == PluginReport(
        name="hello", distribution="alert-hello", version="1.2", status="ok", types={"action": ("hello",)}
    )
    assert plugins.actions.find("hello").label == "Nothing"
    assert plugins.owner(plugins.actions["hello"]) == "hello"


def test_builtin_plugin_is_always_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_PLUGINS_ONLY", "")

    plugins = Plugins.load(block=["builtin"])

    assert report_of(plugins, "builtin").status == "ok"
    assert "json" in plugins.formats
    assert "threshold" in plugins.conditions


@pytest.mark.parametrize("how", ["only", "block", "ONLY", "ONLY empty", "BLOCK"])
def test_blocked_plugin_is_not_imported(how: str, fake_distribution: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_distribution("alert-bang", "raise SystemError('imported')")
    options: dict[str, Any] = {}
    if how == "only":
        options["only"] = ["other"]
    elif how == "block":
        options["block"] = ["bang"]
    elif how == "BLOCK":
        monkeypatch.setenv("ALERT_PLUGINS_BLOCK", "other, bang")
    else:
        options["only"] = ["bang"]
        monkeypatch.setenv("ALERT_PLUGINS_ONLY", "" if how.endswith("empty") else "other")

    plugins = Plugins.load(**options)

    report = report_of(plugins, "bang")
    assert report.status == "blocked"
    assert report.error.startswith("it is")
    assert "alert_bang" not in sys.modules


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module' (alert_bad.py, line 1)"),
        ("def (", "SyntaxError: invalid syntax (alert_bad.py, line 1)"),
        ("import sys\nsys.exit(3)", "SystemExit: 3 (alert_bad.py, line 2)"),
        (
            "from alert_core import hookimpl\n@hookimpl\ndef alert_suppress(notification, acton): ...",
            "Plugin 'bad' for hook 'alert_suppress' hookimpl definition: alert_suppress(notification, acton) "
            "Argument(s) {'acton'} are declared in the hookimpl but can not be found in the hookspec",
        ),
        (
            "from alert_core import hookimpl\n@hookimpl\ndef alert_register_action(): ...",
            "unknown hook 'alert_register_action' in plugin",
        ),
        ("def alert_register_actions(): return []", "alert_register_actions() is not marked with @hookimpl"),
        ("answer = 42", "it implements no hook"),
        (
            "from alert_core import hookimpl\n@hookimpl\ndef alert_register_actions(): return 1 / 0",
            "ZeroDivisionError: division by zero (alert_bad.py, line 3)",
        ),
        (
            "from alert_core import hookimpl\n@hookimpl\ndef alert_register_actions(): ...",
            "alert_register_actions() returned NoneType, not a list",
        ),
        (
            "from alert_core import hookimpl\n@hookimpl\ndef alert_register_actions(): return int",
            "alert_register_actions() returned type, not a list",
        ),
    ],
)
def test_plugin_that_cannot_be_loaded_takes_out_itself_alone(source: str, error: str, fake_distribution: Any) -> None:
    fake_distribution("alert-bad", source, version="0.9")
    fake_distribution("alert-good", action_source("good"))

    plugins = Plugins.load(only=["bad", "good"])

    report = report_of(plugins, "bad")
    assert (report.distribution, report.version, report.status) == ("alert-bad", "0.9", "broken")
    assert report.error.startswith(error)
    assert list(plugins.actions) == ["good"]


def test_failure_is_logged_once_with_name_distribution_and_version(
    fake_distribution: Any, caplog: pytest.LogCaptureFixture
) -> None:
    fake_distribution("alert-bad", "import no_such_module", version="0.9")

    with caplog.at_level(logging.WARNING):
        Plugins.load(only=["bad"])

    assert caplog.messages == [
        "plugin 'bad' (alert-bad 0.9): ModuleNotFoundError: No module named 'no_such_module' (alert_bad.py, line 1)"
    ]


def _broken(**changes: Any) -> type:
    body = {"name": "x", "label": "X", "send": lambda self, notification: None, "settings_model": Settings, **changes}
    return type("Broken", (Action,), {key: value for key, value in body.items() if value is not None})


class _Clashing(Settings):
    timeout_seconds: int = 1


class _Unbuildable(Settings):
    opaque: Offers


@pytest.mark.parametrize(
    ("component", "error"),
    [
        (42, "a int is not a subclass of Action"),
        (int, "int is not a subclass of Action"),
        (_broken(send=None), "Broken does not implement send"),
        (_broken(name=None), "Broken has no name; a name is lower case letters, digits and single hyphens"),
        (_broken(name="Bad Name"), "Broken has the name 'Bad Name'; a name is lower case letters, digits and single hyphens"),
        (_broken(name="a--b"), "Broken has the name 'a--b'; a name is lower case letters, digits and single hyphens"),
        (_broken(label=" "), "Broken has no label"),
        (_broken(settings_model=None), "Broken names no settings model; write `class Broken(Action[BrokenSettings])`"),
        (_broken(settings_model=int), "Broken names no settings model; write `class Broken(Action[BrokenSettings])`"),
        (
            _broken(settings_model=_Clashing),
            "_Clashing has the field 'timeout_seconds', which the core itself reads in every such table",
        ),
    ],
)
def test_bad_component_takes_out_its_plugin(component: Any, error: str) -> None:
    plugins = load(bad=Offers(component), good=Offers(Quiet))

    assert report_of(plugins, "bad").status == "broken"
    assert report_of(plugins, "bad").error == error
    assert list(plugins.actions) == ["quiet"]


def test_settings_that_nothing_can_validate_take_out_their_plugin() -> None:
    plugins = load(bad=Offers(_broken(settings_model=_Unbuildable)), good=Offers(Quiet))

    assert report_of(plugins, "bad").status == "broken"
    assert report_of(plugins, "bad").error.startswith("PydanticSchemaGenerationError: Unable to generate pydantic-core schema")
    assert list(plugins.actions) == ["quiet"]


def test_settings_are_not_built_for_a_list_of_commands() -> None:
    class UnusedSettings(Settings):
        lines: int = 1

    Plugins.load(only=(), objects={"some": Offers(_broken(settings_model=UnusedSettings))}, complete=False)

    assert not UnusedSettings.__pydantic_complete__


def test_settings_that_nothing_can_validate_are_an_error_of_their_plugin_when_they_are_used(fake_distribution: Any) -> None:
    source = """
        from alert_core import Action, Settings, hookimpl

        class FaultySettings(Settings):
            path: "Missing"

        class FaultyAction(Action[FaultySettings]):
            name = label = "faulty"

            def send(self, notification): ...

        @hookimpl
        def alert_register_actions():
            return [FaultyAction]
    """
    fake_distribution("alert-faulty", source, version="0.9")
    plugins = Plugins.load(complete=False)

    with pytest.raises(PluginLoadError) as caught:
        plugins.actions.find("faulty")

    assert str(caught.value).startswith(
        "plugin 'faulty' (alert-faulty 0.9): the settings of 'faulty' are faulty: PydanticUndefinedAnnotation: name 'Missing'"
    )


def test_subclass_may_bring_its_own_settings() -> None:
    class Inherited(Quiet): ...

    class Extended(Quiet):
        settings_model = _Clashing

    assert (Inherited.settings_model, Extended.settings_model) == (Settings, _Clashing)


def test_one_plugin_cannot_offer_a_name_twice() -> None:
    plugins = load(bad=Offers(Quiet, Quiet))

    assert report_of(plugins, "bad").error == "it offers two action types named 'quiet'"


def test_two_plugins_that_claim_one_type_are_both_named_and_the_rest_goes_on(fake_distribution: Any) -> None:
    two_types = action_source("snmp") + dedent("""
        class Second(AnAction):
            name = "second"

        @hookimpl
        def alert_register_actions():
            return [AnAction, Second]
    """)
    fake_distribution("alert-first", two_types)
    fake_distribution("alert-rival", action_source("snmp"), version="2.0")

    plugins = Plugins.load(only=["first", "rival"])

    assert [report_of(plugins, name).status for name in ("first", "rival")] == ["conflict", "conflict"]
    assert report_of(plugins, "first").error == "action type 'snmp' is also offered by plugin 'rival' (alert-rival 2.0)"
    assert report_of(plugins, "rival").error == "action type 'snmp' is also offered by plugin 'first' (alert-first 1.0)"
    assert list(plugins.actions) == ["second"]
    with pytest.raises(PluginConflictError) as caught:
        plugins.actions.find("snmp")
    assert str(caught.value) == (
        "plugin 'first' (alert-first 1.0): action type 'snmp' is also offered by plugin 'rival' (alert-rival 2.0); "
        "neither is used until one is blocked or uninstalled"
    )


def test_two_distributions_may_use_one_entry_point_name(fake_distribution: Any) -> None:
    fake_distribution("alert-one", action_source("one"), plugin="same")
    fake_distribution("alert-two", action_source("two"), plugin="same")

    plugins = Plugins.load(only=["same"])

    assert list(plugins.actions) == ["one", "two"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("quite", "no installed plugin offers the action type 'quite'; did you mean 'quiet'?"),
        ("snmp", "no installed plugin offers the action type 'snmp'; pip install alert-snmp"),
        ("zzzz", "no installed plugin offers the action type 'zzzz'; installed types: 'quiet'"),
        ("bad", "no installed plugin offers the action type 'bad'; the plugin 'bad' is broken: it implements no hook"),
    ],
)
def test_unknown_type_says_what_to_do(asked: str, message: str) -> None:
    plugins = Plugins.load(only=(), objects={"good": Offers(Quiet), "bad": object()})
    if asked == "snmp":
        # An installed channel would be reported as blocked instead.
        plugins = Plugins(plugins._plugins, reports=Reports())

    with pytest.raises(UnknownTypeError) as caught:
        plugins.actions.find(asked)

    assert str(caught.value) == message


def test_required_plugins_are_missed_all_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        Plugins.load(only=(), require=["builtin", "good", "nowhere", "bad"], objects={"good": Offers(Quiet), "bad": object()})

    assert str(caught.value) == (
        "plugins.require: these required plugins do not work: 'bad', 'nowhere'; `alert plugins` says what is wrong"
    )


def test_names_that_match_no_plugin_are_remembered() -> None:
    plugins = Plugins.load(only=["emial"], block=["snpm"])

    assert plugins.unmatched == ("emial", "snpm")


def test_plugin_in_a_single_file_needs_no_packaging(tmp_path: Path) -> None:
    (tmp_path / "alert_hello.py").write_text("from __future__ import annotations\n" + action_source("hello"))

    plugins = Plugins.load(only=(), files=[tmp_path / "alert_hello.py"])

    assert report_of(plugins, "alert_hello").status == "ok"
    assert list(plugins.actions) == ["hello"]


def test_missing_plugin_file_is_reported(tmp_path: Path) -> None:
    plugins = Plugins.load(only=(), files=[tmp_path / "nowhere.py", tmp_path / "data.txt"])

    assert report_of(plugins, "nowhere").error.startswith("FileNotFoundError: [Errno 2] No such file or directory")
    assert report_of(plugins, "data").error == "data.txt is not a Python file"


class _Asked:
    """Answers every question; raises in the first place if it is told to."""

    def __init__(self, answer: str | None, *, raises: bool = False) -> None:
        self.answer, self.raises = answer, raises
        self.heard: list[object] = []

    def _answer(self, about: object) -> str | None:
        if self.raises:
            raise RuntimeError("secret-value")
        self.heard.append(about)
        return self.answer

    @hookimpl
    def alert_suppress(self, action: str) -> str | None:
        return self._answer(action)

    @hookimpl
    def alert_resolve_secret(self, reference: Mapping[str, str]) -> str | None:
        return self._answer(reference)

    @hookimpl
    def alert_delivered(self, delivery: Delivery) -> None:
        self._answer(delivery)

    @hookimpl
    def alert_configured(self, config: Any) -> None:
        self._answer(config)


def test_first_reason_suppresses_and_a_raising_plugin_does_not(caplog: pytest.LogCaptureFixture) -> None:
    plugins = load(a=_Asked(None), b=_Asked("never", raises=True), c=_Asked("maintenance"), d=_Asked("later"))

    reason = plugins.suppress(Notification.sample(), "mail")

    assert reason == "maintenance"
    assert caplog.messages == ["plugin 'b': alert_suppress raised RuntimeError; delivering"]


def test_raising_plugins_alone_never_suppress() -> None:
    plugins = load(a=_Asked("x", raises=True))

    assert plugins.suppress(Notification.sample(), "mail") is None


def test_secret_is_resolved_by_the_first_plugin_that_knows_it(caplog: pytest.LogCaptureFixture) -> None:
    plugins = load(a=_Asked(None), b=_Asked("x", raises=True), c=_Asked("opened"))

    value = plugins.resolve_secret({"vault": "path"})

    assert value == "opened"
    assert caplog.messages == ["plugin 'b': alert_resolve_secret raised RuntimeError"]
    assert "secret-value" not in caplog.text


def test_listeners_all_hear_although_one_raises(caplog: pytest.LogCaptureFixture) -> None:
    good, other = _Asked(None), _Asked(None)
    plugins = load(a=good, b=_Asked(None, raises=True), c=other)
    delivery = Delivery(notification=Notification.sample(), action="mail", state=DeliveryState.DELIVERED, attempt=1)
    config: Any = object()

    plugins.delivered(delivery)
    plugins.configured(config)

    assert good.heard == other.heard == [delivery, config]
    assert caplog.messages == [
        "plugin 'b': alert_delivered raised RuntimeError",
        "plugin 'b': alert_configured raised RuntimeError",
    ]


class _Commands:
    def __init__(self, *names: str | None, raises: bool = False) -> None:
        self.names, self.raises = names, raises

    @hookimpl
    def alert_register_commands(self) -> Sequence[click.Command]:
        if self.raises:
            raise OSError("no terminal")
        return [click.Command(name) for name in self.names]


def test_commands_come_from_every_plugin_but_the_broken_and_the_rivals() -> None:
    plugins = load(
        a=_Commands("one", "shared"),
        b=_Commands("two", "shared"),
        c=_Commands(raises=True),
        d=_Commands(None),
        e=_Commands("three"),
    )

    commands = plugins.commands()

    assert list(commands) == ["one", "three", "two"]
    assert [report_of(plugins, name).status for name in "abcde"] == ["conflict", "conflict", "broken", "broken", "ok"]
    assert report_of(plugins, "a").error == "command 'shared' is also offered by plugin 'b'"
    assert report_of(plugins, "c").error.startswith("commands: OSError: no terminal (test_plugins.py, line")
    assert report_of(plugins, "e").types == {"command": ("three",)}
    assert plugins.commands() is commands


def test_loading_imports_nothing_heavy() -> None:
    code = (
        "import sys; from alert_core.plugins import Plugins; Plugins.load(only=());"
        "print([name for name in ('click', 'rich', 'jinja2', 'sqlalchemy', 'requests') if name in sys.modules])"
    )

    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"
