"""Ready patterns for what every Linux machine writes: `sshd` and `netfilter`, as data on top of `syslog` and `pattern`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

from alert_core.builtin._flat import FlatSettings
from alert_core.builtin.pattern import PatternFormat, PatternSettings
from alert_core.builtin.syslog import SyslogFormat, SyslogSettings
from alert_core.components import Context, Format

__all__ = ["NetfilterFormat", "SshdFormat"]

Patterns = Sequence[Mapping[str, Any]]

_ADDRESS = r"(?P<source_address>\S+) port (?P<source_port>\d+)"
# Whoever logs in chooses the user name, so it goes on to the last place where what sshd itself writes may begin.
_SOMEONE = r"(?:(?P<invalid>invalid|illegal) user )?(?P<user>.*)"

SSHD: Patterns = (
    # What a client does to learn which methods there are.
    {"type": "auth-none", "regex": rf"^Failed none for {_SOMEONE} from {_ADDRESS}(?: ssh2?)?$"},
    {
        "type": "auth-failure",
        "regex": rf"^Failed (?P<method>\S+) for {_SOMEONE} from {_ADDRESS}(?: ssh2?)?(?:: .*)?$",
        "constants": {"action": "failed"},
    },
    {
        "type": "auth-success",
        "regex": rf"^Accepted (?P<method>\S+) for (?P<user>.*) from {_ADDRESS}(?: ssh2?)?(?:: (?P<key>.*))?$",
        "constants": {"action": "accepted", "severity": "information"},
    },
    {
        "type": "auth-limit",
        "regex": (
            rf"^(?:error: )?maximum authentication attempts exceeded for {_SOMEONE} from {_ADDRESS}"
            r"(?: ssh2?)?(?: \[preauth\])?$"
        ),
        "constants": {"severity": "minor"},
    },
    {
        "type": "auth-limit",
        "regex": (
            rf"^Disconnecting (?:(?P<invalid>invalid )|authenticating )?user (?P<user>.*) {_ADDRESS}"
            r": Too many authentication failures.*$"
        ),
        "constants": {"severity": "minor"},
    },
    {
        "type": "auth-limit",
        "regex": r"^Disconnecting: Too many authentication failures for (?P<user>.*?)(?: \[preauth\])?$",
        "constants": {"severity": "minor"},
    },
    {
        "type": "invalid-user",
        "regex": r"^(?:Invalid|Illegal) user (?P<user>.*) from (?P<source_address>\S+)(?: port (?P<source_port>\d+))?$",
    },
    {
        "type": "auth-summary",
        "regex": (
            r"^PAM (?P<more>\d+) more authentication failures?; .*rhost=(?P<source_address>\S*)(?:  ?user=(?P<user>.*))?\s*$"
        ),
    },
    {
        "type": "pam-failure",
        "regex": (
            r"^pam_\S+: authentication failure; .*rhost=(?P<source_address>\S*)(?:  ?user=(?P<user>.*))?\s*$"
        ),
    },
    {
        "type": "break-in-attempt",
        "regex": r"^reverse mapping .* \[(?P<source_address>\S+)\] failed - POSSIBLE BREAK-IN ATTEMPT!$",
        "constants": {"severity": "minor"},
    },
    {
        "type": "break-in-attempt",
        "regex": r"^Address (?P<source_address>\S+) maps to .*POSSIBLE BREAK-IN ATTEMPT!$",
        "constants": {"severity": "minor"},
    },
    {
        "type": "scan",
        "regex": r"^Did not receive identification string from (?P<source_address>\S+)(?: port (?P<source_port>\d+))?$",
    },
    {
        "type": "scan",
        "regex": (
            rf"^(?:error: )?(?:banner exchange: Connection from|Bad protocol version identification .* from) {_ADDRESS}.*$"
        ),
    },
    {
        "type": "scan",
        "regex": rf"^Unable to negotiate with {_ADDRESS}: (?P<reason>.*)$",
    },
    {
        "type": "disconnect",
        "regex": (
            r"^(?:error: )?(?:Connection (?:closed|reset)|Disconnected|Received disconnect|Disconnecting)(?: by| from)?"
            r"(?: (?P<invalid>invalid )?(?:authenticating )?user (?P<user>.*))? "
            r"(?P<source_address>(?=\S*[.:]\S*[.:])[0-9A-Fa-f.:%]*[0-9A-Fa-f])(?: port (?P<source_port>\d+))?"
            r"(?::.*)?(?: \[(?P<preauth>preauth)\])?$"
        ),
        "constants": {"severity": "information"},
    },
    {
        "type": "session-opened",
        "regex": r"^pam_unix\(sshd:session\): session opened for user (?P<user>[^\s(]+)",
        "constants": {"severity": "information"},
    },
    {
        "type": "session-closed",
        "regex": r"^pam_unix\(sshd:session\): session closed for user (?P<user>\S+)$",
        "constants": {"severity": "information"},
    },
)  # fmt: skip
"""What OpenSSH's server says about those who connect. Users and addresses come from the network: see "Hostile lines"."""

# Each key is looked for once, so that a line full of them costs no more than any other.
_PACKET = (
    r"IN=(?P<in>\S*) OUT=(?P<out>\S*) (?:(?>.*?MAC=)(?P<mac>\S*) )?(?>.*?SRC=)(?P<source_address>\S+) "
    r"DST=(?P<destination_address>\S+) (?>.*?PROTO=)(?P<protocol>\S+)"
    r"(?: SPT=(?P<source_port>\d+) DPT=(?P<destination_port>\d+)|(?>.*? TYPE=)(?P<icmp_type>\d+))?"
)
_CLOCK = r"^(?:\[ *[\d.]+\] ?)?"

NETFILTER: Patterns = (
    {
        "type": "firewall",
        "regex": rf"{_CLOCK}(?P<rule>.{{0,128}}?(?i:BLOCK|DROP|DENY|DENIED|REJECT).{{0,64}}?) ?{_PACKET}",
        "constants": {"action": "block"},
    },
    {
        "type": "firewall",
        "regex": rf"{_CLOCK}(?P<rule>.{{0,128}}?(?i:ACCEPT|ALLOW|PASS).{{0,64}}?) ?{_PACKET}",
        "constants": {"action": "allow"},
    },
    {"type": "firewall", "regex": rf"{_CLOCK}(?P<rule>.{{0,128}}?) ?{_PACKET}"},
)
"""What the kernel logs for a rule with LOG or `log`; the prefix of the rule says what was done, if anything does."""


# A header as it is mostly written, with the program in it.
@cache
def _sshd() -> re.Pattern[str]:
    return re.compile(r"(?:<\d{1,3}>)?(?:[^\s\[]+ +){2,5}sshd(?:-session|-auth)?(?:\[\d+\]: | \d+ \S+ )")


@cache
def _kernel() -> re.Pattern[str]:
    return re.compile(r"(?:<\d{1,3}>)?(?:[^\s\[]+ +){2,5}kernel(?:: |(?: \S+){3} )")


class _LinesFormat(SyslogFormat):
    """Syslog messages of some programs, by patterns.

    Attributes:
        of_programs: Whose messages the patterns are for; those of others become events of type `log`.
        patterns: As the format `pattern` has them, for the message without its header.
    """

    of_programs: ClassVar[tuple[str, ...]]
    patterns: ClassVar[Patterns]
    settings_model = FlatSettings

    def __init__(self, settings: FlatSettings, context: Context) -> None:
        super().__init__(SyslogSettings(**settings.model_dump(), programs=self.of_programs), context)

    def _inner(self) -> Format[Any]:
        settings = PatternSettings.model_validate({"time_format": "none", "patterns": self.patterns})
        return PatternFormat(settings, self.context)


class SshdFormat(_LinesFormat):
    """What OpenSSH's server writes to syslog: failed and accepted log-ins, invalid users, and the like.

    The computer is the one that was logged in to; who tried is `user`, from where is `source_address`.
    """

    name = "sshd"
    label = "OpenSSH server (syslog lines)"
    of_programs = ("sshd", "sshd-session", "sshd-auth")
    patterns = SSHD

    @classmethod
    def recognises(cls, text: str) -> bool:
        return _sshd().match(text) is not None


class NetfilterFormat(_LinesFormat):
    """Packets that a rule of iptables or nftables logged, from the kernel's syslog lines; also of ufw and firewalld."""

    name = "netfilter"
    label = "Linux firewall (netfilter, nftables)"
    of_programs = ("kernel",)
    patterns = NETFILTER

    @classmethod
    def recognises(cls, text: str) -> bool:
        return _kernel().match(text) is not None and "IN=" in text and " OUT=" in text and " PROTO=" in text
