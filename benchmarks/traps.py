"""`python -m benchmarks.traps`: how fast SNMP notifications are received, beside Debian's snmptrapd that writes them to a file.

Sender and receiver are processes of their own on different cores. Everything that is sent fits into the receive buffer, so that
nothing is lost and the rate is the receiver's.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from alert_core import Notification
from alert_snmp import _pdu as pdu
from alert_snmp._alert_mib import AlertMib
from alert_snmp._identity import EngineIdentity
from alert_snmp._trap import community_messages
from alert_snmp._usm import Keys, UserMessages
from alert_snmp.settings import User
from benchmarks import tables
from benchmarks.processes import pin
from benchmarks.rounds import ROOT

VERSIONS = ("v2c", "v3")
COUNT = 6000
PATIENCE_SECONDS = 60.0
MARK = b"benchmark-"
USER = {"name": "alert", "auth": "SHA-256", "auth_key": "maplesyrup", "privacy": "AES-128", "privacy_key": "maplesyrup"}
ALERT = """
[sources.net]
type = "snmp"
listen = ["udp:127.0.0.1:{port}"]
communities = ["area"]
users = [{{ name = "alert", auth = "SHA-256", auth_key = "maplesyrup", privacy = "AES-128", privacy_key = "maplesyrup" }}]
[conditions.failures]
type = "threshold"
event_types = ["linkDown"]
count = 100000
"""
SNMPTRAPD = """
disableAuthorization yes
createUser -e 0x{engine} alert SHA-256 maplesyrup AES maplesyrup
authUser log alert priv
"""
_COLUMNS = ("receiver", "n/s", "least - most", "x snmptrapd", "lost %")


def messages(version: str, folder: Path, count: int) -> list[bytes]:
    """Notifications of our own MIB, of about 450 bytes."""
    wrap: Callable[[bytes], bytes] = community_messages("area", v1=False)
    if version == "v3":
        user = User.model_validate(USER)
        wrap = UserMessages(Keys(user, "maplesyrup", "maplesyrup"), EngineIdentity(folder)).wrap
    mib, notification = AlertMib(), Notification.sample()
    objects = [mib.varbinds(mib.fired, notification, f"{MARK.decode()}{number}") for number in range(count)]
    return [wrap(pdu.v2_trap(mib.fired, one, ticks=1, request_id=number)) for number, one in enumerate(objects)]


def _command(name: str, port: int, folder: Path) -> list[str]:
    if name == "alert":
        (folder / "alert.toml").write_text(ALERT.format(port=port))
        return [sys.executable, "-m", "alert_core", "-q", "run", "--config", str(folder / "alert.toml")]
    engine = EngineIdentity(folder).engine_id.hex()
    (folder / "snmptrapd.conf").write_text(SNMPTRAPD.format(engine=engine))
    (folder / "snmp.conf").write_text("serverRecvBuf 33554432\n")
    options = ["-f", "-Lf", str(folder / "traps.log"), "-m", "", "-On", "-F", r"%v\n"]
    return ["/usr/sbin/snmptrapd", *options, f"udp:127.0.0.1:{port}"]


def _stored(name: str, folder: Path) -> int:
    files = folder.glob("state/sources/net/spool/*.spool" if name == "alert" else "traps.log")
    return sum(file.read_bytes().count(MARK) for file in files)


def measure(name: str, version: str, count: int) -> tuple[float, float]:
    """One round: notifications per second on disk, and which part was lost."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, tempfile.TemporaryDirectory() as place:
        sender.bind(("127.0.0.1", 0))
        port, folder = sender.getsockname()[1], Path(place)
        sender.close()
        datagrams = messages(version, folder, count)
        environment = {"SNMPCONFPATH": place, "SNMP_PERSISTENT_DIR": place, "PATH": "/usr/bin:/bin"}
        with subprocess.Popen(_command(name, port, folder), cwd=ROOT, env=environment, preexec_fn=pin) as process:
            try:
                _await_listening(process, port)
                return _round(name, folder, datagrams, port)
            finally:
                process.kill()


def _await_listening(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while f":{port:04X} " not in Path("/proc/net/udp").read_text(encoding="ascii"):
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError("the receiver does not listen")
        time.sleep(0.01)
    time.sleep(0.5)  # it may still be busy with its start


def _round(name: str, folder: Path, datagrams: list[bytes], port: int) -> tuple[float, float]:
    began = time.perf_counter()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", port))
        for one in datagrams:
            sender.send(one)
    stored, wall = 0, time.perf_counter()
    while stored < len(datagrams) and time.perf_counter() - wall < 2:
        now = _stored(name, folder)
        if now > stored:
            stored, wall = now, time.perf_counter()
        time.sleep(0.005)
    return stored / (wall - began), 1 - stored / len(datagrams)


def report(rounds: int, count: int) -> str:
    """Measure and tabulate, interleaved."""
    parts = []
    for version in VERSIONS:
        found: dict[str, list[tuple[float, float]]] = {"snmptrapd": [], "alert": []}
        for _ in range(rounds):
            for name, own in found.items():
                own.append(measure(name, version, count))
        rows = []
        for name, own in found.items():
            rates = sorted(rate for rate, _ in own)
            ratio = statistics.median(other / mine for (mine, _), (other, _) in zip(own, found["snmptrapd"], strict=True))
            lost = statistics.median(part for _, part in own)
            rows.append([
                f"{name}, on disk", f"{statistics.median(rates):,.0f}", f"{rates[0]:,.0f} - {rates[-1]:,.0f}",
                tables.times(ratio), f"{lost * 100:.1f}",
            ])  # fmt: skip
        title = "SNMPv3 traps, SHA-256 and AES-128" if version == "v3" else "SNMPv2c traps"
        parts.append(f"Receivers: {title}\n\n{tables.table(_COLUMNS, rows)}\n")
    return "\n".join(parts)


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.traps", description="Measure the receiver of SNMP.")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (5)")
    parser.add_argument("--count", type=int, default=COUNT, help=f"how many notifications are sent each time ({COUNT})")
    options = parser.parse_args()
    print(report(options.rounds, options.count), flush=True)


if __name__ == "__main__":
    main()
