"""Traps and informs, read from what Debian's snmptrapd wrote."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alert_core import Context, DeliveryError, Notification, Strength
from alert_core.testing.peers import require
from alert_snmp import SnmpAction, SnmpSettings

pytestmark = pytest.mark.peers

BASE = "1.3.6.1.4.1.8072.9999.9999.25378"
ENGINE_ID = "0x80001f8805aabbccddeeff"
AUTH_KEY, PRIVACY_KEY = "authentication passphrase", "privacy passphrase"
PAIRS = [
    (None, None), ("MD5", None), ("SHA", "DES"), ("SHA", "AES-128"), ("SHA-224", None), ("SHA-256", "AES-128"),
    ("SHA-384", "AES-192"), ("SHA-512", "AES-256"), ("SHA", "AES-192-C"), ("SHA-256", "AES-256-C"),
]  # fmt: skip


class Trapd:
    """A running snmptrapd, and the lines it wrote."""

    def __init__(self, folder: Path, configuration: list[str]) -> None:
        program = require("snmptrapd")
        self.port = _free_port()
        self._log = folder / "traps.log"
        file = folder / "snmptrapd.conf"
        file.write_text("\n".join(["disableAuthorization no", "authCommunity log area", *configuration]) + "\n")
        command = [program, "-f", "-C", "-c", str(file), "-m", "", "-On", "-Lf", str(self._log)]
        command += ["-F", r"%P|%v\n", f"udp:127.0.0.1:{self.port}"]
        environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(folder / "persistent")}
        self._process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        self.wait(lambda log: "NET-SNMP version" in log)

    def wait(self, holds: Callable[[str], bool]) -> str:
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            log = self._log.read_text(errors="replace") if self._log.exists() else ""
            if holds(log):
                return log
            time.sleep(0.02)
        raise AssertionError(f"snmptrapd wrote:\n{log}")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def trapd(tmp_path: Path) -> Iterator[Callable[[list[str]], Trapd]]:
    running: list[Trapd] = []

    def start(configuration: list[str]) -> Trapd:
        running.append(Trapd(tmp_path, configuration))
        return running[-1]

    yield start
    for one in running:
        one.stop()


def deliver(folder: Path, port: int, **settings: Any) -> Strength:
    table = {"host": "127.0.0.1", "port": port, **settings}
    action = SnmpAction(SnmpSettings.model_validate(table), Context(name="noc-trap", state_folder=folder / "state"))
    try:
        return action.send(Notification.sample()).strength
    finally:
        action.close()


def user(auth: str | None, privacy: str | None) -> dict[str, Any]:
    table: dict[str, Any] = {"name": f"user-{auth}-{privacy}"[:32]}
    if auth:
        table |= {"auth": auth, "auth_key": AUTH_KEY}
    if privacy:
        table |= {"privacy": privacy, "privacy_key": PRIVACY_KEY}
    return table


def create_user(auth: str | None, privacy: str | None, engine_id: str = "") -> list[str]:
    """The lines with which snmptrapd gets to know a user."""
    name, level = user(auth, privacy)["name"], "priv" if privacy else "auth" if auth else "noauth"
    words = ["createUser", *(["-e", engine_id] if engine_id else []), name]
    words += [auth, f'"{AUTH_KEY}"'] if auth else []
    words += [privacy.removesuffix("-128").replace("-C", "C").replace("AES-", "AES"), f'"{PRIVACY_KEY}"'] if privacy else []
    return [" ".join(words), f"authUser log {name} {level}"]


@pytest.mark.parametrize("version", ["v1", "v2c"])
def test_snmptrapd_logs_a_trap(version: str, tmp_path: Path, trapd: Callable[[list[str]], Trapd]) -> None:
    peer = trapd([])

    deliver(tmp_path, peer.port, version=version, community="area")

    log = peer.wait(lambda text: f".{BASE}.1.10.0" in text)
    assert f'.{BASE}.1.4.0 = STRING: "TEST: alert can reach you"' in log
    assert f".{BASE}.1.3.0 = INTEGER: 1" in log
    assert f".{BASE}.1.7.0 = Gauge32: 1" in log


@pytest.mark.parametrize("version", ["v1", "v2c"])
def test_snmptrapd_drops_a_wrong_community(version: str, tmp_path: Path, trapd: Callable[[list[str]], Trapd]) -> None:
    peer = trapd([])

    deliver(tmp_path, peer.port, version=version, community="wrong")
    deliver(tmp_path, peer.port, version=version, community="area")

    log = peer.wait(lambda text: f".{BASE}.1.10.0" in text)
    assert log.count(f".{BASE}.1.10.0") == 1


@pytest.mark.parametrize("confirm", [False, True])
@pytest.mark.parametrize(("auth", "privacy"), PAIRS)
def test_snmptrapd_understands_v3(
    auth: str | None, privacy: str | None, confirm: bool, tmp_path: Path, trapd: Callable[[list[str]], Trapd]
) -> None:
    peer = trapd(create_user(auth, privacy, "" if confirm else ENGINE_ID))

    strength = deliver(tmp_path, peer.port, version="v3", user=user(auth, privacy), engine_id=ENGINE_ID, confirm=confirm)

    assert strength is (Strength.CONFIRMED if confirm else Strength.HANDED_OVER)
    assert '"TEST: alert can reach you"' in peer.wait(lambda text: f".{BASE}.1.10.0" in text)


def test_snmptrapd_takes_traps_from_one_run_after_another(tmp_path: Path, trapd: Callable[[list[str]], Trapd]) -> None:
    peer = trapd(create_user("SHA-256", "AES-128", ENGINE_ID))

    for _ in range(3):
        deliver(tmp_path, peer.port, version="v3", user=user("SHA-256", "AES-128"), engine_id=ENGINE_ID)

    peer.wait(lambda text: text.count(f".{BASE}.1.10.0") == 3)


def test_snmptrapd_does_not_confirm_a_wrong_passphrase(tmp_path: Path, trapd: Callable[[list[str]], Trapd]) -> None:
    peer = trapd(create_user("SHA-256", None))
    wrong = {**user("SHA-256", None), "auth_key": "quite another one"}

    with pytest.raises(DeliveryError, match="did not confirm") as caught:
        deliver(tmp_path, peer.port, version="v3", user=wrong, confirm=True)

    assert not caught.value.retryable
