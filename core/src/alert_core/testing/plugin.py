"""What pytest loads when alert-core is installed; imports nothing but pytest."""

from __future__ import annotations

import pytest

# So that a failed assertion of the kit shows the values, as one in a test of its user does.
for _module in ("action", "component", "condition", "format", "network", "source"):
    pytest.register_assert_rewrite(f"alert_core.testing.{_module}")
