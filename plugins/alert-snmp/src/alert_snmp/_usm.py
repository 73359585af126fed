"""SNMPv3's user-based security model (RFC 3414): keys, ciphers, and messages that we are the authority for."""

from __future__ import annotations

import hmac
import secrets
from typing import Any

from pyasn1.type import univ  # type: ignore[import-untyped]
from pysnmp.entity import config  # type: ignore[import-untyped]
from pysnmp.error import PySnmpError  # type: ignore[import-untyped]

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

AUTHENTICATED, PRIVATE, REPORTABLE = 1, 2, 4
"""The flags of a message."""

_VERSION, _SECURITY_MODEL, _MAX_SIZE = 3, 3, 65507
_REMEMBERED_KEYS = 1024
_SALT_SIZE = 8


class Keys:
    """What a user signs and encrypts with, for one engine after another.

    Args:
        user: Who it is, and by which algorithms.
        auth_key: Passphrase for signing; empty: none.
        privacy_key: Passphrase for encryption; empty: none.
    """

    def __init__(self, user: User, auth_key: str, privacy_key: str) -> None:
        self.name = user.name.encode()
        self.flags = AUTHENTICATED * (user.auth is not None) | PRIVATE * (user.privacy is not None)
        self.digest_size = 0
        self._privacy_keys: dict[bytes, Any] = {}
        if user.auth:
            self._protocol, self._hash, self.digest_size = AUTHENTICATION[user.auth]
            self._service = config.AUTH_SERVICES[self._protocol]
            self._auth_key = self._service.hash_passphrase(auth_key.encode())
        if user.privacy:
            self._cipher = own_cipher(user.privacy)
            self._privacy_key = self._cipher.hash_passphrase(self._protocol, privacy_key.encode())

    def auth_key(self, engine_id: bytes) -> bytes:
        """The key that signs what this engine is the authority for."""
        return bytes(self._service.localize_key(self._auth_key, univ.OctetString(engine_id)))

    def digest(self, auth_key: bytes, message: bytes) -> bytes:
        """The signature of a message that has zeros in its place."""
        return hmac.digest(auth_key, message, self._hash)[: self.digest_size]

    def encrypt(self, engine_id: bytes, boots: int, seconds: int, data: bytes) -> tuple[bytes, bytes]:
        """Encrypted data, and the salt that is sent with them."""
        encrypted, salt = self._cipher.encrypt_data(self._localized(engine_id), (boots, seconds, None), data)
        return bytes(encrypted), bytes(salt)

    def decrypt(self, engine_id: bytes, boots: int, seconds: int, salt: bytes, data: bytes) -> bytes:
        """The data, perhaps with padding behind them.

        Raises:
            ValueError: They cannot have been encrypted like this.
        """
        if len(salt) != _SALT_SIZE:
            raise ValueError("not encrypted like this")
        parameters = (boots, seconds, univ.OctetString(salt))
        try:
            return bytes(self._cipher.decrypt_data(self._localized(engine_id), parameters, univ.OctetString(data)))
        except PySnmpError as error:
            raise ValueError("not encrypted like this") from error

    def _localized(self, engine_id: bytes) -> Any:
        # Some algorithms take milliseconds to make a key of the length that they need.
        key = self._privacy_keys.get(engine_id)
        if key is None:
            if len(self._privacy_keys) >= _REMEMBERED_KEYS:
                self._privacy_keys.clear()
            key = self._cipher.localize_key(self._protocol, self._privacy_key, univ.OctetString(engine_id))
            self._privacy_keys[engine_id] = key
        return key


class UserMessages:
    """Wraps PDUs into SNMPv3 messages of one user.

    Args:
        keys: Who sends, and how it is signed and encrypted.
        identity: The engine that the receiver takes for the authority.
    """

    def __init__(self, keys: Keys, identity: EngineIdentity) -> None:
        self._keys, self._identity = keys, identity
        self._auth_key = keys.auth_key(identity.engine_id) if keys.flags else b""
        self._message_id = secrets.randbits(30)

    def wrap(self, pdu: bytes) -> bytes:
        """The message that carries a PDU, ready to be sent."""
        self._message_id = self._message_id + 1 & 0x7FFFFFFF
        return self.message(ber.sequence(ber.octets(self._identity.engine_id), ber.octets(b""), pdu), self._message_id)

    def message(self, scoped: bytes, message_id: int, *, readable: bool = False) -> bytes:
        """The message that carries a scoped PDU.

        Args:
            scoped: The PDU with its context.
            message_id: The one that an answer repeats.
            readable: Leave it unencrypted.
        """
        keys, engine_id = self._keys, self._identity.engine_id
        flags, salt = keys.flags & ~PRIVATE if readable else keys.flags, b""
        boots, seconds = self._identity.clock()
        if flags & PRIVATE:
            encrypted, salt = keys.encrypt(engine_id, boots, seconds, scoped)
            scoped = ber.octets(encrypted)

        def signed(digest: bytes) -> bytes:
            return assembled(message_id, flags, (engine_id, boots, seconds, keys.name), digest=digest, salt=salt, scoped=scoped)

        # What is signed is the message with zeros in the place of the signature.
        return signed(keys.digest(self._auth_key, signed(bytes(keys.digest_size)))) if flags else signed(b"")


def assembled(
    message_id: int, flags: int, engine: tuple[bytes, int, int, bytes], *, digest: bytes, salt: bytes, scoped: bytes
) -> bytes:
    """A message of its parts; `engine` is its id, boots and time, and the name of the user."""
    engine_id, boots, seconds, name = engine
    header = ber.sequence(
        ber.integer(message_id), ber.integer(_MAX_SIZE), ber.octets(bytes([flags])), ber.integer(_SECURITY_MODEL)
    )
    parameters = ber.sequence(
        ber.octets(engine_id),
        ber.integer(boots),
        ber.integer(seconds),
        ber.octets(name),
        ber.octets(digest),
        ber.octets(salt),
    )
    return ber.sequence(ber.integer(_VERSION), header, ber.octets(parameters), scoped)


def own_cipher(privacy: str) -> Any:
    """A cipher with a counter that nobody shares.

    pysnmp's ciphers are shared by the whole process, and every new instance begins at the same count; two workers with one key
    would use an initialisation vector twice.
    """
    cipher = type(config.PRIV_SERVICES[PRIVACY[privacy]])()
    cipher.local_int = secrets.randbits(64 if privacy.startswith("AES") else 32)
    return cipher
