"""From a notification to a run of the program, and from its end to a receipt."""

from __future__ import annotations

import errno
import os
import signal

from alert_core import Context, DeliveryError, Notification, Receipt, SecretError, Strength
from alert_exec._account import Account, account
from alert_exec._arguments import Arguments
from alert_exec._input import document, variables
from alert_exec._limits import Limits
from alert_exec._output import blot, encoded, signal_name
from alert_exec._process import Launcher, LostError, Order, Outcome, StoppedError
from alert_exec._program import locate
from alert_exec.settings import ExecSettings

ACCEPTED, TRY_AGAIN = 0, 75
"""What a program says by its exit code; 75 is EX_TEMPFAIL of sysexits.h."""

# What stays as it is until somebody changes the program or the settings.
_HOPELESS = (errno.ENOEXEC, errno.ENOENT, errno.EACCES, errno.E2BIG, None)


class Runner:
    """Runs the program of one action, whenever there is a notification.

    Args:
        settings: How it is called, and what it may use.
        context: Where it lies, and where it runs.
    """

    def __init__(self, settings: ExecSettings, context: Context) -> None:
        self._settings, self._context = settings, context
        self._arguments = Arguments(settings.arguments)
        self._launcher = Launcher()
        self._name = f"program {settings.program!r}"

    def run(self, notification: Notification, key: str) -> Receipt:
        """Run it for one notification.

        Raises:
            DeliveryError: It was not run, or did not take the notification.
        """
        own = self._secrets()
        secrets, limit = encoded(own.values()), self._settings.output_limit_bytes
        # More is captured than kept, so that a secret which stands across the end is recognised.
        spare = max(map(len, secrets), default=0)
        order = self._order(notification, {**variables(notification, key), **own}, limit + spare)
        outcome = self._execute(order, document(notification, key))
        return self._answer(outcome, blot(outcome.output, secrets, limit))

    def close(self) -> None:
        """Kill the program if it runs, and what it started."""
        self._launcher.close()

    def _secrets(self) -> dict[str, str]:
        try:
            return {name: self._context.reveal(secret) for name, secret in self._settings.environment.items()}
        except SecretError as error:
            raise DeliveryError(str(error)) from error

    def _order(self, notification: Notification, environment: dict[str, str], output_bytes: int) -> Order:
        settings, who = self._settings, account(self._settings.run_as)
        if who.change and os.geteuid() != 0:
            problem = f"run_as: a program can be run as {settings.run_as!r} only when alert is started as root"
            raise DeliveryError(problem, retryable=False)
        executable = locate(self._context.program_folder, settings.program)
        return Order(
            command=[str(executable), *self._arguments.fill(notification)],
            environment={**dict(who.variables), **environment},
            folder=self._context.state_folder,
            account=who,
            limits=Limits(
                seconds=settings.time_limit_seconds,
                cpu_seconds=settings.cpu_limit_seconds,
                memory_bytes=settings.memory_limit_megabytes * 2**20,
                processes=settings.process_limit,
                output_bytes=output_bytes,
            ),
        )

    def _execute(self, order: Order, given: bytes) -> Outcome:
        self._make_folder(order.account)
        try:
            return self._launcher.run(order, given)
        except StoppedError as error:
            raise DeliveryError(f"{self._name} was stopped") from error
        except LostError as error:
            raise DeliveryError(f"{self._name} was lost: {error}") from error
        except OSError as error:
            raise self._not_started(error) from error

    def _make_folder(self, who: Account) -> None:
        folder = self._context.state_folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if who.change and folder.stat().st_uid != who.user:
                os.chown(folder, who.user, who.group, follow_symlinks=False)
        except OSError as error:
            raise DeliveryError(f"the state folder {folder} cannot be used: {error.strerror}") from error

    def _not_started(self, error: OSError) -> DeliveryError:
        reason = error.strerror or str(error)
        if error.errno in (errno.ENOEXEC, errno.ENOENT):
            reason += "; a script must begin with its interpreter, such as #!/bin/sh"
        if error.errno == errno.EACCES and self._settings.run_as:
            reason += f"; user {self._settings.run_as!r} must be able to read it and to enter its folder"
        return DeliveryError(f"{self._name} cannot be started: {reason}", retryable=error.errno not in _HOPELESS)

    def _answer(self, outcome: Outcome, output: str) -> Receipt:
        code, said = outcome.code, f": {output}" if output else ""
        if outcome.killed and self._launcher.closed:
            raise DeliveryError(f"{self._name} was stopped{said}")
        if outcome.killed:
            raise DeliveryError(f"{self._name} was killed after {self._settings.time_limit_seconds:g} seconds{said}")
        if code == ACCEPTED:
            return Receipt(Strength.ACCEPTED, detail=f"exit code 0{said}")
        if code < 0:
            raise DeliveryError(f"{self._name} was ended by {_cause(-code)}{said}", retryable=False)
        raise DeliveryError(f"{self._name} ended with exit code {code}{said}", retryable=code == TRY_AGAIN)


def _cause(number: int) -> str:
    return signal_name(number) + (", its cpu_limit_seconds are used up" if number == signal.SIGXCPU else "")
