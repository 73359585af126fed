"""The store as the rest of the program sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from alert_core.store._lock import RunLock
from alert_core.store._outbox import Outbox
from alert_core.store._pool import PooledDatabase
from alert_core.store._schema import bring_up_to_date

__all__ = ["Store"]


class Store(Outbox):
    """Everything that must survive: decisions, deliveries, cursors, snapshots, faults.

    Its methods may be called from any thread, and other processes may use the same store at the same time; see
    `alert_core.store._database` for the locking. Each method is one transaction: when it returns, what it wrote is on disk;
    when the process dies before, nothing of it is. Every method can raise `StoreError`.
    """

    def __init__(self, database: PooledDatabase, lock: RunLock) -> None:
        super().__init__(database)
        self._lock = lock

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the store in a folder; make it or bring it up to date if need be.

        Raises:
            StoreError: It cannot be opened; the text says what to do about it.
        """
        database, lock = PooledDatabase(folder / "alert.db"), RunLock(folder)
        try:
            bring_up_to_date(database, lock)
        except BaseException:
            database.close()
            raise
        return cls(database, lock)

    def claim(self) -> None:
        """Become the one process that runs on this store, until `close`. Readers need no claim.

        Raises:
            StoreError: Another process has it.
        """
        self._lock.acquire()

    def close(self) -> None:
        """Give everything back."""
        self._database.close()
        self._lock.release()
