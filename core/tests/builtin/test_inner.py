"""Formats inside formats, as the configuration names them."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from alert_core import EventSource, Push, Settings, hookimpl
from alert_core.builtin.syslog import SyslogFormat, SyslogSettings
from alert_core.components import Batch, Context, Cursor
from alert_core.config import load
from alert_core.errors import AlertError, UnknownTypeError
from alert_core.plugins import Plugins
from alert_core.runtime.decider import Decider

SOURCE = '[sources.box]\ntype = "quiet"\n'
CONDITION = '[conditions.any]\ntype = "threshold"\nevent_types = ["100"]\nper = "any-computer"\ncount = 1\nminutes = 5\n'


class QuietSource(EventSource[Settings]):
    name = "quiet"
    label = "Quiet"
    help = "Has nothing to say."

    def run(self, push: Push, stop: threading.Event) -> None:
        stop.wait()


class Quiet:
    """The core brings no source."""

    @hookimpl
    def alert_register_sources(self) -> list[type[EventSource[Any]]]:
        return [QuietSource]


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return Plugins.load(only=(), objects={"quiet": Quiet()})


def written(folder: Path, text: str) -> Path:
    file = folder / "alert.toml"
    file.write_text(SOURCE + text, encoding="utf-8")
    return file


def test_running_system_reads_formats_inside_formats(tmp_path: Path, plugins: Plugins) -> None:
    text = f'format = {{ type = "syslog", format = "auto", year = 2026 }}\n{CONDITION}'
    config = load(written(tmp_path, text), plugins)
    start = Cursor("pipe", 0)
    record = b"<134>Jan 31 06:55:46 fw CEF:0|v|p|1|100|n|3|dhost=web-1"

    (notification,) = Decider(config).decide("box", Batch((record,), start, start))

    assert (notification.event.computer, notification.event.attributes["format"]) == ("web-1", "cef")


@pytest.mark.parametrize(
    ("written_format", "fault"),
    [
        ('"cfe"', "sources.box.format.format: no installed plugin offers the format type 'cfe'; did you mean 'cef'?"),
        ('{ type = "cef", tiemzone = "UTC" }', "sources.box.format.format.tiemzone: unknown key; did you mean 'timezone'?"),
        ("{ }", "sources.box.format.format.type: is missing"),
    ],
)
def test_fault_in_an_inner_format_is_found_when_the_configuration_is_read(
    written_format: str, fault: str, tmp_path: Path, plugins: Plugins
) -> None:
    file = written(tmp_path, f'format = {{ type = "syslog", format = {written_format} }}\n')

    with pytest.raises(AlertError) as raised:
        load(file, plugins)

    assert fault in str(raised.value)


def test_inner_format_that_is_not_installed_is_named() -> None:
    log = SyslogFormat(SyslogSettings(format="cfe"), Context(name="box", formats=Plugins.load(only=()).formats))

    with pytest.raises(UnknownTypeError, match="no installed plugin offers the format type 'cfe'; did you mean 'cef'"):
        log.decode([b"<13>text"])
