"""Running a program under limits, and making sure that nothing of it is left."""

from __future__ import annotations

import contextlib
import os
import resource
import selectors
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_CHUNK = 65_536


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one run may use; 0 means no limit."""

    seconds: float
    memory_bytes: int
    processes: int
    output_bytes: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended.

    Attributes:
        code: The exit code, negative for a signal; `None` when it was killed because its time was over.
        output: The beginning of what it wrote.
    """

    code: int | None
    output: bytes


class Run:
    """One run of a program.

    The program leads a session of its own. When it ends, or its time does, everything left in its process group is killed, so
    that nothing waits for a child that keeps the output open. Only what left the group on purpose (`setsid`) stays.

    Limits are set from outside, right after the start: a function that runs in the child between fork and exec may deadlock
    in a process with threads, and a wrapper would cost another start. The program can do little in the moment before.

    Args:
        executable: The real path of the program.
        arguments: What comes after its name.
        environment: All of its variables.
        folder: Where it runs.
        limits: What it may use.
    """

    def __init__(
        self, executable: Path, arguments: tuple[str, ...], *, environment: dict[str, str], folder: Path, limits: Limits
    ) -> None:
        self._command = [str(executable), *arguments]
        self._environment, self._folder, self._limits = environment, folder, limits
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._output = bytearray()
        self.stopped = False

    def finish(self, document: bytes) -> Outcome:
        """Start it with a document on its standard input, and wait for its end.

        Raises:
            OSError: It cannot be started.
        """
        deadline = time.monotonic() + self._limits.seconds
        with tempfile.TemporaryFile() as file:
            # A file, not a pipe: the program may read it when it likes, or not at all.
            file.write(document)
            file.seek(0)
            process = self._start(file)
        assert process.stdout is not None
        with process.stdout as output:
            os.set_blocking(output.fileno(), False)
            try:
                _limit(process.pid, self._limits)
                in_time = self._collect(process.pid, output, deadline)
            finally:
                self._end(process)
            # A pipe holds no more than a chunk.
            self._read(output)
        return Outcome(code=process.returncode if in_time else None, output=bytes(self._output))

    def stop(self) -> None:
        """Kill it; may be called from any thread."""
        with self._lock:
            self.stopped = True
            if self._process is not None and self._process.returncode is None:
                _kill_group(self._process.pid)

    def _start(self, document: IO[bytes]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self.stopped:
                raise InterruptedError(0, "stopped before it started")
            self._process = subprocess.Popen(  # noqa: S603 - the program that the administrator put there; no shell
                self._command,
                stdin=document,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=self._folder,
                start_new_session=True,
                umask=0o077,
            )
            return self._process

    def _collect(self, pid: int, output: IO[bytes], deadline: float) -> bool:
        """Take the output until the program ends; false when its time was over first."""
        ended = os.pidfd_open(pid)
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(output, selectors.EVENT_READ)
                selector.register(ended, selectors.EVENT_READ)
                while (left := deadline - time.monotonic()) > 0:
                    ready = {key.fd for key, _ in selector.select(left)}
                    if ended in ready:
                        return True
                    if ready and not self._read(output):
                        selector.unregister(output)
                # What ended at the last moment did end; running it again would be worse.
                return any(key.fd == ended for key, _ in selector.select(0))
        finally:
            os.close(ended)

    def _read(self, output: IO[bytes]) -> bool:
        """Take what is there, a chunk at most, and keep the beginning; false at the end."""
        try:
            chunk = os.read(output.fileno(), _CHUNK)
        except BlockingIOError:
            return True
        self._output += chunk[: self._limits.output_bytes - len(self._output)]
        return bool(chunk)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            # Before it is waited for: until then nobody else can get its number.
            _kill_group(process.pid)
            process.wait()


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _limit(pid: int, limits: Limits) -> None:
    # Seconds of computing, on every processor at once, bound what would outlive us, should we be killed ourselves.
    seconds = (int(limits.seconds) + 1) * (os.cpu_count() or 1)
    bounds = {resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: seconds}
    if limits.memory_bytes:
        # What is used, not what is reserved, of which many runtimes take gigabytes.
        bounds[resource.RLIMIT_DATA] = limits.memory_bytes
    if limits.processes and os.geteuid() != 0:
        bounds[resource.RLIMIT_NPROC] = _own_tasks() + limits.processes
    with contextlib.suppress(ProcessLookupError):
        for kind, bound in bounds.items():
            hard = resource.prlimit(pid, kind)[1]
            ceiling = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
            resource.prlimit(pid, kind, (ceiling, ceiling))


def _own_tasks() -> int:
    """How many processes and threads this user has, because that is what Linux holds against the limit."""
    count, user = 0, os.geteuid()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == user:
                count += len(list((folder / "task").iterdir()))
    return count
