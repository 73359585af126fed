"""The folder that the demo leaves behind: the example configuration, its program and its log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

__all__ = ["LOG", "fill"]

LOG = "auth.log"
_PROGRAM = "block-host"


def fill(folder: Path, ports: Mapping[str, int]) -> None:
    """Write the example into a folder.

    Args:
        folder: An empty folder.
        ports: Channel -> where its receiver listens on loopback.
    """
    example = files("alert_demo") / "example"
    configuration = (example / "alert.toml").read_text(encoding="utf-8")
    for shown, real in _places(folder, ports).items():
        configuration = configuration.replace(shown, real)
    (folder / "alert.toml").write_text(configuration, encoding="utf-8")
    (folder / LOG).write_bytes((example / LOG).read_bytes())
    (folder / "bin").mkdir()
    program = folder / "bin" / _PROGRAM
    program.write_bytes((example / "bin" / _PROGRAM).read_bytes())
    # The exec action refuses what anybody could exchange, and a wheel does not keep that a file is executable.
    for path in (folder / "bin", program):
        path.chmod(0o755)


def _places(folder: Path, ports: Mapping[str, int]) -> dict[str, str]:
    """What the example shows, which is valid as it stands -> what it is here."""
    return {
        # A JSON string is a TOML string as well.
        '"/var/log/auth.log"': json.dumps(str(folder / LOG), ensure_ascii=False),
        "port = 8025": f"port = {ports['email']}",
        "127.0.0.1:8080": f"127.0.0.1:{ports['web']}",
        "port = 8514": f"port = {ports['syslog']}",
        "port = 8162": f"port = {ports['snmp']}",
    }
