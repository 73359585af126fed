"""What holds for every test of every distribution."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("untimed", deadline=None)
settings.register_profile("brief", deadline=None, max_examples=20)
settings.load_profile("untimed")
