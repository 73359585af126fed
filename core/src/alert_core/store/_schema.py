"""Bringing a database to the newest schema, without importing Alembic unless there is something to upgrade."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from alert_core.errors import StoreError
from alert_core.store._database import Database
from alert_core.store._lock import RunLock
from alert_core.store.tables import SCHEMAS, metadata

__all__ = ["bring_up_to_date"]

_VERSION_TABLE = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, PRIMARY KEY (version_num))"


def bring_up_to_date(database: Database, lock: RunLock) -> None:
    """Make the tables of a new database, upgrade those of an old one, leave those of the newest alone.

    Raises:
        StoreError: A newer alert or another program made it, or it must be upgraded while another alert runs on it.
    """
    with database.read() as connection:
        version = _version(connection)
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


def _version(connection: Connection) -> str | None:
    # Plain SQL on purpose: Alembic takes longer to import than everything else together.
    try:
        row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    except OperationalError as error:
        if "no such table" in str(error):
            return None
        raise
    return None if row is None else str(row[0])


def _create(database: Database) -> None:
    with database.write() as connection:
        if _version(connection) is not None:  # another process was quicker
            return
        if connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar():
            raise StoreError(f"{database.path}: not a database of alert; choose another folder in [store]")
        metadata.create_all(connection)
        connection.exec_driver_sql(_VERSION_TABLE)
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (SCHEMAS[-1],))


def _upgrade(database: Database, lock: RunLock) -> None:
    from alert_core.store.migrations import upgrade

    mine = lock.held
    lock.acquire()
    try:
        with database.write() as connection:
            upgrade(connection)
    finally:
        if not mine:
            lock.release()
