"""`python -m alert_core` is the command `alert`."""

from __future__ import annotations

from alert_core.cli.main import main

main(prog_name="alert")
