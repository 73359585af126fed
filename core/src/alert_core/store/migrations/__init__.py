"""Upgrades of the database, step by step, run by Alembic. Imported only when there is something to upgrade."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

__all__ = ["configuration", "upgrade"]


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for the migrations beside this file, on a connection with an open transaction."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def upgrade(connection: Connection, target: str = "head") -> None:
    """Bring a database to a schema, the newest by default, inside the transaction of the caller."""
    command.upgrade(configuration(connection), target)
