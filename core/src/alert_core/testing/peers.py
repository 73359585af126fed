"""Real programs of the other side, for tests that speak to them."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from random import SystemRandom
from typing import NoReturn

__all__ = ["REQUIRE_VARIABLE", "free_port", "require"]

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


# Below those that systems give to whoever connects without choosing one.
_PORTS = range(20_000, 32_000)


def free_port() -> int:
    """Return a port that nobody has on any address, for TCP and for UDP, for a program that must be told one.

    It is drawn at random from a range that the system itself never takes ports from, so that neither a connection nor another
    test takes it before the program does.
    """
    while True:
        port = SystemRandom().choice(_PORTS)
        if _is_free(port):
            return port


def _is_free(port: int) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try:
                with socket.socket(family, kind) as probe:
                    probe.bind(("", port))
            except OSError as error:  # anything else says that this computer has no IPv6
                if error.errno == errno.EADDRINUSE:
                    return False
    return True


def _miss(program: str) -> NoReturn:
    # Imported here because the kit's modules can be imported where pytest is not installed.
    import pytest

    reason = f"{program} is not installed"
    if os.environ.get(REQUIRE_VARIABLE) == "1":
        pytest.fail(f"{reason}, but {REQUIRE_VARIABLE}=1 requires it")
    pytest.skip(reason)
