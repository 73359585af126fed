"""What one run of a program may use, in the words of the kernel."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one run may use; 0 means no limit.

    Attributes:
        seconds: How long it may take.
        cpu_seconds: How long each of its processes may compute.
        memory_bytes: How much memory each of its processes may have.
        processes: How many processes and threads it may start.
        output_bytes: How much of its output is kept.
    """

    seconds: float
    cpu_seconds: int
    memory_bytes: int
    processes: int
    output_bytes: int

    def for_kernel(self, user: int) -> dict[str, int]:
        """The limits that the kernel watches, by their names in the module `resource`, for a program that runs as a user."""
        bounds = {"RLIMIT_CORE": 0}
        if self.cpu_seconds:
            bounds["RLIMIT_CPU"] = self.cpu_seconds
        if self.memory_bytes:
            # What is used, not what is reserved, of which many runtimes take gigabytes.
            bounds["RLIMIT_DATA"] = self.memory_bytes
        if self.processes and user != 0:
            bounds["RLIMIT_NPROC"] = _tasks(user) + self.processes
        return bounds


def _tasks(user: int) -> int:
    """How many processes and threads a user has, because that is what Linux holds against the limit."""
    count = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == user:
                count += len(list((folder / "task").iterdir()))
    return count
