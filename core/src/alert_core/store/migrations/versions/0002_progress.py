"""Deliveries of which a part is done remember which part."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; nothing that waits has begun."""
    op.add_column("deliveries", sa.Column("progress", sa.Text))
