"""Traps and informs that Debian's snmptrap and snmpinform sent."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from alert_core import Event
from alert_core.testing.peers import require

pytestmark = pytest.mark.peers

ENGINE_ID = "80001f8805aabbccddeeff"
AUTH_KEY, PRIVACY_KEY = "authentication passphrase", "privacy passphrase"
AUTHENTICATIONS = {"MD5": "MD5", "SHA-1": "SHA", **{name: name for name in ("SHA-224", "SHA-256", "SHA-384", "SHA-512")}}
# All that net-snmp has; 3DES, which it has not, is tried with our own action.
PRIVACIES = {"DES": "DES", "AES-128": "AES", **{name: name for name in ("AES-192", "AES-256", "AES-192-C", "AES-256-C")}}
PAIRS: list[tuple[str | None, str | None]] = [
    (None, None),
    *((auth, privacy) for auth in AUTHENTICATIONS for privacy in (None, *PRIVACIES)),
]
LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
OBJECTS = ["1.3.6.1.2.1.2.2.1.1.7", "i", "7", "1.3.6.1.2.1.2.2.1.2.7", "s", "eth7"]

StartReceiver = Callable[..., Any]


def send(program: str, *arguments: str, patience: int = 2) -> subprocess.CompletedProcess[str]:
    """Run snmptrap or snmpinform; nothing of the machine's own configuration is read."""
    options = ["-m", "", *(["-r", "2", "-t", str(patience)] if program == "snmpinform" else [])]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cert_indexes").mkdir()  # else it says that it made it
        environment = {"SNMPCONFPATH": folder, "SNMP_PERSISTENT_DIR": folder, "PATH": "/usr/bin:/bin"}
        return subprocess.run(
            [require(program), *options, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )


def place(peer: Any) -> str:
    return f"udp6:[{peer.host}]:{peer.port}" if ":" in peer.host else f"udp:{peer.host}:{peer.port}"


def credentials(auth: str | None, privacy: str | None) -> list[str]:
    level = "authPriv" if privacy else "authNoPriv" if auth else "noAuthNoPriv"
    words = ["-v3", "-u", f"{auth}/{privacy}", "-l", level]
    words += ["-a", AUTHENTICATIONS[auth], "-A", AUTH_KEY] if auth else []
    words += ["-x", PRIVACIES[privacy], "-X", PRIVACY_KEY] if privacy else []
    return words


def table(auth: str | None, privacy: str | None, **more: Any) -> dict[str, Any]:
    user: dict[str, Any] = {"name": f"{auth}/{privacy}", **more}
    user |= {"auth": auth, "auth_key": AUTH_KEY} if auth else {}
    user |= {"privacy": privacy, "privacy_key": PRIVACY_KEY} if privacy else {}
    return user


def notified(events: Sequence[Event]) -> list[tuple[Any, ...]]:
    return [(event.type, event.get("snmp_version"), event.get("ifIndex"), event.get("ifDescr")) for event in events]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", ""], ids=["IPv4", "IPv6", "both"])
def test_traps_and_informs_of_communities_become_events(address: str, receiver: StartReceiver) -> None:
    with receiver(address=address) as running:
        first = send("snmptrap", "-v1", "-c", "area", place(running), "", "192.0.2.9", "2", "0", "42", *OBJECTS)
        second = send("snmptrap", "-v2c", "-c", "area", place(running), "42", LINK_DOWN, *OBJECTS)
        third = send("snmpinform", "-v2c", "-c", "area", place(running), "42", LINK_DOWN, *OBJECTS)
        events = running.events(3)

    assert [first.stderr, second.stderr, third.stderr] == ["", "", ""]
    assert third.returncode == 0
    assert notified(events) == [("linkDown", version, 7, "eth7") for version in ("v1", "v2c", "v2c")]
    sender = "::1" if address == "::1" else "127.0.0.1"
    assert [event.computer for event in events] == ["192.0.2.9", sender, sender]
    assert {event.get("received_from") for event in events} == {sender}
    assert [event.get("uptime") for event in events] == [42, 42, 42]
    assert [event.get("confirmed") for event in events] == [False, False, True]
    assert {event.severity for event in events} == {"minor"}


def test_values_of_every_type_arrive(receiver: StartReceiver) -> None:
    number = "1.3.6.1.4.1.32473.1"
    typed = {
        "i": ("-5", -5), "u": ("4294967295", 2**32 - 1), "c": ("4294967295", 2**32 - 1),
        "C": ("18446744073709551615", 2**64 - 1),
        "s": ("a text", "a text"), "x": ("ff00ff", "0xff00ff"), "d": ("255.0", "0xff00"), "n": ("", None),
        "o": ("1.3.6.1.4.1.32473", "1.3.6.1.4.1.32473"), "t": ("77", 77), "a": ("192.0.2.1", "192.0.2.1"),
    }  # fmt: skip
    arguments = [part for index, (kind, (text, _)) in enumerate(typed.items()) for part in (f"{number}.{index}", kind, text)]

    with receiver() as running:
        answer = send("snmptrap", "-v2c", "-c", "area", place(running), "1", f"{number}.0.1", *arguments)
        (event,) = running.events(1)

    assert answer.stderr == ""
    assert event.type == f"{number}.0.1"
    assert [event.get(f"{number}.{index}") for index in range(len(typed))] == [value for _, value in typed.values()]


@pytest.mark.parametrize("auth", [None, *AUTHENTICATIONS])
def test_traps_of_every_user_become_events(auth: str | None, receiver: StartReceiver) -> None:
    pairs = [pair for pair in PAIRS if pair[0] == auth]

    with receiver(users=[table(*pair) for pair in pairs]) as running:
        for pair in pairs:
            answer = send("snmptrap", "-e", ENGINE_ID, *credentials(*pair), place(running), "42", LINK_DOWN, *OBJECTS)
            assert answer.stderr == ""
        events = running.events(len(pairs))

    assert notified(events) == [("linkDown", "v3", 7, "eth7")] * len(pairs)
    assert [event.get("snmp_user") for event in events] == [f"{auth}/{privacy}" for _, privacy in pairs]
    assert {event.get("engine_id") for event in events} == {ENGINE_ID}


@pytest.mark.parametrize("auth", [None, *AUTHENTICATIONS])
def test_informs_of_every_user_are_confirmed(auth: str | None, receiver: StartReceiver) -> None:
    pairs = [pair for pair in PAIRS if pair[0] == auth]

    with receiver(users=[table(*pair) for pair in pairs]) as running:
        answers = [send("snmpinform", *credentials(*pair), place(running), "42", LINK_DOWN, *OBJECTS) for pair in pairs]
        events = running.events(len(pairs))

    assert [(answer.returncode, answer.stderr) for answer in answers] == [(0, "")] * len(pairs)
    assert notified(events) == [("linkDown", "v3", 7, "eth7")] * len(pairs)
    assert [event.get("snmp_level") for event in events][-1] == ("authPriv" if auth else "noAuthNoPriv")


@pytest.mark.parametrize(
    ("changes", "says", "reason"),
    [
        ({"-u": "nobody"}, "Unknown user name", "unknown user"),
        ({"-A": "quite another passphrase"}, "Authentication failure", "wrong authentication passphrase or algorithm"),
        ({"-a": "SHA-512"}, "Authentication failure", "wrong authentication passphrase or algorithm"),
        ({"-X": "quite another passphrase"}, "Decryption error", "wrong privacy passphrase or algorithm"),
        ({"-l": "authNoPriv"}, "Unsupported security level", "signed or encrypted otherwise than the user has to"),
        ({"-l": "noAuthNoPriv"}, "Unsupported security level", "signed or encrypted otherwise than the user has to"),
    ],
)
def test_a_refused_inform_is_told_why_and_reported(
    changes: dict[str, str], says: str, reason: str, receiver: StartReceiver
) -> None:
    words = credentials("SHA-256", "AES-128")
    for option, value in changes.items():
        words[words.index(option) + 1] = value

    with receiver(users=[table("SHA-256", "AES-128")]) as running:
        answer = send("snmpinform", *words, place(running), "42", LINK_DOWN, *OBJECTS, patience=1)
        (event,) = running.events(1)

    assert answer.returncode != 0
    assert says.lower() in answer.stderr.lower()
    assert (event.type, event.get("reason")) == ("snmp-refused", reason)


def test_a_user_of_one_engine_is_not_believed_with_another(receiver: StartReceiver) -> None:
    words = credentials("SHA-256", "AES-128")

    with receiver(users=[table("SHA-256", "AES-128", engine_ids=[ENGINE_ID])]) as running:
        send("snmptrap", "-e", "80001f88051111111111", *words, place(running), "1", LINK_DOWN, *OBJECTS)
        send("snmptrap", "-e", ENGINE_ID, *words, place(running), "2", LINK_DOWN, *OBJECTS)
        events = running.events(2)

    assert [event.type for event in events] == ["snmp-refused", "linkDown"]
    assert [event.get("reason") for event in events] == ["unknown user", None]
