"""CPU time of this process and of others, on one core."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path


def pin(*, first: bool = False) -> None:
    """Keep this process, and those it starts, on the last core that it may use, or on the first; that one serves interrupts."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {(min if first else max)(os.sched_getaffinity(0))})


def cpu_seconds_of(command: Sequence[str], *, cwd: str | None = None) -> float:
    """Run a command to its end and return the CPU time, user and system, of it and whatever it started.

    Raises:
        RuntimeError: It failed; the error has the end of what it said.
    """
    with tempfile.TemporaryFile() as said:
        before = _children()
        answer = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False)
        spent = _children() - before
        if answer.returncode:
            said.seek(max(0, said.tell() - 2000))
            tail = said.read().decode("utf-8", "replace")
            raise RuntimeError(f"{command[0]} ended with {answer.returncode}: {tail}")
    return spent


def resident_bytes() -> int:
    """How much memory this process needs now, without what the allocator keeps of it for later although it is free."""
    with contextlib.suppress(AttributeError, OSError):  # other C libraries than glibc have no such function
        ctypes.CDLL(None).malloc_trim(0)
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
