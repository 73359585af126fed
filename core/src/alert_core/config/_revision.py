"""Short names for what a condition is, so that the log can say which wording and settings decided."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec
from pydantic import BaseModel

__all__ = ["digest"]


def digest(*parts: Any) -> str:
    """12 hexadecimal digits that are the same for equal values, in any process and for any order of keys and sets.

    Secrets count by their reference; a literal one does not count at all.
    """
    ordered = msgspec.json.encode(parts, order="deterministic", enc_hook=_plain)
    # A default of 1 and a written 1.0 are one number.
    canonical = json.dumps(json.loads(ordered, parse_int=float))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, BaseModel) else str(value)
