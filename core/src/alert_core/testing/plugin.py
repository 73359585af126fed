"""What pytest loads when alert-core is installed; imports nothing but pytest."""

from __future__ import annotations
