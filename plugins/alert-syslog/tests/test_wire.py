"""Messages travel to real sockets on loopback; what is asserted is the bytes that came out at the other end."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alert_core import Context, DeliveryError, Event, Notification, Severity, Strength
from alert_core.wire import restored, visible
from alert_syslog import SyslogAction, SyslogSettings

TIME = datetime(2026, 3, 1, 7, 28, 3, tzinfo=UTC)


def action(port: int, name: str = "log", **settings: Any) -> SyslogAction:
    given = {"server": "127.0.0.1", "port": port, "hostname": "sensor", "wait_seconds": 5} | settings
    return SyslogAction(SyslogSettings.model_validate(given), Context(name=name))


def notification(**changes: Any) -> Notification:
    base = Notification(
        id="0f" * 16,
        condition="brute-force",
        revision="0" * 12,
        type="threshold",
        key="",
        kind="fired",
        time=TIME,
        severity=Severity.MAJOR,
        subject="brute-force",
        body="5 failed logins\n",
        event=Event(time=TIME, type="auth-failure", computer="db-01"),
        quantity=5,
    )
    return msgspec.structs.replace(base, **changes)


def refusal(log: SyslogAction) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        log.send(notification())
    return caught.value


class Receiver:
    """A syslog server of one port: UDP, or TCP with one connection at a time."""

    def __init__(self, kind: socket.SocketKind, port: int = 0) -> None:
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.settimeout(5)
        self.socket.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            self.socket.listen()
        self.port: int = self.socket.getsockname()[1]

    def datagram(self) -> str:
        return self.socket.recv(70_000).decode()

    def accept(self) -> socket.socket:
        connection, _ = self.socket.accept()
        connection.settimeout(5)
        return connection

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def udp() -> Iterator[Receiver]:
    with closing(Receiver(socket.SOCK_DGRAM)) as receiver:
        yield receiver


@pytest.fixture
def tcp() -> Iterator[Receiver]:
    with closing(Receiver(socket.SOCK_STREAM)) as receiver:
        yield receiver


def over_udp(receiver: Receiver, sample: Notification, **settings: Any) -> str:
    with closing(action(receiver.port, **settings)) as log:
        log.send(sample)
    return receiver.datagram()


def read(connection: socket.socket, size: int) -> bytes:
    return connection.recv(size, socket.MSG_WAITALL)


def read_counted(connection: socket.socket) -> str:
    digits = b""
    while (digit := read(connection, 1)).isdigit():
        digits += digit
    return read(connection, int(digits)).decode()


def test_message_of_rfc_5424(udp: Receiver) -> None:
    with closing(action(udp.port, facility="local4")) as log:
        receipt = log.send(notification())

    key = log.idempotency_key(notification())
    got = udp.datagram()
    data = f'[alert@32473 id="{"0f" * 16}" delivery="{key}" severity="major" kind="fired" condition="brute-force" '
    data += 'quantity="5"][event@32473 type="auth-failure" computer="db-01"]'
    assert got == f"<163>1 2026-03-01T07:28:03.000000Z sensor alert - threshold {data} brute-force: 5 failed logins"
    assert receipt.strength == Strength.HANDED_OVER
    assert receipt.detail == f"{len(got)} bytes to syslog server 127.0.0.1:{udp.port} (udp)"


def test_message_of_rfc_3164(udp: Receiver) -> None:
    got = over_udp(udp, notification(), format="rfc3164", facility=0)

    local = TIME.astimezone()
    assert got == f"<3>Mar {local.day:2d} {local:%H:%M:%S} sensor alert: brute-force: 5 failed logins"


def test_structured_data_can_be_left_out(udp: Receiver) -> None:
    got = over_udp(udp, notification(), structured_data=False)

    assert got.endswith(" sensor alert - threshold - brute-force: 5 failed logins")


@pytest.mark.parametrize(("severity", "number"), list(zip(Severity, (6, 5, 4, 3, 2), strict=True)))
def test_severity_is_mapped(udp: Receiver, severity: Severity, number: int) -> None:
    got = over_udp(udp, notification(severity=severity), facility="kern")

    assert got.startswith(f"<{number}>1 ")


def test_hostile_text_forges_nothing(udp: Receiver) -> None:
    text = 'x"] [alert@32473 id="forged"] \\n\n<0>1 - - - - - - second\r\x1b[2J\x00\u2028end \ud800 ␊'

    got = over_udp(udp, notification(condition=text, subject=text, type="two words\n"))

    assert re.search("[\x00-\x1f\x7f-\x9f\u2028]", got) is None
    assert " two_words_ [" in got
    assert 'condition="x\\"\\] [alert@32473 id=\\"forged\\"\\] \\\\n␊<0>1 ' in got
    assert got.endswith("\\n␊<0>1 - - - - - - second␍␛[2J␀␦{2028}end ␦{d800} ␦{240a}: 5 failed logins")
    assert restored(got.partition("\ufeff")[2]) == f"{text}: 5 failed logins"


@pytest.mark.parametrize("text", ["grüße", "plain"])
def test_text_outside_ascii_is_announced_as_utf_8(udp: Receiver, text: str) -> None:
    got = over_udp(udp, notification(body=text))

    assert got.endswith(f"] brute-force: {text}" if text.isascii() else f"] \ufeffbrute-force: {text}")


def test_byte_order_mark_can_be_left_out(udp: Receiver) -> None:
    assert over_udp(udp, notification(body="grüße"), bom=False).endswith("] brute-force: grüße")


@pytest.mark.parametrize("char", ["x", "é", "日", "😀", "\n", "\x85"])
@pytest.mark.parametrize("max_bytes", [1024, 1025, 1026, 1027])
def test_long_values_are_cut_at_a_character_and_marked(udp: Receiver, char: str, max_bytes: int) -> None:
    got = over_udp(udp, notification(body=char * 5000, condition=char * 5000), max_bytes=max_bytes)

    widest = len(visible(char).encode())
    assert got.endswith(f"{visible(char)}...[cut]")
    assert f'{visible(char)}...[cut\\]" quantity="5"]' in got
    assert max_bytes - 2 * widest < len(got.encode()) <= max_bytes
    assert 'id="0f0f' in got


def test_only_what_is_long_is_cut(udp: Receiver) -> None:
    got = over_udp(udp, notification(body="x" * 5000, subject="y" * 200, condition="c" * 200), max_bytes=1200)

    assert f'condition="{"c" * 200}"' in got
    assert f" {'y' * 200}: xxx" in got


def test_values_that_cannot_be_cut_enough_are_left_out_from_the_last_one_on(udp: Receiver) -> None:
    fields = dict.fromkeys(("computer", "user", "group"), "\x85" * 99)

    got = over_udp(udp, notification(event=Event(time=TIME, type="t", **fields)), max_bytes=1024)

    assert len(got.encode()) <= 1024
    assert got.endswith("brute-force: 5 failed logins...[cut]")
    assert [name for name in ("id", "condition", "computer", "user", "group") if f' {name}="' in got][-1] == "user"


def test_message_that_just_fits_is_not_cut(udp: Receiver) -> None:
    rest = len(over_udp(udp, notification(body="x"), structured_data=False)) - 1

    got = over_udp(udp, notification(body="x" * (1024 - rest)), structured_data=False, max_bytes=1024)

    assert (len(got), got[-1]) == (1024, "x")


@pytest.mark.parametrize("form", ["rfc5424", "rfc3164"])
def test_body_cef(udp: Receiver, form: str) -> None:
    event = Event(
        time=TIME, type="auth|failure", id="e=1", computer="db-01", user="CORP\\ann", source_address="2001:db8::7", count=3
    )

    got = over_udp(udp, notification(condition="a|b", body="1\n2 = \x1b", event=event), format=form, body="cef")

    head, _, cef = got.partition("CEF:")
    assert head.endswith('"] ' if form == "rfc5424" else " sensor ")
    assert cef.startswith(f"0|alert|alert|{version('alert-syslog')}|a\\|b|brute-force|7|rt=1772350083000 alertType=threshold ")
    assert f" externalId={'0f' * 16} " in cef
    end = "end=1772350083000 cat=auth|failure alertEventId=e\\=1 dhost=db-01 duser=CORP\\\\ann c6a2Label=Source IPv6 Address "
    assert cef.endswith(end + "c6a2=2001:db8::7 cnt=3 msg=1\\n2 \\= ␛")


def test_cef_1_has_no_fields_of_its_own_for_ipv6(udp: Receiver) -> None:
    event = Event(time=TIME, type="t", source_address="2001:db8::7", destination_address="192.0.2.1")

    got = over_udp(udp, notification(event=event), body="cef", cef_version=1)

    assert "CEF:1|" in got
    assert " src=2001:db8::7 dst=192.0.2.1 msg=" in got


@pytest.mark.parametrize("form", ["rfc5424", "rfc3164"])
def test_body_leef(udp: Receiver, form: str) -> None:
    event = Event(time=TIME, type="auth", computer="db-01", user="CORP\\ann", risk="a^b")

    got = over_udp(udp, notification(condition="a|b", body="1\n2 = 3", event=event), format=form, body="leef")

    head, _, leef = got.partition("LEEF:2.0|")
    assert head.endswith('"] ' if form == "rfc5424" else " sensor ")
    assert leef.startswith(
        f"alert|alert|{version('alert-syslog')}|a␦{{7c}}b|^|devTime=1772350083000^sev=7^alertId={'0f' * 16}^"
    )
    assert leef.endswith("^cat=auth^resource=db-01^usrName=CORP\\ann^alertRisk=a␦{5e}b^msg=1␊2 = 3")


@pytest.mark.parametrize("form", ["rfc5424", "rfc3164"])
def test_body_json_is_the_whole_notification(udp: Receiver, form: str) -> None:
    sent = notification(body="grüße\n\x85\u2028\x1b", event=Event(time=TIME, type="t", attributes={"a": [1, None]}))

    got = over_udp(udp, sent, format=form, body="json")

    head, _, text = got.partition("{")
    assert head.endswith('"] ' if form == "rfc5424" else " sensor alert: ")
    assert re.search("[\x00-\x1f\x7f-\x9f\u2028]", text) is None
    assert msgspec.json.decode("{" + text, type=Notification) == sent


def test_long_json_stays_json_and_says_that_it_was_cut(udp: Receiver) -> None:
    event = Event(time=TIME, type="t", raw="r" * 200, attributes={"a": "b" * 3000})

    got = over_udp(udp, notification(body='"\\' * 3000, event=event, computers=("c",)), body="json")

    found = msgspec.json.decode(got[got.index("{") :], type=Notification)
    assert (found.body[-8:], found.event.raw, found.computers) == ("...[cut]", "r" * 200, ("c",))
    assert (found.event.flags, found.event.attributes) == (("cut",), {})


def test_half_a_character_does_not_stop_json(udp: Receiver) -> None:
    got = over_udp(udp, notification(body="\ud800"), body="json")

    assert '"body":"\\ud800"' in got


def test_octet_counting_keeps_messages_apart(tcp: Receiver) -> None:
    with closing(action(tcp.port, transport="tcp", structured_data=False)) as log:
        log.send(notification(body="größer\n1 2 3\r\n"))
        log.send(notification(body="second"))

        with closing(tcp.accept()) as connection:
            messages = [read_counted(connection), read_counted(connection)]

    assert [text.rpartition(": ")[2] for text in messages] == ["größer\n\t1 2 3␍", "second"]


def test_newline_framing_keeps_messages_apart(tcp: Receiver) -> None:
    with closing(action(tcp.port, transport="tcp", framing="newline")) as log:
        log.send(notification(body="a\nb"))
        receipt = log.send(notification(body="second"))

    with closing(tcp.accept()) as connection, connection.makefile(encoding="utf-8") as lines:
        bodies = [line.rpartition(": ")[2] for line in lines]
    assert bodies == ["a␊b\n", "second\n"]
    assert receipt.strength == Strength.HANDED_OVER


def test_lines_can_be_joined_with_octet_counting_too(tcp: Receiver) -> None:
    with closing(action(tcp.port, transport="tcp", multi_line=False)) as log:
        log.send(notification(body="a\nb"))

        with closing(tcp.accept()) as connection:
            assert read_counted(connection).endswith("brute-force: a␊b")


@pytest.mark.parametrize(
    ("kind", "on_close", "sent"), [("closed", False, False), ("closed", True, True), ("fired", False, True)]
)
def test_what_closes_is_sent_if_asked_for(kind: str, on_close: bool, sent: bool) -> None:
    log = action(514, on_close=on_close)

    assert (log.declines(notification(kind=kind)) == "") == sent


def test_closed_connection_is_noticed_before_the_next_message(tcp: Receiver) -> None:
    with closing(action(tcp.port, transport="tcp")) as log:
        log.send(notification(body="first"))
        with closing(tcp.accept()) as connection:
            assert read_counted(connection).endswith("first")

        log.send(notification(body="second"))

        with closing(tcp.accept()) as connection:
            assert read_counted(connection).endswith("second")


def test_server_that_talks_back_is_not_taken_for_dead(tcp: Receiver) -> None:
    with closing(action(tcp.port, transport="tcp")) as log:
        log.send(notification(body="first"))
        with closing(tcp.accept()) as connection:
            connection.sendall(b"hello\n")
            log.send(notification(body="second"))
            bodies = [read_counted(connection)[-6:] for _ in range(2)]

    assert bodies == [" first", "second"]


def test_restarted_server_gets_the_next_message() -> None:
    first = Receiver(socket.SOCK_STREAM)
    with closing(action(first.port, transport="tcp")) as log:
        log.send(notification())
        first.accept().close()
        first.close()
        error = refusal(log)

        with closing(Receiver(socket.SOCK_STREAM, first.port)) as second:
            log.send(notification(body="again"))
            with closing(second.accept()) as connection:
                assert read_counted(connection).endswith("again")

    assert str(error) == f"syslog server 127.0.0.1:{first.port} (tcp) cannot be reached: Connection refused"
    assert error.retryable


def test_nobody_listening_on_udp_is_noticed_where_the_network_says_so(udp: Receiver) -> None:
    udp.close()

    with closing(action(udp.port)) as log:
        error = refusal(log)

    assert f"syslog server 127.0.0.1:{udp.port} (udp) cannot be reached" in str(error)
    assert error.retryable


def test_unknown_server_can_be_tried_again() -> None:
    error = refusal(action(514, server="no-such-host.invalid"))

    assert "syslog server no-such-host.invalid:514 (udp) cannot be reached" in str(error)
    assert error.retryable


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_name_that_no_host_can_have_is_refused_in_words(transport: str) -> None:
    error = refusal(action(514, server=f"{'a' * 64}.example", transport=transport))

    assert "cannot be reached: " in str(error)


def test_two_actions_do_not_interfere(udp: Receiver) -> None:
    with closing(action(udp.port, "one")) as first, closing(action(udp.port, "two")) as second:
        first.send(notification(body="first"))
        second.send(notification(body="second"))
        first.close()
        second.send(notification(body="third"))

    assert [udp.datagram().rpartition(" ")[2] for _ in range(3)] == ["first", "second", "third"]


def test_test_button_sends_a_marked_sample(udp: Receiver) -> None:
    with closing(action(udp.port)) as log:
        result = log.test()

    assert (result.ok, "handed-over" in result.detail) == (True, True)
    assert 'kind="test"' in udp.datagram()


class EncryptedReceiver(Receiver):
    """Takes one TLS connection in a thread of its own, because both ends must shake hands at the same time."""

    def __init__(self, certificates: Any, *, client_authority: str = "", rude: bool = False) -> None:
        super().__init__(socket.SOCK_STREAM)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificates["server"], certificates.key("server"))
        if client_authority:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(certificates[client_authority])
        self.got: list[str] = []
        self.clients: list[Any] = []
        self.rude = rude
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        with self.accept() as plain, suppress(OSError), self.context.wrap_socket(plain, server_side=True) as connection:
            self.clients.append(connection.getpeercert())
            if not self.rude:
                self.got += connection.makefile(encoding="utf-8")

    def close(self) -> None:
        self.thread.join(10)
        super().close()


def encrypted(receiver: Receiver, certificates: Any, *, client: str = "", **tls: Any) -> SyslogAction:
    shown = {"certificate": certificates[client], "key": certificates.key(client)} if client else {}
    table = {"ca_file": certificates["authority"]} | shown | tls
    return action(receiver.port, server="localhost", transport="tls", framing="newline", tls=table)


def test_encrypted_messages_arrive_over_one_connection(certificates: Any) -> None:
    with closing(EncryptedReceiver(certificates)) as receiver, closing(encrypted(receiver, certificates)) as log:
        for body in ("first", "second", "third"):
            log.send(notification(body=body))

    assert [line.rpartition(": ")[2] for line in receiver.got] == ["first\n", "second\n", "third\n"]


def test_client_certificate_is_shown_to_a_server_that_asks(certificates: Any) -> None:
    asking = EncryptedReceiver(certificates, client_authority="authority")

    with closing(asking) as receiver, closing(encrypted(receiver, certificates, client="client")) as log:
        log.send(notification())

    [shown] = receiver.clients
    assert shown["subject"] == ((("commonName", "client"),),)
    assert len(receiver.got) == 1


@pytest.mark.parametrize("client", ["", "stranger"])
def test_client_that_the_server_refuses_is_told(certificates: Any, client: str) -> None:
    with closing(EncryptedReceiver(certificates, client_authority="authority")) as receiver:
        error = refusal(encrypted(receiver, certificates, client=client))

    assert "does not agree on TLS: " in str(error)
    assert error.retryable


def test_server_that_closes_after_the_handshake_is_not_trusted_with_a_message(certificates: Any) -> None:
    with closing(EncryptedReceiver(certificates, rude=True)) as receiver:
        error = refusal(encrypted(receiver, certificates))

    assert str(error).endswith("it closed the connection at once; it may ask for another client certificate")


@pytest.mark.parametrize(
    ("tls", "reason"),
    [
        ({"ca_file": None}, "has a certificate that is not trusted: unable to get local issuer certificate"),
        ({"server_name": "siem.example.com"}, "has a certificate that is not trusted: Hostname mismatch"),
    ],
)
def test_server_that_is_not_the_right_one_is_refused(certificates: Any, tls: dict[str, Any], reason: str) -> None:
    with closing(EncryptedReceiver(certificates)) as receiver:
        error = refusal(encrypted(receiver, certificates, **tls))

    assert reason in str(error)
    assert receiver.got == []


def test_server_that_does_not_speak_tls_is_named(tcp: Receiver, certificates: Any) -> None:
    def answer() -> None:
        with tcp.accept() as connection:
            connection.recv(4096)
            connection.sendall(b"220 hello\r\n")

    with closing(encrypted(tcp, certificates)) as log:
        thread = threading.Thread(target=answer)
        thread.start()
        error = refusal(log)
        thread.join(10)

    assert "does not agree on TLS: " in str(error)


def test_missing_certificate_is_named_by_its_setting(tcp: Receiver, certificates: Any, tmp_path: Path) -> None:
    error = refusal(encrypted(tcp, certificates, ca_file=tmp_path / "none.pem"))

    assert "tls.ca_file" in str(error)
