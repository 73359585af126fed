"""ALERT-MIB, as MIB compilers read it, and traps compared with it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib.metadata import files
from pathlib import Path
from typing import Any

import pytest

from alert_core import Context, Notification, Secret, Severity
from alert_core.testing.peers import require
from alert_snmp import SnmpAction, SnmpSettings

MIB = Path(__file__).parent.parent / "share/snmp/mibs/ALERT-MIB.txt"
# What it imports: the modules of the IETF may not be packaged by everyone, so these have just the names that are needed.
IMPORTED = Path(__file__).parent / "mibs"
BASE = "1.3.6.1.4.1.8072.9999.9999.25378"
TAGS = {
    "AlertLine": 0x04,
    "AlertText": 0x04,
    "DateAndTime": 0x04,
    "Gauge32": 0x42,
    "Enumeration": 0x02,
}


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SMIPATH": str(IMPORTED), "MIBDIRS": f"{MIB.parent}:{IMPORTED}"}
    return subprocess.run([require(program), *arguments], capture_output=True, text=True, check=True, env=environment)


def test_the_file_is_installed_where_net_snmp_looks_below_a_prefix() -> None:
    installed = [Path(str(file.locate())).resolve() for file in files("alert-snmp") or [] if file.name == "ALERT-MIB.txt"]

    assert installed == [Path(sys.prefix).resolve() / "share/snmp/mibs/ALERT-MIB.txt"]
    assert installed[0].read_text() == MIB.read_text()


@pytest.mark.peers
def test_smilint_has_no_complaint_of_any_level() -> None:
    # The nodes above ours get no names, since the module begins at the root on purpose.
    done = run("smilint", "-s", "-l", "6", "-i", "node-implicit", str(MIB))

    assert done.stdout + done.stderr == ""


@pytest.mark.peers
@pytest.mark.parametrize(
    ("name", "oid"), [("alertFired", "0.1"), ("alertClosed", "0.2"), ("alertTest", "0.3"), ("alertKey.0", "1.11.0")]
)
def test_snmptranslate_finds_the_numbers(name: str, oid: str) -> None:
    done = run("snmptranslate", "-m", "ALERT-MIB", "-On", f"ALERT-MIB::{name}")

    assert done.stdout.strip() == f".{BASE}.{oid}"
    assert done.stderr == ""


@pytest.mark.peers
def test_snmptranslate_finds_names_without_the_modules_of_the_ietf(tmp_path: Path) -> None:
    done = run("snmptranslate", "-M", str(MIB.parent), "-m", "ALERT-MIB", "-OS", f".{BASE}.1.3.0")

    assert done.stdout.strip() == "ALERT-MIB::alertSeverity.0"


@pytest.mark.peers
def test_the_mib_moves_below_an_enterprise_number_by_one_edit(tmp_path: Path) -> None:
    moved = MIB.read_text().replace("8072 9999 9999 25378 }", "32473 1 }")
    (tmp_path / MIB.name).write_text(moved)

    done = run("snmptranslate", "-M", f"{tmp_path}:{IMPORTED}", "-m", "ALERT-MIB", "-On", "ALERT-MIB::alertKey.0")

    assert done.stdout.strip() == ".1.3.6.1.4.1.32473.1.1.11.0"


@pytest.mark.peers
@pytest.mark.parametrize(("kind", "name"), [("fired", "alertFired"), ("closed", "alertClosed"), ("test", "alertTest")])
def test_a_trap_carries_what_the_mib_says_in_the_types_that_it_says(kind: str, name: str, tmp_path: Path, wire: Any) -> None:
    mib = compiled()
    action = SnmpAction(
        SnmpSettings(host="127.0.0.1", port=wire.port, version="v2c", community=Secret("area"), trap_on_close=True),
        Context(name="noc", state_folder=tmp_path),
    )

    action.send(sample(kind))
    action.close()

    trap = wire.trap()
    assert trap.oid == mib["notifications"][name]["oid"]
    listed = [mib["nodes"][item] for item in mib["notifications"][name]["objects"]]
    assert [(oid, tag) for oid, tag, _ in trap.varbinds] == [(f"{node['oid']}.0", TAGS[type_of(node)]) for node in listed]


def compiled() -> dict[str, Any]:
    dumped = run("smidump", "-f", "python", str(MIB)).stdout
    found: dict[str, Any] = ast.literal_eval(dumped[dumped.index("MIB = ") + 6 :])
    return found


def type_of(node: dict[str, Any]) -> str:
    kind = node["syntax"]["type"]
    return str(kind.get("name") or kind["basetype"])


def sample(kind: str) -> Notification:
    fields = {name: getattr(Notification.sample(), name) for name in Notification.__struct_fields__}
    return Notification(**{**fields, "kind": kind, "test": kind == "test", "severity": Severity.CRITICAL})


@pytest.mark.peers
def test_the_mib_has_the_severities_of_the_framework() -> None:
    numbers = compiled()["nodes"]["alertSeverity"]["syntax"]["type"]

    assert {name: int(entry["number"]) for name, entry in numbers.items() if isinstance(entry, dict)} == {
        severity.value: rank for rank, severity in enumerate(Severity, 1)
    }
