"""The notifications and objects that have names: those of the standard, of ALERT-MIB and of TPT-SMS-TRAP-MIB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alert_snmp._alert_mib import BASE

__all__ = ["FIELDS", "NAMES", "SEVERITIES", "alert_names"]

_SMS = "1.3.6.1.4.1.10734.3.4.3"
_INTERFACE = "1.3.6.1.2.1.2.2.1"


def _numbered(base: str, *names: str) -> dict[str, str]:
    return {f"{base}.{number}": name for number, name in enumerate(names, 1)}


def alert_names(base: str = BASE) -> Mapping[str, str]:
    """The names of ALERT-MIB, wherever its numbers begin."""
    return {
        **_numbered(f"{base}.0", "alertFired", "alertClosed", "alertTest"),
        **_numbered(
            f"{base}.1", "alertNotificationId", "alertCondition", "alertSeverity", "alertSubject", "alertComputer",
            "alertTime", "alertQuantity", "alertSuppressed", "alertBody", "alertDelivery", "alertKey",
        ),
    }  # fmt: skip


NAMES: Mapping[str, str] = {
    **_numbered(
        "1.3.6.1.6.3.1.1.5",
        "coldStart", "warmStart", "linkDown", "linkUp", "authenticationFailure", "egpNeighborLoss",
    ),
    "1.3.6.1.6.3.1.1.4.3": "snmpTrapEnterprise",
    "1.3.6.1.2.1.1.1": "sysDescr",
    "1.3.6.1.2.1.1.5": "sysName",
    "1.3.6.1.2.1.1.6": "sysLocation",
    "1.3.6.1.2.1.31.1.1.1.1": "ifName",
    "1.3.6.1.2.1.31.1.1.1.18": "ifAlias",
    f"{_INTERFACE}.1": "ifIndex",
    f"{_INTERFACE}.2": "ifDescr",
    f"{_INTERFACE}.3": "ifType",
    f"{_INTERFACE}.7": "ifAdminStatus",
    f"{_INTERFACE}.8": "ifOperStatus",
    **_numbered(
        f"{_SMS}.0",
        "tptSmsQuarantineRequest", "tptSmsQuarantineAck", "tptSmsQuarantineReleaseRequest", "tptSmsQuarantineReleaseAck",
        "tptSmsQuarantinePolicyNotification", "tptSmsUnQuarantineRequest", "tptSmsBoot", "tptSmsReboot", "tptSmsShuttingDown",
        "tptSmsReady", "tptSmsAuthenticationError", "tptSmsEgpNeighborDownstate", "tptSmsSystemRestart",
        "tptSmsQuarantineCommand", "tptSmsRepDvVerifySuccess", "tptSmsRepDvVerifyFail", "tptSmsTest", "tptSmsRebootingDevice",
        "tptDeviceNonComm", "tptDeviceBooted",
    ),
    **_numbered(
        f"{_SMS}.1",
        "tptSmsQuarantineNotifyId", "tptSmsQuarantineNotifyData", "tptSmsQuarantinePolicyMatchData",
        "tptSmsQuarantineNotifyType", "tptSmsQuarantineDeviceIP", "tptSmsQuarantineDeviceMAC", "tptSmsQuarantineSwitchPort",
        "tptSmsQuarantineEndpointUser", "tptSmsQuarantineNotifyActionList", "tptSmsQuarantineNotifyParamList",
        "tptSmsQuarantineNotifyOptionList", "tptSmsQuarantinePolicyName", "tptSmsRepDvVersion", "tptSmsMessage",
    ),
}  # fmt: skip
"""Number -> name, of notifications and of objects without their instance."""

SEVERITIES: Mapping[str, str] = {
    "coldStart": "low", "warmStart": "low", "linkDown": "minor", "linkUp": "information", "authenticationFailure": "minor",
    "egpNeighborLoss": "minor", "alertClosed": "information", "alertTest": "information",
    "tptSmsQuarantineRequest": "major", "tptSmsQuarantineAck": "information", "tptSmsQuarantineReleaseRequest": "low",
    "tptSmsQuarantineReleaseAck": "information", "tptSmsQuarantinePolicyNotification": "major",
    "tptSmsUnQuarantineRequest": "low", "tptSmsBoot": "low", "tptSmsReboot": "low", "tptSmsShuttingDown": "minor",
    "tptSmsReady": "information", "tptSmsAuthenticationError": "minor", "tptSmsEgpNeighborDownstate": "minor",
    "tptSmsSystemRestart": "low", "tptSmsQuarantineCommand": "major", "tptSmsRepDvVerifySuccess": "information",
    "tptSmsRepDvVerifyFail": "minor", "tptSmsTest": "information", "tptSmsRebootingDevice": "low", "tptDeviceNonComm": "major",
    "tptDeviceBooted": "information", "snmp-refused": "minor",
}  # fmt: skip
"""Notification -> how bad it is, as far as it does not say so itself."""

FIELDS: Mapping[str, Sequence[str]] = {
    "computer": ("alertComputer", "tptSmsQuarantineDeviceIP"),
    "user": ("tptSmsQuarantineEndpointUser",),
    "risk": ("alertCondition", "tptSmsQuarantinePolicyName"),
    "source_address": ("tptSmsQuarantineDeviceIP",),
    "message": (
        "alertSubject", "tptSmsMessage", "tptSmsQuarantinePolicyMatchData", "tptSmsQuarantineNotifyData",
    ),
}  # fmt: skip
"""Event field -> the objects that fill it, the first that has a value."""
