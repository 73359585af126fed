"""The test kit for plugins, shipped in the wheel: derive a test class from `ActionConformance`, and pytest does the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alert_core.testing.conformance import ActionConformance

__all__ = ["ActionConformance"]


def __getattr__(name: str) -> Any:
    # On first use: pytest imports this package wherever the core is installed, also for tests that have nothing to do with it.
    if name in __all__:
        from alert_core.testing import conformance

        return getattr(conformance, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
