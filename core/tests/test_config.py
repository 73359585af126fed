# ruff: noqa: E501 - messages are asserted whole
from __future__ import annotations

import os
import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alert_core import ConfigError, ConfigErrors, Severity, UnknownTypeError
from alert_core.config import Config, load, plugin_options
from alert_core.config._toml import write_dropin
from alert_core.plugins import Plugins

Write = Callable[..., Path]

SAMPLE = """
[sources.gate]
type = "feed"
path = "gate.log"
format = "lines"

[conditions.burst]
type = "many"
count = 3
where = { severity = ["critical", "major"], computer = "PC-*" }
damper = 15
actions = ["mail"]
subject = "{{ count }} of them"
severity = "critical"

[actions.mail]
type = "post"
host = "mx.example.net"
recipients = ["noc@example.net"]
timeout_seconds = 5
"""


def faults(path: Path, plugins: Plugins) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path, plugins)
    return str(caught.value).splitlines()


def test_source_says_how_it_reads_where_the_configuration_does_not(
    written: Write, plugins: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(SAMPLE.replace('format = "lines"\n', ""))

    formats = [load(path, plugins).sources["gate"].format.type]
    monkeypatch.setattr(plugins.sources["feed"], "default_format", {"type": "lines"}, raising=False)
    formats.append(load(path, plugins).sources["gate"].format.type)

    assert formats == ["json", "lines"]


def test_valid_configuration_becomes_values(written: Write, plugins: Plugins) -> None:
    path = written(SAMPLE)

    config = load(path, plugins)

    source, condition, action = config.sources["gate"], config.conditions["burst"], config.actions["mail"]
    assert config.folder == path.parent
    assert config.files == (path,)
    assert config.store.folder == path.parent / "state"
    assert config.program_folder == path.parent / "bin"
    assert (source.type, source.cls, source.settings.path) == ("feed", plugins.sources["feed"], Path("gate.log"))
    assert (source.format.name, source.format.type, source.format.settings.comment) == ("gate", "lines", "#")
    assert (condition.settings.count, condition.settings.minutes) == (3, 1)
    assert condition.where == {"severity": ["critical", "major"], "computer": "PC-*"}
    assert (condition.damper, condition.damper_per, condition.actions) == (timedelta(minutes=15), "key", ("mail",))
    assert (condition.subject, condition.body, condition.severity) == ("{{ count }} of them", "", Severity.CRITICAL)
    assert (action.settings.host, action.timeout_seconds, action.concurrency) == ("mx.example.net", 5, 2)
    assert action.file == "alert.toml"


def test_folder_can_be_named_instead_of_the_file(written: Write, plugins: Plugins) -> None:
    path = written(SAMPLE)

    assert load(path.parent, plugins) == load(path, plugins)


def test_format_of_a_source_is_json_unless_said_otherwise(written: Write, plugins: Plugins) -> None:
    config = load(written('[sources.gate]\ntype = "feed"\npath = "x"'), plugins)

    assert config.sources["gate"].format.type == "json"


def test_format_can_be_a_table(written: Write, plugins: Plugins) -> None:
    text = '[sources.gate]\ntype = "feed"\npath = "x"\nformat = { type = "lines", comment = ";" }'

    config = load(written(text), plugins)

    assert config.sources["gate"].format.settings.comment == ";"


def test_dropins_are_read_in_the_order_of_their_names(written: Write, plugins: Plugins) -> None:
    second = '[actions.second]\ntype = "post"\nhost = "b"'
    first = '[actions.first]\ntype = "post"\nhost = "a"\n[store]\nkeep_days = 3'

    config = load(written("[store]\nfolder = '/var/x'\n" + SAMPLE, b=second, a=first), plugins)

    assert list(config.actions) == ["mail", "first", "second"]
    assert [file.name for file in config.files] == ["alert.toml", "a.toml", "b.toml"]
    assert config.actions["first"].file == "alert.d/a.toml"
    assert (config.store.folder, config.store.keep_days) == (Path("/var/x"), 3)


def test_dropins_of_another_main_file_are_its_own(written: Write, plugins: Plugins) -> None:
    path = written(SAMPLE, a="[nonsense]")
    other = path.with_name("other.toml")
    other.write_text(SAMPLE)

    assert load(other, plugins).files == (other,)


def test_dropins_alone_are_a_configuration(written: Write, plugins: Plugins) -> None:
    path = written("", a=SAMPLE)
    path.unlink()

    assert list(load(path.parent, plugins).actions) == ["mail"]


def test_defaults_are_laid_under_tables_of_their_type(written: Write, plugins: Plugins) -> None:
    text = """
        [defaults.post]
        host = "mx.example.net"
        port = 587
        give_up_hours = 2
        [defaults.lines]
        comment = "%"
        [actions.one]
        type = "post"
        [actions.two]
        type = "post"
        port = 465
        [sources.gate]
        type = "feed"
        path = "x"
        format = "lines"
    """

    config = load(written(text), plugins)

    one, two = config.actions["one"], config.actions["two"]
    assert (one.settings.host, one.settings.port, one.give_up_hours) == ("mx.example.net", 587, 2)
    assert (two.settings.host, two.settings.port, two.give_up_hours) == ("mx.example.net", 465, 2)
    assert config.sources["gate"].format.settings.comment == "%"


@pytest.mark.parametrize(("written_as", "damper"), [('"auto"', 60), ('"none"', 0), ("1", 1), ("0.5", 0.5), ("525600", 525600)])
def test_damper_is_auto_none_or_minutes(written_as: str, damper: float, written: Write, plugins: Plugins) -> None:
    config = load(written(f'[conditions.c]\ntype = "many"\ndamper = {written_as}'), plugins)

    assert config.conditions["c"].damper == timedelta(minutes=damper)


_DAMPER = 'must be "auto", "none", or a number of minutes above 0 and up to 525600'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[sources.gate]", "[sources.gate", "alert.toml: is not valid TOML: expected ']' at the end of a table declaration (at line 2, column 14)"),
        ("[sources.gate]", "[source.gate]", "alert.toml: source: unknown table; did you mean 'sources'?"),
        ("[sources.gate]", "[sources.'a b']", "alert.toml: sources: 'a b' cannot be a name; use letters, digits, hyphens and underscores, at most 64, and begin with a letter or digit"),
        ("[sources.gate]", "store = 1\n[sources.gate]", "alert.toml: store: must be a table; write [store]"),
        ("[sources.gate]", "actions = 1\n[sources.gate]", "alert.toml: is not valid TOML: cannot overwrite a value (at line 17, column 14)"),
        ("[sources.gate]", "[[sources.gate]]", "alert.toml: sources.gate: must be a table; write [sources.NAME] and its keys below"),
        ("[sources.gate]", "[store]\nfolder = 1\n[sources.gate]", "alert.toml: store.folder: must be a string"),
        ("[sources.gate]", "[store]\nfoldr = 'x'\n[sources.gate]", "alert.toml: store.foldr: unknown key; did you mean 'folder'?"),
        ("[sources.gate]", "[plugins]\nonly = 'x'\n[sources.gate]", "alert.toml: plugins.only: must be a list"),
        ("[sources.gate]", "[defaults.pots]\n[sources.gate]", "alert.toml: defaults.pots: no installed plugin offers a type 'pots'; did you mean 'post'?"),
        ("[sources.gate]", "[defaults.post]\nhots = 'x'\n[sources.gate]", "alert.toml: defaults.post.hots: unknown key; did you mean 'host'?"),
        ("[sources.gate]", "[defaults.post]\nport = 0\n[sources.gate]", "alert.toml: defaults.post.port: 0 is below 1"),
        ('type = "feed"', "", "alert.toml: sources.gate.type: is missing"),
        ('type = "feed"', "type = 1", "alert.toml: sources.gate.type: must be a string"),
        ('type = "feed"', 'type = "fed"', "alert.toml: sources.gate.type: no installed plugin offers the source type 'fed'; did you mean 'feed'?"),
        ('path = "gate.log"', "", "alert.toml: sources.gate.path: is missing"),
        ('format = "lines"', 'format = "line"', "alert.toml: sources.gate.format: no installed plugin offers the format type 'line'; did you mean 'lines'?"),
        ('format = "lines"', "format = 1", "alert.toml: sources.gate.format: must be a string or a table"),
        ('format = "lines"', "format = {}", "alert.toml: sources.gate.format.type: is missing"),
        ('format = "lines"', 'format = { type = "lines", commnt = ";" }', "alert.toml: sources.gate.format.commnt: unknown key; did you mean 'comment'?"),
        ('type = "many"', 'type = "mayn"', "alert.toml: conditions.burst.type: no installed plugin offers the condition type 'mayn'; did you mean 'many'?"),
        ("count = 3", "cuont = 3", "alert.toml: conditions.burst.cuont: unknown key; did you mean 'count'?"),
        ("count = 3", "acions = []", "alert.toml: conditions.burst.acions: unknown key; did you mean 'actions'?"),
        ("count = 3", "count = 0", "alert.toml: conditions.burst.count: 0 is below 1"),
        ("count = 3", "count = true", "alert.toml: conditions.burst.count: must be a whole number"),
        ("count = 3", 'count = "3"', "alert.toml: conditions.burst.count: must be a whole number"),
        ("count = 3", "minutes = 0", "alert.toml: conditions.burst.minutes: 0 is not above 0"),
        ("count = 3", "minutes = 'x'", "alert.toml: conditions.burst.minutes: must be a number"),
        ("count = 3", "kinds = 'x'", "alert.toml: conditions.burst.kinds: must be a list"),
        ("count = 3", "kinds = ['x', 1]", "alert.toml: conditions.burst.kinds[1]: must be a string"),
        ("damper = 15", "damper = 0", f"alert.toml: conditions.burst.damper: {_DAMPER}"),
        ("damper = 15", "damper = -1", f"alert.toml: conditions.burst.damper: {_DAMPER}"),
        ("damper = 15", "damper = true", f"alert.toml: conditions.burst.damper: {_DAMPER}"),
        ("damper = 15", "damper = nan", f"alert.toml: conditions.burst.damper: {_DAMPER}"),
        ("damper = 15", "damper = inf", f"alert.toml: conditions.burst.damper: {_DAMPER}"),
        ("damper = 15", 'damper = "15"', f"alert.toml: conditions.burst.damper: {_DAMPER}"),
        ("damper = 15", 'damper_per = "keys"', "alert.toml: conditions.burst.damper_per: must be 'key' or 'condition'; did you mean 'key'?"),
        ('"mail"', '"mial"', "alert.toml: conditions.burst.actions[0]: no action is named 'mial'; did you mean 'mail'?"),
        ('"mail"', '"zzz"', "alert.toml: conditions.burst.actions[0]: no action is named 'zzz'; valid actions: mail"),
        ('"mail"', '"mail", "mail"', "alert.toml: conditions.burst.actions[1]: 'mail' is named twice"),
        ('["mail"]', '"mail"', "alert.toml: conditions.burst.actions: must be a list"),
        ('severity = "critical"', 'severity = "crit"', "alert.toml: conditions.burst.severity: must be 'information', 'low', 'minor', 'major' or 'critical'; did you mean 'critical'?"),
        ('"{{ count }} of them"', "1", "alert.toml: conditions.burst.subject: must be a string"),
        ('host = "mx.example.net"', "", "alert.toml: actions.mail.host: is missing"),
        ('host = "mx.example.net"', 'host = ""', "alert.toml: actions.mail.host: must not be empty"),
        ("timeout_seconds = 5", "copies = []", "alert.toml: actions.mail.copies: must not be empty"),
        ("timeout_seconds = 5", "copies = [1]", "alert.toml: actions.mail.copies[0]: must be a string"),
        ("timeout_seconds = 5", "timeout_seconds = 0", "alert.toml: actions.mail.timeout_seconds: 0 is not above 0"),
        ("timeout_seconds = 5", "concurrency = 65", "alert.toml: actions.mail.concurrency: 65 is above 64"),
        ("timeout_seconds = 5", "port = 99999", "alert.toml: actions.mail.port: 99999 is above 65535"),
        ("timeout_seconds = 5", "level = 'hihg'", "alert.toml: actions.mail.level: must be 'low' or 'high'; did you mean 'high'?"),
        ("timeout_seconds = 5", "mode = 'xxx'", "alert.toml: actions.mail.mode: must be 'fast' or 'safe'"),
        ("timeout_seconds = 5", "encrypted = 1", "alert.toml: actions.mail.encrypted: must be true or false"),
        ("timeout_seconds = 5", "pause = []", "alert.toml: actions.mail.pause: must be a whole number or a string"),
        ("timeout_seconds = 5", "proxy = 'x'", "alert.toml: actions.mail.proxy: must be a table"),
        ("timeout_seconds = 5", "proxy = { hosts = 'x' }", "alert.toml: actions.mail.proxy.host: is missing\nalert.toml: actions.mail.proxy.hosts: unknown key; did you mean 'host'?"),
        ("timeout_seconds = 5", "login = {}", "alert.toml: actions.mail.login.kind: is missing"),
        ("timeout_seconds = 5", "login = { kind = 'tokn' }", "alert.toml: actions.mail.login.kind: must be one of 'password', 'token'; did you mean 'token'?"),
        ("timeout_seconds = 5", "login = { kind = 'token' }", "alert.toml: actions.mail.login.token: is missing"),
        ("timeout_seconds = 5", "login = { kind = 'token', token = 'x', tokn = 'x' }", "alert.toml: actions.mail.login.tokn: unknown key; did you mean 'token'?"),
        ('"noc@example.net"', '"noc"', "alert.toml: actions.mail.recipients: 'noc' is no address"),
    ],
)  # fmt: skip
def test_small_breakage_is_named(old: str, new: str, message: str, written: Write, plugins: Plugins) -> None:
    assert old in SAMPLE

    assert faults(written(SAMPLE.replace(old, new, 1)), plugins) == message.splitlines()


def test_bad_filter_is_named_with_its_field(written: Write, plugins: Plugins) -> None:
    text = SAMPLE.replace('computer = "PC-*"', "computer = []")

    (fault,) = faults(written(text), plugins)

    assert fault.startswith("alert.toml: conditions.burst.where.computer: ")


def test_all_faults_are_collected(written: Write, plugins: Plugins) -> None:
    text = SAMPLE.replace("count = 3", "cuont = 3").replace('"feed"', '"fed"')

    with pytest.raises(ConfigErrors) as caught:
        load(written(text, a='[actions.x]\ntype = "post"'), plugins)

    assert [(error.file, error.key) for error in caught.value.errors] == [
        ("alert.toml", "sources.gate.type"),
        ("alert.toml", "conditions.burst.cuont"),
        ("alert.d/a.toml", "actions.x.host"),
    ]
    assert isinstance(caught.value.errors[0], UnknownTypeError)


def test_single_fault_keeps_its_class(written: Write, plugins: Plugins) -> None:
    with pytest.raises(UnknownTypeError) as caught:
        load(written(SAMPLE.replace('"feed"', '"fed"')), plugins)

    assert caught.value.errors == (caught.value,)


def test_name_in_two_files_is_a_fault_that_names_both(written: Write, plugins: Plugins) -> None:
    path = written(SAMPLE, a='[actions.mail]\ntype = "post"\nhost = "x"')

    assert faults(path, plugins) == ["alert.d/a.toml: actions.mail: the name is taken in alert.toml already"]


def test_key_of_a_single_table_in_two_files_is_a_fault(written: Write, plugins: Plugins) -> None:
    path = written("[store]\nkeep_days = 1", a="[store]\nfolder = 'x'", b="[store]\nkeep_days = 2\nfolder = 'y'")

    assert faults(path, plugins) == [
        "alert.d/b.toml: store.folder: is set in alert.d/a.toml already",
        "alert.d/b.toml: store.keep_days: is set in alert.toml already",
    ]


def test_file_that_is_not_text_is_named_and_the_others_are_checked(written: Write, plugins: Plugins) -> None:
    path = written("[nonsense]")
    (path.parent / "alert.d" / "a.toml").write_bytes(b"x = '\xff'")

    assert faults(path, plugins) == [
        "alert.toml: nonsense: unknown table; valid tables: actions, conditions, defaults, plugins, sources, store",
        "alert.d/a.toml: is not UTF-8 text (byte 5)",
    ]


def test_missing_configuration_is_a_fault(tmp_path: Path, plugins: Plugins) -> None:
    assert faults(tmp_path, plugins) == [f"{tmp_path}/alert.toml: no such file; name the configuration with --config"]


def test_unknown_channel_says_what_to_install(written: Write, sample_plugin: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alert_core._discovery.entry_points", lambda group: [])
    plugins = Plugins.load(objects={"sample": sample_plugin})

    lines = faults(written('[actions.noc]\ntype = "snmp"'), plugins)

    assert lines == ["alert.toml: actions.noc.type: no installed plugin offers the action type 'snmp'; pip install alert-snmp"]


def test_type_that_two_plugins_claim_is_a_fault(written: Write, sample_plugin: object) -> None:
    plugins = Plugins.load(only=(), objects={"a": sample_plugin, "b": sample_plugin})

    lines = faults(written('[actions.noc]\ntype = "post"\nhost = "x"'), plugins)

    assert lines == [
        "alert.toml: actions.noc.type: plugin 'a': action type 'post' is also offered by plugin 'b'; "
        "neither is used until one is blocked or uninstalled; set plugins.block"
    ]


@pytest.mark.parametrize(
    "secret",
    [
        'key = "hunter2"\nhost = "hunter2"',
        'key = ["hunter2"]',
        'kee = "hunter2"',
        'headers = { Authorization = ["hunter2"] }',
        'login = { kind = "password", user = 1, password = "hunter2" }',
        'login = { kind = "password", password = { hunter2 = 1 } }',
        'login = "hunter2"',
    ],
)
def test_errors_never_show_secrets(secret: str, written: Write, plugins: Plugins) -> None:
    host = "" if "host" in secret else 'host = "x"'

    lines = faults(written(f'[actions.noc]\ntype = "post"\n{host}\n{secret}'), plugins)

    assert lines
    assert not any("hunter2" in line for line in lines)


def _revisions(text: str, written: Write, plugins: Plugins) -> tuple[str, str]:
    condition = load(written(text), plugins).conditions["burst"]
    return condition.revision, condition.state_revision


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("count = 3", "count = 4", (True, True)),
        ("count = 3", "count = 3\nkinds = ['a']", (True, True)),
        ("PC-*", "PC*", (True, True)),
        ("damper = 15", "damper = 16", (True, True)),
        ("damper = 15", "damper = 15\ndamper_per = 'condition'", (True, True)),
        ("of them", "of these", (True, False)),
        ('["mail"]', "[]", (True, False)),
        ('severity = "critical"', "", (True, False)),
        ("mx.example.net", "other.example.net", (False, False)),
        ("count = 3", "minutes = 1\ncount = 3", (False, False)),
        ("damper = 15", "damper = 15.0", (False, False)),
    ],
)
def test_revisions_change_with_what_they_stand_for(
    old: str, new: str, changed: tuple[bool, bool], written: Write, plugins: Plugins
) -> None:
    before = _revisions(SAMPLE, written, plugins)

    after = _revisions(SAMPLE.replace(old, new, 1), written, plugins)

    assert (before[0] != after[0], before[1] != after[1]) == changed


def test_default_in_the_file_counts_for_the_revision(written: Write, plugins: Plugins) -> None:
    before = _revisions(SAMPLE, written, plugins)

    after = _revisions(SAMPLE + "[defaults.many]\nminutes = 7", written, plugins)

    assert before[1] != after[1]


def test_revision_is_the_same_in_every_process() -> None:
    code = "from alert_core.config._revision import digest; print(digest(frozenset('abcdefgh'), {'b': 1, 'a': 2}))"

    answers = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }

    assert len(answers) == 1


def test_plugin_options_are_read_before_everything_else(written: Write) -> None:
    path = written('[plugins]\nonly = ["email"]\n[nonsense]\n[actions.x]', a='[plugins]\nblock = ["snmp"]')

    options = plugin_options(path)

    assert (options.only, options.block, options.require) == (("email",), ("snmp",), ())


def test_wrong_plugin_options_are_faults(written: Write) -> None:
    with pytest.raises(ConfigError) as caught:
        plugin_options(written('[plugins]\nonyl = ["email"]'))

    assert str(caught.value) == "alert.toml: plugins.onyl: unknown key; did you mean 'only'?"


def test_component_gets_its_own_state_folder(written: Write, plugins: Plugins) -> None:
    config: Config = load(written(SAMPLE), plugins)

    context = config.context(config.sources["gate"], plugins.resolve_secret)

    assert context.name == "gate"
    assert context.state_folder == config.folder / "state" / "sources" / "gate"
    assert context.program_folder == config.folder / "bin"


def test_dropin_is_written_whole_and_private(tmp_path: Path, plugins: Plugins) -> None:
    folder = tmp_path / "alert.d"
    tables: dict[str, Any] = {"actions": {"noc": {"type": "post", "host": 'ä "quoted"', "port": 5}}}

    path = write_dropin(folder, "10-noc", tables)

    assert path == folder / "10-noc.toml"
    assert tomllib.loads(path.read_text(encoding="utf-8")) == tables
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in folder.iterdir()] == ["10-noc.toml"]
    assert load(tmp_path, plugins).actions["noc"].settings.host == 'ä "quoted"'


def test_dropin_replaces_the_one_before(tmp_path: Path) -> None:
    write_dropin(tmp_path, "x", {"store": {"keep_days": 1}})

    path = write_dropin(tmp_path, "x", {"store": {"keep_days": 2}})

    assert path.read_text() == "[store]\nkeep_days = 2\n"


def test_failed_write_leaves_the_dropin_before_and_nothing_else(tmp_path: Path) -> None:
    path = write_dropin(tmp_path, "x", {"store": {"keep_days": 1}})

    with pytest.raises(UnicodeEncodeError):
        write_dropin(tmp_path, "x", {"store": {"folder": "\udc80"}})

    assert [file.name for file in tmp_path.iterdir()] == ["x.toml"]
    assert path.read_text() == "[store]\nkeep_days = 1\n"


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden"])
def test_dropin_cannot_be_written_elsewhere(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no name for a drop-in"):
        write_dropin(tmp_path, name, {})
