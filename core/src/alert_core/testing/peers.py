"""Real programs of the other side, for tests that speak to them."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

__all__ = ["REQUIRE_VARIABLE", "require"]

REQUIRE_VARIABLE = "ALERT_REQUIRE_PEERS"

# Daemons live in folders that a user's PATH often lacks.
DAEMON_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def require(program: str) -> str:
    """Return the full path of a program, or end the calling test when the machine lacks it.

    The test is skipped with the reason; where `ALERT_REQUIRE_PEERS=1` promises that everything is installed, it fails instead.

    Args:
        program: The name of the executable, such as `snmptrapd`.
    """
    found = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), *DAEMON_FOLDERS]))
    return found or _miss(program)


def _miss(program: str) -> NoReturn:
    # Imported here because the kit's modules can be imported where pytest is not installed.
    import pytest

    reason = f"{program} is not installed"
    if os.environ.get(REQUIRE_VARIABLE) == "1":
        pytest.fail(f"{reason}, but {REQUIRE_VARIABLE}=1 requires it")
    pytest.skip(reason)
