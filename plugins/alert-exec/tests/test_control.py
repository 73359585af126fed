"""A program gets what it may use, and nothing of it gets away."""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import pytest

from alert_core import DeliveryError, Notification

if TYPE_CHECKING:
    from conftest import Bench

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a program as somebody else")
NOBODY = "nobody"


def failure(bench: Bench, **settings: object) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        bench.action(**settings).send(Notification.sample())  # type: ignore[arg-type]
    return caught.value


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def pids(bench: Bench) -> list[int]:
    return [int(line) for line in (bench.out / "pids").read_text().split()]


# A framework in a process of its own.
STORY = """
import sys, pathlib
from alert_core import Context, Notification
from alert_exec import ExecAction, ExecSettings

folder = pathlib.Path(sys.argv[1])
context = Context(name="block", state_folder=folder / "state", program_folder=folder / "bin")
action = ExecAction(ExecSettings(program="run.sh", cpu_limit_seconds=5000), context)
print(action.send(Notification.sample()).detail)
action.close()
"""

# --- what it starts

ESCAPES = {
    "in a session of its own": "setsid sleep 300 & echo $! > OUT/pids",
    "orphaned in a session of its own": "(setsid sh -c 'echo $$ > OUT/pids; exec sleep 300' &) ",
    "orphaned twice": "setsid sh -c 'setsid sh -c \"echo \\$\\$ > OUT/pids; exec sleep 300\" & exit' & wait",
    "without its variables": "env -i setsid sh -c 'echo $$ > OUT/pids; exec sleep 300' &",
    "deaf to signals": "(trap '' TERM HUP INT; setsid sh -c 'echo $$ > OUT/pids; sleep 300; sleep 300' &)",
}


@pytest.mark.parametrize("how", ESCAPES)
def test_nothing_that_was_started_outlives_the_program(bench: Bench, how: str) -> None:
    bench.script(f"{ESCAPES[how]}\nuntil test -s OUT/pids; do sleep 0.01; done; echo done")

    receipt = bench.action().send(Notification.sample())

    # They are gone when the receipt is there, not some time later.
    assert receipt.detail == "exit code 0: done"
    assert not any(map(bench.alive, pids(bench)))


def test_when_the_time_is_over_sessions_of_their_own_end_too(bench: Bench) -> None:
    bench.script("(setsid sh -c 'echo $$ > OUT/pids; exec sleep 300' &); sleep 300")

    error = failure(bench, time_limit_seconds=1)

    assert str(error) == "program 'run.sh' was killed after 1 seconds"
    assert not any(map(bench.alive, pids(bench)))


def test_what_forks_as_fast_as_it_can_is_ended(bench: Bench) -> None:
    bench.script("setsid sh -c 'while :; do sh -c \"setsid sleep 300 &\"; done' & sleep 0.3; echo done")

    receipt = bench.action().send(Notification.sample())

    assert receipt.detail == "exit code 0: done"
    assert str(bench.bin) not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout


def test_two_actions_end_only_what_is_their_own(bench: Bench) -> None:
    bench.script("sh -c 'echo $$ > OUT/pids; exec sleep 0.5'", "slow.sh")
    bench.script("exit 0", "fast.sh")
    slow, fast = bench.action("slow.sh", "slow"), bench.action("fast.sh", "fast")

    with bench.running(slow):
        assert eventually(lambda: (bench.out / "pids").exists())
        fast.send(Notification.sample())

    assert bench.receipts == ["exit code 0"]


def test_when_the_framework_is_killed_the_program_and_its_children_end(bench: Bench) -> None:
    bench.script("(setsid sh -c 'echo $$ > OUT/pids; exec sleep 300' &); echo $$ > OUT/own; sleep 300")
    process = subprocess.Popen([sys.executable, "-c", STORY, str(bench.bin.parent)])
    assert eventually(lambda: (bench.out / "pids").exists() and (bench.out / "own").exists())

    process.kill()
    process.wait()

    started = [*pids(bench), int((bench.out / "own").read_text())]
    assert eventually(lambda: not any(map(bench.alive, started)))


def test_a_program_that_kills_what_started_it_is_ended_and_tried_again(bench: Bench) -> None:
    bench.script("echo $$ > OUT/pids; kill -9 $PPID; exec sleep 300")
    action = bench.action()

    with pytest.raises(DeliveryError) as caught:
        action.send(Notification.sample())
    bench.script("echo fine")
    after = action.send(Notification.sample())

    assert str(caught.value) == "program 'run.sh' was lost: the process that started it was killed"
    assert caught.value.retryable
    assert eventually(lambda: not any(map(bench.alive, pids(bench))))
    assert after.detail == "exit code 0: fine"


# --- what it may use


def test_too_much_computing_is_ended_and_named(bench: Bench) -> None:
    bench.script("while :; do :; done")

    error = failure(bench, cpu_limit_seconds=1)

    assert str(error) == "program 'run.sh' was ended by SIGXCPU, its cpu_limit_seconds are used up"
    assert not error.retryable


def test_computing_that_ignores_the_signal_is_ended_a_second_later(bench: Bench) -> None:
    bench.script("trap '' XCPU; while :; do :; done")

    assert "was ended by SIGKILL" in str(failure(bench, cpu_limit_seconds=1))


def test_limits_hold_before_the_first_instruction(bench: Bench) -> None:
    bench.script("", interpreter="#!/usr/bin/cat /proc/self/limits\n")
    (bench.bin / "run.sh").write_text(
        f"#!{sys.executable} -IS\nimport resource; print(resource.getrlimit(resource.RLIMIT_DATA))\n"
    )

    receipt = bench.action(memory_limit_megabytes=64).send(Notification.sample())

    assert receipt.detail == "exit code 0: (67108864, 67108864)"


def test_a_limit_of_the_framework_itself_is_never_raised(bench: Bench) -> None:
    bench.script("ulimit -S -t; ulimit -H -t")
    story = f"import resource; resource.setrlimit(resource.RLIMIT_CPU, (900, 1000))\n{STORY}"

    said = subprocess.run(
        [sys.executable, "-c", story, str(bench.bin.parent)], capture_output=True, text=True, check=True
    ).stdout

    assert said == "exit code 0: 1000\\n1000\n"


def test_zero_sets_no_limit(bench: Bench) -> None:
    bench.script("ulimit -H -t; ulimit -H -d")
    unlimited = bench.action(cpu_limit_seconds=0, memory_limit_megabytes=0, process_limit=0)
    own = subprocess.run(["/bin/sh", "-c", "ulimit -H -t; ulimit -H -d"], capture_output=True, text=True, check=True).stdout

    detail = unlimited.send(Notification.sample()).detail

    assert detail == "exit code 0: " + "\\n".join(own.split())


def test_a_state_folder_that_cannot_be_made_is_named(bench: Bench) -> None:
    bench.script("exit 0")
    (bench.bin.parent / "state").write_text("in the way")

    error = failure(bench)

    assert str(error) == f"the state folder {bench.bin.parent / 'state' / 'block'} cannot be used: Not a directory"
    assert error.retryable


# --- who it runs as


@ROOT_ONLY
def test_a_program_can_run_as_another_user(open_to_all: Bench) -> None:
    bench = open_to_all
    bench.script(
        "id -u; id -g; id -G; grep ^Groups: /proc/self/status; touch made; echo said >/dev/stderr; cat /dev/stdin >OUT/in"
    )
    entry = pwd.getpwnam(NOBODY)

    receipt = bench.action(run_as=NOBODY).send(Notification.sample())

    group = entry.pw_gid
    assert receipt.detail == f"exit code 0: {entry.pw_uid}\\n{group}\\n{group}\\nGroups:\\t \\nsaid"
    assert json.loads((bench.out / "in").read_text())["test"]
    assert [path.owner() for path in bench.bin.parent.glob("state/block/made")] == [NOBODY]


@ROOT_ONLY
def test_another_user_has_its_working_folder_where_it_may_not_enter_those_above(open_to_all: Bench) -> None:
    open_to_all.script("pwd; echo kept > note; cat note")
    action = open_to_all.action(run_as=NOBODY)
    action.context.state_folder.parent.mkdir(mode=0o700)

    receipt = action.send(Notification.sample())

    assert receipt.detail == f"exit code 0: {action.context.state_folder}\\nkept"


@ROOT_ONLY
def test_another_user_has_a_home_unless_the_settings_say_another(open_to_all: Bench) -> None:
    open_to_all.script('echo "$HOME $USER $LOGNAME"')

    plain = open_to_all.action(run_as=NOBODY).send(Notification.sample()).detail
    other = open_to_all.action(run_as=NOBODY, environment={"HOME": "/srv"}).send(Notification.sample()).detail

    assert plain == f"exit code 0: {pwd.getpwnam(NOBODY).pw_dir} {NOBODY} {NOBODY}"
    assert other == f"exit code 0: **** {NOBODY} {NOBODY}"


@ROOT_ONLY
def test_the_process_limit_holds_for_another_user(open_to_all: Bench) -> None:
    open_to_all.script("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5 & done; echo all started")

    error = failure(open_to_all, run_as=NOBODY, process_limit=4)

    assert "all started" not in str(error)
    assert "ork" in str(error)  # "Cannot fork", in the words of whichever shell it is


@ROOT_ONLY
def test_a_program_that_another_user_may_not_reach_is_not_started(bench: Bench) -> None:
    bench.script("exit 0", mode=0o700)

    error = failure(bench, run_as=NOBODY)

    assert "user 'nobody' must be able to read it and to enter its folder" in str(error)
    assert not error.retryable


def test_a_user_that_does_not_exist_is_named(bench: Bench) -> None:
    bench.script("exit 0")

    error = failure(bench, run_as="no-such-user")

    assert str(error) == "run_as: there is no user 'no-such-user' on this computer"
    assert bench.action(run_as="no-such-user").check() == [str(error)]


@ROOT_ONLY
def test_only_root_can_run_a_program_as_somebody_else(open_to_all: Bench) -> None:
    open_to_all.script("exit 0")
    action, entry = open_to_all.action(run_as="root"), pwd.getpwnam(NOBODY)

    action.send(Notification.sample())  # what it imports may lie where the other user cannot read

    child = os.fork()
    if child == 0:
        try:
            os.setuid(entry.pw_uid)
            action.send(Notification.sample())
        except BaseException as error:  # noqa: BLE001 - a second test run must not come into being
            (open_to_all.out / "error").write_text(str(error))
        finally:
            os._exit(0)
    os.waitpid(child, 0)

    text = (open_to_all.out / "error").read_text()
    assert text == "run_as: a program can be run as 'root' only when alert is started as root"


# --- what is said before anything happens


def test_a_sound_action_has_nothing_to_complain_about(bench: Bench) -> None:
    bench.script("exit 0")

    assert bench.action().check() == []


@pytest.mark.parametrize(
    ("prepare", "complaint"),
    [
        (lambda bench: bench.bin.rmdir(), "no program 'run.sh' in the folder"),
        (lambda bench: None, "no program 'run.sh' in the folder"),
        (lambda bench: bench.script("", mode=0o644), "it is not executable; use chmod +x"),
        (lambda bench: bench.script("", mode=0o757), "it or its folder can be written by everyone; use chmod o-w"),
        (lambda bench: (bench.script(""), bench.bin.chmod(0o1777)), "it or its folder can be written by everyone"),
        (lambda bench: (bench.script(""), bench.bin.parent.chmod(0o777)), "everyone can exchange its folder"),
        (lambda bench: (bench.bin / "run.sh").symlink_to("/bin/sh"), "it is a link that leaves the program folder"),
    ],
)
def test_check_says_why_a_program_would_not_run(bench: Bench, prepare: Callable[[Bench], object], complaint: str) -> None:
    prepare(bench)

    complaints = bench.action().check()

    assert len(complaints) == 1
    assert complaint in complaints[0]


def test_another_system_is_said_to_be_unsupported(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.script("exit 0")
    monkeypatch.setattr(sys, "platform", "win32")

    complaints = bench.action().check()

    assert complaints == ["programs can be run on Linux only; batch files and other systems are not supported"]
    assert str(failure(bench)) == complaints[0]


# --- what closes


def test_what_closes_is_run_only_when_wanted(bench: Bench) -> None:
    bench.script("echo $ALERT_KIND")
    closed = msgspec.structs.replace(Notification.sample(), kind="closed", test=False)

    assert bench.action().declines(closed) == "nothing is sent when something closes"
    assert bench.action().declines(Notification.sample()) == ""
    assert bench.action(on_close=True).declines(closed) == ""
    assert bench.action(on_close=True).send(closed).detail == "exit code 0: closed"


def test_an_end_by_a_signal_is_named(bench: Bench) -> None:
    bench.script("kill -TERM $$")

    error = failure(bench)

    assert str(error) == f"program 'run.sh' was ended by {signal.SIGTERM.name}"
    assert not error.retryable


def test_a_python_that_cannot_be_started_is_named_and_tried_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.script("exit 0")
    monkeypatch.setattr(sys, "executable", "/no/such/python")

    error = failure(bench)

    assert str(error) == "program 'run.sh' was lost: /no/such/python cannot be started: No such file or directory"
    assert error.retryable
