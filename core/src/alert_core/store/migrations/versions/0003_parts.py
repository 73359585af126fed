"""Sources that read several streams side by side have a cursor for each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table anew; what is in it are the cursors of parts without a name."""
    op.rename_table("cursors", "cursors_before")
    op.create_table(
        "cursors",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("part", sa.Text, primary_key=True),
        sa.Column("cursor", sa.Text, nullable=False),
    )
    op.execute("INSERT INTO cursors SELECT source, '', cursor FROM cursors_before")
    op.drop_table("cursors_before")
