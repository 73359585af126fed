"""What can be set for an SNMP action."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from alert_core import Secret, Settings
from alert_snmp._alert_mib import BASE

Authentication = Literal["MD5", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512"]
Privacy = Literal["DES", "3DES", "AES-128", "AES-192", "AES-256", "AES-192-C", "AES-256-C"]

SHORTEST_KEY = 8
"""RFC 3414 forbids shorter passphrases, and every agent refuses them."""


def _numeric_oid(text: str) -> str:
    oid = text.removeprefix(".")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+){3,}", oid):
        raise ValueError("must be a numeric object identifier such as 1.3.6.1.4.1.8072.9999.9999.1")
    arcs = [int(arc) for arc in oid.split(".")]
    if arcs[0] > 2 or (arcs[0] < 2 and arcs[1] > 39) or max(arcs) >= 2**32 or len(arcs) > 128:
        raise ValueError("is not an object identifier: begins with 0 to 2, at most 128 numbers below 4294967296")
    return ".".join(map(str, arcs))


def _host(text: str) -> str:
    host = text.strip().removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        if not re.fullmatch(r"[^\s\x00-\x1f\x7f/:@\[\]]{1,253}", host):
            raise ValueError("must be a host name or an IPv4 or IPv6 address, without port or protocol") from None
        return host


def _ipv4(text: str) -> str:
    return str(ipaddress.IPv4Address(text.strip()))


def engine_id_digits(text: str) -> str:
    """The bytes of an SNMPv3 engine id as plain hexadecimal digits."""
    digits = text.lower().removeprefix("0x")
    if not re.fullmatch(r"([0-9a-f]{2}){5,32}", digits) or set(digits) in ({"0"}, {"f"}):
        raise ValueError("must be 5 to 32 bytes in hexadecimal, such as 0x80001f88056e6d73, and neither all zeros nor all ones")
    return digits


Oid = Annotated[str, AfterValidator(_numeric_oid)]


class User(Settings):
    """An SNMPv3 user, as the receiver knows it. Without `auth` it sends in the clear, without `privacy` readable but signed."""

    name: str = Field(min_length=1, max_length=32, title="User name", description="The SNMPv3 security name, at most 32 bytes.")
    auth: Authentication | None = Field(
        default=None, title="Authentication", description="How traps are signed; the same as at the receiver."
    )
    auth_key: Secret | None = Field(
        default=None, title="Authentication passphrase", description="At least 8 characters; the same as at the receiver."
    )
    privacy: Privacy | None = Field(
        default=None,
        title="Privacy",
        description="How traps are encrypted. AES-192 and AES-256 extend the key as net-snmp does (Blumenthal), "
        "the names that end in -C as Cisco does (Reeder).",
    )
    privacy_key: Secret | None = Field(
        default=None, title="Privacy passphrase", description="At least 8 characters; the same as at the receiver."
    )

    @model_validator(mode="after")
    def _complete(self) -> User:
        for name, protocol, key in (("auth", self.auth, self.auth_key), ("privacy", self.privacy, self.privacy_key)):
            if (protocol is None) != (key is None):
                raise ValueError(f"{name} and {name}_key belong together: set both or neither")
            if key is not None and key.literal and len(key.resolve().encode()) < SHORTEST_KEY:
                raise ValueError(f"{name}_key is shorter than {SHORTEST_KEY} characters")
        if self.privacy and not self.auth:
            raise ValueError("privacy needs auth: SNMPv3 cannot encrypt what it does not sign")
        if len(self.name.encode()) > 32:
            raise ValueError("name is longer than 32 bytes")
        return self


class SnmpSettings(Settings):
    """Where traps go, and in which version of the protocol."""

    host: Annotated[str, AfterValidator(_host)] = Field(
        title="Host", description="Name, IPv4 or IPv6 address of the trap receiver."
    )
    port: int = Field(default=162, ge=1, le=65535, title="Port", description="UDP port of the trap receiver.")
    version: Literal["v1", "v2c", "v3"] = Field(
        title="Version", description="v3 with auth and privacy is the only version that is safe on a network you do not trust."
    )
    community: Secret | None = Field(
        default=None, title="Community", description="What v1 and v2c have for a password; it travels in the clear. Not for v3."
    )
    user: User | None = Field(default=None, title="User", description="The SNMPv3 user. Only for v3.")
    confirm: bool = Field(
        default=False,
        title="Ask for confirmation",
        description="Send informs, which the receiver answers, instead of traps, which may get lost unnoticed. Not for v1.",
    )
    confirm_seconds: float = Field(
        default=5.0, gt=0, le=60, title="Wait for confirmation", description="How long an inform waits for its confirmation."
    )
    preset: Literal["alert", "tippingpoint"] = Field(
        default="alert",
        title="Objects",
        description="What a trap carries, and under which numbers: those of ALERT-MIB, or those of TPT-SMS-TRAP-MIB "
        "for receivers of TippingPoint traps.",
    )
    base_oid: Oid | None = Field(
        default=None,
        title="Base OID",
        description=f"Where the numbers of ALERT-MIB begin, for an enterprise number of your own. Default: {BASE}.",
    )
    trap_oid: Oid | None = Field(
        default=None, title="Trap OID", description="Which notification is sent instead of the preset's; numbers only."
    )
    trap_on_close: bool = Field(
        default=False, title="Send trap on close", description="Send another trap when the condition or response closes."
    )
    close_oid: Oid | None = Field(
        default=None,
        title="Close OID",
        description="Which notification tells of the closing instead of the preset's; numbers only.",
    )
    test_oid: Oid | None = Field(
        default=None,
        title="Test OID",
        description="Which notification the Test button sends instead of the preset's; numbers only.",
    )
    agent_address: Annotated[str, AfterValidator(_ipv4)] | None = Field(
        default=None,
        title="Agent address",
        description="The IPv4 address by which v1 traps name their sender. Default: the one they leave from. Only for v1.",
    )
    engine_id: Annotated[str, AfterValidator(engine_id_digits)] | None = Field(
        default=None,
        title="Engine ID",
        description="The sender's SNMPv3 engine id in hexadecimal, for receivers that need to know it beforehand. "
        "Made up once and kept when empty. Only for v3.",
    )

    @model_validator(mode="after")
    def _fields_follow_the_version(self) -> SnmpSettings:
        if self.version == "v3":
            if self.user is None or self.community is not None:
                raise ValueError("version v3 needs user, and has no community")
        elif self.community is None or self.user is not None:
            raise ValueError(f"version {self.version} needs community, and has no user")
        elif self.engine_id is not None:
            raise ValueError("engine_id is part of version v3 alone")
        if self.confirm and self.version == "v1":
            raise ValueError("version v1 knows no confirmation: use v2c or v3, or leave confirm out")
        return self

    @model_validator(mode="after")
    def _numbers_fit(self) -> SnmpSettings:
        if self.base_oid is not None and self.preset != "alert":
            raise ValueError("base_oid moves the numbers of preset alert; those of other presets are their vendor's")
        if self.version != "v1":
            if self.agent_address is not None:
                raise ValueError("agent_address is part of version v1 alone")
        elif any(oid and int(oid.rpartition(".")[2]) >= 2**31 for oid in (self.trap_oid, self.close_oid, self.test_oid)):
            raise ValueError("version v1 has no room for trap numbers from 2147483648 on")
        return self
