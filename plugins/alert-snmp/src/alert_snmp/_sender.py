"""Choosing how to send, from the settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from alert_core import Context, DeliveryError, Secret, SecretError
from alert_snmp._identity import EngineIdentity
from alert_snmp._objects import Varbind
from alert_snmp.settings import SHORTEST_KEY, SnmpSettings


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
    if settings.confirm:
        return _open_informs(settings, context), ""
    from alert_snmp._trap import TrapSender, Wrap, community_messages

    wrap: Wrap
    detail = ""
    if settings.user is None:
        wrap = community_messages(_reveal(context, settings.community), v1=settings.version == "v1")
    else:
        from alert_snmp._usm import UserMessages

        identity = _identity(settings, context)
        detail = f"engine id 0x{identity.engine_id.hex()}"
        wrap = UserMessages(settings.user, *_user_keys(settings, context), identity).wrap
    return TrapSender(settings.host, settings.port, wrap, v1=settings.version == "v1"), detail


def _open_informs(settings: SnmpSettings, context: Context) -> Sender:
    from alert_snmp._inform import InformSender, community_credentials, user_credentials

    if settings.user is None:
        credentials = community_credentials(_reveal(context, settings.community))
    else:
        credentials = user_credentials(settings.user, *_user_keys(settings, context))
    return InformSender(settings.host, settings.port, credentials, settings.confirm_seconds)


def _identity(settings: SnmpSettings, context: Context) -> EngineIdentity:
    try:
        return EngineIdentity(context.state_folder, bytes.fromhex(settings.engine_id) if settings.engine_id else None)
    except OSError as error:
        raise DeliveryError(f"the state folder cannot keep the SNMP engine id: {error.strerror}") from error


def _user_keys(settings: SnmpSettings, context: Context) -> tuple[str, str]:
    assert settings.user is not None
    keys = []
    for name, secret in (("auth_key", settings.user.auth_key), ("privacy_key", settings.user.privacy_key)):
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
