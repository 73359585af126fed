"""Events from whoever can send a web request."""

from __future__ import annotations
