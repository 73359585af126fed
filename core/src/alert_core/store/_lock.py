"""The lock that says which process runs on a store."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from alert_core.errors import StoreError

__all__ = ["RunLock"]


class RunLock:
    """An exclusive lock on the file `run.lock`; the system releases it when the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "run.lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock; nothing happens when this object has it already.

        Raises:
            StoreError: Another process has it.
        """
        import fcntl  # not everywhere; only whoever runs or upgrades needs it

        if self._descriptor is not None:
            return
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(descriptor, 20).decode("ascii", "replace").strip()
            os.close(descriptor)
            process = f" (process {owner})" if owner.isdigit() else ""
            raise StoreError(f"{self._path.parent}: in use by a running alert{process}; stop that one first") from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; nothing happens when this object does not have it."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.truncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    @property
    def held(self) -> bool:
        """Whether this object has the lock."""
        return self._descriptor is not None
