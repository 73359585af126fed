from pathlib import Path

from pydantic import Field

from alert_core import Action, DeliveryError, Notification, Receipt, Settings, Strength, hookimpl


class HelloSettings(Settings):
    path: Path = Field(title="File", description="Receives one line per notification.")


class HelloAction(Action[HelloSettings]):
    """Append the subject of each notification to a file."""

    name = "hello"
    label = "Append to a file"

    def send(self, notification: Notification) -> Receipt:
        try:
            with self.settings.path.open("a", encoding="utf-8") as out:
                out.write(f"{notification.subject}\n")
        except OSError as error:
            raise DeliveryError(f"cannot append to {self.settings.path}: {error.strerror}") from error
        return Receipt(Strength.ACCEPTED)


@hookimpl
def alert_register_actions() -> list[type[HelloAction]]:
    return [HelloAction]
