"""Who may send, and how often."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from pydantic import ValidationError

from alert_core import Context, SourceError
from alert_web.receiver.settings import WebSourceSettings
from alert_web.receiver.source import WebSource

if TYPE_CHECKING:
    from conftest import Authority, Receivers

SECRET = "s3cret-key"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def signed(body: bytes, *, secret: str = SECRET, age: int = 0) -> dict[str, str]:
    stamp = str(int(time.time()) - age)
    proof = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Alert-Timestamp": stamp, "X-Alert-Signature": f"sha256={proof}"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (bearer("sesame-0815"), 200),
        ({"Authorization": "bearer  sesame-0815 "}, 200),
        ({}, 401),
        (bearer("sesame-0816"), 401),
        (bearer(""), 401),
        (bearer("ß"), 401),
        ({"Authorization": "sesame-0815"}, 401),
        ({"Authorization": "Basic sesame-0815"}, 401),
    ],
)
def test_token_is_asked_for(receivers: Receivers, headers: dict[str, str], status: int) -> None:
    receiver = receivers(token="sesame-0815")

    answer = receiver.post(b"{}", {name: value.encode("latin-1") for name, value in headers.items()})  # type: ignore[misc]

    assert answer.status == status
    assert len(receiver.records) == (status == 200)
    if status == 401:
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="alert"'
        assert answer.content == {"fault": "Authorization does not hold the token"}


def test_token_may_stand_in_a_header_of_its_own(receivers: Receivers) -> None:
    receiver = receivers(token="sesame-0815", token_header="X-Api-Key")

    statuses = [receiver.post(b"{}", each).status for each in ({"X-Api-Key": "sesame-0815"}, bearer("sesame-0815"), {})]

    assert statuses == [200, 401, 401]


def test_signature_is_asked_for(receivers: Receivers) -> None:
    receiver, body = receivers(signature={"secret": SECRET}), b'{"a": 1}'

    answers = [
        receiver.post(body, headers)
        for headers in (
            signed(body),
            {},
            signed(body, secret="another"),
            signed(b'{"a": 2}'),
            {**signed(body), "X-Alert-Timestamp": str(int(time.time()) - 1)},
            {**signed(body), "X-Alert-Timestamp": "yesterday"},
            signed(body, age=400),
            signed(body, age=-400),
        )
    ]

    assert [answer.status for answer in answers] == [200, *[401] * 7]
    assert [answer.content["fault"] for answer in answers[1:]] == [
        "X-Alert-Signature is missing",
        *["X-Alert-Signature does not fit X-Alert-Timestamp and the body"] * 3,
        "X-Alert-Timestamp must say the time of signing in seconds",
        *["X-Alert-Timestamp is more than 300 seconds away from the time here"] * 2,
    ]
    assert receiver.records == [body]


def test_signature_is_that_of_what_was_sent_compressed_or_not(receivers: Receivers) -> None:
    receiver, body = receivers(signature={"secret": SECRET}), gzip.compress(b'{"a": 1}')

    answer = receiver.post(body, {**signed(body), "Content-Encoding": "gzip"})

    assert (answer.status, receiver.records) == (200, [b'{"a": 1}'])


def test_same_signature_is_taken_once_even_after_a_restart(receivers: Receivers) -> None:
    receiver, body = receivers(signature={"secret": SECRET}, remember_hours=0), b'{"a": 1}'
    headers = signed(body, age=1)
    statuses = [receiver.post(body, headers).status, receiver.post(body, {**headers, "Idempotency-Key": "new"}).status]
    receiver.stop()

    again = receivers(signature={"secret": SECRET}, remember_hours=0)
    answers = [again.post(body, headers), again.post(body, signed(body))]

    assert statuses == [200, 425]
    assert [answer.status for answer in answers] == [425, 200]
    assert answers[0].content == {"fault": "this signature was taken before; sign the request again"}
    assert again.records == [body] * 2


def test_headers_of_the_signature_may_be_called_otherwise(receivers: Receivers) -> None:
    receiver = receivers(signature={"secret": SECRET, "header": "X-Sig", "timestamp_header": "X-Time", "window_seconds": 10})
    made = signed(b"{}")

    answer = receiver.post(b"{}", {"X-Sig": made["X-Alert-Signature"], "X-Time": made["X-Alert-Timestamp"]})

    assert answer.status == 200


def client(authority: Authority, certificate: Path | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.file))
    if certificate:
        context.load_cert_chain(certificate)
    return context


@pytest.fixture
def tls(authority: Authority, tmp_path: Path) -> dict[str, Any]:
    return {
        "certificate": str(authority.issue(tmp_path, "127.0.0.1")),
        "client_ca_file": str(authority.file),
        "client_names": ["sensor-*.example.com"],
    }


def test_client_certificate_is_asked_for(receivers: Receivers, authority: Authority, tls: Any, tmp_path: Path) -> None:
    receiver = receivers(tls=tls)
    good, other = (authority.issue(tmp_path, name) for name in ("sensor-1.example.com", "laptop.example.com"))

    answers = [receiver.post(b"{}", tls=client(authority, certificate)) for certificate in (good, other)]

    assert [answer.status for answer in answers] == [200, 403]
    assert answers[1].content == {"fault": "the client certificate holds none of the names that may send"}
    assert len(receiver.records) == 1


def test_client_without_a_certificate_of_the_authority_is_not_heard(
    receivers: Receivers, authority: Authority, tls: Any, tmp_path: Path
) -> None:
    receiver = receivers(tls=tls)
    foreign = tmp_path / "foreign.pem"
    trustme.CA().issue_cert("sensor-1.example.com").private_key_and_cert_chain_pem.write_to_path(str(foreign))

    for certificate in (None, foreign):
        with pytest.raises(OSError):
            receiver.post(b"{}", tls=client(authority, certificate))

    assert receiver.records == []


def test_client_without_encryption_is_not_heard(receivers: Receivers, tls: Any) -> None:
    receiver = receivers(tls=tls)

    assert b"HTTP" not in receiver.say(b"POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")


def test_renewed_certificate_is_used_and_a_broken_one_is_not(
    receivers: Receivers, authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = authority.issue(tmp_path, "127.0.0.1")
    receiver = receivers(tls={"certificate": str(file)})
    before = receiver.post(b"{}", tls=client(authority))
    newer = Path(file)
    newer.write_text("no certificate")
    with_broken = receiver.post(b"{}", tls=client(authority))
    other = trustme.CA()
    other.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(newer))
    trusting = ssl.create_default_context(cadata=other.cert_pem.bytes().decode())

    after = receiver.post(b"{}", tls=trusting)

    assert [answer.status for answer in (before, with_broken, after)] == [200, 200, 200]
    assert "the certificate from before is used on" in caplog.text


def test_only_the_allowed_networks_may_send(receivers: Receivers) -> None:
    answers = [
        receivers(name, allow_networks=networks).post(b"{}")
        for name, networks in (("a", ["192.0.2.0/24", "127.0.0.0/8"]), ("b", ["192.0.2.0/24", "::/0"]))
    ]

    assert [answer.status for answer in answers] == [200, 403]
    assert answers[1].content == {"fault": "this address may not send"}


def test_requests_of_one_address_are_counted(receivers: Receivers) -> None:
    receiver = receivers(requests_per_minute=3)

    answers = [receiver.post(b"{}") for _ in range(4)]

    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[3].content == {"fault": "more than 3 requests per minute from this address"}
    assert 10 <= int(answers[3].headers["Retry-After"]) <= 21


def test_all_that_is_asked_for_must_be_there(receivers: Receivers) -> None:
    receiver = receivers(token="sesame-0815", signature={"secret": SECRET})

    statuses = [
        receiver.post(b"{}", headers).status
        for headers in (bearer("sesame-0815"), signed(b"{}"), {**bearer("sesame-0815"), **signed(b"{}", age=2)})
    ]

    assert statuses == [401, 401, 200]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"listen": []}, "at least 1 item"),
        ({"listen": ["8080"]}, 'must be like "https:8443"'),
        ({"listen": ["http:localhost:8080"]}, 'must be like "https:8443"'),
        ({"listen": ["http:1.2.3:8080"]}, "does not appear to be an IPv4 or IPv6 address"),
        ({"listen": ["http:65536"]}, 'must be like "https:8443"'),
        ({"listen": ["https:8443"]}, "needs a certificate; set tls"),
        ({"tls": {"certificate": "x"}}, "tls has a meaning only with"),
        ({"path": "events"}, "must begin with a slash"),
        ({"path": "/a?b"}, "must begin with a slash and be written without escapes, query or blanks"),
        ({"token_header": "X-Key"}, "token_header has a meaning only with a token"),
        ({"token": "x", "token_header": "Host"}, "Host is set by alert itself"),
        (
            {"token": "x", "token_header": "x-alert-signature", "signature": {"secret": "y"}},
            "the token and the signature need headers of their own",
        ),
        ({"allow_networks": ["192.0.2.1/24"]}, "has host bits set"),
        ({"tls": {"certificate": "x", "client_names": ["a"]}}, "client_names needs an authority"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        WebSourceSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({}, []),
        ({"token": "x"}, []),
        ({"listen": ["http:[::1]:8080", "http:127.1.2.3:8080"]}, []),
        ({"listen": ["http:8080"]}, ["whoever reaches this port can send events; set token, signature, or tls.client_ca_file"]),
        ({"listen": ["http:8080"], "allow_networks": ["192.0.2.0/24"]}, []),
        ({"listen": ["http:192.0.2.1:8080"], "token": "x"}, ["the token is shown to everyone on the way; listen with https"]),
        ({"listen": ["http:8080"], "signature": {"secret": "x"}}, []),
        (
            {"listen": ["https:[::1]:8443"], "tls": {"certificate": "/none.pem"}},
            ["tls.certificate '/none.pem' cannot be used: No such file or directory"],
        ),
    ],
)
def test_what_would_let_anyone_in_is_found_by_check(settings: dict[str, Any], found: list[str]) -> None:
    source = WebSource(WebSourceSettings.model_validate(settings), Context(name="hooks"))

    assert list(source.check()) == found


def test_secret_that_cannot_be_had_ends_the_run_with_the_reason(receivers: Receivers) -> None:
    receiver = receivers(token={"env": "NO_SUCH_VARIABLE"})
    end = time.monotonic() + 10
    while receiver.error is None and time.monotonic() < end:
        time.sleep(0.01)
    receiver.stop()

    assert str(receiver.error) == "environment variable 'NO_SUCH_VARIABLE' is not set; set it where alert runs"


def test_who_lacks_the_extra_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h11", None)
    source = WebSource(WebSourceSettings(), Context(name="hooks"))
    told = "receiving needs the package h11; install it with: pip install 'alert-web[receiver]'"

    with pytest.raises(SourceError) as caught:
        source.run(None, threading.Event())  # type: ignore[arg-type]

    assert (str(caught.value), list(source.check())) == (told, [told])
