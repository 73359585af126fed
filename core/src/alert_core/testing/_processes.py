"""What code does to the process that it runs in: imports, input and output, threads, sockets, time."""

from __future__ import annotations

import builtins
import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from importlib.metadata import entry_points
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

from alert_core._discovery import GROUP

__all__ = ["heavy_imports", "new_since", "outcome_of", "refuse_io", "threads_and_sockets"]

ResultT = TypeVar("ResultT")

HEAVY = frozenset(
    {
        "asyncio", "concurrent.futures", "ctypes", "ftplib", "http.client", "http.server", "imaplib", "logging.handlers",
        "multiprocessing", "smtplib", "sqlite3", "ssl", "subprocess", "tkinter", "unittest", "urllib.request", "xml",
    }
)  # fmt: skip
"""Modules of the standard library that cost time or memory, and that nobody needs before something is sent."""

_PROBE = """
import importlib, json, sys
import alert_core.plugins
before = set(sys.modules)
for module in sys.argv[1:]:
    importlib.import_module(module)
print(json.dumps([sorted(before), sorted(set(sys.modules) - before)]))
"""


def heavy_imports(module: str) -> list[str]:
    """What a fresh process imports with a plugin, besides the plugin, the core and light parts of the standard library.

    Args:
        module: Any module of the plugin; those of its entry points are imported.
    """
    package = module.partition(".")[0]
    modules = {point.module for point in entry_points(group=GROUP) if point.module.partition(".")[0] == package}
    probe = [sys.executable, "-c", _PROBE, *sorted(modules or {module})]
    # What is importable here is importable there, installed or not.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(probe, check=True, capture_output=True, text=True, env=environment)  # noqa: S603
    before, new = json.loads(done.stdout.splitlines()[-1])
    allowed = {name.partition(".")[0] for name in before} | sys.stdlib_module_names | {package}
    return sorted({name for name in new if name in HEAVY} | {name.partition(".")[0] for name in new} - allowed)


def refuse_io(patch: pytest.MonkeyPatch) -> list[str]:
    """Let files, sockets and programs fail as long as a patch lasts; returns the list that collects who was called."""
    calls: list[str] = []

    def refusing(name: str) -> Callable[..., NoReturn]:
        def refuse(*_: object, **__: object) -> NoReturn:
            calls.append(name)
            raise OSError(f"{name} is not allowed here")

        return refuse

    for owner, name in (
        (builtins, "open"), (io, "open"), (os, "open"), (os, "mkdir"), (socket, "socket"), (socket, "create_connection"),
        (socket, "getaddrinfo"), (subprocess, "Popen"),
    ):  # fmt: skip
        patch.setattr(owner, name, refusing(f"{owner.__name__}.{name}"))
    return calls


def outcome_of(call: Callable[[], ResultT], seconds: float) -> ResultT | BaseException:
    """What a call returns or raises; the test fails when it does not return in time."""
    done: Future[ResultT] = Future()

    def work() -> None:
        # Whatever it raises is for the test to judge.
        try:
            done.set_result(call())
        except BaseException as error:  # noqa: BLE001
            done.set_exception(error)

    threading.Thread(target=work, name="conformance", daemon=True).start()
    try:
        return done.exception(seconds) or done.result()
    except TimeoutError:
        pytest.fail(f"it did not return within {seconds:g} seconds")


def threads_and_sockets() -> set[str]:
    """The threads that run and, where the system tells them, the sockets that are open."""
    threads = {f"thread {thread.name} {thread.ident}" for thread in threading.enumerate()}
    return threads | {name for name in _descriptors() if name.startswith("socket:")}


def new_since(before: set[str], *, patience_seconds: float) -> set[str]:
    """What is there that was not; what is about to end gets some time."""
    end = time.monotonic() + patience_seconds
    while (left := threads_and_sockets() - before) and time.monotonic() < end:
        time.sleep(0.01)
    return left


def _descriptors() -> set[str]:
    folder, names = Path("/proc/self/fd"), set()
    for entry in folder.iterdir() if folder.is_dir() else ():
        try:
            names.add(str(entry.readlink()))
        except OSError:  # the one that lists the folder is gone already
            continue
    return names
