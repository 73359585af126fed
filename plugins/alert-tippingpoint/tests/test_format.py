"""Records in the layouts of the SMS and its devices, with addresses and names of our own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alert_core import UNPARSED, Context, Event, Format
from alert_core.model import UNKNOWN_TIME
from alert_core.plugins import Plugins
from alert_tippingpoint import TippingPointFormat, TippingPointSettings

POLICY, SIGNATURE = "00000002-0002-0002-0002-000000013012", "00000001-0001-0001-0001-000000013012"
TIME = datetime(2026, 3, 14, 15, 9, 26, 73_000, tzinfo=UTC)
NAME = "13012: SIP: Brute Force Tool"

CEF = (
    "CEF:0|TippingPoint|UnityOne|1.0.0.17|13012|" + NAME + "|7|app=TCP cnt=3 dst=192.0.2.9 dpt=5060 act=Block cn1=219 "
    "cn1Label=VLAN ID cn2=16929789 cn2Label=Taxonomy cn3=0 cn3Label=Packet Trace cs1=Outer-Inbound cs1Label=Profile Name "
    f"cs2={POLICY} cs2Label=Policy UUID cs3={SIGNATURE} cs3Label=Signature UUID cs4=6A 6B cs4Label=ZoneNames "
    "cs5=sms-1 cs5Label=SMS Name dvchost=ips-1 cs6= cs6Label=Filter Message Parms src=198.51.100.7 spt=5067 "
    "externalId=19277953 rt=1773500966073 cat=Exploits proto=TCP deviceInboundInterface=11 c6a2= c6a2Label=Source IPv6 "
    "c6a3= c6a3Label=Destination IPv6 request= requestMethod= dhost= sourceTranslatedAddress=198.51.100.7 c6a1= "
    "c6a1Label=Client IPv6 suser= sntdom= duser= dntdom="
)
TABBED = "\t".join(
    (
        "8", "3", POLICY, SIGNATURE, NAME, "13012", "tcp", "198.51.100.7", "5067", "192.0.2.9", "5060", "3", "6A", "6B", "11",
        "219", "ips-1", "16929789", "1773500966073", "19277953",
    )
)  # fmt: skip
DEVICE = (
    f'ALT,v4,20260314T150926+0000,"ips 1"/ips-1,1017,Block,1,3,{POLICY},"Outer, inbound","{NAME}",tcp,0,'
    '198.51.100.7:5067,192.0.2.9:5060,20260314T150626+0000,3," ",1,3:1'
)
BSD, RFC5424 = "<35>Mar 14 15:09:26 sms-1 ", "<35>1 2026-03-14T15:09:26Z sms-1 sms - - - "


@cache
def formats() -> Mapping[str, type[Format[Any]]]:
    return Plugins.load().formats


def decode(text: str | bytes, **settings: Any) -> Event:
    made = TippingPointFormat(TippingPointSettings.model_validate(settings), Context(name="sms", formats=formats()))
    (event,) = made.decode([text if isinstance(text, bytes) else text.encode()])
    return event


@pytest.mark.parametrize("header", ["", "<35>", BSD, RFC5424], ids=["none", "priority", "RFC 3164", "RFC 5424"])
@pytest.mark.parametrize("body", [CEF, TABBED, DEVICE], ids=["CEF", "tabbed", "device"])
def test_every_layout_says_the_same(body: str, header: str) -> None:
    event = decode(header + body, actions={"8": "Block"})

    assert (event.type, event.severity, event.count, event.action) == ("ips-hit", "major", 3, "Block")
    assert (event.risk, event.message) == ("SIP: Brute Force Tool", NAME)
    assert (event.source_address, event.source_port) == ("198.51.100.7", 5067)
    assert (event.destination_address, event.destination_port) == ("192.0.2.9", 5060)
    assert (event.computer, event.server) == ("192.0.2.9", "ips-1")
    assert event.protocol.lower() == "tcp"
    assert event.time.replace(microsecond=0) == TIME.replace(microsecond=0)
    assert (event.get("signature"), event.get("policy_uuid")) == ("13012", POLICY)
    assert event.raw == header + body


@pytest.mark.parametrize("body", [CEF, TABBED], ids=["CEF", "tabbed"])
def test_both_layouts_of_the_sms_name_their_columns_alike(body: str) -> None:
    event = decode(body)

    named = ("signature_uuid", "source_zone", "destination_zone", "vlan", "port", "taxonomy", "sequence")
    assert [event.get(name) for name in named] == [SIGNATURE, "6A", "6B", "219", "11", "16929789", "19277953"]
    assert event.time == TIME


def test_fields_of_cef_alone_have_names_too() -> None:
    event = decode(CEF)

    assert [event.get(name) for name in ("profile", "category", "sms", "packet_trace")] == [
        "Outer-Inbound", "Exploits", "sms-1", "0",
    ]  # fmt: skip
    assert not [name for name in event.attributes if name.endswith("Label") or event.attributes[name] == ""]


@pytest.mark.parametrize(("severity", "meaning"), [(10, "critical"), (7, "major"), (4, "minor"), (1, "low")])
def test_severities_of_cef(severity: int, meaning: str) -> None:
    assert decode(CEF.replace("|7|", f"|{severity}|")).severity == meaning


@pytest.mark.parametrize(("severity", "meaning"), [(4, "critical"), (3, "major"), (2, "minor"), (1, "low")])
def test_severities_of_the_other_layouts(severity: int, meaning: str) -> None:
    assert decode(TABBED.replace("8\t3", f"8\t{severity}", 1)).severity == meaning
    assert decode(DEVICE.replace("Block,1,3", f"Block,1,{severity}")).severity == meaning
    assert decode(DEVICE.replace("Block,1,3", f"Block,1,{meaning.title()}")).severity == meaning


def test_impossible_addresses_and_ports_are_kept_and_not_believed() -> None:
    """As in published samples, which were edited."""
    event = decode(TABBED.replace("198.51.100.7", "257.26.100.19").replace("\t5060\t", "\t443413\t"))

    assert (event.source_address, event.destination_port) == ("", None)
    assert event.get("stated_source_address") == "257.26.100.19"
    assert decode(CEF.replace("dpt=5060", "dpt=443413")).destination_port is None


def test_the_other_product_name_of_cef_is_understood() -> None:
    body = CEF.replace("|UnityOne|", "|SMS|").replace("cnt=3", "eventId=77 cnt=3 shost=pc-7")

    event = decode(body)

    assert (event.type, event.risk, event.get("eventId"), event.get("shost")) == (
        "ips-hit",
        "SIP: Brute Force Tool",
        "77",
        "pc-7",
    )


def test_addresses_of_ipv6_go_before_unspecified_ones() -> None:
    event = decode(CEF.replace("src=198.51.100.7", "src=0.0.0.0").replace("c6a2= ", "c6a2=2001:db8::7 "))

    assert event.source_address == "2001:db8::7"


def test_addresses_of_ipv6_are_read_from_devices() -> None:
    event = decode(DEVICE.replace("198.51.100.7:5067", "[2001:db8::7]:5067").replace("192.0.2.9:5060", "2001:db8::9"))

    assert (event.source_address, event.source_port) == ("2001:db8::7", 5067)
    assert (event.destination_address, event.destination_port) == ("2001:db8::9", None)


def test_tabs_that_a_relay_escaped_are_tabs() -> None:
    assert decode(BSD + TABBED.replace("\t", "#011")).count == 3


@pytest.mark.parametrize("delimiter", [",", "\t", "|", ";", "#011"])
def test_devices_use_any_delimiter(delimiter: str) -> None:
    body = DEVICE.replace("Outer, inbound", "Outer inbound").replace(",", delimiter)

    event = decode(BSD + body)

    assert (event.type, event.count, event.get("policy")) == ("ips-hit", 3, "Outer inbound")


def test_an_action_in_its_own_field_is_the_action() -> None:
    """The vendor's table and the vendor's example differ about the field."""
    assert decode(DEVICE.replace("Block,1,3", "x,Permit,3")).action == "Permit"


def test_an_offset_that_no_clock_has_is_taken_for_the_configured_zone() -> None:
    event = decode(DEVICE.replace("150926+0000", "150926+0360"), timezone="America/Chicago")

    assert event.time == datetime(2026, 3, 14, 20, 9, 26, tzinfo=UTC)


def test_what_is_not_listed_stays_a_number() -> None:
    assert decode(TABBED, actions={"7": "Permit"}).action == "8"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (TABBED.split("\t5060")[0], "cut off: 10 of 20 columns"),
        (DEVICE.split(",198")[0], "cut off: 13 of 20 fields"),
        (DEVICE.replace("20260314T150926", "yesterday"), "unreadable time 'yesterday+0000'"),
        (TABBED.replace("\t", " "), "about a filter, but in none of the layouts of the SMS and its devices"),
        ("CEF:0|TippingPoint|UnityOne|1", "not CEF"),
        ("hello", "neither CEF, tab-delimited, a device's layout nor any syslog message"),
        ("", "neither CEF, tab-delimited, a device's layout nor any syslog message"),
    ],
)
def test_what_cannot_be_read_is_kept_with_the_reason(record: str, reason: str) -> None:
    event = decode(record)

    if record.startswith("CEF"):
        event = decode(record + "|")
    assert event.type == UNPARSED
    assert event.raw.startswith(record)
    assert reason in event.get("reason")


def test_other_messages_of_the_sms_are_syslog() -> None:
    event = decode("<14>Mar 14 15:09:26 sms-1 sms: User alice logged in")

    assert (event.type, event.computer, event.application, event.message) == ("log", "sms-1", "sms", "User alice logged in")
    assert event.time != UNKNOWN_TIME


@pytest.mark.parametrize("body", [CEF, TABBED, DEVICE], ids=["CEF", "tabbed", "device"])
def test_auto_recognises_it(body: str) -> None:
    cls = formats()["auto"]
    auto = cls(cls.settings_model(), Context(name="any", formats=formats()))

    (event,) = auto.decode([(BSD + body).encode()])

    assert (event.type, event.get("format")) == ("ips-hit", "tippingpoint")


@settings(deadline=None)  # other programs may keep the machine busy
@given(st.sampled_from([CEF, TABBED, DEVICE]), st.integers(0, 700), st.text(max_size=20), st.integers(0, 30))
def test_nothing_that_is_done_to_a_record_loses_it(body: str, at: int, text: str, length: int) -> None:
    record = (body[:at] + text + body[at + length :]).encode("utf-8", "replace")

    event = decode(record)

    assert event.raw == record.decode("utf-8", "replace")
    assert event.count >= 1
    assert event.type != UNPARSED or event.get("reason")


def test_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValidationError, match="neither a time zone"):
        TippingPointSettings(timezone="Texas")
