"""Why a request is not taken."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

__all__ = ["Fault", "busy"]

_NOTHING: Mapping[str, str] = {}
_NOWHERE: Mapping[str, int] = {}


class Fault(Exception):
    """A request is refused.

    Args:
        status: The status to answer.
        problem: What is wrong, for the sender.
        headers: What the answer has besides.
        place: Where in the body it is wrong: `offset` in bytes, `line`, `record`; all but the offset begin at 1.
    """

    def __init__(
        self, status: HTTPStatus, problem: str, *, headers: Mapping[str, str] = _NOTHING, place: Mapping[str, int] = _NOWHERE
    ) -> None:
        super().__init__(problem)
        self.status, self.problem, self.headers, self.place = status, problem, headers, place

    @property
    def content(self) -> Mapping[str, Any]:
        """What the answer says."""
        return {"fault": self.problem, **self.place}


def busy(problem: str, *, seconds: int, status: HTTPStatus = HTTPStatus.TOO_MANY_REQUESTS) -> Fault:
    """The same request may be taken later."""
    return Fault(status, problem, headers={"Retry-After": str(seconds)})
