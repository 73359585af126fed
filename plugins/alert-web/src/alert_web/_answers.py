"""What a server's answer means."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from alert_core import DeliveryError

if TYPE_CHECKING:
    from requests import Response

__all__ = ["TRY_AGAIN", "Refusal", "clean", "refusal", "retry_after", "status_line", "trouble"]

TRY_AGAIN = frozenset({408, 425, 429, *range(500, 600)})
"""The statuses after which another attempt can help; any other that does not mean yes is final."""


class Refusal(DeliveryError):
    """A server answered, and not with yes."""

    def __init__(self, problem: str, *, status: int, wait: float | None = None) -> None:
        super().__init__(problem, retryable=status in TRY_AGAIN, retry_after=wait)
        self.status = status

    @property
    def about_content(self) -> bool:
        """Whether another content might be taken: the refusal is final, and not about who asks."""
        return 400 <= self.status < 500 and self.status not in TRY_AGAIN | {401, 407}


def status_line(response: Response) -> str:
    """Such as `204 No Content`."""
    return f"{response.status_code} {clean(response.reason)}".strip()


def refusal(place: str, response: Response) -> Refusal:
    """The error for an answer other than 200 to 299."""
    status, answers = response.status_code, f"{place} answers {status_line(response)}"
    if 300 <= status < 400:
        target = clean(response.headers.get("Location"))
        advice = f"points to {target!r}, which is not followed; set the url to where it leads"
        return Refusal(f"{answers} and {advice}", status=status)
    wait = retry_after(response.headers.get("Retry-After", "")) if status in TRY_AGAIN else None
    return Refusal(answers, status=status, wait=wait)


def retry_after(text: str) -> float | None:
    """Seconds to wait, from seconds or from a date."""
    if text.strip().isdecimal() and len(text) < 10:
        return float(text)
    try:
        date = parsedate_to_datetime(text)
        return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError):
        return None


def trouble(error: BaseException, seconds: float) -> str:
    """What is wrong with a place that does not answer, for the error at the bottom of it."""
    if isinstance(error, TimeoutError):
        return f"did not answer within {seconds:g} seconds"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"cannot be trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"cannot be trusted: {error.reason or 'TLS failed'}"
    return f"cannot be used: {getattr(error, 'strerror', None) or type(error).__name__}"


def clean(text: str | None) -> str:
    """A server's words in one line, without control characters, not longer than a person reads."""
    return "".join(c if c.isprintable() else " " for c in (text or "")[:300]).strip()
