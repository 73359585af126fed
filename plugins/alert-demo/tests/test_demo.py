"""`alert demo` as a person or a program starts it: a process of its own, with real receivers on loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

CHANNELS = {"email", "exec", "snmp", "syslog", "web"}
WAIT_SECONDS = 60


def alert(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alert_core", *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=2 * WAIT_SECONDS,
        env={**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1", **environment},
    )


def demo(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return alert("demo", f"--wait={WAIT_SECONDS}", *arguments, **environment)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / 'of "Ann" & Bob'


@pytest.fixture(scope="module")
def document(folder: Path) -> dict[str, Any]:
    """What the demo printed as JSON, having left its configuration in `folder`."""
    done = demo("--json", "--folder", str(folder))
    assert (done.stderr, done.returncode) == ("", 0)
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def content(document: dict[str, Any], channel: str, index: int = 0) -> dict[str, Any]:
    return [message["content"] for message in document["messages"] if message["channel"] == channel][index]


def test_everything_arrives_on_all_five_channels(document: dict[str, Any]) -> None:
    channels = [message["channel"] for message in document["messages"]]

    assert document["missing"] == []
    assert {name: channels.count(name) for name in CHANNELS} == {"email": 6, "exec": 2, "snmp": 2, "syslog": 2, "web": 4}
    assert (document["events"], document["notifications"], document["suppressed"]) == (304, 8, 66)


def test_messages_of_one_notification_name_the_same_id(document: dict[str, Any]) -> None:
    mail, request = document["messages"][:2]

    assert [mail["channel"], request["channel"]] == ["email", "web"]
    assert mail["notification"] == mail["content"]["headers"]["X-Alert-Id"] == request["content"]["body"]["id"]


def test_mail_holds_the_words_of_the_example(document: dict[str, Any]) -> None:
    mail = content(document, "email")

    assert (mail["from"], mail["to"]) == ("alert@example.com", ["admins@example.com"])
    assert mail["headers"]["Subject"] == "203.0.113.66 guesses passwords"
    assert mail["body"].splitlines()[:2] == [
        "5 failed logins from 203.0.113.66 between 06:41:10 and 06:41:29 UTC,",
        'the last one as "root".',
    ]


def test_mail_after_the_damper_says_how_much_was_suppressed(document: dict[str, Any]) -> None:
    mail = content(document, "email", 2)

    assert mail["headers"]["Subject"] == "203.0.113.66 guesses passwords"
    assert "Meanwhile 43 more were counted, but not told." in mail["body"].splitlines()


def test_web_request_holds_the_whole_notification(document: dict[str, Any]) -> None:
    request = content(document, "web")

    assert request["request"] == "POST /tickets?severity=major HTTP/1.1"
    assert request["headers"]["Idempotency-Key"]
    assert request["body"]["event"]["computer"] == "203.0.113.66"
    assert request["body"]["quantity"] == 5


def test_syslog_line_is_critical_and_structured(document: dict[str, Any]) -> None:
    line = content(document, "syslog")["line"]

    assert line.startswith("<130>1 2026-03-02T08:08:51.000000Z ")
    assert 'condition="ssh-outbreak"' in line
    assert "failed logins from 5 addresses" in line


def test_objects_of_the_trap_have_names(document: dict[str, Any]) -> None:
    objects = content(document, "snmp", 1)["objects"]

    assert objects["snmpTrapOID.0"] == "1.3.6.1.4.1.8072.9999.9999.25378.0.1"
    assert (objects["condition.0"], objects["time.0"]) == ("ssh-outbreak", "2026-03-02 09:07:54 UTC")
    assert (objects["severity.0"], objects["quantity.0"], objects["suppressed.0"]) == (5, 5, 22)


def test_program_gets_the_address_that_came_in(document: dict[str, Any], folder: Path) -> None:
    lines = (folder / "blocklist.txt").read_text().splitlines()

    assert [line.split()[:2] for line in lines] == [["block", "203.0.113.201"]] * 2
    assert content(document, "exec")["line"] in lines


def test_name_that_looks_like_an_address_is_not_taken_for_one(document: dict[str, Any], folder: Path) -> None:
    assert "invalid user x from 192.0.2.10 port 22 ssh2 from" in (folder / "auth.log").read_text()
    assert "192.0.2.10" not in json.dumps(document)


@pytest.mark.usefixtures("document")
def test_configuration_that_is_left_is_right(folder: Path) -> None:
    checked = alert("check", "--strict", "--json", "--config", str(folder))

    assert checked.returncode == 0
    assert json.loads(checked.stdout) == {"valid": True, "errors": [], "findings": []}


@pytest.mark.usefixtures("document")
def test_replay_decides_what_the_run_decided(folder: Path) -> None:
    replayed = alert("replay", "--decisions", "--config", str(folder))
    logged = alert("log", "export", "--decisions", "--config", str(folder))

    assert len(logged.stdout.splitlines()) == 8
    assert replayed.stdout == logged.stdout


@pytest.mark.usefixtures("document")
def test_folder_that_is_in_use_is_refused(folder: Path) -> None:
    before = (folder / "alert.toml").read_bytes()

    done = demo("--folder", str(folder))

    assert done.returncode == 2
    assert "is not empty" in " ".join(done.stderr.split())
    assert (folder / "alert.toml").read_bytes() == before


def test_what_did_not_arrive_is_named(tmp_path: Path) -> None:
    done = demo("--folder", str(tmp_path / "demo"), ALERT_PLUGINS_BLOCK="snmp")

    assert done.returncode == 1
    assert "error: nothing was sent through 'noc'" in done.stderr
    assert "snmp" in done.stderr


def test_tour_fits_a_terminal_of_80_columns_without_colour(tmp_path: Path) -> None:
    done = demo("--folder", str(tmp_path / "demo"))

    assert (done.stderr, done.returncode) == ("", 0)
    assert [line for line in done.stdout.splitlines() if len(line) > 80 and "alert run --once" not in line] == []
    assert "\x1b" not in done.stdout
    assert "8 notifications, which left as 16 messages" in " ".join(done.stdout.split())


def test_receivers_stay_and_show_hostile_text_escaped(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "alert_core",
        "demo",
        f"--wait={WAIT_SECONDS}",
        "--stay",
        "--folder",
        str(tmp_path / "demo"),
    ]
    environment = {**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
    shown = tmp_path / "shown"
    with shown.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output, env=environment) as process:
        try:
            wait_for(shown, "The receivers stay")
            send_datagrams(shown, b"<13>beware \x1b[31mred\x07")
            wait_for(shown, "beware")
            wait_for(shown, "not an SNMPv2c trap")
        finally:
            process.send_signal(signal.SIGINT)

    assert r"<13>beware \x1b[31mred\x07" in shown.read_text()
    assert "\x1b" not in shown.read_text()
    assert process.returncode == 0


def send_datagrams(shown: Path, payload: bytes) -> None:
    """Send the same to the syslog and the trap receiver."""
    lines = shown.read_text().splitlines()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for channel in ("syslog", "snmp"):
            line = next(line for line in lines if line.split()[:1] == [channel])
            sender.sendto(payload, ("127.0.0.1", int(line.rpartition(":")[2])))


def wait_for(shown: Path, text: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while text not in shown.read_text():
        assert time.monotonic() < deadline, f"{text!r} did not come: {shown.read_text()}"
        time.sleep(0.05)
