"""SNMPv3's user-based security model, for messages that we are the authority for: traps."""

from __future__ import annotations

import hmac
import secrets
from typing import Any

from pyasn1.type import univ  # type: ignore[import-untyped]
from pysnmp.entity import config  # type: ignore[import-untyped]

from alert_snmp import _ber as ber
from alert_snmp._identity import EngineIdentity
from alert_snmp.settings import User

AUTHENTICATION: dict[str, tuple[Any, str, int]] = {
    "MD5": (config.USM_AUTH_HMAC96_MD5, "md5", 12),
    "SHA-1": (config.USM_AUTH_HMAC96_SHA, "sha1", 12),
    "SHA-224": (config.USM_AUTH_HMAC128_SHA224, "sha224", 16),
    "SHA-256": (config.USM_AUTH_HMAC192_SHA256, "sha256", 24),
    "SHA-384": (config.USM_AUTH_HMAC256_SHA384, "sha384", 32),
    "SHA-512": (config.USM_AUTH_HMAC384_SHA512, "sha512", 48),
}
"""Name -> pysnmp's protocol, the hash, and how many bytes of it are sent."""

PRIVACY: dict[str, Any] = {
    "DES": config.USM_PRIV_CBC56_DES,
    "3DES": config.USM_PRIV_CBC168_3DES,
    "AES-128": config.USM_PRIV_CFB128_AES,
    "AES-192": config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "AES-256": config.USM_PRIV_CFB256_AES_BLUMENTHAL,
    "AES-192-C": config.USM_PRIV_CFB192_AES,
    "AES-256-C": config.USM_PRIV_CFB256_AES,
}

_VERSION, _SECURITY_MODEL, _MAX_SIZE = 3, 3, 65507


class UserMessages:
    """Wraps PDUs into SNMPv3 messages of one user.

    Args:
        user: Who sends, and how it is signed and encrypted.
        auth_key: Passphrase for signing; empty: none.
        privacy_key: Passphrase for encryption; empty: none.
        identity: The engine that the receiver takes for the authority.
    """

    def __init__(self, user: User, auth_key: str, privacy_key: str, identity: EngineIdentity) -> None:
        self._name = ber.octets(user.name.encode())
        self._identity = identity
        self._engine_id = ber.octets(identity.engine_id)
        self._flags = (user.auth is not None) | (user.privacy is not None) << 1
        self._message_id = secrets.randbits(30)
        self._digest_size = 0
        engine_id = univ.OctetString(identity.engine_id)
        if user.auth:
            protocol, self._hash, self._digest_size = AUTHENTICATION[user.auth]
            service = config.AUTH_SERVICES[protocol]
            self._auth_key = bytes(service.localize_key(service.hash_passphrase(auth_key.encode()), engine_id))
        if user.privacy:
            self._cipher = own_cipher(user.privacy)
            passphrase = self._cipher.hash_passphrase(protocol, privacy_key.encode())
            self._privacy_key = self._cipher.localize_key(protocol, passphrase, engine_id)

    def wrap(self, pdu: bytes) -> bytes:
        """The message that carries a PDU, ready to be sent."""
        boots, seconds = self._identity.clock()
        self._message_id = self._message_id + 1 & 0x7FFFFFFF
        scoped, salt = ber.sequence(self._engine_id, ber.octets(b""), pdu), b""
        if self._flags & 2:
            encrypted, nonce = self._cipher.encrypt_data(self._privacy_key, (boots, seconds, None), scoped)
            scoped, salt = ber.octets(bytes(encrypted)), bytes(nonce)
        header = ber.sequence(
            ber.integer(self._message_id),
            ber.integer(_MAX_SIZE),
            ber.octets(bytes([self._flags])),
            ber.integer(_SECURITY_MODEL),
        )

        def message(digest: bytes) -> bytes:
            parameters = ber.sequence(
                self._engine_id, ber.integer(boots), ber.integer(seconds), self._name, ber.octets(digest), ber.octets(salt)
            )
            return ber.sequence(ber.integer(_VERSION), header, ber.octets(parameters), scoped)

        if not self._digest_size:
            return message(b"")
        # What is signed is the message with zeros in the place of the signature.
        unsigned = message(bytes(self._digest_size))
        return message(hmac.digest(self._auth_key, unsigned, self._hash)[: self._digest_size])


def own_cipher(privacy: str) -> Any:
    """A cipher with a counter that nobody shares.

    pysnmp's ciphers are shared by the whole process, and every new instance begins at the same count; two workers with one key
    would use an initialisation vector twice.
    """
    cipher = type(config.PRIV_SERVICES[PRIVACY[privacy]])()
    cipher.local_int = secrets.randbits(64 if privacy.startswith("AES") else 32)
    return cipher
