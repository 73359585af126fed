"""What happens over one connection: request by request, from the head to the answer."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from alert_web.receiver._body import Body, Budget, check_length
from alert_web.receiver._fault import Fault
from alert_web.receiver._gate import Gate, Proof, Visitor
from alert_web.receiver._keeper import Keeper, Kept, Request, behind
from alert_web.receiver._records import media_type, records_of
from alert_web.receiver._wire import Gone, Wire
from alert_web.receiver.settings import WebSourceSettings

if TYPE_CHECKING:
    import h11

__all__ = ["Connection", "House"]

_IDLE_SECONDS = 75.0
_KEY_CHARACTERS = 200


@dataclass(frozen=True)
class House:
    """What all connections share.

    Attributes:
        settings: The source's.
        gate: Who may send.
        keeper: Keeps what is sent.
        budget: How much may be in memory.
        closing: Whether nothing more is wanted.
    """

    settings: WebSourceSettings
    gate: Gate
    keeper: Keeper
    budget: Budget
    closing: Callable[[], bool]


class Connection:
    """One connection.

    Args:
        wire: Its requests and answers.
        visitor: Who is at the other end.
        house: What it shares with the others.
        served: Called whenever a request was answered.

    Attributes:
        idle: Whether it waits for a request.
        keeping: Whether it waits for the disk.
    """

    def __init__(self, wire: Wire, visitor: Visitor, house: House, served: Callable[[], None]) -> None:
        self._wire, self._visitor, self._house, self._served = wire, visitor, house, served
        self.idle, self.keeping = True, False

    async def serve(self) -> None:
        """Answer request after request, until there are no more."""
        try:
            while await self._begun() and await self._exchange():
                self._served()
        except Gone:
            return

    async def _begun(self) -> bool:
        self.idle = True
        try:
            async with asyncio.timeout(_IDLE_SECONDS):
                return await self._wire.begin() and not self._house.closing()
        except TimeoutError:
            return False
        finally:
            self.idle = False

    async def _exchange(self) -> bool:
        """Answer one request; says whether another may follow."""
        try:
            kept = await self._take()
        except Fault as fault:
            return await self._wire.answer(fault.status, fault.content, fault.headers, last=False)
        content = {"kept": kept.kept, "repeated": kept.repeated}
        return await self._wire.answer(HTTPStatus.OK, content, {}, last=self._house.closing())

    async def _take(self) -> Kept:
        limit = self._house.settings.wait_seconds
        with ExitStack() as held:
            try:
                async with asyncio.timeout(limit):
                    asked = self._admitted(await self._wire.head())
                    held.callback(asked.body.release)
                    async for piece in self._wire.body():
                        asked.feed(piece)
            except TimeoutError as error:
                raise Fault(HTTPStatus.REQUEST_TIMEOUT, f"the request did not arrive within {limit:g} seconds") from error
            return await self._keep(asked.finish(self._visitor.address, self._house.settings.max_records))

    async def _keep(self, request: Request) -> Kept:
        self.keeping = True
        try:
            return await self._house.keeper.keep(request)
        finally:
            self.keeping = False

    def _admitted(self, request: h11.Request) -> _Asked:
        """What is asked, as far as it may be; its body is still to come."""
        settings, headers = self._house.settings, _headers(request)
        proof = self._house.gate.admit(self._visitor, headers)
        if _path(request) != settings.path:
            raise Fault(HTTPStatus.NOT_FOUND, "there is nothing at this path")
        if request.method != b"POST":
            raise Fault(HTTPStatus.METHOD_NOT_ALLOWED, "events are sent with POST", headers={"Allow": "POST"})
        kind = media_type(headers.get("content-type", ""))
        body = Body(headers.get("content-encoding", ""), limit_bytes=settings.max_body_bytes, budget=self._house.budget)
        check_length(headers, settings.max_body_bytes)
        if self._house.keeper.behind:
            raise behind()
        return _Asked(headers, kind, body, proof)


@dataclass(frozen=True)
class _Asked:
    """A request whose head is all right.

    Attributes:
        headers: By their names in lower case.
        kind: What the body is; see `media_type`.
        body: Collects it.
        proof: What it has to prove, if anything.
    """

    headers: Mapping[str, str]
    kind: str
    body: Body
    proof: Proof | None

    def feed(self, piece: bytes) -> None:
        """Take a piece of the body."""
        self.body.feed(piece)
        if self.proof:
            self.proof.update(piece)

    def finish(self, sender: str, most: int) -> Request:
        """What is to be kept.

        Raises:
            Fault: The signature or the body is wrong.
        """
        once = self.proof.finish() if self.proof else None
        content = self.body.finish()
        return Request(
            records=records_of(content, self.kind, most=most), sender=sender, key=_key(self.headers, content), once=once
        )


def _headers(request: h11.Request) -> Mapping[str, str]:
    """The headers by their names in lower case; what stands there several times is joined."""
    headers: dict[str, str] = {}
    for name, value in request.headers:
        text, key = value.decode("latin-1"), name.decode("ascii")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _path(request: h11.Request) -> str:
    try:
        return unquote(urlsplit(request.target.decode("latin-1")).path)
    except ValueError as error:
        raise Fault(HTTPStatus.BAD_REQUEST, "the target of the request is no URL") from error


def _key(headers: Mapping[str, str], content: bytes) -> str:
    """By what a request is known that comes again: the sender's key for it, and what it carries."""
    given = headers.get("idempotency-key", "")[:_KEY_CHARACTERS]
    return f"request/{given}/{hashlib.sha256(content).hexdigest()}" if given else ""
