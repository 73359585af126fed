"""Run by Alembic: applies the migrations on the connection that `upgrade` passes."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    # SQLite cannot alter most things in place; Alembic then copies the table.
    render_as_batch=True,
    # The transaction belongs to the caller.
    transaction_per_migration=False,
)
context.run_migrations()
