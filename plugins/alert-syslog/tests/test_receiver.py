from __future__ import annotations

import gc
import logging
import os
import resource
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from alert_core import SourceError
from alert_syslog._basket import Basket
from alert_syslog._datagrams import Datagrams

TEXT = b"<34>1 2026-03-01T12:00:00Z host app 7 - - text"
HERE = "127.0.0.1"


def counted(*records: bytes) -> bytes:
    return b"".join(b"%d %s" % (len(record), record) for record in records)


def said_goodbye(sender: socket.socket) -> bool:
    """Whether the source has ended the connection after its sender did."""
    sender.shutdown(socket.SHUT_WR)
    return sender.recv(1) == b""


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.005)


def datagram_sender(port: int, host: str = HERE) -> socket.socket:
    sender = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect((host, port))
    return sender


@pytest.mark.parametrize("framing", ["octets", "lines"])
def test_records_of_a_connection_arrive_in_order_with_their_sender(receive: Any, framing: str) -> None:
    records = [TEXT + b" %d" % number for number in range(3000)]
    stream = counted(*records) if framing == "octets" else b"\n".join(records)

    with receive("tcp:127.0.0.1") as source, source.connected() as sender:
        sender.sendall(stream)
        assert said_goodbye(sender)

    assert source.taken.records == records
    assert set(source.taken.senders) == {HERE}


def test_datagrams_are_records(receive: Any) -> None:
    with receive("udp:127.0.0.1", max_record_bytes=1024) as source, datagram_sender(source.port) as sender:
        for datagram in (TEXT, TEXT + b"\0\0\n", b"two\nlines", b"\0", b"", b"\xff\xfe", b"x" * 60_000):
            sender.send(datagram)
        records = source.taken.wait_for(5)

    assert records == [TEXT, TEXT, b"two\nlines", b"\xff\xfe", b"x" * 1016 + b"...[cut]"]
    assert set(source.taken.senders) == {HERE}


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_without_an_address_ipv4_and_ipv6_are_heard(receive: Any, transport: str) -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this computer has no IPv6")

    with receive(transport) as source:
        for host in (HERE, "::1"):
            kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as sender:
                sender.connect((host, source.port))
                sender.sendall(TEXT + b"\n")
            source.taken.wait_for(1 if host == HERE else 2)

    assert source.taken.senders == [HERE, "::1"]


def test_one_source_listens_at_several_places(receive: Any) -> None:
    with receive("udp:127.0.0.1", "tcp:127.0.0.1", "tcp:[::1]") as source:
        with datagram_sender(source.ports[0]) as sender:
            sender.send(b"<1>a")
        for number, host in ((1, HERE), (2, "::1")):
            with socket.create_connection((host, source.ports[number]), 10) as sender:
                sender.sendall(b"<1>b\n")
        source.taken.wait_for(3)

    assert sorted(zip(source.taken.records, source.taken.senders, strict=True)) == [
        (b"<1>a", HERE), (b"<1>b", HERE), (b"<1>b", "::1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("udp:192.0.2.1", "cannot listen on udp port {port} of 192.0.2.1: Cannot assign requested address; "),
        ("tcp:no-such-host.invalid", "cannot listen on tcp port {port} of no-such-host.invalid: "),
    ],
)
def test_place_that_cannot_be_had_is_an_error(receive: Any, place: str, reason: str) -> None:
    with receive("udp:127.0.0.1", place) as source:
        source.thread.join(20)

    assert isinstance(source.error, SourceError)
    assert str(source.error).startswith(reason.format(port=source.ports[1]))


def test_port_that_is_taken_is_an_error(receive: Any) -> None:
    with receive("tcp:127.0.0.1") as first:
        second = receive("tcp:127.0.0.1")
        second.source.settings = first.source.settings
        with second:
            second.thread.join(20)

    assert "Address already in use; see what else listens there" in str(second.error)


# --- safety ------------------------------------------------------------------------------------------------------------------


def test_connection_is_not_closed_before_everything_is_safe(receive: Any) -> None:
    with receive("tcp:127.0.0.1") as source, source.connected() as sender:
        source.taken.open.clear()
        sender.sendall(TEXT)
        sender.shutdown(socket.SHUT_WR)
        sender.settimeout(0.5)
        with pytest.raises(TimeoutError):
            sender.recv(1)

        source.taken.open.set()

        sender.settimeout(10)
        assert sender.recv(1) == b""
        assert source.taken.records == [TEXT]


def test_everything_that_was_read_is_pushed_when_the_source_is_stopped(receive: Any) -> None:
    running = receive("tcp:127.0.0.1", "udp:127.0.0.1")
    with running as source, source.connected() as sender, datagram_sender(source.ports[1]) as other:
        source.taken.open.clear()
        sender.sendall(counted(*[TEXT] * 50) + b"99 <1>unfinished")
        wait_until(lambda: source.source._basket.taken == 50)
        for _ in range(100):
            other.send(b"<1>datagram")
        source._stop.set()
        source.taken.open.set()

    assert Counter(source.taken.records) == {TEXT: 50, b"<1>datagram": 100, b"<1>unfinished...[cut]": 1}


def test_what_could_not_be_written_is_written_by_the_next_run(receive: Any) -> None:
    source = receive("tcp:127.0.0.1")
    source.taken.fault = SourceError("the disk is full")

    with source, source.connected() as sender:
        sender.sendall(counted(TEXT, TEXT + b" 2"))
        sender.shutdown(socket.SHUT_WR)
        with pytest.raises(ConnectionResetError):
            sender.recv(1)
        source.thread.join(20)
        assert isinstance(source.error, SourceError)
    assert source.taken.records == []
    source.taken.fault = None
    with source:
        source.taken.wait_for(2)

    assert source.taken.records == [TEXT, TEXT + b" 2"]


def test_sender_has_to_wait_while_nobody_takes_more(receive: Any) -> None:
    block, sent = counted(*[b"<34>" + b"x" * 8000] * 100), 0

    with receive("tcp:127.0.0.1") as source, source.connected() as sender:
        source.taken.open.clear()
        sender.settimeout(1)
        with suppress(TimeoutError):
            for _ in range(1000):
                sender.sendall(block)
                sent += 1
        held = source.source._basket._bytes
        source.taken.open.set()
        source.taken.wait_for(100 * sent)

    assert sent < 1000
    assert 4_000_000 < held < 6_000_000
    assert set(source.taken.records[: 100 * sent]) == {b"<34>" + b"x" * 8000}


def test_datagrams_that_the_kernel_drops_are_counted(receive: Any, caplog: pytest.LogCaptureFixture) -> None:
    sent = 3000

    with receive("udp:127.0.0.1", receive_buffer_bytes=65536) as source, datagram_sender(source.port) as sender:
        source.taken.open.clear()
        sender.send(TEXT)
        for _ in range(sent - 1):
            sender.send(TEXT + b"x" * 2000)
        source.taken.open.set()
        # A busy kernel hands over later what was sent; what it has not when the source ends, nobody has received.
        wait_until(lambda: len(source.taken.records) + source.taken.lost == sent)

    assert source.taken.lost > 0
    assert len(source.taken.records) + source.taken.lost == sent
    assert f"source net: the kernel dropped {source.taken.lost} datagrams" in caplog.text or caplog.text.count("dropped") > 1


def test_datagrams_that_were_dropped_before_anybody_read_are_counted() -> None:
    sent = 500

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 20_000)
        bound.bind((HERE, 0))
        with datagram_sender(bound.getsockname()[1]) as sender:
            for _ in range(sent):
                sender.send(TEXT)
        basket = Basket()
        datagrams = Datagrams(bound, basket, max_bytes=2000, filled=lambda: None)
        known = 0

        def all_are_known() -> bool:
            nonlocal known
            known += datagrams.read() + datagrams.count_dropped()
            return known == sent

        wait_until(all_are_known)

    batch = basket.batch()
    assert batch is not None
    assert batch.lost > 0
    assert len(batch.records) + batch.lost == sent


RUN_ONCE = """
import logging, sys, threading
from alert_core import Context
from alert_syslog import SyslogSource, SyslogSourceSettings

logging.basicConfig(level=logging.WARNING)
stop = threading.Event()
stop.set()
settings = SyslogSourceSettings(listen=(f"udp:127.0.0.1:{sys.argv[1]}",), receive_buffer_bytes=2**30)
SyslogSource(settings, Context(name="net")).run(None, stop)
"""


def test_receive_buffer_that_is_smaller_than_asked_for_is_reported(receive: Any) -> None:
    limit = int(Path("/proc/sys/net/core/rmem_max").read_text())
    port = receive("udp:127.0.0.1").port
    # Whoever may administer the network is not bound by the limit.
    command = ["setpriv", "--bounding-set", "-net_admin"] if os.geteuid() == 0 else []

    said = subprocess.run([*command, sys.executable, "-c", RUN_ONCE, str(port)], check=True, capture_output=True, text=True)

    assert f"source net: the receive buffer of udp port {port} is only {limit} bytes" in said.stderr


# --- many senders ------------------------------------------------------------------------------------------------------------


def test_slow_senders_do_not_delay_a_fast_one(receive: Any) -> None:
    records = [TEXT + b" %d" % number for number in range(20_000)]

    def seconds_among(number: int) -> float:
        with receive("tcp:127.0.0.1") as source, ExitStack() as stack:
            slow = [stack.enter_context(source.connected()) for _ in range(number)]
            stop = threading.Event()
            drip = threading.Thread(target=dripping, args=(slow, stop))
            drip.start()
            fast = stack.enter_context(source.connected())
            began = time.monotonic()
            fast.sendall(counted(*records))
            assert said_goodbye(fast)
            took = time.monotonic() - began
            stop.set()
            drip.join()
        assert [record for record in source.taken.records if record.startswith(TEXT)] == records
        return took

    alone, among_many = seconds_among(0), seconds_among(200)

    assert among_many < 3 * alone + 1


def dripping(senders: list[socket.socket], stop: threading.Event) -> None:
    """Each sends a record that never ends, a byte at a time."""
    for sender in senders:
        sender.sendall(b"<1>slow")
    while senders and not stop.is_set():
        for sender in senders:
            sender.sendall(b".")
        stop.wait(0.001)


def test_senders_that_never_finish_a_record_cost_bounded_memory(receive: Any) -> None:
    with receive("tcp:127.0.0.1", max_record_bytes=1024) as source, ExitStack() as stack:
        senders = [stack.enter_context(source.connected()) for _ in range(20)]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(200):
            for sender in senders:
                sender.sendall((b"<1>" if number == 0 else b"") + b"x" * 20_000)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        for sender in senders:
            sender.sendall(b"\n")
        records = source.taken.wait_for(20)

    assert set(records) == {b"<1>" + b"x" * 1013 + b"...[cut]"}
    assert grown < 20_000  # KiB, of 80 MB that were sent


def test_the_sender_with_most_connections_gives_one_up_for_a_new_one(receive: Any, caplog: pytest.LogCaptureFixture) -> None:
    with receive("tcp", max_connections=3) as source, ExitStack() as stack:
        other = socket.socket()
        stack.enter_context(other)
        other.bind(("127.0.0.2", 0))
        other.connect((HERE, source.port))
        other.sendall(b"<1>other\n")
        source.taken.wait_for(1)
        first = stack.enter_context(source.connected())
        first.sendall(b"<1>first\n<1>unfinished")
        source.taken.wait_for(2)
        second = stack.enter_context(source.connected())
        second.sendall(b"<1>second\n")
        source.taken.wait_for(3)

        third = stack.enter_context(source.connected())
        third.sendall(b"<1>third\n")
        source.taken.wait_for(5)

        with pytest.raises(ConnectionResetError):
            first.recv(1)
        for sender in (other, second, third):
            sender.sendall(b"<1>again\n")
        source.taken.wait_for(8)

    assert source.taken.records[3:5] == [b"<1>unfinished...[cut]", b"<1>third"]
    assert source.taken.records[5:] == [b"<1>again"] * 3
    assert "source net: there are 3 connections; one was given up for a new one" in caplog.text


def test_silent_connection_is_closed_if_that_is_wanted(receive: Any) -> None:
    with receive("tcp:127.0.0.1", idle_seconds=1) as source, source.connected() as sender:
        sender.sendall(b"<1>one\n<1>tw")
        with pytest.raises(ConnectionResetError):
            sender.recv(1)
        source.taken.wait_for(2)

    assert source.taken.records == [b"<1>one", b"<1>tw...[cut]"]


def test_connection_that_breaks_leaves_what_it_had_said(receive: Any) -> None:
    with receive("tcp:127.0.0.1") as source:
        with source.connected() as sender:
            sender.sendall(b"<1>one\n<1>tw")
            source.taken.wait_for(1)
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        source.taken.wait_for(2)

    assert source.taken.records == [b"<1>one", b"<1>tw...[cut]"]


def test_running_out_of_descriptors_is_survived(receive: Any, caplog: pytest.LogCaptureFixture) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    gc.collect()  # or descriptors of other tests may become free meanwhile

    with receive("tcp:127.0.0.1") as source, ExitStack() as stack:
        senders = [stack.enter_context(socket.socket()) for _ in range(40)]
        used = {int(entry.name) for entry in Path("/proc/self/fd").iterdir()}
        free = [number for number in range(limits[0]) if number not in used]
        resource.setrlimit(resource.RLIMIT_NOFILE, (free[10], limits[1]))
        try:
            for sender in senders:
                sender.settimeout(5)
                sender.connect((HERE, source.port))
                with suppress(OSError):
                    sender.sendall(b"<1>here\n")
            source.taken.wait_for(9)
            wait_until(lambda: "cannot accept a connection: Too many open files; raise the limit" in caplog.text)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        with source.connected() as last:
            last.sendall(b"<1>last\n")
            wait_until(lambda: b"<1>last" in source.taken.records)


# --- TLS ---------------------------------------------------------------------------------------------------------------------


def tls_settings(certificates: Any, **more: Any) -> dict[str, Any]:
    files = {"certificate": str(certificates["server"]), "key": str(certificates.key("server"))}
    return {"tls": {**files, **more}}


def encrypted(source: Any, certificates: Any, client: str = "", version: ssl.TLSVersion | None = None) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=certificates["authority"])
    if version:
        context.maximum_version = version
    if client:
        context.load_cert_chain(certificates[client], certificates.key(client))
    plain = source.connected()
    try:
        return context.wrap_socket(plain, server_hostname="localhost")
    except BaseException:
        plain.close()
        raise


def answer_to(source: Any, certificates: Any, client: str) -> str:
    """What becomes of a client that sends a record and ends its side of the connection."""
    try:
        with encrypted(source, certificates, client) as sender:
            sender.sendall(counted(TEXT))
            sender.unwrap().close()
    except OSError:
        return "refused"
    source.taken.wait_for(1)
    return "taken"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_records_arrive_over_tls(receive: Any, certificates: Any, version: ssl.TLSVersion) -> None:
    records = [TEXT + b" %d" % number for number in range(3000)]

    with receive("tls:127.0.0.1", **tls_settings(certificates)) as source:
        with encrypted(source, certificates, version=version) as sender:
            sender.sendall(counted(*records))
        source.taken.wait_for(3000)

    assert source.taken.records == records
    assert set(source.taken.senders) == {HERE}


@pytest.mark.parametrize(
    ("client", "names", "taken"),
    [
        ("client", [], True),
        ("client", ["other", "CLIENT"], True),
        ("client", ["sensor-*.example.com"], True),
        ("client", ["other", "sensor-*.example.org"], False),
        ("stranger", [], False),
        ("", [], False),
    ],
)
def test_only_clients_that_are_vouched_for_may_send(
    receive: Any, certificates: Any, client: str, names: list[str], taken: bool, caplog: pytest.LogCaptureFixture
) -> None:
    demands = tls_settings(certificates, client_ca_file=str(certificates["authority"]), client_names=names)

    with receive("tls:127.0.0.1", **demands) as source:
        answer = answer_to(source, certificates, client)

    assert answer == ("taken" if taken else "refused")
    assert source.taken.records == [TEXT] * taken
    assert ("source net: a client at 127.0.0.1 " in caplog.text) is not taken


def test_client_that_does_not_speak_tls_harms_nobody(receive: Any, certificates: Any, caplog: pytest.LogCaptureFixture) -> None:
    running = receive("tls:127.0.0.1", **tls_settings(certificates))
    with running as source, source.connected() as plain, source.connected() as silent:
        plain.sendall(counted(*[TEXT] * 1000))
        with suppress(ConnectionResetError):
            while plain.recv(1000):
                pass
        with encrypted(source, certificates) as sender:
            sender.sendall(b"<1>good\n")
        source.taken.wait_for(1)
        silent.sendall(b"x")

    assert source.taken.records == [b"<1>good"]
    assert "source net: a client at 127.0.0.1 failed to connect: " in caplog.text


def test_renewed_certificate_is_used_without_a_restart(
    receive: Any, certificates: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificates.make("renewed", by="authority", more="subjectAltName=DNS:localhost,DNS:renewed")
    both = tmp_path / "both.pem"

    def install(name: str) -> None:
        both.write_bytes(certificates[name].read_bytes() + certificates.key(name).read_bytes())

    def shown(source: Any) -> int:
        with encrypted(source, certificates) as sender:
            return len(sender.getpeercert()["subjectAltName"])

    install("server")
    with receive("tls:127.0.0.1", tls={"certificate": str(both)}) as source:
        numbers = [shown(source)]
        both.write_text("half of a file")
        numbers.append(shown(source))
        install("renewed")
        numbers.append(shown(source))

    assert numbers == [1, 1, 2]
    assert "the certificate from before is used on" in caplog.text


def test_certificate_that_cannot_be_used_is_an_error(receive: Any, certificates: Any) -> None:
    with receive("tls:127.0.0.1", **tls_settings(certificates, certificate="no/such/file.pem")) as source:
        source.thread.join(20)

    assert str(source.error) == "tls.certificate 'no/such/file.pem' cannot be used: No such file or directory"
    assert list(source.source.check()) == [str(source.error)]


@pytest.fixture(autouse=True)
def _warnings(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
