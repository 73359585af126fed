"""Sending informs, which the receiver answers, through pysnmp's engine.

Informs are a conversation: with SNMPv3 the receiver is the authority, whose engine id, boots and time have to be asked for
first. pysnmp does all of that well, and its price does not matter where every message waits for an answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from pysnmp.hlapi.v3arch import asyncio as pysnmp  # type: ignore[import-untyped]
from pysnmp.proto import errind, rfc1902  # type: ignore[import-untyped]

from alert_core import DeliveryError
from alert_snmp._objects import Varbind
from alert_snmp._usm import AUTHENTICATION, PRIVACY
from alert_snmp.settings import User

_TYPES = {"integer": rfc1902.Integer32, "gauge": rfc1902.Gauge32, "octets": rfc1902.OctetString}
# Another attempt would meet the same users and keys.
_PERMANENT = (
    errind.AuthenticationFailure,
    errind.AuthenticationError,
    errind.DecryptionError,
    errind.UnknownSecurityName,
    errind.UnknownUserName,
    errind.UnsupportedSecurityLevel,
    errind.WrongDigest,
)


class InformSender:
    """Sends informs to one receiver, with an engine, a loop and a socket that it keeps.

    Args:
        host: Name or address of the receiver.
        port: Its UDP port.
        credentials: Of the user or community, from `community_credentials` or `user_credentials`.
        confirm_seconds: How long to wait for the answer.
    """

    def __init__(self, host: str, port: int, credentials: Any, confirm_seconds: float) -> None:
        self._address, self._credentials, self._confirm_seconds = (host, port), credentials, confirm_seconds
        self._loop = asyncio.new_event_loop()
        self._engine: Any = pysnmp.SnmpEngine()
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
            self._loop.run_until_complete(self._close())
            self._loop.close()

    async def _send(self, oid: str, objects: Sequence[Varbind]) -> None:
        pairs = [(rfc1902.ObjectIdentifier(item.oid), _TYPES[item.kind](item.value)) for item in objects]
        notification = pysnmp.NotificationType(pysnmp.ObjectIdentity(oid)).add_varbinds(*pairs)
        if self._target is None:
            self._target = await self._connect()
        error, status, _, _ = await pysnmp.send_notification(
            self._engine, self._credentials, self._target, pysnmp.ContextData(), "inform", notification, lookupMib=False
        )
        if error:
            raise DeliveryError(f"the receiver did not confirm: {error}", retryable=not isinstance(error, _PERMANENT))
        if status:
            raise DeliveryError(f"the receiver refused: {status.prettyPrint()}")

    async def _connect(self) -> Any:
        host, port = self._address
        family = (await self._loop.getaddrinfo(host, port))[0][0]
        target = pysnmp.Udp6TransportTarget if family.name == "AF_INET6" else pysnmp.UdpTransportTarget
        return await target.create(self._address, timeout=self._confirm_seconds, retries=0)

    async def _close(self) -> None:
        self._engine.close_dispatcher()
        # What the dispatcher cancelled gets the chance to end.
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*rest, return_exceptions=True)
        # The threads that looked the host up; waiting for them also lets the transport close its socket.
        await self._loop.shutdown_default_executor()


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
