"""How records are written on the wire: syslog, CEF, LEEF and their times, apart from what they mean.

What a module renders it, or the parser beside it, reads back exactly. Nothing here does input or output.
"""

from __future__ import annotations

from alert_core.wire.controls import restored, visible
from alert_core.wire.fields import event_texts

__all__ = ["event_texts", "restored", "visible"]
