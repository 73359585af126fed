"""Choosing how to send, from the settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from alert_core import Context, DeliveryError, Secret, SecretError
from alert_snmp._identity import EngineIdentity
from alert_snmp._objects import Varbind
from alert_snmp.settings import SHORTEST_KEY, SnmpSettings, User


class Sender(Protocol):
    """What sends notifications of SNMP: traps or informs."""

    def send(self, oid: str, objects: Sequence[Varbind]) -> None:
        """Send one."""

    def close(self) -> None:
        """Give up what it holds."""


def open_sender(settings: SnmpSettings, context: Context) -> tuple[Sender, str]:
    """The sender for these settings, and what an administrator may want to know about it.

    Raises:
        DeliveryError: A secret cannot be resolved or is too short, or the state folder cannot be written.
    """
    if settings.user is None:
        return _community_sender(settings, _reveal(context, settings.community)), ""
    identity = EngineIdentity(context.state_folder, bytes.fromhex(settings.engine_id) if settings.engine_id else None)
    sender = _user_sender(settings, settings.user, user_keys(settings.user, context), identity)
    # Receivers of informs are engines of their own, and need not know ours.
    return sender, "" if settings.confirm else f"engine id 0x{identity.engine_id.hex()}"


def _community_sender(settings: SnmpSettings, community: str) -> Sender:
    if settings.confirm:
        from alert_snmp._inform import InformSender, community_credentials

        return InformSender(settings, community_credentials(community))
    from alert_snmp._trap import TrapSender, V1TrapSender, community_messages

    wrap = community_messages(community, v1=settings.version == "v1")
    if settings.version == "v1":
        return V1TrapSender(settings.host, settings.port, wrap, settings.agent_address or "")
    return TrapSender(settings.host, settings.port, wrap)


def _user_sender(settings: SnmpSettings, user: User, keys: tuple[str, str], identity: EngineIdentity) -> Sender:
    if settings.confirm:
        from alert_snmp._inform import InformSender, user_credentials

        return InformSender(settings, user_credentials(user, *keys), identity.engine_id)
    from alert_snmp._trap import TrapSender
    from alert_snmp._usm import Keys, UserMessages

    return TrapSender(settings.host, settings.port, UserMessages(Keys(user, *keys), identity).wrap)


def user_keys(user: User, context: Context) -> tuple[str, str]:
    """The passphrases of a user for signing and encrypting; empty where there is none.

    Raises:
        DeliveryError: A secret cannot be resolved or is too short.
    """
    keys = []
    for name, secret in (("auth_key", user.auth_key), ("privacy_key", user.privacy_key)):
        key = _reveal(context, secret)
        if secret is not None and len(key.encode()) < SHORTEST_KEY:
            raise DeliveryError(f"user.{name} is shorter than {SHORTEST_KEY} characters")
        keys.append(key)
    return keys[0], keys[1]


def _reveal(context: Context, secret: Secret | None) -> str:
    if secret is None:
        return ""
    try:
        return context.reveal(secret)
    except SecretError as error:
        raise DeliveryError(str(error)) from error
