"""One sender in a process of its own: `python -m benchmarks.senders NAME PORT COUNT` prints what it needed as JSON.

Nothing of ours is imported here, since Apprise's interpreter runs this as well; our channels are in `benchmarks.channels`.
Every sender keeps what can be kept (connection, session, engine) and makes what differs from message to message.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import json
import os
import re
import resource
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from benchmarks.processes import pin

Send = Callable[[Any], object]
"""Sends what was prepared: a `document`, or what the attribute `prepare` of the function that made the sender gives."""

CHUNK = 1000

SUBJECT = "outbreak on 7 computers in group Sales"
BODY = (
    "Seven different computers reported the risk Trojan.Gen.2 within 60 minutes.\n"
    "Computers: pc-0017, pc-0042, pc-0108, pc-0230, pc-0231, pc-0404, pc-0512\n"
    "Last event: Trojan.Gen.2 in C:\\Users\\jdoe\\Downloads\\invoice.exe, action taken: quarantined\n"
    "While the damper was active, 12 further events matched.\n"
)
TRAP_OID = (1, 3, 6, 1, 4, 1, 57264, 1, 0, 1)
OBJECT_OID = (1, 3, 6, 1, 4, 1, 57264, 1, 1)


def document(number: int) -> dict[str, Any]:
    """A notification of usual size, about 900 bytes as JSON, for senders that are not ours."""
    return {
        "id": f"{number:032x}", "condition": "outbreak", "revision": "0123456789ab", "type": "threshold", "kind": "fired",
        "key": "", "time": "2026-03-01T12:00:00Z", "severity": "critical", "subject": SUBJECT, "body": BODY, "quantity": 7,
        "event": {
            "time": "2026-03-01T12:00:00Z", "type": "risk", "id": f"events:{number}", "source": "sepm", "computer": "pc-0512",
            "severity": "critical", "group": "My Company\\Sales", "user": "jdoe", "risk": "Trojan.Gen.2",
            "action": "quarantined", "source_address": "192.0.2.17",
        },
    }  # fmt: skip


# --- the libraries, used well --------------------------------------------------------------------------------------------


def requests_session(port: int) -> Send:
    """`requests.Session`, kept."""
    requests = importlib.import_module("requests")
    session, url = requests.Session(), f"http://127.0.0.1:{port}/alerts"
    session.trust_env = False
    headers = {"Content-Type": "application/json"}

    def send(note: dict[str, Any]) -> object:
        body = json.dumps(note).encode()
        answer = session.post(url, data=body, headers={**headers, "Idempotency-Key": note["id"]}, timeout=10)
        answer.raise_for_status()
        return answer

    return send


def smtplib_kept(port: int) -> Send:
    """A kept `smtplib` connection, and a mail with text and HTML from the standard library."""
    smtp = smtplib.SMTP("127.0.0.1", port, local_hostname="localhost", timeout=10)

    def send(note: dict[str, Any]) -> object:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "alert@example.com", "ann@example.com", SUBJECT
        mail["Message-ID"] = f"<{note['id']}@example.com>"
        mail["Date"] = datetime.now(UTC)
        mail.set_content(BODY)
        mail.add_alternative(f"<html><body><h1>{SUBJECT}</h1><pre>{BODY}</pre></body></html>", subtype="html")
        return smtp.send_message(mail)

    return send


def udp_socket(port: int) -> Send:
    """A connected UDP socket, and an RFC 5424 line with the same fields, put together and escaped for each message."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(("127.0.0.1", port))
    host = socket.gethostname()
    controls = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")

    def picture(found: re.Match[str]) -> str:
        return chr(0x2400 + ord(found[0])) if found[0] < " " else f"<{ord(found[0]):x}>"

    def element(name: str, values: dict[str, Any]) -> str:
        parts = [f"[{name}"]
        for key, value in values.items():
            text = controls.sub(picture, str(value)).replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
            parts.append(f' {key}="{text}"')
        return "".join([*parts, "]"])

    def send(note: dict[str, Any]) -> object:
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        own = {name: note[name] for name in ("id", "condition", "severity", "kind", "quantity")}
        key = hashlib.sha256(f"{note['id']}/benchmark".encode()).hexdigest()[:32]
        event = {name: value for name, value in note["event"].items() if name != "time"}
        data = element("alert@32473", {"delivery": key, **own}) + element("event@32473", event)
        text = controls.sub(picture, f"{note['subject']}: {note['body']}")
        return sock.send(f"<130>1 {now} {host} alert - {note['type']} {data} \ufeff{text}".encode())

    return send


def pysnmp_layers(port: int) -> Send:
    """pysnmp's messages and encoder on a kept socket."""
    api = importlib.import_module("pysnmp.proto.api")
    encoder = importlib.import_module("pyasn1.codec.ber.encoder")
    module = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(("127.0.0.1", port))

    def send(note: dict[str, Any]) -> object:
        pdu = module.TrapPDU()
        module.apiTrapPDU.set_defaults(pdu)
        bindings = module.apiTrapPDU.get_varbinds(pdu)[:1]
        bindings.append((module.ObjectIdentifier((1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)), module.ObjectIdentifier(TRAP_OID)))
        for index, value in enumerate(_values(note), 1):
            bindings.append((module.ObjectIdentifier((*OBJECT_OID, index, 0)), module.OctetString(value)))
        module.apiTrapPDU.set_varbinds(pdu, bindings)
        message = module.Message()
        module.apiMessage.set_defaults(message)
        module.apiMessage.set_community(message, "public")
        module.apiMessage.set_pdu(message, pdu)
        return sock.send(encoder.encode(message))

    return send


def pysnmp_high_level(port: int) -> Send:
    """pysnmp's high-level API with a kept engine, as its documentation shows it."""
    asyncio = importlib.import_module("asyncio")
    hlapi = importlib.import_module("pysnmp.hlapi.v3arch.asyncio")
    loop = asyncio.new_event_loop()
    engine, community, context = hlapi.SnmpEngine(), hlapi.CommunityData("public"), hlapi.ContextData()
    target = loop.run_until_complete(hlapi.UdpTransportTarget.create(("127.0.0.1", port)))
    oid = ".".join(map(str, TRAP_OID))
    objects = ".".join(map(str, OBJECT_OID))

    def send(note: dict[str, Any]) -> object:
        trap = hlapi.NotificationType(hlapi.ObjectIdentity(oid)).add_varbinds(
            *((f"{objects}.{index}.0", hlapi.OctetString(value)) for index, value in enumerate(_values(note), 1))
        )
        return loop.run_until_complete(hlapi.send_notification(engine, community, target, context, "trap", trap))

    return send


def _values(note: dict[str, Any]) -> list[str]:
    return [str(note[name]) for name in ("id", "condition", "type", "key", "severity", "subject", "body", "kind", "time")]


def subprocess_run(_: int) -> Send:
    """`subprocess.run` of the program, with the JSON on its standard input; nothing limits what it does."""
    return _running()


def subprocess_limited(_: int) -> Send:
    """The same with a process group of its own and limits on CPU time, memory, processes and files, as the action sets them."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
        resource.setrlimit(resource.RLIMIT_DATA, (2**29, 2**29))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    return _running(preexec_fn=limit, start_new_session=True, timeout=20, env={"PATH": "/usr/bin:/bin"})


def _running(**more: Any) -> Send:
    def send(note: dict[str, Any]) -> object:
        body = json.dumps(note).encode()
        return subprocess.run(["/bin/true"], input=body, capture_output=True, check=True, **more)

    return send


# --- Apprise -----------------------------------------------------------------------------------------------------------------


def _apprise(url: str) -> Send:
    apprise = importlib.import_module("apprise")
    target = apprise.Apprise()
    if not target.add(url):
        raise RuntimeError(f"Apprise does not take {url}")
    target[0].request_rate_per_sec = 0  # it would sleep between mails

    def send(note: dict[str, Any]) -> object:
        if not target.notify(title=SUBJECT, body=f"{BODY}{json.dumps(note['event'])}", notify_type="failure"):
            raise RuntimeError("Apprise could not deliver")
        return None

    return send


def apprise_json(port: int) -> Send:
    """Apprise, `json://`."""
    return _apprise(f"json://127.0.0.1:{port}/alerts")


def apprise_mail(port: int) -> Send:
    """Apprise, `mailto://`; it asks the resolver for this computer's name before every mail, which is not what is measured."""
    socket.getfqdn = lambda *_: "localhost"
    return _apprise(f"mailto://127.0.0.1:{port}?from=alert@example.com&to=ann@example.com&smtp=127.0.0.1&mode=insecure")


def apprise_syslog(port: int) -> Send:
    """Apprise, `rsyslog://`."""
    return _apprise(f"rsyslog://127.0.0.1:{port}")


def measured(
    send: Send, numbers: Sequence[int], messages: int, *, prepare: Callable[[int], Any] = document, warm_up: bool = True
) -> dict[str, float]:
    """Seconds of wall and of CPU, children included, for one message, after a warm-up of a twentieth.

    What is sent is made before the clock starts: neither a library nor a channel makes it.
    """
    for number in numbers[: max(1, len(numbers) // 20)] if warm_up else ():
        send(prepare(-1 - number))
    wall = cpu = 0.0
    for start in range(0, len(numbers), CHUNK):
        prepared = [prepare(number) for number in numbers[start : start + CHUNK]]
        # What was there before is no work of the sender's, neither to make nor to look through for garbage.
        gc.collect()
        gc.freeze()
        began, used = time.perf_counter(), _cpu()
        for one in prepared:
            send(one)
        wall, cpu = wall + time.perf_counter() - began, cpu + _cpu() - used
    return {"wall": wall / messages, "cpu": cpu / messages}


def _cpu() -> float:
    """CPU time of this process, of the children it waited for, and of those that still run, with theirs."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages) + _of_descendants(os.getpid()) / os.sysconf("SC_CLK_TCK")


def _of_descendants(pid: int) -> int:
    """Clock ticks of the running processes below one."""
    children = [(task / "children").read_text().split() for task in Path(f"/proc/{pid}/task").iterdir()]
    ticks = 0
    for child in (int(number) for numbers in children for number in numbers):
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15])) + _of_descendants(child)
    return ticks


def main(name: str, port: str, count: str) -> None:
    """Measure one sender."""
    pin()
    module, _, function = name.rpartition(":")
    sender: Callable[[int], Send] = getattr(importlib.import_module(module or "benchmarks.senders"), function)
    # Not this module once more under another name: a sender may be given in it.
    send, messages = sender(int(port)), int(count)
    step, prepare = getattr(sender, "carries", 1), getattr(sender, "prepare", document)
    print(json.dumps(measured(send, range(0, messages, step), messages, prepare=prepare)))


if __name__ == "__main__":
    main(*sys.argv[1:])
