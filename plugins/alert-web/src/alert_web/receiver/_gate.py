"""Who may send: networks, rates, tokens, certificates and signatures."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from typing import Any

from alert_core import Secret
from alert_web.receiver._fault import Fault, busy
from alert_web.receiver.settings import BEARER, ReceivedSignature, WebSourceSettings

__all__ = ["Gate", "Proof", "Visitor"]

_MOST_ADDRESSES = 10_000
_STAMP_DIGITS = 16


@dataclass(frozen=True)
class Visitor:
    """Who is at the other end of a connection.

    Attributes:
        address: As people write it.
        encrypted: Whether the connection is.
        certificate: What `getpeercert` returns.
    """

    address: str
    encrypted: bool = False
    certificate: Mapping[str, Any] | None = None


class Gate:
    """Lets requests in.

    Args:
        settings: The source's.
        reveal: Looks a secret up.

    Raises:
        SecretError: A secret's reference leads nowhere.
    """

    def __init__(self, settings: WebSourceSettings, reveal: Callable[[Secret], str]) -> None:
        self._settings = settings
        self._networks = [ip_network(text) for text in settings.allow_networks]
        self._rates = _Rates(settings.requests_per_minute)
        self._token = reveal(settings.token).encode() if settings.token else None
        self._secret = reveal(settings.signature.secret).encode() if settings.signature else b""

    def admit(self, visitor: Visitor, headers: Mapping[str, str]) -> Proof | None:
        """Let a request in as far as its headers tell; what its body has to prove, if anything.

        Raises:
            Fault: It has no right to come in.
        """
        address = ip_address(visitor.address.partition("%")[0])
        if self._networks and not any(address in network for network in self._networks):
            raise Fault(HTTPStatus.FORBIDDEN, "this address may not send")
        self._rates.count(visitor.address)
        if visitor.encrypted and self._settings.tls and not self._settings.tls.lets_in(visitor.certificate):
            raise Fault(HTTPStatus.FORBIDDEN, "the client certificate holds none of the names that may send")
        if self._token is not None:
            self._check_token(self._token, headers)
        return Proof(self._settings.signature, self._secret, headers) if self._settings.signature else None

    def _check_token(self, token: bytes, headers: Mapping[str, str]) -> None:
        name = self._settings.token_header
        given, scheme = headers.get(name.lower(), ""), "Bearer"
        if name == BEARER:
            scheme, _, given = given.partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode("latin-1"), token):
            problem = f"{name} does not hold the token"
            raise Fault(HTTPStatus.UNAUTHORIZED, problem, headers={"WWW-Authenticate": 'Bearer realm="alert"'})


class Proof:
    """Checks the signature of one request.

    Args:
        settings: How signatures look.
        secret: What both ends know.
        headers: Of the request.

    Raises:
        Fault: It cannot be genuine and fresh, whatever the body is.
    """

    def __init__(self, settings: ReceivedSignature, secret: bytes, headers: Mapping[str, str]) -> None:
        self._settings = settings
        self._given = headers.get(settings.header.lower(), "").strip()
        stamp = headers.get(settings.timestamp_header.lower(), "").strip()
        if not self._given:
            raise self._refusal(f"{settings.header} is missing")
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) < _STAMP_DIGITS):
            raise self._refusal(f"{settings.timestamp_header} must say the time of signing in seconds")
        if abs(time.time() - int(stamp)) > settings.window_seconds:
            window = f"{settings.window_seconds} seconds"
            raise self._refusal(f"{settings.timestamp_header} is more than {window} away from the time here")
        self._made = hmac.new(secret, f"{stamp}.".encode(), hashlib.sha256)

    def update(self, piece: bytes) -> None:
        """Take the next piece of the body, as it was sent."""
        self._made.update(piece)

    def finish(self) -> tuple[str, float]:
        """What must not come a second time, with the seconds for which that matters.

        Raises:
            Fault: The signature is wrong.
        """
        proof = self._made.hexdigest()
        if not hmac.compare_digest(self._given.encode("latin-1"), f"sha256={proof}".encode()):
            raise self._refusal(f"{self._settings.header} does not fit {self._settings.timestamp_header} and the body")
        return f"signature/{proof}", 2.0 * self._settings.window_seconds

    def _refusal(self, problem: str) -> Fault:
        return Fault(HTTPStatus.UNAUTHORIZED, problem, headers={"WWW-Authenticate": 'Signature realm="alert"'})


class _Rates:
    """How many requests each address makes.

    Each has a bucket with one minute's worth, which fills again evenly. Those that were silent for longest are forgotten first.

    Args:
        per_minute: The most; 0: any number.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def count(self, address: str) -> None:
        """Note a request.

        Raises:
            Fault: It is one too many.
        """
        if not self._per_minute:
            return
        now, full = time.monotonic(), float(self._per_minute)
        left, since = self._buckets.pop(address, (full, now))
        left = min(full, left + (now - since) * full / 60)
        self._buckets[address] = (max(0.0, left - 1), now)
        if len(self._buckets) > _MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        if left < 1:
            problem = f"more than {self._per_minute} requests per minute from this address"
            raise busy(problem, seconds=int((1 - left) * 60 / full) + 1)
