"""The account that a program runs as."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass

from alert_core import DeliveryError


@dataclass(frozen=True)
class Account:
    """Who a program runs as: `change` says whether that is somebody else than the framework itself."""

    user: int
    group: int
    change: bool = False
    variables: tuple[tuple[str, str], ...] = ()


def account(name: str | None) -> Account:
    """The account of that name, or the framework's own.

    Raises:
        DeliveryError: There is no such user.
    """
    if name is None:
        return Account(os.geteuid(), os.getegid())
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise DeliveryError(f"run_as: there is no user {name!r} on this computer", retryable=False) from None
    variables = (("HOME", entry.pw_dir), ("LOGNAME", name), ("USER", name))
    return Account(entry.pw_uid, entry.pw_gid, change=True, variables=variables)
