"""Proves the quality levels of this distribution to `alert plugins --check sepm`; needs `pip install 'alert-sepm[testing]'`."""

from __future__ import annotations

from importlib.resources import files

from alert_core.testing import FormatConformance
from alert_sepm.format import SepmFormat

__all__ = ["SepmFormatConformance"]


class SepmFormatConformance(FormatConformance):
    """The format with a record of every log."""

    format = SepmFormat
    records = files(__package__).joinpath("samples.log").read_bytes().splitlines()
