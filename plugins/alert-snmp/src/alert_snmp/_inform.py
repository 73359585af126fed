"""Sending informs, which the receiver answers, through pysnmp's engine.

Informs are a conversation: with SNMPv3 the receiver is the authority, whose engine id, boots and time have to be asked for
first, and again when it restarts. pysnmp does all of that well, and its price does not matter where every message waits for
an answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from pysnmp.error import PySnmpError  # type: ignore[import-untyped]
from pysnmp.hlapi.v3arch import asyncio as pysnmp  # type: ignore[import-untyped]
from pysnmp.proto import errind, rfc1902  # type: ignore[import-untyped]

from alert_core import DeliveryError
from alert_snmp._objects import Varbind
from alert_snmp._usm import AUTHENTICATION, PRIVACY, own_cipher
from alert_snmp.settings import SnmpSettings, User

_TYPES = {
    "integer": rfc1902.Integer32,
    "gauge": rfc1902.Gauge32,
    "octets": rfc1902.OctetString,
    "address": rfc1902.IpAddress,
}
_USM = 3
# Another attempt would meet the same users and keys.
_REFUSALS: tuple[tuple[type[Exception], str], ...] = (
    (errind.UnknownUserName, "it does not know the user"),
    (errind.UnknownSecurityName, "it does not know the user"),
    (errind.WrongDigest, "authentication passphrase or algorithm differ from those that it knows"),
    (errind.AuthenticationFailure, "authentication passphrase or algorithm differ from those that it knows"),
    (errind.DecryptionError, "privacy passphrase or algorithm differ from those that it knows"),
    (errind.UnsupportedSecurityLevel, "it does not take messages of this user that are signed and encrypted like this"),
)
_TROUBLES: tuple[tuple[type[Exception], str], ...] = (
    (errind.NotInTimeWindow, "its clock is another one than it said a moment ago"),
    (errind.UnknownEngineID, "its engine id is another one than it said a moment ago"),
)
# Error statuses of RFC 3416 by which a receiver says that it does not want this at all: noAccess and authorizationError.
_NOT_ALLOWED = (6, 16)


class InformSender:
    """Sends informs to one receiver, with an engine and a socket that it keeps.

    Args:
        settings: Where to, and how long to wait.
        credentials: Of the user or community, from `community_credentials` or `user_credentials`.
        engine_id: Our own, by which the receiver of SNMPv3 informs knows whose objects these are.
    """

    def __init__(self, settings: SnmpSettings, credentials: Any, engine_id: bytes | None = None) -> None:
        self._settings, self._credentials = settings, credentials
        self._context = pysnmp.ContextData(engine_id and rfc1902.OctetString(engine_id))
        self._loop = asyncio.new_event_loop()
        self._engine: Any = None
        self._target: Any = None

    def send(self, oid: str, objects: Sequence[Varbind]) -> None:
        """Send one inform and wait until it is confirmed.

        Raises:
            OSError: The host is unknown or cannot be reached.
            DeliveryError: There was no answer, or it was no.
        """
        self._loop.run_until_complete(self._send(oid, objects))

    def close(self) -> None:
        """Give up the socket and the loop."""
        if not self._loop.is_closed():
            self._loop.run_until_complete(self._forget())
            # The threads that looked the host up.
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _send(self, oid: str, objects: Sequence[Varbind]) -> None:
        pairs = [(rfc1902.ObjectIdentifier(number), _TYPES[kind](value)) for number, kind, value in objects]
        notification = pysnmp.NotificationType(pysnmp.ObjectIdentity(oid)).add_varbinds(*pairs)
        try:
            engine, target = await self._connection()
            problem, status, _, _ = await pysnmp.send_notification(
                engine, self._credentials, target, self._context, "inform", notification, lookupMib=False
            )
        except PySnmpError as error:
            await self._forget()
            raise DeliveryError(f"cannot send an inform: {error}") from error
        if problem:
            await self._forget()
            raise self._unconfirmed(problem)
        if status:
            raise DeliveryError(f"the receiver refused: {status.prettyPrint()}", retryable=int(status) not in _NOT_ALLOWED)

    def _unconfirmed(self, problem: Exception) -> DeliveryError:
        if isinstance(problem, errind.RequestTimedOut):
            seconds = f"{self._settings.confirm_seconds:g}"
            return DeliveryError(f"the receiver did not confirm within {seconds} seconds{_why_silent(self._settings)}")
        reasons = (*_REFUSALS, *_TROUBLES)
        reason = next((text for kind, text in reasons if isinstance(problem, kind)), str(problem))
        refused = isinstance(problem, tuple(kind for kind, _ in _REFUSALS))
        return DeliveryError(f"the receiver did not confirm: {reason}", retryable=not refused)

    async def _connection(self) -> tuple[Any, Any]:
        """The engine, which remembers what it learned about the receiver, and the receiver's address."""
        if self._target is None:
            host, port = self._settings.host, self._settings.port
            family = (await self._loop.getaddrinfo(host, port))[0][0]
            target = pysnmp.Udp6TransportTarget if family.name == "AF_INET6" else pysnmp.UdpTransportTarget
            self._target = await target.create((host, port), timeout=self._settings.confirm_seconds, retries=0)
        if self._engine is None:
            self._engine = _engine(self._settings.user)
        return self._engine, self._target

    async def _forget(self) -> None:
        """Give up engine and address: after a failure, the receiver may be another one, or elsewhere."""
        engine, self._engine, self._target = self._engine, None, None
        if engine is not None:
            engine.close_dispatcher()
            # What the dispatcher cancelled gets the chance to end, and the transport to close its socket.
            rest = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.gather(*rest, return_exceptions=True)
            await asyncio.sleep(0)


def _why_silent(settings: SnmpSettings) -> str:
    """What makes a receiver that is there keep silent, besides an answer that got lost."""
    if settings.user is None:
        return ", or it does not know the community"
    return ", or privacy passphrase or algorithm differ from those that it knows" if settings.user.privacy else ""


def _engine(user: User | None) -> Any:
    engine = pysnmp.SnmpEngine()
    if user is not None and user.privacy:
        # A class attribute of pysnmp's, which this engine gets for itself: see `own_cipher`.
        model = engine.security_models[_USM]
        model.PRIV_SERVICES = {**model.PRIV_SERVICES, PRIVACY[user.privacy]: own_cipher(user.privacy)}
    return engine


def community_credentials(community: str) -> Any:
    """Of SNMPv2c."""
    return pysnmp.CommunityData(community, mpModel=1)  # noqa: S508 - the administrator chose the version


def user_credentials(user: User, auth_key: str, privacy_key: str) -> Any:
    """Of an SNMPv3 user."""
    options: dict[str, Any] = {}
    if user.auth:
        options |= {"authKey": auth_key, "authProtocol": AUTHENTICATION[user.auth][0]}
    if user.privacy:
        options |= {"privKey": privacy_key, "privProtocol": PRIVACY[user.privacy]}
    return pysnmp.UsmUserData(user.name, **options)  # noqa: S509 - the options say how it is encrypted
