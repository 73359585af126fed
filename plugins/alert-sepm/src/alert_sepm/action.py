"""The action `sepm`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from alert_core import Action, Notification, Receipt, Strength
from alert_sepm.settings import SepmActionSettings

if TYPE_CHECKING:
    from alert_sepm._api import Manager
    from alert_sepm._post import Composer

__all__ = ["SepmAction"]


class SepmAction(Action[SepmActionSettings]):
    """Post an external notification into Symantec Endpoint Protection Manager, where its administrators look anyway."""

    name = "sepm"
    label = "Notification in Symantec Endpoint Protection Manager"
    instructions: ClassVar[str] = (
        "The manager must be version 14 or later, its web services must be reachable from this computer (TCP port 8446), and "
        "the administrator's account must be allowed to use them. Its certificate must be trusted here: export it from the "
        "manager and set tls.ca_file, unless an authority that this computer trusts has signed it."
    )

    _manager: Manager | None = None
    _composer: Composer | None = None

    def declines(self, notification: Notification) -> str:
        """What closes, unless the settings say that it is told."""
        return "" if self.settings.on_close else super().declines(notification)

    def send(self, notification: Notification) -> Receipt:
        """Post it; the manager says yes, but not under which name it keeps it."""
        from alert_sepm._api import Manager
        from alert_sepm._post import Composer

        if self._manager is None or self._composer is None:
            self._manager = Manager(self.settings, self.context.reveal, name=self.context.name)
            self._composer = Composer(self.settings)
        fields, remarks = self._composer.compose(notification)
        self._manager.post_notification(fields)
        return Receipt(Strength.ACCEPTED, remote_id=f"{self.settings.server}:{self.settings.port}", detail=remarks)

    def close(self) -> None:
        """Give the connection up."""
        if self._manager is not None:
            self._manager.close()
