"""What records of every layout become."""

from __future__ import annotations

from typing import Any

from alert_core import Context
from alert_core.model import UNKNOWN_TIME
from alert_sepm import SepmFormat, SepmFormatSettings

TRAFFIC = (
    "PC01,Local Host IP: 192.0.2.10,Local Port: 80,Local Host MAC: 0,Remote Host IP: 203.0.113.7,Remote Host Name: ,"
    "Remote Port: 33424,Remote Host MAC: 0,TCP,Inbound,Begin: 2024-05-01 19:25:21,End: 2024-05-01 19:25:28,Occurrences: 4,"
    "Application: C:/APP.EXE,Rule: Block all,Location: Default,User: bob,Domain: CORP,Action: Blocked,SHA-256: ,MD-5: "
)
SYSTEM = "Site: HQ,Server: SEPM1,LiveUpdate started."
RISK = "Virus found,Computer name: PC01,Risk name: X,Occurrences: 1,Actual action: {},Category type: Virus"


def decoded(line: str, **settings: Any) -> Any:
    (event,) = SepmFormat(SepmFormatSettings(year=2024, **settings), Context(name="test")).decode([line.encode()])
    return event


def said(event: Any, names: Any) -> dict[str, Any]:
    values = {name: event.get(name) for name in names}
    return {name: value.isoformat() if name == "time" else "" if value is None else value for name, value in values.items()}


def test_record_is_understood(known: dict[str, Any], sepm: SepmFormat) -> None:
    (event,) = sepm.decode([known["line"].encode()])

    assert said(event, known["event"]) == known["event"]
    assert event.raw == known["line"]


def test_record_is_understood_again_when_its_shape_is_known(known: dict[str, Any], sepm: SepmFormat) -> None:
    first, again = sepm.decode([known["line"].encode()] * 2)

    assert again == first


def test_record_is_understood_behind_every_header(known: dict[str, Any], sepm: SepmFormat) -> None:
    line = known["line"]
    heads = (
        "<54>Oct  3 10:38:14 SEPM9 SymantecServer: ",
        "Oct  3 10:38:14 SEPM9 SymantecServer: ",
        "<54>Oct  3 10:38:14 SEPM9 SymantecServer SEPM9: ",
        "<54>1 2024-10-03T10:38:14Z SEPM9 SymantecServer - - - ",
        "<54>1 2024-10-03T10:38:14Z SEPM9 SymantecServer 77 - - SymantecServer: ",
        "2024-10-03T10:38:14+00:00 SEPM9 SymantecServer: ",
        "SymantecServer: ",
        "2024-10-03 10:38:14,Major,",
        "<13>Oct  3 10:38:14 SEPM9 SymantecServer: 2024-10-03 10:38:14,Major,",
        "\ufeff",
    )
    if line.startswith("{"):
        return

    events = sepm.decode([f"{head}{line}\r\n\0".encode() for head in heads])

    names = [name for name in known["event"] if name not in ("severity", "time", "server")]
    for event in events:
        assert said(event, names) == {name: known["event"][name] for name in names}, event.raw


def test_header_without_the_name_of_the_program_is_understood() -> None:
    system = decoded(f"<54>Oct  3 10:38:14 SEPM9 {SYSTEM}")
    traffic = decoded(f"<54>Oct  3 10:38:14 SEPM9 {TRAFFIC}")

    assert (system.type, system.attributes["site"], system.server) == ("server-activity", "HQ", "SEPM1")
    assert (traffic.type, traffic.computer, traffic.server) == ("traffic", "PC01", "SEPM9")


def test_time_of_the_header_is_that_of_records_that_say_none() -> None:
    event = decoded(f"<54>Oct  3 10:38:14 SEPM9 SymantecServer: {SYSTEM}", header_timezone="+02:00")

    assert event.time.isoformat() == "2024-10-03T08:38:14+00:00"
    assert event.attributes["facility"] == "lpr"


def test_time_of_the_record_goes_before_that_of_the_header() -> None:
    event = decoded(f"2024-05-01 23:00:00,Info,{TRAFFIC}", timezone="+02:00")

    assert event.time.isoformat() == "2024-05-01T19:25:21+02:00"


def test_record_without_any_time_gets_it_from_the_core() -> None:
    assert decoded(SYSTEM).time is UNKNOWN_TIME


def test_client_is_the_computer_and_never_the_manager() -> None:
    event = decoded("<54>Oct  3 10:38:14 SEPM9 SymantecServer: Virus found,Risk name: X,Occurrences: 1,Category type: Virus")

    assert (event.computer, event.server) == ("", "SEPM9")


def test_severity_of_a_dump_file_goes_before_the_usual_one_and_after_that_of_the_settings() -> None:
    line = f"2024-05-01 23:00:00,Critical,{TRAFFIC}"

    assert decoded(line).severity == "critical"
    assert decoded(line, severities={"traffic": "low"}).severity == "low"
    assert decoded(TRAFFIC).severity == "information"


def test_severity_of_a_syslog_header_counts_for_nothing() -> None:
    assert decoded(f"<50>Oct  3 10:38:14 SEPM9 SymantecServer: {TRAFFIC}").severity == "information"


def test_severity_depends_on_the_action() -> None:
    severities = {"Risk/Deleted": "low", "risk": "minor"}

    assert decoded(RISK.format("Deleted"), severities=severities).severity == "low"
    assert decoded(RISK.format("Left alone"), severities=severities).severity == "minor"
    assert decoded(RISK.format("Left alone")).severity == "critical"
    assert decoded(RISK.format("Something new")).severity == "major"


def test_severity_word_of_another_language_is_kept() -> None:
    event = decoded(f"2024-05-01 23:00:00,Majeur,{TRAFFIC}")

    assert (event.computer, event.attributes["log_severity"]) == ("PC01", "Majeur")


def test_labels_of_any_language_can_be_added() -> None:
    labels = {"Nombre del equipo": "Computer name", "Riesgo": "risk", "Acción": "Actual action"}

    event = decoded("Virus,Nombre del equipo: PC01,Riesgo: X,Acción: Eliminado", labels=labels)

    assert (event.type, event.computer, event.risk, event.action) == ("risk", "PC01", "X", "Eliminado")


def test_count_that_is_no_number_is_kept() -> None:
    event = decoded(TRAFFIC.replace("Occurrences: 4", "Occurrences: many"))

    assert (event.count, event.attributes["occurrences"]) == (1, "many")


def test_truncated_record_is_kept_and_marked() -> None:
    for length in range(TRAFFIC.index("Begin"), TRAFFIC.index("Action")):
        event = decoded(TRAFFIC[:length])

        assert (event.type, event.computer, event.attributes["truncated"]) == ("traffic", "PC01", True)


def test_beginning_of_a_label_at_the_end_of_a_truncated_record_is_no_value() -> None:
    event = decoded(TRAFFIC[: TRAFFIC.index("tion: Default")])

    assert (event.attributes["rule"], event.attributes["rest"]) == ("Block all", "Loca")


def test_record_of_no_known_log_is_kept_as_unparsed_at_its_time() -> None:
    event = decoded("<54>Oct  3 10:38:14 SEPM9 SymantecServer: Enforcer: gone")

    assert (event.type, event.time.isoformat()) == ("unparsed", "2024-10-03T10:38:14+00:00")
    assert event.attributes["reason"] == "no log of Symantec Endpoint Protection Manager has such columns"


def test_critical_event_that_cannot_be_read_is_unparsed() -> None:
    for line in ('{"eventId":5}', '{"eventId":"a","eventDateTime":"soon"}', "{"):
        assert decoded(line).type == "unparsed"


def test_own_records_are_recognised_and_those_of_others_are_not(known: dict[str, Any]) -> None:
    line = known["line"]

    assert SepmFormat.recognises(f"<54>Oct  3 10:38:14 SEPM9 SymantecServer: {line}")
    assert not SepmFormat.recognises("<54>Oct  3 10:38:14 host sshd[1]: Failed password for root from 192.0.2.1 port 1 ssh2")
