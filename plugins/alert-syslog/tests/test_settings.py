from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from typing import Any

import pytest
import tomli_w
from pydantic import ValidationError

from alert_syslog import SyslogAction, SyslogSettings, SyslogSourceSettings

GOOD: dict[str, Any] = {"server": "siem.example.com"}

BREAKAGES: dict[str, dict[str, Any]] = {
    "no server": {"server": ""},
    "port 0": {"port": 0},
    "port above 65535": {"port": 65536},
    "unknown transport": {"transport": "sctp"},
    "unknown facility": {"facility": "local8"},
    "facility number above 23": {"facility": 24},
    "negative facility number": {"facility": -1},
    "facility that is a truth value": {"facility": True},
    "host name with a blank": {"hostname": "a b"},
    "program name with a bracket": {"app_name": "alert]"},
    "program name with a line end": {"app_name": "alert\n"},
    "longest message too short": {"max_bytes": 1023},
    "unknown body": {"body": "xml"},
    "unknown CEF version": {"cef_version": 2},
    "key without certificate": {"tls": {"key": "/key.pem"}},
    "unknown key": {"host": "x"},
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_wrong_setting_is_refused(name: str) -> None:
    [key] = BREAKAGES[name]

    with pytest.raises(ValidationError) as caught:
        SyslogSettings.model_validate(GOOD | BREAKAGES[name])

    assert [error["loc"][0] for error in caught.value.errors()] == [key]


@pytest.mark.parametrize(
    ("given", "name", "number"), [("local4", "local4", 20), (20, "local4", 20), ("10", "authpriv", 10), ("KERN", "kern", 0)]
)
def test_facility_is_a_name_or_a_number(given: object, name: str, number: int) -> None:
    settings = SyslogSettings.model_validate(GOOD | {"facility": given})

    assert (settings.facility, settings.facility_number) == (name, number)


def test_defaults_are_those_of_the_protocol() -> None:
    settings = SyslogSettings.model_validate(GOOD)

    assert (settings.effective_port, settings.transport, settings.format) == (514, "udp", "rfc5424")
    assert (settings.facility_number, settings.body, settings.framing) == (16, "text", "octet-counting")


@pytest.mark.parametrize(
    ("given", "port"),
    [({"transport": "tcp"}, 514), ({"transport": "tls"}, 6514), ({"transport": "tls", "port": 10514}, 10514)],
)
def test_port_follows_the_transport_unless_it_is_set(given: dict[str, Any], port: int) -> None:
    assert SyslogSettings.model_validate(GOOD | given).effective_port == port


def test_tls_settings_without_tls_are_refused() -> None:
    with pytest.raises(ValidationError, match='tls has a meaning only with transport = "tls"'):
        SyslogSettings.model_validate(GOOD | {"transport": "tcp", "tls": {"ca_file": "/ca.pem"}})


def test_settings_survive_a_round_trip_through_toml() -> None:
    settings = SyslogSettings.model_validate(GOOD | {"facility": 3, "transport": "tls", "tls": {"ca_file": "/ca.pem"}})

    text = tomli_w.dumps(settings.model_dump(mode="json", exclude_none=True))

    assert SyslogSettings.model_validate(tomllib.loads(text)) == settings


def test_every_setting_has_a_title_and_a_description() -> None:
    fields = SyslogSettings.model_fields

    assert [name for name, field in fields.items() if not (field.title and field.description)] == []


def test_type_is_offered_through_its_entry_point() -> None:
    [point] = entry_points(group="alert_core", name="syslog")

    assert point.load().alert_register_actions() == [SyslogAction]


def test_importing_the_plugin_is_light() -> None:
    code = "import sys, alert_syslog.plugin; print([m for m in ('alert_syslog._transport', 'ssl') if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "place", ["udp:514", "tcp:192.0.2.1:65535", "tls:[2001:db8::1]:6514", "tcp:[fe80::1%eth0]:1", "udp:localhost:514"]
)
def test_place_to_listen_is_read_back(place: str) -> None:
    (parsed,) = SyslogSourceSettings(listen=(place,), tls={"certificate": "a.pem"} if "tls" in place else None).places

    address = f"[{parsed.address}]" if ":" in parsed.address else parsed.address
    assert ":".join(filter(None, (parsed.transport, address, str(parsed.port)))) == place


@pytest.mark.parametrize(
    "place", ["", "udp", "514", "udp:", "udp:0", "udp:65536", "http:80", "tcp:::1:514", "tcp:[::1]", "udp:a b:514", "UDP:514"]
)
def test_what_is_no_place_to_listen_is_refused(place: str) -> None:
    with pytest.raises(ValidationError, match="must be like"):
        SyslogSourceSettings(listen=(place,))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"listen": ["tls:6514"]}, "needs a certificate; set tls"),
        ({"tls": {"certificate": "a.pem"}}, 'tls has a meaning only with "tls:..."'),
        ({"listen": ["tls:6514"], "tls": {"certificate": "a.pem", "client_names": ["a"]}}, "set client_ca_file"),
        ({"listen": []}, "at least 1 item"),
    ],
)
def test_settings_of_the_source_that_do_not_fit_are_refused(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        SyslogSourceSettings.model_validate(settings)
