from pathlib import Path

from alert_core.testing import ActionConformance
from alert_hello import HelloAction


class HelloConformance(ActionConformance):
    action = HelloAction
    settings = {"path": "out.txt"}
    unreachable = {"path": "/no/such/folder/out.txt"}

    def aim(self, host: str, port: int) -> None:
        """It writes to a file and never to the network."""

    def arrived(self) -> list[str]:
        return Path("out.txt").read_text(encoding="utf-8").splitlines()
