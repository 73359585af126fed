"""One connection, as requests and answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import h11

from alert_web.receiver._fault import Fault

__all__ = ["Gone", "Wire"]

_MOST_HEAD_BYTES = 16 * 1024
_PIECE_BYTES = 64 * 1024
_ANSWER_SECONDS = 10.0
_LAST_WORDS_SECONDS = 2.0


class Gone(Exception):
    """Nobody is at the other end any more."""


class Wire:
    """Reads requests from a connection and writes answers to it.

    Args:
        reader: What comes.
        writer: What goes.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=_MOST_HEAD_BYTES)
        self._bodiless = False

    async def begin(self) -> bool:
        """Wait for the first bytes of the next request; says whether there is one."""
        if not self._h11.trailing_data[0]:
            data = await self._receive()
            self._h11.receive_data(data)
            return bool(data)
        return True

    async def head(self) -> h11.Request:
        """The next request, without its body.

        Raises:
            Fault: It is none.
            Gone: There is none.
        """
        event = await self._event()
        if not isinstance(event, h11.Request):
            raise Gone
        self._bodiless = event.method == b"HEAD"
        if event.http_version not in (b"1.0", b"1.1"):
            raise Fault(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "HTTP/1.1 is spoken here")
        if sum(len(name) + len(value) + 4 for name, value in event.headers) > _MOST_HEAD_BYTES:
            raise Fault(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"the headers are larger than {_MOST_HEAD_BYTES} bytes")
        if {b"transfer-encoding", b"content-length"} <= {name for name, _ in event.headers}:
            # Some would read one, some the other, and disagree where the next request begins.
            raise Fault(HTTPStatus.BAD_REQUEST, "Content-Length and Transfer-Encoding contradict each other")
        return event

    async def body(self) -> AsyncIterator[bytes]:
        """The body of the request, piece by piece; who waits for a word to go on gets it.

        Raises:
            Fault: It is not framed as it should be.
            Gone: The rest does not come.
        """
        while isinstance(event := await self._event(), h11.Data):
            yield bytes(event.data)
        if not isinstance(event, h11.EndOfMessage):
            raise Gone

    async def answer(self, status: HTTPStatus, content: Mapping[str, Any], headers: Mapping[str, str], *, last: bool) -> bool:
        """Answer the request; says whether another one may come over this connection.

        Args:
            status: The status.
            content: The body.
            headers: More of them.
            last: Whether nothing more is wanted after it.

        Raises:
            Gone: The answer cannot be sent.
        """
        text = json.dumps(content).encode() + b"\n"
        read = self._h11.their_state is h11.DONE
        head = {
            "Date": formatdate(usegmt=True),
            "Content-Type": "application/json",
            "Content-Length": str(len(text)),
            **headers,
            **({"Connection": "close"} if last or not read else {}),
        }
        response = h11.Response(status_code=status, reason=status.phrase, headers=list(head.items()))
        await self._send(response, *([] if self._bodiless else [h11.Data(data=text)]), h11.EndOfMessage())
        if self._h11.our_state is h11.DONE and read:
            self._h11.start_next_cycle()
            return True
        await self._take_leave()
        return False

    async def _event(self) -> object:
        try:
            while (event := self._h11.next_event()) is h11.NEED_DATA:
                if self._h11.they_are_waiting_for_100_continue:
                    await self._send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
                self._h11.receive_data(await self._receive())
        except h11.RemoteProtocolError as error:
            raise Fault(HTTPStatus(error.error_status_hint), f"not HTTP as it should be: {error}") from error
        else:
            return event

    async def _receive(self) -> bytes:
        try:
            return await self._reader.read(_PIECE_BYTES)
        except OSError as error:
            raise Gone from error

    async def _send(self, *events: Any) -> None:
        try:
            self._writer.write(b"".join(self._h11.send(event) or b"" for event in events))
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._writer.drain()
        except (OSError, TimeoutError) as error:
            raise Gone from error

    async def _take_leave(self) -> None:
        """Read on for a moment: a connection closed on what was not read would take the answer with it."""
        with suppress(OSError, TimeoutError):
            if self._writer.can_write_eof():
                self._writer.write_eof()
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                while await self._reader.read(_PIECE_BYTES):
                    pass
