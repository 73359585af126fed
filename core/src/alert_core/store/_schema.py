"""Bringing a database to the newest schema, without importing Alembic unless there is something to upgrade."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from alert_core.errors import StoreError
from alert_core.store._database import driver_cursor
from alert_core.store._lock import RunLock
from alert_core.store._pool import PooledDatabase
from alert_core.store._version import stored_version
from alert_core.store.tables import SCHEMAS, metadata

__all__ = ["bring_up_to_date", "prepare"]

_VERSION_TABLE = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, PRIMARY KEY (version_num))"


def prepare(folder: Path) -> None:
    """Bring the database in a folder up to date for somebody who opens it without SQLAlchemy.

    Raises:
        StoreError: As `bring_up_to_date` does.
    """
    with closing(PooledDatabase(folder / "alert.db")) as database:
        bring_up_to_date(database, RunLock(folder))


def bring_up_to_date(database: PooledDatabase, lock: RunLock) -> None:
    """Make the tables of a new database, upgrade those of an old one, leave those of the newest alone.

    Raises:
        StoreError: A newer alert or another program made it, or it must be upgraded while another alert runs on it.
    """
    with database.read_rows() as cursor:
        version = stored_version(cursor)
    if version == SCHEMAS[-1]:
        return
    if version is None:
        _create(database)
    elif version in SCHEMAS:
        _upgrade(database, lock)
    else:
        raise StoreError(
            f"{database.path}: a newer alert made this database (schema {version}, this one knows {SCHEMAS[-1]}); "
            "install that version, or restore the backup from before it"
        )


def _create(database: PooledDatabase) -> None:
    with database.write() as connection:
        if stored_version(driver_cursor(connection)) is not None:  # another process was quicker
            return
        if connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar():
            raise StoreError(f"{database.path}: not a database of alert; choose another folder in [store]")
        metadata.create_all(connection)
        connection.exec_driver_sql(_VERSION_TABLE)
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (SCHEMAS[-1],))


def _upgrade(database: PooledDatabase, lock: RunLock) -> None:
    from alert_core.store.migrations import upgrade

    mine = lock.held
    lock.acquire()
    try:
        with database.write() as connection:
            upgrade(connection)
    finally:
        if not mine:
            lock.release()
