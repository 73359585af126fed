"""Real scripts in a real program folder."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from alert_core import DeliveryError, Event, Notification, Severity, Strength
from alert_exec import ExecAction

if TYPE_CHECKING:
    from conftest import Bench


def notification(**changes: Any) -> Notification:
    event = Event(
        time=datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC), type="risk", id="e1", computer="pc-7", attributes={"hash": "abc"}
    )
    values: dict[str, Any] = {
        "id": "f" * 32, "condition": "outbreak", "revision": "0" * 12, "type": "threshold", "key": "", "kind": "fired",
        "time": event.time, "severity": Severity.CRITICAL, "subject": "Outbreak on 5 computers", "body": "First line\nSecond\n",
        "event": event, "quantity": 5, "suppressed": 3,
    }  # fmt: skip
    return Notification(**{**values, **changes})


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def failure(action: ExecAction, what: Notification | None = None) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        action.send(what or notification())
    return caught.value


def test_the_program_gets_the_notification_as_json_and_in_variables(bench: Bench) -> None:
    bench.script("cat > OUT/input; env > OUT/env; echo blocked")
    action = bench.action()

    receipt = action.send(notification())

    document = json.loads((bench.out / "input").read_bytes())
    variables = dict(line.split("=", 1) for line in (bench.out / "env").read_text().splitlines())
    key = action.idempotency_key(notification())
    assert (receipt.strength, receipt.detail) == (Strength.ACCEPTED, "exit code 0: blocked")
    assert (document["subject"], document["event"]["attributes"]) == ("Outbreak on 5 computers", {"hash": "abc"})
    assert (document["idempotency_key"], document["cut"]) == (key, False)
    for shell_made in ("PWD", "SHLVL", "_", "OLDPWD"):
        variables.pop(shell_made, None)
    assert variables == {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "ALERT_ID": "f" * 32,
        "ALERT_KIND": "fired",
        "ALERT_CONDITION": "outbreak",
        "ALERT_TYPE": "threshold",
        "ALERT_SEVERITY": "critical",
        "ALERT_SUBJECT": "Outbreak on 5 computers",
        "ALERT_COMPUTER": "pc-7",
        "ALERT_TIME": "2026-03-04T05:06:07+00:00",
        "ALERT_COUNT": "5",
        "ALERT_SUPPRESSED": "3",
        "ALERT_TEST": "0",
        "ALERT_IDEMPOTENCY_KEY": key,
    }


def test_arguments_arrive_as_they_stand(bench: Bench) -> None:
    bench.script('for a in "$0" "$@"; do printf "%s\\n" "$a"; done > OUT/arguments')

    bench.action(arguments=["--mode", "a b; touch x", "$(id)", "", "*"]).send(notification())

    assert (bench.out / "arguments").read_text().splitlines()[1:] == ["--mode", "a b; touch x", "$(id)", "", "*"]


def test_hostile_text_runs_nothing_and_adds_no_variable(bench: Bench) -> None:
    bench.script("cat > OUT/input; env -0 > OUT/env")
    before = set(bench.out.iterdir())
    hostile = notification(
        subject="$(touch pwned)\n`id`\x00\x1b[31m; EVIL=1\nEVIL=1 \ud800 שלום " + "x" * 10_000,
        event=Event(time=datetime(2026, 1, 1, tzinfo=UTC), type="t", computer="pc\nEVIL=1", severity=float("nan")),
    )

    bench.action().send(hostile)

    variables = dict(item.split("=", 1) for item in (bench.out / "env").read_bytes().decode().split("\0") if item)
    assert variables["ALERT_SUBJECT"].startswith("$(touch pwned)\\n`id`\\x00\\x1b[31m; EVIL=1\\nEVIL=1 \\ud800 שלום xxx")
    assert variables["ALERT_COMPUTER"] == "pc\\nEVIL=1"
    assert "EVIL" not in variables
    assert len(variables["ALERT_SUBJECT"]) < 5000
    assert json.loads((bench.out / "input").read_bytes())["subject"] == hostile.subject
    assert {path.name for path in set(bench.out.iterdir()) - before} == {"input", "env"}


def test_a_huge_notification_is_cut_and_says_so(bench: Bench) -> None:
    bench.script("cat > OUT/input")
    event = msgspec.structs.replace(notification().event, raw="x" * 5_000_000)

    bench.action().send(notification(event=event, body="y" * 3_000_000))

    document = json.loads((bench.out / "input").read_bytes())
    assert document["cut"]
    assert (bench.out / "input").stat().st_size < 1_048_576


def test_a_program_need_not_read_its_input(bench: Bench) -> None:
    bench.script("exec <&-; exit 0")

    receipt = bench.action().send(notification(body="y" * 500_000))

    assert receipt.strength is Strength.ACCEPTED


@pytest.mark.parametrize(
    ("body", "problem", "retryable"),
    [
        ("echo try later; exit 75", "program 'run.sh' ended with exit code 75: try later", True),
        ("echo bad >&2; exit 3", "program 'run.sh' ended with exit code 3: bad", False),
        ("exit 1", "program 'run.sh' ended with exit code 1", False),
        ("kill -SEGV $$", "program 'run.sh' was ended by SIGSEGV", False),
    ],
)
def test_the_exit_code_decides(bench: Bench, body: str, problem: str, retryable: bool) -> None:
    bench.script(body)

    error = failure(bench.action())

    assert (str(error), error.retryable) == (problem, retryable)


def test_output_is_bounded_and_cannot_draw_on_a_terminal(bench: Bench) -> None:
    bench.script("printf 'one\\ntwo\\033[31m\\377'; head -c 5000000 /dev/zero | tr '\\0' x")

    detail = bench.action(output_limit_bytes=100).send(notification()).detail

    assert detail.startswith("exit code 0: one\\ntwo\\x1b[31m\ufffdxxx")
    assert len(detail) < 130


def test_a_secret_that_the_program_prints_is_blotted_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_TOKEN", "s3cret-token")
    bench.script('printf "token $TOKEN and again $TOKEN"')

    whole = bench.action(environment={"TOKEN": {"env": "BENCH_TOKEN"}}).send(notification()).detail
    across_the_end = bench.action(environment={"TOKEN": "s3cret-token"}, output_limit_bytes=10).send(notification()).detail

    assert whole == "exit code 0: token ************ and again ************"
    assert across_the_end == "exit code 0: token ****"


def test_a_secret_that_leads_nowhere_is_an_error(bench: Bench) -> None:
    bench.script("exit 0")

    error = failure(bench.action(environment={"TOKEN": {"env": "NO_SUCH_VARIABLE"}}))

    assert "environment variable 'NO_SUCH_VARIABLE' is not set" in str(error)


def test_a_program_that_takes_too_long_is_killed_with_its_children(bench: Bench) -> None:
    bench.script("echo $$ > OUT/pids; sleep 300 & echo $! >> OUT/pids; echo waiting; sleep 300")
    started = time.monotonic()

    error = failure(bench.action(time_limit_seconds=1))

    pids = [int(line) for line in (bench.out / "pids").read_text().split()]
    assert (str(error), error.retryable) == ("program 'run.sh' was killed after 1 seconds: waiting", True)
    assert time.monotonic() - started < 10
    assert len(pids) == 2
    assert eventually(lambda: not any(map(bench.alive, pids)))


def test_a_grandchild_that_keeps_the_output_open_does_not_hang_us(bench: Bench) -> None:
    bench.script("sleep 300 & echo $! > OUT/pids; echo done")
    started = time.monotonic()

    receipt = bench.action().send(notification())

    assert receipt.detail == "exit code 0: done"
    assert time.monotonic() - started < 10
    assert eventually(lambda: not bench.alive(int((bench.out / "pids").read_text())))


def test_a_program_that_closes_its_output_is_waited_for(bench: Bench) -> None:
    bench.script("exec >&- 2>&-; sleep 0.3; touch OUT/done; exit 7")

    error = failure(bench.action())

    assert "exit code 7" in str(error)
    assert (bench.out / "done").exists()


def test_close_stops_a_running_program(bench: Bench) -> None:
    bench.script("echo $$ > OUT/pid.new; mv OUT/pid.new OUT/pid; sleep 300")
    action = bench.action(time_limit_seconds=60)
    errors: list[DeliveryError] = []
    worker = threading.Thread(target=lambda: errors.append(failure(action)))

    worker.start()
    assert eventually((bench.out / "pid").exists)
    action.close()
    worker.join(10)

    assert not worker.is_alive()
    assert (str(errors[0]), errors[0].retryable) == ("program 'run.sh' was stopped", True)
    assert not bench.alive(int((bench.out / "pid").read_text()))


def test_too_much_memory_is_not_given(bench: Bench) -> None:
    bench.script("x = b'x' * 300_000_000\n", interpreter="#!/usr/bin/env python3\n")

    error = failure(bench.action(memory_limit_megabytes=64))

    assert "MemoryError" in str(error)


def test_limits_are_those_of_the_settings(bench: Bench) -> None:
    bench.script("cat /proc/self/limits > OUT/limits")

    bench.action(memory_limit_megabytes=64, cpu_limit_seconds=7).send(notification())

    limits = (bench.out / "limits").read_text()
    rows = {line[:26].strip(): line[26:].split()[:2] for line in limits.splitlines()}
    assert rows["Max data size"] == ["67108864"] * 2
    assert rows["Max core file size"] == ["0"] * 2
    assert rows["Max cpu time"] == ["7", "8"]


def test_links_inside_the_folder_are_followed_and_others_are_not(bench: Bench, tmp_path: Path) -> None:
    target = bench.script("exit 0")
    outside = tmp_path / "outside.sh"
    outside.write_text("#!/bin/sh\ntouch pwned\n")
    outside.chmod(0o755)
    (bench.bin / "inside-link").symlink_to(target)
    (bench.bin / "leaving-link").symlink_to(outside)
    (bench.bin / "shell").symlink_to("/bin/sh")
    (bench.bin / "circle").symlink_to(bench.bin / "circle")

    assert bench.action("inside-link").send(notification()).strength is Strength.ACCEPTED
    for name, problem in [("leaving-link", "leaves"), ("shell", "leaves"), ("circle", "no program 'circle'")]:
        error = failure(bench.action(name))
        assert problem in str(error)
        assert not error.retryable


@pytest.mark.parametrize(
    ("prepare", "problem"),
    [
        (lambda bench: None, "no program 'run.sh' in the folder"),
        (lambda bench: (bench.bin / "run.sh").mkdir(), "not a regular file"),
        (lambda bench: os.mkfifo(bench.bin / "run.sh"), "not a regular file"),
        (lambda bench: bench.script("exit 0", mode=0o644), "not executable"),
        (lambda bench: bench.script("exit 0", mode=0o757), "written by everyone"),
        (lambda bench: (bench.script("exit 0"), bench.bin.chmod(0o777)), "written by everyone"),
        (lambda bench: bench.script("exit 0", interpreter=""), "begin with its interpreter"),
        (lambda bench: bench.script("exit 0", interpreter="#!/no/such/interpreter\n"), "begin with its interpreter"),
        (lambda bench: bench.bin.rmdir(), "no program 'run.sh' in the folder"),
    ],
)
def test_what_cannot_be_run_is_an_error_for_good(bench: Bench, prepare: Callable[[Bench], object], problem: str) -> None:
    prepare(bench)

    error = failure(bench.action())

    assert problem in str(error)
    assert not error.retryable


def test_the_program_inherits_no_descriptor_and_leads_a_session(bench: Bench) -> None:
    bench.script("ls /proc/$$/fd > OUT/fds; echo $$ $(cut -d' ' -f6 /proc/$$/stat) > OUT/session; umask > OUT/umask")
    with (bench.out / "inheritable").open("w") as held:
        os.set_inheritable(held.fileno(), True)

        bench.action().send(notification())

    pid, session = (bench.out / "session").read_text().split()
    # 10 and above are the shell's own, for the script it reads.
    assert [int(line) for line in (bench.out / "fds").read_text().split() if int(line) < 10] == [0, 1, 2]
    assert pid == session
    assert (bench.out / "umask").read_text().strip() == "0077"


def test_nothing_is_left_behind(bench: Bench) -> None:
    bench.script("cat > /dev/null; exit 0")
    action = bench.action()
    action.send(notification())
    descriptors, threads = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    for _ in range(10):
        action.send(notification())
    bench.script("sleep 60")
    slow = bench.action(time_limit_seconds=0.2)
    failure(slow)
    slow.close()

    # What other tests left in this process may have opened something of its own, but not each time.
    assert len(list(Path("/proc/self/fd").iterdir())) < descriptors + 10
    assert threading.active_count() < threads + 10


def test_the_key_is_the_same_on_every_attempt(bench: Bench) -> None:
    bench.script('echo "$ALERT_IDEMPOTENCY_KEY" >> OUT/keys; exit 75')
    action = bench.action()

    for _ in range(2):
        failure(action)

    assert len(set((bench.out / "keys").read_text().split())) == 1


def test_two_actions_do_not_interfere(bench: Bench) -> None:
    bench.script("pwd; sleep 0.2; exit 0")
    first, second = bench.action(name="first"), bench.action(name="second")
    details: dict[str, str] = {}
    workers = [
        threading.Thread(target=lambda one=one: details.update({one.context.name: one.send(notification()).detail}))
        for one in (first, second)
    ]

    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(10)

    assert details == {one.context.name: f"exit code 0: {one.context.state_folder}" for one in (first, second)}


def test_the_test_button_runs_the_program_with_a_marked_sample(bench: Bench) -> None:
    bench.script('echo "$ALERT_TEST $ALERT_KIND"')

    result = bench.action().test()

    assert result.ok
    assert result.detail == "accepted exit code 0: 1 test"
