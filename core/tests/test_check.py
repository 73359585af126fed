# ruff: noqa: E501 - messages are asserted whole
from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alert_core import hookimpl
from alert_core.cli.actions import action
from alert_core.cli.check import check as check_command
from alert_core.cli.plugins import plugins as plugins_command
from alert_core.cli.schema import schema
from alert_core.config import Finding, check, load
from alert_core.plugins import Plugins
from alert_core.store import Store

Write = Callable[..., Path]

GOOD = """
[sources.gate]
type = "feed"
path = "gate.log"
format = "lines"

[conditions.burst]
type = "many"
actions = ["mail"]
body = "{% if count %}{{ count }}{% endif %}"

[actions.mail]
type = "post"
host = "mx.example.net"
recipients = ["noc@example.net"]
"""


def findings(text: str, written: Write, plugins: Plugins) -> list[Finding]:
    return check(load(written(text), plugins), plugins)


def test_good_configuration_has_no_findings(written: Write, plugins: Plugins) -> None:
    assert findings(GOOD, written, plugins) == []


_HOST = 'host = "mx.example.net"'


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('["mail"]', "[]", [
            ("warning", "actions.mail", "no condition refers to it"),
            ("warning", "conditions.burst", "it has no actions"),
        ]),
        ("[sources.gate]\ntype = \"feed\"\npath = \"gate.log\"\nformat = \"lines\"", "", [("warning", "sources", "there is no source")]),
        ("{% endif %}", "", [
            ("error", "conditions.burst.body", "the template is wrong in line 1: Unexpected end of template. Jinja was looking for the "
             "following tags: 'elif' or 'else' or 'endif'. The innermost block that needs to be closed is 'if'"),
        ]),
        ('body = "', 'subject = "{{"\nbody = "', [
            ("error", "conditions.burst.subject", "the template is wrong in line 1: unexpected 'end of template'"),
        ]),
        ("recipients", "# recipients", [("warning", "actions.mail", "it has no recipients")]),
        ("mx.example.net", "explode", [("error", "actions.mail", "its plugin raised RuntimeError while it was checked")]),
        (_HOST, _HOST + '\nkey = { env = "ALERT_NOWHERE" }', [
            ("error", "actions.mail.key", "environment variable 'ALERT_NOWHERE' is not set"),
        ]),
        (_HOST, _HOST + '\nlogin = { kind = "token", token = { file = "/nowhere/x" } }', [
            ("error", "actions.mail.login.token", "cannot read secret file '/nowhere/x': No such file or directory"),
        ]),
        (_HOST, _HOST + '\nheaders = { A = { vault = "x" } }', [
            ("error", "actions.mail.headers.A", "no plugin resolves a secret of kind 'vault'"),
        ]),
        ('format = "lines"', 'format = { type = "lines", key = { vault = "x" } }', [
            ("error", "sources.gate.format.key", "no plugin resolves a secret of kind 'vault'"),
        ]),
    ],
)  # fmt: skip
def test_silent_fault_is_found(
    old: str, new: str, expected: list[tuple[str, str, str]], written: Write, plugins: Plugins
) -> None:
    assert old in GOOD

    found = findings(GOOD.replace(old, new), written, plugins)

    assert [(finding.severity, finding.key, finding.text) for finding in found] == expected


def test_empty_configuration_is_valid_and_does_nothing(written: Write, plugins: Plugins) -> None:
    assert [finding.text for finding in findings("", written, plugins)] == ["there is no source", "there is no condition"]


def test_broken_plugins_and_names_that_match_none_are_findings(written: Write, sample_plugin: object) -> None:
    plugins = Plugins.load(only=(), block=["emial"], objects={"sample": sample_plugin, "bad": object()})

    found = findings(GOOD, written, plugins)

    assert [(finding.severity, finding.text) for finding in found] == [
        ("error", "plugin 'bad': it implements no hook"),
        ("warning", "no installed plugin is named 'emial'"),
    ]


class Vault:
    @hookimpl
    def alert_resolve_secret(self, reference: Any) -> str | None:
        return "opened" if "vault" in reference else None


def test_secret_of_a_plugin_is_resolved(written: Write, sample_plugin: object) -> None:
    plugins = Plugins.load(only=(), objects={"sample": sample_plugin, "vault": Vault()})

    assert findings(GOOD.replace(_HOST, _HOST + '\nkey = { vault = "x" }'), written, plugins) == []


# The commands see installed plugins only, so the sample becomes a distribution here.


@pytest.fixture
def run(fake_distribution: Any, sample_plugin: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    import sys

    module = type(sample_plugin).__module__
    monkeypatch.setitem(sys.modules, "sample_module_of_the_tests", sys.modules[module])
    fake_distribution(
        "alert-sample",
        "from sample_module_of_the_tests import SamplePlugin\nplugin = SamplePlugin()",
        reference="alert_sample:plugin",
    )
    monkeypatch.setenv("ALERT_PLUGINS_ONLY", "sample")
    monkeypatch.setenv("COLUMNS", "80")

    def invoke(command: Any, *arguments: object) -> Result:
        return CliRunner().invoke(command, [str(argument) for argument in arguments])

    return invoke


def test_check_of_a_good_configuration_exits_with_0(run: Any, written: Write) -> None:
    result = run(check_command, "-c", written(GOOD))

    assert (result.exit_code, result.output) == (0, "1 source, 1 condition, 1 action: nothing is wrong\n")


def test_check_shows_findings_and_exits_with_1_for_errors(run: Any, written: Write) -> None:
    path = written(GOOD.replace(_HOST, _HOST + '\nkey = { env = "ALERT_NOWHERE" }').replace("recipients", "# recipients"))

    result = run(check_command, "-c", path)

    assert result.exit_code == 1
    assert [line.rstrip() for line in result.output.splitlines()] == [
        "error    actions.mail.key: environment variable 'ALERT_NOWHERE' is not set; set",
        "         it where alert runs",
        "warning  actions.mail: it has no recipients",
        "1 source, 1 condition, 1 action: 1 error, 1 warning",
    ]


def test_fault_that_many_have_in_common_is_shown_for_some_and_counted_for_all(run: Any, written: Write) -> None:
    path = written(GOOD + "".join(f'[conditions.c{number}]\ntype = "many"\n' for number in range(50)))

    result = run(check_command, "-c", path)

    text = " ".join(result.output.split())
    assert re.findall(r"conditions\.c\d+", text) == [f"conditions.c{number}" for number in range(20)]
    assert text.endswith(
        "warning ... and 30 more like the last: it has no actions; it is logged and nobody is told (--json names them) "
        "1 source, 51 conditions, 1 action: 0 errors, 50 warnings"
    )
    assert len(json.loads(run(check_command, "-c", path, "--json").output)["findings"]) == 50


def test_check_names_the_plugin_whose_settings_model_is_faulty_if_it_is_used(
    run: Any, written: Write, fake_distribution: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    fake_distribution("alert-faulty", source)
    monkeypatch.setenv("ALERT_PLUGINS_ONLY", "sample,faulty")

    unused = run(check_command, "-c", written(GOOD))
    used = run(check_command, "-c", written(GOOD + '[actions.bad]\ntype = "faulty"'))

    assert (unused.exit_code, used.exit_code) == (0, 2)
    assert used.stderr.startswith("error: alert.toml: actions.bad.type: plugin 'faulty' (alert-faulty 1.0): the settings of")
    assert "name 'Missing' is not defined" in used.stderr


@pytest.mark.parametrize(("options", "code"), [([], 0), (["--strict"], 1)])
def test_warnings_fail_only_when_asked(options: list[str], code: int, run: Any, written: Write) -> None:
    assert run(check_command, "-c", written(GOOD.replace("recipients", "# recipients")), *options).exit_code == code


def test_check_of_an_invalid_configuration_exits_with_2_and_lists_all_faults(run: Any, written: Write) -> None:
    path = written(GOOD.replace("path", "paht").replace('["mail"]', '["mial"]'))

    result = run(check_command, "-c", path)

    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "error: alert.toml: sources.gate.path: is missing",
        "error: alert.toml: sources.gate.paht: unknown key; did you mean 'path'?",
        "error: alert.toml: conditions.burst.actions[0]: no action is named 'mial'; did you mean 'mail'?",
    ]


def test_check_prints_json(run: Any, written: Write) -> None:
    good = run(check_command, "-c", written(GOOD.replace("recipients", "# recipients")), "--json")
    bad = run(check_command, "-c", written(GOOD.replace('["mail"]', '["mial"]')), "--json")

    assert (good.exit_code, bad.exit_code) == (0, 2)
    assert json.loads(good.output) == {
        "valid": True,
        "errors": [],
        "findings": [{"severity": "warning", "key": "actions.mail", "text": "it has no recipients", "hint": ""}],
    }
    assert json.loads(bad.output)["errors"] == [
        {
            "file": "alert.toml",
            "key": "conditions.burst.actions[0]",
            "text": "no action is named 'mial'",
            "hint": "did you mean 'mail'?",
        }
    ]


def test_missing_required_plugin_stops_every_command(run: Any, written: Write) -> None:
    result = run(check_command, "-c", written('[plugins]\nrequire = ["nowhere"]'))

    assert result.exit_code == 2
    assert result.stderr.startswith("error: plugins.require: these required plugins do not work: 'nowhere'")


def test_configuration_is_found_through_the_environment(run: Any, written: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_CONFIG", str(written(GOOD)))

    assert run(check_command).exit_code == 0


def test_configuration_here_is_the_default(run: Any, written: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(written(GOOD).parent)

    assert run(check_command).exit_code == 0


@pytest.mark.parametrize(
    ("host", "code", "detail"),
    [
        ("mx.example.net", 0, "accepted mx.example.net"),
        ("closed", 1, "closed is closed"),
        ("broken", 1, "the plugin raised RuntimeError: oh \\u001b[31mno"),
        ("slow", 1, "no answer within 0.2 seconds"),
    ],
)
def test_action_test_says_how_it_went(host: str, code: int, detail: str, run: Any, written: Write) -> None:
    path = written(GOOD.replace(_HOST, f'host = "{host}"\ntimeout_seconds = {0.2 if host == "slow" else 10}'))

    shown = run(action, "test", "mail", "-c", path)
    as_json = run(action, "test", "mail", "-c", path, "--json")

    verdict, line = shown.output.splitlines()
    answer = json.loads(as_json.output)
    assert (shown.exit_code, as_json.exit_code) == (code, code)
    assert verdict.startswith(f"mail (post): {'failed' if code else 'ok'} after ")
    assert line == f"  {detail}"
    assert (answer["action"], answer["type"], answer["ok"], answer["detail"]) == ("mail", "post", not code, detail)


def test_action_that_does_not_exist_is_a_usage_error(run: Any, written: Write) -> None:
    result = run(action, "test", "mial", "-c", written(GOOD))

    assert (result.exit_code, result.stderr) == (2, "error: no action is named 'mial'; did you mean 'mail'?\n")


def test_plugins_are_listed_with_what_is_wrong(
    run: Any, fake_distribution: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_PLUGINS_ONLY", "sample,bad")
    fake_distribution("alert-bad", "raise ValueError('[red]not markup[/red] \\x1b[31m :smile: ' + 'long ' * 30)", version="0.9")

    result = run(plugins_command, "-c", tmp_path / "nowhere.toml")

    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert lines[0].split() == ["Plugin", "From", "Status", "Offers,", "or", "what", "is", "wrong"]
    assert any(line.startswith("bad ") and "alert-bad 0.9" in line and "broken" in line for line in lines)
    assert any(line.startswith("sample ") and " ok " in line and "source: feed" in line for line in lines)
    unwrapped = "".join(result.output.split())  # how wide the column is depends on what else is installed
    assert "[red]notmarkup[/red]" in unwrapped
    assert "\\x1b[31m" in unwrapped
    assert ":smile:" in unwrapped
    assert "\x1b" not in result.output
    assert max(map(len, lines)) <= 80


def test_plugins_prints_json(run: Any, tmp_path: Path) -> None:
    result = run(plugins_command, "-c", tmp_path / "nowhere.toml", "--json")

    assert result.exit_code == 0
    shown = json.loads(result.output)
    assert shown["faults"] == []
    assert next(plugin for plugin in shown["plugins"] if plugin["name"] == "sample") == {
        "name": "sample",
        "distribution": "alert-sample",
        "version": "1.0",
        "status": "ok",
        "types": {"source": ["feed"], "format": ["lines"], "condition": ["many"], "action": ["post"]},
        "error": "",
    }


def test_check_of_one_plugin_fails_unless_it_is_ok(
    run: Any, fake_distribution: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_PLUGINS_ONLY", "hooks,bad")
    # It offers no component, so that there is no level to look for.
    fake_distribution("alert-hooks", "from alert_core import hookimpl\n@hookimpl\ndef alert_configured(config): pass")
    fake_distribution("alert-bad", "import no_such_module")
    nowhere = tmp_path / "nowhere.toml"

    codes = [run(plugins_command, "-c", nowhere, "--check", name).exit_code for name in ("hooks", "bad", "unknown")]

    assert codes == [0, 1, 2]


def test_plugin_with_bad_commands_is_seen_in_the_list(
    run: Any, fake_distribution: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_PLUGINS_ONLY", "sample,snag")
    fake_distribution("alert-snag", "from alert_core import hookimpl\n@hookimpl\ndef alert_register_commands(): return [1]")

    result = run(plugins_command, "-c", tmp_path / "nowhere.toml", "--check", "snag")

    assert result.exit_code == 1
    assert "commands: alert_register_commands() returned 1" in " ".join(result.output.split())


def test_plugins_shows_faults_of_the_running_system(run: Any, written: Write) -> None:
    path = written("[nonsense]")
    with Store.open(path.parent / "state") as store:
        for text in ("boom \x1b[31m", "boom \x1b[31m"):
            store.report_fault("sample", "mail", "raised", text)

    shown = run(plugins_command, "-c", path)
    as_json = run(plugins_command, "-c", path, "--json", "--check", "sample")

    assert shown.exit_code == 0
    assert "Faults while running" in shown.output
    line = next(line for line in shown.output.splitlines() if "raised" in line)
    assert line.split()[:4] == ["sample", "mail", "raised", "2"]
    assert "\x1b" not in shown.output
    assert max(map(len, shown.output.splitlines())) <= 80
    assert as_json.exit_code == 1
    (fault,) = json.loads(as_json.output)["faults"]
    assert (fault["plugin"], fault["action"], fault["kind"], fault["count"]) == ("sample", "mail", "raised", 2)


def test_schema_command_prints_the_schema(run: Any, tmp_path: Path) -> None:
    result = run(schema, "-c", tmp_path / "nowhere.toml")

    assert result.exit_code == 0
    assert "sources" in json.loads(result.output)["properties"]
