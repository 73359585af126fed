"""Which schema a database has, and which is the newest, found out without SQLAlchemy and Alembic."""

from __future__ import annotations

import sqlite3
from pathlib import Path

__all__ = ["newest_version", "stored_version"]


def stored_version(cursor: sqlite3.Cursor) -> str | None:
    """The name of the schema that a database has; `None` when nothing of alert is in it."""
    try:
        row = cursor.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise
    return None if row is None else str(row[0])


def newest_version() -> str:
    """The name of the schema that the last migration makes; the last one in `alert_core.store.tables.SCHEMAS`."""
    return max(path.name.partition("_")[0] for path in Path(__file__).with_name("migrations").glob("versions/[0-9]*_*.py"))
