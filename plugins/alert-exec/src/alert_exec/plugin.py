"""The action type `exec`."""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from alert_core import Action, DeliveryError, Notification, Receipt, SecretError, Strength, hookimpl
from alert_exec.settings import ExecSettings

if TYPE_CHECKING:
    from alert_exec._process import Outcome, Run

ACCEPTED, TRY_AGAIN = 0, 75
"""What a program says by its exit code; 75 is EX_TEMPFAIL of sysexits.h."""

_SHORTEST_SECRET = 4


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
        "Linux only."
    )

    _run: Run | None = None

    def send(self, notification: Notification) -> Receipt:
        """Run the program; its exit code decides, the beginning of its output is kept."""
        from alert_exec._input import document, variables
        from alert_exec._program import locate

        if sys.platform != "linux":
            raise DeliveryError("programs can be run on Linux only", retryable=False)
        key = self.idempotency_key(notification)
        executable = locate(self.context.program_folder, self.settings.program)
        secrets = self._secrets()
        # More is captured than kept, so that a secret which stands across the end is recognised.
        spare = max((len(secret.encode("utf-8", "surrogateescape")) for secret in secrets.values()), default=0)
        environment = {**variables(notification, key), **secrets}
        outcome = self._execute(executable, document(notification, key), environment, self.settings.output_limit_bytes + spare)
        return self._answer(outcome, blot(outcome.output, secrets.values(), self.settings.output_limit_bytes))

    def close(self) -> None:
        """Kill the program if it still runs."""
        if self._run is not None:
            self._run.stop()

    def _secrets(self) -> dict[str, str]:
        try:
            return {name: self.context.reveal(secret) for name, secret in self.settings.environment.items()}
        except SecretError as error:
            raise DeliveryError(str(error)) from error

    def _execute(self, executable: Path, document: bytes, environment: dict[str, str], output_bytes: int) -> Outcome:
        from alert_exec._process import Limits, Run

        settings, folder = self.settings, self.context.state_folder
        limits = Limits(
            seconds=settings.time_limit_seconds,
            memory_bytes=settings.memory_limit_megabytes * 2**20,
            processes=settings.process_limit,
            output_bytes=output_bytes,
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._run = Run(executable, settings.arguments, environment=environment, folder=folder, limits=limits)
            return self._run.finish(document)
        except (OSError, ValueError) as error:
            raise self._not_started(error) from error

    def _not_started(self, error: OSError | ValueError) -> DeliveryError:
        code = getattr(error, "errno", None)
        reason = getattr(error, "strerror", None) or "its environment or arguments cannot be handed over"
        if code in (errno.ENOEXEC, errno.ENOENT):
            reason += "; a script must begin with its interpreter, such as #!/bin/sh"
        retryable = code not in (errno.ENOEXEC, errno.ENOENT, errno.EACCES, errno.E2BIG, None)
        return DeliveryError(f"program {self.settings.program!r} cannot be started: {reason}", retryable=retryable)

    def _answer(self, outcome: Outcome, output: str) -> Receipt:
        code, program = outcome.code, f"program {self.settings.program!r}"
        said = f": {output}" if output else ""
        if code == ACCEPTED:
            return Receipt(Strength.ACCEPTED, detail=f"exit code 0{said}")
        if code is None:
            raise DeliveryError(f"{program} was killed after {self.settings.time_limit_seconds:g} seconds{said}")
        if self._run is not None and self._run.stopped:
            raise DeliveryError(f"{program} was stopped{said}")
        if code < 0:
            raise DeliveryError(f"{program} was ended by {_signal_name(-code)}{said}", retryable=False)
        raise DeliveryError(f"{program} ended with exit code {code}{said}", retryable=code == TRY_AGAIN)


def blot(output: bytes, secrets: Iterable[str], limit: int) -> str:
    """The beginning of an output as one line of text, with asterisks for secrets that the program wrote."""
    from alert_exec._input import visible

    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            raw = secret.encode("utf-8", "surrogateescape")
            # Of the same length, so that nothing moves up from behind the end.
            output = output.replace(raw, b"*" * len(raw))
    return visible(output[:limit].decode("utf-8", "replace").strip())


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


@hookimpl
def alert_register_actions() -> list[type[ExecAction]]:
    """Offer the type."""
    return [ExecAction]
