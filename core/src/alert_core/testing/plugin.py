"""What pytest loads when alert-core is installed; imports nothing but pytest."""

from __future__ import annotations

import pytest

# So that a failed assertion of the kit shows the values, as one in a test of its user does.
pytest.register_assert_rewrite("alert_core.testing.conformance")
