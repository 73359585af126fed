"""Who has a notification already and who has not: what is remembered between two attempts to deliver it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alert_core import DeliveryError, Receipt, Strength

__all__ = ["Progress"]


class Progress(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a mail has come.

    Attributes:
        replies: What the server said each time when it took the mail for some.
        refused: Who cannot be told, and why.
        later: Who is to be told yet because the server refused them for now, and why.
    """

    replies: tuple[str, ...] = ()
    refused: dict[str, str] = {}
    later: dict[str, str] = {}

    @classmethod
    def read(cls, text: str, recipients: Sequence[str]) -> Progress:
        """What an earlier attempt wrote, without who is no longer a recipient; unreadable, nothing has happened yet."""
        if not text:
            return cls()
        try:
            kept = msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError:
            return cls()
        later = {address: reply for address, reply in kept.later.items() if address in recipients}
        return msgspec.structs.replace(kept, later=later) if later or kept.replies else cls()

    def write(self) -> str:
        """Give it to the core in this form."""
        return msgspec.json.encode(self).decode()

    def after(self, reply: str, refused: dict[str, str], later: dict[str, str]) -> Progress:
        """How far it has come after another attempt.

        Args:
            reply: The server's words when it took the mail; empty when it took it for nobody.
            refused: Who was refused for good.
            later: Who was refused for now.
        """
        replies = (*self.replies, reply) if reply else self.replies
        return Progress(replies=replies, refused=self.refused | refused, later=later)

    @property
    def begun(self) -> bool:
        """Whether an earlier attempt told somebody or asked for somebody."""
        return bool(self.replies or self.later)

    def judged(self, place: str) -> Receipt:
        """The end of an attempt, or of all of them.

        Args:
            place: Whom to name in an error.

        Raises:
            DeliveryError: Somebody is left, or nobody has it.
        """
        if self.later:
            raise DeliveryError(f"{place}: {self._words()}", progress=self.write())
        if not self.replies:
            raise DeliveryError(f"{place} refuses every recipient: {_listed(self.refused)}", retryable=False)
        return Receipt(Strength.ACCEPTED, remote_id="; ".join(self.replies), detail=self._words())

    def kept_over(self, error: DeliveryError) -> DeliveryError:
        """The same error, after which the next attempt still knows how far this has come."""
        problem = f"{error}; before that: {self._words()}" if self._words() else str(error)
        return DeliveryError(problem, retryable=error.retryable, retry_after=error.retry_after, progress=self.write())

    def _words(self) -> str:
        """Everybody who does not have it, and why."""
        parts = (("refused for now", self.later), ("refused", self.refused))
        return "; ".join(f"{how} {_listed(who)}" for how, who in parts if who)


def _listed(answers: dict[str, str]) -> str:
    return ", ".join(f"{address}: {reply}" for address, reply in answers.items())
