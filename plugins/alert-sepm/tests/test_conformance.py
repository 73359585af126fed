"""The tests that every component passes."""

from __future__ import annotations

from alert_sepm.conformance import SepmFormatConformance


class TestFormat(SepmFormatConformance):
    pass
