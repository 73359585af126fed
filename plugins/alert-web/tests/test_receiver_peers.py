"""Real senders: curl, Alertmanager, and our own action."""

from __future__ import annotations

import gzip
import json
import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from alert_core import Context, Receipt
from alert_core.testing.peers import require
from alert_web.formats import AlertmanagerFormat, WebhookSettings

if TYPE_CHECKING:
    from conftest import Authority, Hooks, Receiver, Receivers, Until

SECRET = "s3cret-key"


def curl(receiver: Receiver, *arguments: str, scheme: str = "http", body: bytes = b"") -> tuple[int, dict[str, Any]]:
    """The status and the content of the answer."""
    command = [require("curl"), "-sS", "-w", "%{http_code}", *arguments, f"{scheme}://127.0.0.1:{receiver.port}/events"]
    done = subprocess.run(command, input=body, capture_output=True, check=True, timeout=30)
    return int(done.stdout[-3:]), json.loads(done.stdout[:-3])


JSON = ("-H", "Content-Type: application/json")


@pytest.mark.peers
def test_curl_posts_an_object(receiver: Receiver) -> None:
    assert curl(receiver, *JSON, "-d", '{"a": 1}') == (200, {"kept": 1, "repeated": 0})
    assert receiver.records == [b'{"a": 1}']


@pytest.mark.peers
def test_curl_is_told_to_name_the_type(receiver: Receiver) -> None:
    status, content = curl(receiver, "-d", '{"a": 1}')

    assert status == 415
    assert content["fault"].startswith(
        "content type 'application/x-www-form-urlencoded' is not understood; send application/json"
    )


@pytest.mark.peers
def test_curl_posts_a_large_file_after_it_was_told_to_go_on(receiver: Receiver, tmp_path: Path) -> None:
    """With more than a megabyte curl sends `Expect: 100-continue`, and from a pipe it sends chunks."""
    lines = b"".join(b'{"n": %d, "text": "%s"}\n' % (number, b"x" * 400) for number in range(5000))
    (tmp_path / "lines").write_bytes(lines)
    head = ("-H", "Content-Type: application/x-ndjson", "-H", "Expect: 100-continue")

    answers = [
        curl(receiver, *head, "--data-binary", f"@{tmp_path / 'lines'}"),
        curl(receiver, *head, "-H", "Content-Encoding: gzip", "-T", "-", "-X", "POST", body=gzip.compress(lines)),
    ]

    assert answers == [(200, {"kept": 5000, "repeated": 0})] * 2
    assert receiver.records == lines.splitlines() * 2


@pytest.mark.peers
def test_curl_shows_token_and_certificate(receivers: Receivers, authority: Authority, tmp_path: Path) -> None:
    server, client = authority.issue(tmp_path, "127.0.0.1"), authority.issue(tmp_path, "sensor.example.com")
    receiver = receivers(
        token="sesame-0815",
        tls={"certificate": str(server), "client_ca_file": str(authority.file), "client_names": ["sensor.*"]},
    )

    answer = curl(
        receiver, *JSON, "--cacert", str(authority.file), "--cert", str(client), "-H", "Authorization: Bearer sesame-0815",
        "-d", "{}", scheme="https",
    )  # fmt: skip

    assert answer == (200, {"kept": 1, "repeated": 0})


ALERTMANAGER = """
route: {{receiver: alert, group_by: [team], group_wait: 0s, group_interval: 1s, repeat_interval: 1s}}
receivers:
- name: alert
  webhook_configs:
  - url: http://127.0.0.1:{port}/events
    send_resolved: true
    http_config: {{authorization: {{credentials: sesame-0815}}}}
"""


@contextmanager
def alertmanager(folder: Path, port: int) -> Iterator[str]:
    """A running Alertmanager that posts to a port; its own address."""
    program = require("prometheus-alertmanager")
    folder.mkdir()
    (folder / "am.yml").write_text(ALERTMANAGER.format(port=port))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        own = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [
        program, f"--config.file={folder / 'am.yml'}", f"--storage.path={folder / 'data'}", f"--web.listen-address={own}",
        "--cluster.listen-address=",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield own
        finally:
            process.kill()


def report(own: str, *alerts: dict[str, Any]) -> bool:
    request = urllib.request.Request(f"http://{own}/api/v2/alerts", json.dumps(alerts).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def told(own: str) -> int:
    """How many webhooks were posted so far."""
    with urllib.request.urlopen(f"http://{own}/metrics", timeout=5) as answer:
        (count,) = re.findall(rb'alertmanager_notifications_total\{integration="webhook"\} (\d+)', answer.read())
    return int(count)


@pytest.mark.peers
def test_alertmanager_posts_its_alerts_each_counts_once(receivers: Receivers, until: Until, tmp_path: Path) -> None:
    receiver = receivers(token="sesame-0815")
    disk = {"labels": {"alertname": "DiskFull", "instance": "db-1:9100", "severity": "critical", "team": "ops"}}
    load = {"labels": {"alertname": "Load", "instance": "db-2:9100", "severity": "warning", "team": "ops"}}

    with alertmanager(tmp_path / "am", receiver.port) as own:
        until(lambda: report(own, disk, load))
        until(lambda: len(receiver.records) == 2)
        ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        until(lambda: report(own, {**disk, "endsAt": ended}))
        until(lambda: len(receiver.records) == 3)
        before = told(own)
        until(lambda: told(own) >= before + 2)  # in each webhook the whole group comes once more

    events = AlertmanagerFormat(WebhookSettings(), Context(name="x")).decode(receiver.records)
    shown = sorted((event.type, event.risk, event.computer, event.severity) for event in events)
    assert shown == [
        ("alert-firing", "DiskFull", "db-1", "critical"),
        ("alert-firing", "Load", "db-2", "minor"),
        ("alert-resolved", "DiskFull", "db-1", "critical"),
    ]


def sent(receiver: Receiver, **settings: Any) -> dict[str, Any]:
    """How an action sends to a receiver that asks for token and signature."""
    return {
        "url": f"http://127.0.0.1:{receiver.port}/events", "auth": "bearer", "token": "sesame-0815",
        "signature": {"secret": SECRET}, **settings,
    }  # fmt: skip


@pytest.mark.parametrize("batch_format", ["json", "ndjson"])
def test_our_own_action_sends_batches_that_are_put_together_anew(receivers: Receivers, hooks: Hooks, batch_format: str) -> None:
    receiver = receivers(token="sesame-0815", signature={"secret": SECRET})
    hook = hooks(**sent(receiver, batch=True, batch_format=batch_format))
    all_ = [hooks.notification(id=f"{number:032x}", subject=f"Grüße {number}\n\ud800") for number in range(30)]

    answers = [*hook.send_many(all_[:20]), *hook.send_many(all_[10:])]

    assert [type(answer) for answer in answers] == [Receipt] * 40
    assert [value["id"] for value in receiver.values] == [each.id for each in all_]


def test_our_own_action_sends_one_by_one_and_again(receivers: Receivers, hooks: Hooks) -> None:
    receiver = receivers(token="sesame-0815", signature={"secret": SECRET})
    hook, sample = hooks(**sent(receiver)), hooks.notification()

    first = hook.send(sample)
    again = hooks(**sent(receiver, signature={"secret": SECRET})).send(msgspec.structs.replace(sample, body="as edited"))

    assert (first.remote_id, again.remote_id) == ("200 OK", "200 OK")
    assert msgspec.json.decode(receiver.records[0], type=type(sample)) == sample
    assert len(receiver.records) == 1


def test_our_own_action_with_words_of_its_own_is_known_by_its_key(receivers: Receivers, hooks: Hooks) -> None:
    receiver = receivers(token="sesame-0815")
    settings = sent(receiver, fields={"type": "relayed", "text": "{{ subject }}"})
    del settings["signature"]
    hook, one, other = hooks(**settings), hooks.notification(id="1"), hooks.notification(id="2")

    for each in (one, one, other):
        hook.send(each)

    assert receiver.values == [{"type": "relayed", "text": one.subject}] * 2


def test_our_own_action_learns_what_is_wrong(receivers: Receivers, hooks: Hooks) -> None:
    receiver = receivers(token="sesame-0815", signature={"secret": SECRET})

    refusals = [
        hooks.refusal(**sent(receiver, token="another")),
        hooks.refusal(**sent(receiver, signature={"secret": "another"})),
        hooks.refusal(**sent(receiver, body="form")),
    ]

    assert [(str(each).partition(" answers ")[2], each.retryable) for each in refusals] == [
        ("401 Unauthorized", False),
        ("401 Unauthorized", False),
        ("415 Unsupported Media Type", False),
    ]
