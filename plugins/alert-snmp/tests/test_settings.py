from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from alert_core import Context
from alert_snmp import SnmpAction, SnmpSettings

USER: dict[str, Any] = {
    "name": "alert",
    "auth": "SHA-256",
    "auth_key": {"env": "NOC_AUTH"},
    "privacy": "AES-128",
    "privacy_key": "a literal passphrase",
}
V2C: dict[str, Any] = {"host": "nms.example.net", "version": "v2c", "community": "secret-community"}
V3: dict[str, Any] = {"host": "nms.example.net", "version": "v3", "user": USER, "trap_on_close": True}


def without(table: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in keys}


def test_the_defaults_are_those_of_the_protocol() -> None:
    settings = SnmpSettings.model_validate(V2C)

    assert (settings.port, settings.confirm, settings.trap_on_close) == (162, False, False)


@pytest.mark.parametrize("host", ["nms.example.net", "192.0.2.7", "2001:db8::7", "[2001:db8::7]", "wächter.example"])
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    settings = SnmpSettings.model_validate({**V2C, "host": host})

    assert settings.host == host.strip("[]")


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({**V2C, "port": 0}, "greater than or equal to 1"),
        ({**V2C, "port": 65536}, "less than or equal to 65535"),
        ({**V2C, "host": ""}, "host name or an IPv4"),
        ({**V2C, "host": "udp:nms"}, "host name or an IPv4"),
        ({**V2C, "host": "nms\nevil"}, "host name or an IPv4"),
        ({**V2C, "version": "v4"}, "'v1', 'v2c' or 'v3'"),
        (without(V2C, "version"), "Field required"),
        (without(V2C, "community"), "version v2c needs community"),
        ({**V2C, "user": USER}, "has no user"),
        ({**V3, "community": "public"}, "has no community"),
        (without(V3, "user"), "version v3 needs user"),
        ({**V2C, "version": "v1", "confirm": True}, "knows no confirmation"),
        ({**V2C, "test_oid": "SNMPv2-MIB::coldStart"}, "numeric object identifier"),
        ({**V2C, "test_oid": "1.3"}, "numeric object identifier"),
        ({**V2C, "trap_oid": "3.3.6.1.4"}, "is not an object identifier"),
        ({**V2C, "trap_oid": "1.3.6.1.4294967296"}, "is not an object identifier"),
        ({**V2C, "trap_oid": "1.3.6.1.٣"}, "numeric object identifier"),
        ({**V2C, "communty": "x"}, "Extra inputs"),
        ({**V2C, "base_oid": "enterprises.1"}, "numeric object identifier"),
        ({**V2C, "preset": "tippingpoint", "base_oid": "1.3.6.1.4.1.32473.1"}, "base_oid moves the numbers of preset alert"),
        ({**V2C, "preset": "tipping-point"}, "'alert' or 'tippingpoint'"),
        ({**V2C, "agent_address": "192.0.2.1"}, "part of version v1 alone"),
        ({**V2C, "version": "v1", "agent_address": "2001:db8::1"}, "Expected 4 octets"),
        ({**V2C, "version": "v1", "trap_oid": "1.3.6.1.4.1.1.2147483648"}, "no room for trap numbers"),
        ({**V2C, "engine_id": "0x80001f88056e6d73"}, "part of version v3 alone"),
        ({**V3, "engine_id": "0x80"}, "5 to 32 bytes"),
        ({**V3, "engine_id": "00" * 12}, "5 to 32 bytes"),
        ({**V3, "user": without(USER, "auth_key")}, "auth and auth_key belong together"),
        ({**V3, "user": without(USER, "privacy")}, "privacy and privacy_key belong together"),
        ({**V3, "user": without(USER, "auth", "auth_key")}, "privacy needs auth"),
        ({**V3, "user": {**USER, "privacy_key": "short"}}, "privacy_key is shorter than 8 characters"),
        ({**V3, "user": {**USER, "auth": "SHA-3"}}, "'MD5', 'SHA-1'"),
        ({**V3, "user": {**USER, "name": "ä" * 20}}, "longer than 32 bytes"),
    ],
)
def test_a_broken_setting_is_refused_with_the_reason(table: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        SnmpSettings.model_validate(table)


def test_an_oid_may_begin_with_a_dot() -> None:
    settings = SnmpSettings.model_validate({**V2C, "test_oid": ".1.3.6.1.4.1.10734.3.4.3.0.17"})

    assert settings.test_oid == "1.3.6.1.4.1.10734.3.4.3.0.17"


def test_settings_without_effect_are_pointed_out() -> None:
    settings = SnmpSettings.model_validate({**V2C, "close_oid": "1.3.6.1.4.1.1.2"})

    assert list(SnmpAction(settings, Context(name="noc")).check()) == ["close_oid is never sent, because trap_on_close is off"]
    assert not SnmpAction(SnmpSettings.model_validate(V3), Context(name="noc")).check()


def test_no_secret_shows_in_the_settings_or_their_errors() -> None:
    settings = SnmpSettings.model_validate(V3)
    with pytest.raises(ValidationError) as caught:
        SnmpSettings.model_validate({**V3, "user": {**USER, "privacy_key": "tiny-pw"}})

    assert "a literal passphrase" not in repr(settings)
    assert "tiny-pw" not in str(caught.value)


def test_every_setting_says_what_it_is() -> None:
    schema = SnmpSettings.model_json_schema()

    fields = {**schema["properties"], **schema["$defs"]["User"]["properties"]}
    assert [name for name, field in fields.items() if not (field.get("title") and field.get("description"))] == []


def test_the_plugin_is_imported_without_pysnmp() -> None:
    code = (
        "import sys, alert_snmp.plugin; print([m for m in ('pysnmp', 'pyasn1', 'asyncio', 'cryptography') if m in sys.modules])"
    )

    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert output.strip() == "[]"


def test_the_type_introduces_itself() -> None:
    assert (SnmpAction.name, SnmpAction.label) == ("snmp", "SNMP trap")
    assert SnmpAction.help
    assert SnmpAction.instructions
