"""The action type `exec`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from alert_core import Action, Context, DeliveryError, Notification, Receipt, hookimpl
from alert_exec.settings import ExecSettings

if TYPE_CHECKING:
    from alert_exec._runner import Runner

_LINUX_ONLY = "programs can be run on Linux only; batch files and other systems are not supported"


class ExecAction(Action[ExecSettings]):
    """Run a program of your own, with the notification as JSON on its standard input and in variables.

    The program lies in the folder `bin` beside `alert.toml`. It runs without a shell, with a minimal environment and with
    limits on time, memory, processes and output.
    """

    name = "exec"
    label = "Executable"
    instructions: ClassVar[str] = (
        "Put an executable file into the folder bin beside alert.toml and name it here without any path. It needs no desktop "
        "and no terminal. A script must begin with the line that names its interpreter, such as #!/bin/sh. Exit code 0 says "
        "that the notification was taken, 75 that it should be tried again later, any other that it failed for good. "
        "When the program ends, all that it started is ended, too. Linux only; batch files are not supported."
    )

    def __init__(self, settings: ExecSettings, context: Context) -> None:
        super().__init__(settings, context)
        self._runner: Runner | None = None

    def check(self) -> Sequence[str]:
        """What is wrong with the program, the account, or an argument."""
        if sys.platform != "linux":
            return [_LINUX_ONLY]
        from alert_exec._account import account
        from alert_exec._arguments import mistakable
        from alert_exec._program import locate

        faults = list(mistakable(self.settings.arguments))
        try:
            locate(self.context.program_folder, self.settings.program)
            account(self.settings.run_as)
        except DeliveryError as error:
            faults.append(str(error))
        return faults

    def declines(self, notification: Notification) -> str:
        """What closes is none of its business, unless `on_close` is set."""
        return "" if self.settings.on_close else super().declines(notification)

    def send(self, notification: Notification) -> Receipt:
        """Run the program; its exit code decides, the beginning of its output is kept."""
        if sys.platform != "linux":
            raise DeliveryError(_LINUX_ONLY, retryable=False)
        from alert_exec._runner import Runner

        if self._runner is None:
            self._runner = Runner(self.settings, self.context)
        return self._runner.run(notification, self.idempotency_key(notification))

    def close(self) -> None:
        """Kill the program if it still runs."""
        if self._runner is not None:
            self._runner.close()


@hookimpl
def alert_register_actions() -> list[type[ExecAction]]:
    """Offer the type."""
    return [ExecAction]
