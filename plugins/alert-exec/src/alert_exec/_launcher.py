"""The process that starts programs, one after the other: small, without threads, and the parent of whatever they leave behind.

It runs as a script of its own; `_process.py` starts it and speaks with it over a socket. Three things can be done here and not
in the process of the framework: limits are set between fork and exec, where a process with threads may deadlock; every process
that loses its parent comes here (a *child subreaper*), so that none gets away; and this one notices when the framework dies.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_START = b"s"
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
# What a SIGKILL does not end within that time hangs in the kernel; the next run tries again.
_PATIENCE_SECONDS = 5


class Supervisor:
    """Takes orders from a socket until it is closed at the other end.

    An order is one byte with three descriptors: a file with the order as JSON, the program's input, and its output. The answer
    is a line of JSON: `errno` when the program could not be started, else `code` and whether it was `killed`. A byte that comes
    while a program runs, or the end of the connection, kills it.
    """

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._prctl = ctypes.CDLL(None).prctl
        self._prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def serve(self) -> None:
        """Run what is ordered."""
        while True:
            message, descriptors, _, _ = socket.recv_fds(self._channel, 1, 3)
            if not message:
                return
            if message == _START:
                answer = self._run(*descriptors)
                self._channel.sendall(json.dumps(answer).encode() + b"\n")

    def _run(self, order: int, document: int, output: int) -> dict[str, Any]:
        try:
            with os.fdopen(os.dup(order), "rb") as file:
                program = self._start(json.load(file), document, output)
        except (OSError, ValueError) as error:
            return {"errno": getattr(error, "errno", None)}
        finally:
            for descriptor in (order, document, output):
                os.close(descriptor)
        killed = not self._ended_by_itself(program.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)  # before it is waited for: until then nobody else can get its number
        program.wait()
        kill_children()
        return {"code": program.returncode, "killed": killed}

    def _start(self, order: dict[str, Any], document: int, output: int) -> subprocess.Popen[bytes]:
        def prepare() -> None:
            self._prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            for name, bound in order["limits"].items():
                limit(getattr(resource, name), bound)

        return subprocess.Popen(  # noqa: S603 - the program that the administrator put there; no shell
            order["command"],
            stdin=document,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=order["environment"],
            cwd=order["folder"],
            start_new_session=True,
            umask=0o077,
            user=order["user"],
            group=order["group"],
            extra_groups=None if order["user"] is None else [],
            preexec_fn=prepare,  # safe here: this process has no threads
        )

    def _ended_by_itself(self, pid: int) -> bool:
        ended = os.pidfd_open(pid)
        try:
            poll = select.poll()
            poll.register(ended, select.POLLIN)
            poll.register(self._channel, select.POLLIN)
            ready = {descriptor for descriptor, _ in poll.poll()}
        finally:
            os.close(ended)
        # What ended at the last moment did end; running it again would be worse.
        if ended in ready:
            return True
        self._channel.recv(1)
        return False


def limit(kind: int, bound: int) -> None:
    """Lower a limit; never raise it."""
    hard = resource.getrlimit(kind)[1]
    soft = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
    # The signal for too much computing can be caught; a second later comes the one that cannot.
    ceiling = soft + 1 if kind == resource.RLIMIT_CPU and soft != hard else soft
    resource.setrlimit(kind, (soft, ceiling))


def kill_children() -> None:
    """Kill what a program left behind, sessions of their own included, until nothing is left."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            for child in _children():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            time.sleep(0.001)


def _children() -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # The name of the program stands in parentheses, and may contain some.
            parent = (folder / "stat").read_bytes().rpartition(b")")[2].split()[1]
            if int(parent) == os.getpid():
                found.append(int(folder.name))
    return found


if __name__ == "__main__":
    with contextlib.suppress(ConnectionError), socket.socket(fileno=int(sys.argv[1])) as inherited:
        Supervisor(inherited).serve()
