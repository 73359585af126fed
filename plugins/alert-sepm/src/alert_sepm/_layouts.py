"""The layouts of the logs: which columns they have, in which order, and what stands between them without a label."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

__all__ = ["LAYOUTS", "Layout"]

_PEER = (
    "local", "local_address", "local_port", "local_mac", "local_name", "remote", "remote_address", "remote_name", "remote_port",
    "remote_mac",
)  # fmt: skip
_HASHES = ("sha256", "md5")
_CERTIFICATE = (
    "intensive_protection_level", "certificate_issuer", "certificate_signer", "certificate_thumbprint", "signing_timestamp",
    "certificate_serial_number",
)  # fmt: skip
_REPUTATION = (
    "disposition", "download_site", "web_domain", "downloaded_by", "prevalence", "confidence", "url_tracking_status",
)  # fmt: skip
_ACTIONS = ("description", "actual_action", "requested_action", "secondary_action", "event_time")
_TAIL = ("inserted", "ended", "last_update", "domain", "group", "server", "user", "source_computer", "source_address")


@dataclass(frozen=True)
class Layout:
    """One log.

    Attributes:
        name: What the attribute `log` says.
        order: The keys of its columns, in their usual order.
        marks: The keys of which one is enough to tell it from those after it.
        between: Key -> the columns that follow it without a label; the empty key stands for the beginning.
        split: Key -> how to tell its value and these apart when commas inside them make them too many; without it, the last of
            them takes the rest.
        last: The keys that a complete record may end with.
        network: Whether directions and protocols stand in it without a label.
    """

    name: str
    order: tuple[str, ...]
    marks: frozenset[str] = frozenset()
    between: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    split: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    last: frozenset[str] = frozenset()
    network: bool = False

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of its labelled columns."""
        return frozenset(self.order)


def _columns(*names: str) -> re.Pattern[str]:
    """Columns of which none but the one with a star holds commas."""
    return re.compile(
        ",".join(f"(?P<{name[:-1]}>.*)" if name[-1] == "*" else f"(?P<{name}>[^,]*)" for name in names), re.DOTALL
    )


LAYOUTS: Mapping[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout(
            "proactive",
            (
                "computer", "computer_address", "detection_type", "first_seen", "application_name", "application_type",
                "application_version", "hash_type", "application_hash", "company_name", "file_size", "sensitivity",
                "detection_score", "coh_engine_version", "permitted_application_reason", *_REPUTATION, "risk_level",
                "risk_type", "detected_by", "risk", "occurrences", "file_path", *_ACTIONS, *_TAIL, "location", *_CERTIFICATE,
            ),
            marks=frozenset({"detection_type", "detection_score", "coh_engine_version", "risk_level"}),
            between={
                "": ("event",),
                "coh_engine_version": ("detection_submissions", "permitted_application_reason"),
                "occurrences": ("file_path", "description"),
            },
            split={"occurrences": _columns("occurrences", "file_path*", "description")},
            last=frozenset({"certificate_serial_number", "location", "source_address"}),
        ),
        Layout(
            "risk",
            (
                "computer_address", "computer", "detected_by", "risk", "occurrences", "file_path", *_ACTIONS, *_TAIL,
                *_REPUTATION, "first_seen", "sensitivity", "permitted_application_reason", "application_hash",
                "hash_type", "company_name", "application_name", "application_version", "application_type", "file_size",
                "category_set", "category_type", "location", *_CERTIFICATE,
            ),
            marks=frozenset({"risk", "actual_action", "requested_action", "secondary_action", "category_set"}),
            between={
                "": ("event",),
                "occurrences": ("file_path", "description"),
                "sensitivity": ("permitted_application_reason",),
            },
            split={"occurrences": _columns("occurrences", "file_path*", "description")},
            last=frozenset({"certificate_serial_number", "location", "category_type", "source_address"}),
        ),
        Layout(
            "client-system",
            ("category", "description", "event_time", "group"),
            marks=frozenset({"category"}),
            between={"": ("computer",), "category": ("component", "description")},
            last=frozenset({"event_time", "group"}),
        ),
        Layout(
            "security",
            (
                "description", *_PEER, "intrusion_id", "begun", "ended", "occurrences", "application", "location", "user",
                "domain", "local_port", "remote_port", "signature_id", "signature", "signature_sub_id", "intrusion_url",
                "intrusion_payload_url", "url_category", "url_risk", *_HASHES,
            ),
            marks=frozenset({"signature_sub_id", "signature_id", "signature", "intrusion_id", "intrusion_url"}),
            between={"": ("computer",), "remote_mac": ("intrusion_id",)},
            last=frozenset({"md5", "url_risk", "intrusion_payload_url", "signature_sub_id"}),
            network=True,
        ),
        Layout(
            "scan",
            (
                "scan_id", "begun", "ended", "duration_seconds", "user", "user2", "end_message", "command", "threats",
                "infected", "total_files", "omitted", "computer", "computer_address", "domain", "group", "server",
            ),
            marks=frozenset({"scan_id", "end_message", "total_files"}),
            between={"ended": ("state",), "user2": ("start_message",)},
            last=frozenset({"server"}),
        ),
        Layout(
            "traffic",
            (
                *_PEER, "begun", "ended", "occurrences", "application", "rule", "location", "user", "domain", "action",
                *_HASHES,
            ),
            between={"": ("computer",)},
            last=frozenset({"md5", "action"}),
            network=True,
        ),
        Layout(
            "packet",
            (*_PEER, "application", "action"),
            between={"": ("computer",)},
            last=frozenset({"action"}),
            network=True,
        ),
        Layout(
            "behavior",
            ("begun", "ended", "rule", "user", "domain", "action_type", "file_size", "device_id"),
            marks=frozenset({"action_type", "device_id"}),
            between={
                "": ("computer", "computer_address", "action", "description", "operation"),
                "rule": ("caller_process_id", "application", "return_address", "return_module", "target"),
            },
            split={
                "": _columns("computer", "computer_address", "action", "description*", "operation"),
                "rule": re.compile(
                    r"(?P<rule>.*?),(?P<caller_process_id>\d+),(?P<application>.*?),(?P<return_address>\d+|0x[0-9A-Fa-f]+)"
                    r",(?P<return_module>[^,]*),(?P<target>.*)",
                    re.DOTALL,
                ),
            },
            last=frozenset({"device_id", "domain"}),
        ),
        Layout(
            "policy",
            ("site", "server", "domain", "admin", "description"),
            between={"admin": ("description", "policy"), "description": ("policy",)},
            split={"admin": _columns("admin", "description*", "policy"), "description": _columns("description*", "policy")},
        ),
        Layout(
            "administrative",
            ("site", "server", "domain", "admin", "description"),
            between={"admin": ("description",)},
        ),
        Layout(
            "activity",
            ("site", "server", "domain", "description"),
            between={
                "domain": ("description", "computer", "user", "user_domain"),
                "description": ("computer", "user", "user_domain"),
            },
            split={
                "domain": _columns("domain", "description*", "computer", "user", "user_domain"),
                "description": _columns("description*", "computer", "user", "user_domain"),
            },
        ),
        Layout("system", ("site", "server", "description"), between={"server": ("description",)}),
    )
}  # fmt: skip
"""The twelve logs by their names."""
