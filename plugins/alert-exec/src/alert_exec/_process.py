"""Running programs under limits, and making sure that nothing of them is left."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alert_exec._account import Account
from alert_exec._limits import Limits

_START, _KILL = b"s", b"k"
_CHUNK = 65_536
# How long the launcher may take to kill everything, before it is killed itself.
_PATIENCE_SECONDS = 10.0


class LostError(Exception):
    """The launcher ended, and so nobody knows what became of the program."""


class StoppedError(Exception):
    """The action was closed before the program started."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """One run of a program.

    Attributes:
        command: The real path of the program, and its arguments.
        environment: All of its variables.
        folder: Where it runs.
        account: Who it runs as.
        limits: What it may use.
    """

    command: list[str]
    environment: dict[str, str]
    folder: Path
    account: Account
    limits: Limits

    def encode(self) -> bytes:
        """The order as the launcher reads it."""
        account = self.account
        return json.dumps(
            {
                "command": self.command,
                "environment": self.environment,
                "folder": str(self.folder),
                "user": account.user if account.change else None,
                "group": account.group if account.change else None,
                "limits": self.limits.for_kernel(account.user),
            }
        ).encode()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended.

    Attributes:
        code: The exit code, negative for a signal.
        killed: Whether it was killed by us, because its time was over or the action was closed.
        output: The beginning of what it wrote.
    """

    code: int
    killed: bool
    output: bytes


class Launcher:
    """Runs programs, one at a time, through a process that it starts with the first one (`_launcher.py`) and keeps.

    A program leads a session of its own. When it ends, or its time does, all that it started is killed, whatever group or
    session that is in by then.
    """

    def __init__(self) -> None:
        self._state, self._running = threading.Lock(), threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self.closed = False

    def run(self, order: Order, document: bytes) -> Outcome:
        """Run a program with a document on its standard input, and wait for its end.

        Raises:
            OSError: It cannot be started.
            LostError: Nobody knows how it ended.
            StoppedError: The launcher was closed before.
        """
        with self._running:
            channel = self._connected()
            try:
                answer, output = self._exchange(channel, order, document)
            except (ConnectionError, TimeoutError, ValueError) as error:
                self._disconnect()
                raise LostError(str(error) or "no answer") from error
        if "errno" in answer:
            code = answer["errno"]
            raise OSError(code, os.strerror(code)) if code else OSError("its arguments or variables cannot be handed over")
        return Outcome(code=answer["code"], killed=answer["killed"], output=output)

    def close(self) -> None:
        """Kill what runs, and end the launcher; may be called from any thread."""
        with self._state:
            self.closed = True
            if self._channel is not None:
                with contextlib.suppress(OSError):
                    self._channel.shutdown(socket.SHUT_WR)
        with self._running:
            self._disconnect()

    def _connected(self) -> socket.socket:
        if self._process is not None and self._process.poll() is not None:
            self._disconnect()
        with self._state:
            if self.closed:
                raise StoppedError
            if self._channel is None:
                self._channel, self._process = _launch()
            return self._channel

    def _disconnect(self) -> None:
        with self._state:
            channel, process = self._channel, self._process
            self._channel = self._process = None
        if channel is not None and process is not None:
            channel.close()
            try:
                process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _exchange(self, channel: socket.socket, order: Order, document: bytes) -> tuple[dict[str, Any], bytes]:
        reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(reading, "rb", buffering=0) as output:
            with os.fdopen(writing, "wb", buffering=0), _file(order.encode()) as ordered, _file(document) as given:
                os.set_blocking(writing, True)
                if order.account.change:
                    # So that it may open /dev/stderr, as scripts do.
                    os.fchown(writing, order.account.user, order.account.group)
                socket.send_fds(channel, [_START], [ordered, given, writing])
            collector = _Collector(channel, output.fileno(), order.limits.output_bytes)
            return collector.collect(order.limits.seconds), bytes(collector.kept)


class _Collector:
    """Takes a program's output until the launcher answers, and has it killed when its time is over."""

    def __init__(self, channel: socket.socket, output: int, limit: int) -> None:
        self._channel, self._output, self._limit = channel, output, limit
        self.kept = bytearray()

    def collect(self, seconds: float) -> dict[str, Any]:
        deadline, told = time.monotonic() + seconds, False
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ)
            selector.register(self._output, selectors.EVENT_READ)
            while True:
                left = deadline - time.monotonic()
                ready = {key.fd for key, _ in selector.select(max(left, 0))}
                if self._channel.fileno() in ready:
                    return self._answer()
                if ready and not self._read():
                    selector.unregister(self._output)
                if left <= 0:
                    if told:
                        raise TimeoutError("it could not be killed")
                    self._channel.send(_KILL)
                    deadline, told = time.monotonic() + _PATIENCE_SECONDS, True

    def _answer(self) -> dict[str, Any]:
        line = self._channel.recv(_CHUNK)
        if not line:
            raise ConnectionResetError("the process that started it was killed")
        self._read()  # a pipe holds no more than a chunk
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _read(self) -> bool:
        """Take what is there, a chunk at most, and keep the beginning; false at the end."""
        try:
            chunk = os.read(self._output, _CHUNK)
        except BlockingIOError:
            return True
        self.kept += chunk[: self._limit - len(self.kept)]
        return bool(chunk)


def _launch() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair()
    script = Path(__file__).with_name("_launcher.py")
    with theirs:
        # Isolated and without site-packages: nothing in the environment or the working folder reaches it.
        command = [sys.executable, "-I", "-S", "-X", "utf8", str(script), str(theirs.fileno())]
        try:
            process = subprocess.Popen(  # noqa: S603 - a script of our own
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env={}, cwd="/", start_new_session=True,
                pass_fds=[theirs.fileno()],
            )  # fmt: skip
        except OSError as error:
            ours.close()
            raise LostError(f"{sys.executable} cannot be started: {error.strerror}") from error
    return ours, process


@contextlib.contextmanager
def _file(content: bytes) -> Iterator[int]:
    """A file in memory. Not a pipe: whoever gets it may read it when it likes, or not at all."""
    descriptor = os.memfd_create("notification", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)
