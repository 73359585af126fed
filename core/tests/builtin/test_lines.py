"""What the ready patterns make of the lines that every Linux machine writes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_core import Event
from alert_core.builtin._flat import FlatSettings
from alert_core.builtin.lines import NetfilterFormat, SshdFormat
from alert_core.builtin.syslog import SyslogFormat
from alert_core.components import Context

HEAD = "Dec 10 06:55:46 LabSZ sshd[24200]: "


def decoded(cls: type[SyslogFormat], line: str) -> Event:
    log: Any = cls(FlatSettings(year=2015), Context(name="auth"))  # type: ignore[arg-type]
    (event,) = log.decode([line.encode()])
    return event


@pytest.mark.parametrize(
    ("message", "type", "user", "address", "port"),
    [
        ("Failed password for root from 203.0.113.5 port 38926 ssh2", "auth-failure", "root", "203.0.113.5", 38926),
        ("Failed password for invalid user www from 203.0.113.5 port 1 ssh2", "auth-failure", "www", "203.0.113.5", 1),
        ("Failed publickey for bob from 2001:db8::5 port 1 ssh2: RSA SHA256:abc", "auth-failure", "bob", "2001:db8::5", 1),
        ("Failed none for invalid user 0 from 203.0.113.5 port 1 ssh2", "auth-none", "0", "203.0.113.5", 1),
        ("Accepted publickey for bob from 192.0.2.7 port 47 ssh2: ED25519 SHA256:abc", "auth-success", "bob", "192.0.2.7", 47),
        ("Invalid user webmaster from 203.0.113.5", "invalid-user", "webmaster", "203.0.113.5", None),
        ("Invalid user  0101 from 203.0.113.5 port 22", "invalid-user", " 0101", "203.0.113.5", 22),
        ("Invalid user  from 203.0.113.5 port 22", "invalid-user", "", "203.0.113.5", 22),
        ("error: maximum authentication attempts exceeded for invalid user admin from 203.0.113.5 port 5 ssh2 [preauth]",
         "auth-limit", "admin", "203.0.113.5", 5),
        ("Disconnecting authenticating user root 203.0.113.5 port 5: Too many authentication failures [preauth]",
         "auth-limit", "root", "203.0.113.5", 5),
        ("Disconnecting: Too many authentication failures for root [preauth]", "auth-limit", "root", "", None),
        ("PAM 5 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.5  user=root",
         "auth-summary", "root", "203.0.113.5", None),
        ("pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.5 ",
         "pam-failure", "", "203.0.113.5", None),
        ("reverse mapping checking getaddrinfo for ns.example.com [203.0.113.5] failed - POSSIBLE BREAK-IN ATTEMPT!",
         "break-in-attempt", "", "203.0.113.5", None),
        ("Did not receive identification string from 203.0.113.5 port 22", "scan", "", "203.0.113.5", 22),
        ("banner exchange: Connection from 203.0.113.5 port 22: invalid format", "scan", "", "203.0.113.5", 22),
        ("Unable to negotiate with 203.0.113.5 port 22: no matching host key type found. Their offer: ssh-dss [preauth]",
         "scan", "", "203.0.113.5", 22),
        ("Connection closed by 203.0.113.5 [preauth]", "disconnect", "", "203.0.113.5", None),
        ("Connection closed by invalid user bob 203.0.113.5 port 22 [preauth]", "disconnect", "bob", "203.0.113.5", 22),
        ("Connection reset by authenticating user root 203.0.113.5 port 22 [preauth]", "disconnect", "root", "203.0.113.5", 22),
        ("Received disconnect from 203.0.113.5 port 22:11: Bye Bye [preauth]", "disconnect", "", "203.0.113.5", 22),
        ("error: Received disconnect from 203.0.113.5: 14: No more user authentication methods available. [preauth]",
         "disconnect", "", "203.0.113.5", None),
        ("Disconnected from user bob 203.0.113.5 port 22", "disconnect", "bob", "203.0.113.5", 22),
        ("pam_unix(sshd:session): session opened for user fztu(uid=1000) by (uid=0)", "session-opened", "fztu", "", None),
        ("pam_unix(sshd:session): session closed for user fztu", "session-closed", "fztu", "", None),
        ("Server listening on 0.0.0.0 port 22.", "log", "", "", None),
    ],
)  # fmt: skip
def test_sshd_says_who_came_from_where(message: str, type: str, user: str, address: str, port: int | None) -> None:
    event = decoded(SshdFormat, HEAD + message)

    assert (event.type, event.user, event.source_address, event.source_port) == (type, user, address, port)
    assert (event.computer, event.application, event.message) == ("LabSZ", "sshd", message)
    assert event.time == datetime(2015, 12, 10, 6, 55, 46, tzinfo=UTC)


def test_repeated_failures_are_counted() -> None:
    event = decoded(SshdFormat, HEAD + "message repeated 5 times: [ Failed password for root from 203.0.113.5 port 1 ssh2]")

    assert (event.type, event.count, event.user) == ("auth-failure", 5, "root")


def test_other_headers_and_the_newer_program_names_do_as_well() -> None:
    new = decoded(
        SshdFormat,
        "<38>1 2026-01-31T06:55:46.250+01:00 box sshd-session 812 - - Failed password for root from 203.0.113.5 port 1 ssh2",
    )
    iso = decoded(SshdFormat, "2026-01-31T06:55:46.250Z box sshd[8]: Failed password for root from 203.0.113.5 port 1 ssh2")

    assert (new.type, new.computer, iso.type, iso.computer) == ("auth-failure", "box", "auth-failure", "box")


def test_user_name_cannot_pretend_to_come_from_elsewhere() -> None:
    name = "x from 192.0.2.1 port 22 ssh2"
    event = decoded(SshdFormat, f"{HEAD}Failed password for invalid user {name} from 203.0.113.5 port 1 ssh2")

    assert (event.user, event.source_address) == (name, "203.0.113.5")


def test_other_programs_cannot_pretend_to_be_sshd() -> None:
    event = decoded(SshdFormat, "Dec 10 06:55:46 LabSZ logger: Failed password for root from 203.0.113.5 port 1 ssh2")

    assert (event.type, event.user) == ("log", "")


UFW = (
    "Jan 31 06:55:46 fw kernel: [12345.678901] [UFW BLOCK] IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 "
    "SRC=203.0.113.5 DST=192.0.2.10 LEN=60 TOS=0x00 PREC=0x00 TTL=52 ID=3 DF PROTO=TCP SPT=4444 DPT=22 WINDOW=1024 RES=0x00 SYN"
)
NFT = (
    "2026-01-31T06:55:46.250Z fw kernel: nft-in IN=eth0 OUT= MAC= SRC=2001:db8::5 DST=2001:db8::1 LEN=60 TC=0 "
    "HOPLIMIT=52 FLOWLBL=0 PROTO=ICMPv6 TYPE=128 CODE=0"
)


def test_netfilter_gives_both_ends_of_a_packet_and_what_the_prefix_says() -> None:
    event = decoded(NetfilterFormat, UFW)

    assert (event.type, event.action, event.protocol, event.computer) == ("firewall", "block", "TCP", "fw")
    assert (event.source_address, event.source_port, event.destination_address, event.destination_port) == (
        "203.0.113.5", 4444, "192.0.2.10", 22,
    )  # fmt: skip
    assert event.attributes["rule"] == "[UFW BLOCK]"
    assert event.attributes["in"] == "eth0"


def test_netfilter_knows_ipv6_icmp_and_rules_without_a_prefix() -> None:
    ping = decoded(NetfilterFormat, NFT)
    bare = decoded(
        NetfilterFormat, "Jan 31 06:55:46 fw kernel: IN= OUT=lo SRC=192.0.2.1 DST=192.0.2.2 LEN=60 PROTO=UDP SPT=1 DPT=53"
    )
    allowed = decoded(NetfilterFormat, UFW.replace("BLOCK", "ALLOW"))
    other = decoded(NetfilterFormat, "Jan 31 06:55:46 fw kernel: usb 1-1: new device")

    assert (ping.protocol, ping.source_address, ping.attributes["icmp_type"], ping.action) == (
        "ICMPv6",
        "2001:db8::5",
        "128",
        "",
    )
    assert (bare.destination_port, bare.attributes["rule"], allowed.action, other.type) == (53, "", "allow", "log")


@settings(deadline=None)
@given(
    st.one_of(
        st.binary(), st.text().map(lambda text: (HEAD + text).encode()), st.text().map(lambda text: (UFW[:60] + text).encode())
    )
)
def test_any_bytes_are_one_event(record: bytes) -> None:
    for cls in (SshdFormat, NetfilterFormat):
        (event,) = cls(FlatSettings(), Context(name="auth")).decode([record])

        assert event.raw == record.decode("utf-8", "replace")


def test_hostile_line_does_not_keep_the_patterns_busy() -> None:
    packet = "Jan 31 06:55:46 fw kernel: " + "IN=a OUT=b MAC= SRC=x " * 2500
    failed = HEAD + "Failed x for " + "a from b port 1 " * 3500

    for cls, line in ((NetfilterFormat, packet), (SshdFormat, failed)):
        assert decoded(cls, line).type == "log"
