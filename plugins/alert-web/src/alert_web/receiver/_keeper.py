"""Puts what requests carry on disk, many requests with one wait for the disk, and each thing once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus

from alert_core import Batch, Cursor, Push
from alert_web.receiver._fault import Fault, busy
from alert_web.receiver._memory import Memory
from alert_web.receiver._records import Records

__all__ = ["Keeper", "Kept", "Request"]

_MOST_RECORDS = 10_000
_BEHIND_SECONDS = 1.0
_PATIENCE_SECONDS = 5.0
_RETRY_SECONDS = 5


@dataclass(frozen=True)
class Kept:
    """What became of a request.

    Attributes:
        kept: How many of its records are on disk now because of it.
        repeated: How many were before, and do not count again.
    """

    kept: int
    repeated: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Request:
    """What a request asks to be kept.

    Attributes:
        records: Its records.
        sender: The address that it came from.
        key: By what a repeated one is known; empty if there is nothing.
        once: What must not come a second time, with the seconds for which it is remembered.
    """

    records: Records
    sender: str
    key: str = ""
    once: tuple[str, float] | None = None
    answer: asyncio.Future[Kept | Fault] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Keeper:
    """Takes requests one after the other, and says of each when it is safe.

    Args:
        push: The source's.
        memory: Opens the memory; called in the thread that uses it.
        remember_seconds: How long records and keys are remembered; 0: not at all.
    """

    def __init__(self, push: Push, memory: Callable[[], Memory], *, remember_seconds: float) -> None:
        self._push, self._open_memory, self._remember = push, memory, remember_seconds
        self._waiting: list[Request] = []
        self._arrived = asyncio.Event()
        self._began: float | None = None
        self._ending = False
        self._position = 0

    @property
    def behind(self) -> bool:
        """Whether it would take long now."""
        return self._began is not None and asyncio.get_running_loop().time() - self._began > _BEHIND_SECONDS

    async def keep(self, request: Request) -> Kept:
        """Wait until a request is safe.

        Raises:
            Fault: It is not, and nothing of it was kept; only with status 503 it may have been, or will be.
        """
        if self._ending:
            raise _closing()
        self._waiting.append(request)
        self._arrived.set()
        await asyncio.wait([request.answer], timeout=_PATIENCE_SECONDS)
        if request in self._waiting:
            self._waiting.remove(request)
            raise behind()
        if not request.answer.done():
            problem = "it takes too long to say whether this is kept; send it again later, with the same Idempotency-Key"
            raise busy(problem, seconds=_RETRY_SECONDS, status=HTTPStatus.SERVICE_UNAVAILABLE)
        answer = request.answer.result()
        if isinstance(answer, Fault):
            raise answer
        return answer

    async def run(self) -> None:
        """Keep what comes, until `end` is called and all is kept.

        Raises:
            SourceError: The disk does not take it; those who wait are told so.
        """
        with ThreadPoolExecutor(1, "web-keeper") as thread:
            loop = asyncio.get_running_loop()
            taken: list[Request] = []
            memory = await loop.run_in_executor(thread, self._open_memory)
            try:
                while not (self._ending and not self._waiting):
                    await self._arrived.wait()
                    self._arrived.clear()
                    while taken := self._take():
                        self._began = loop.time()
                        answers = await loop.run_in_executor(thread, self._keep, taken, memory)
                        self._began = None
                        _answer(taken, answers)
            finally:
                self._ending = True
                _answer(taken + self._waiting, [_closing()] * (len(taken) + len(self._waiting)))
                await loop.run_in_executor(thread, memory.close)

    def end(self) -> None:
        """Take nothing more."""
        self._ending = True
        self._arrived.set()

    def _take(self) -> list[Request]:
        count = total = 0
        for request in self._waiting:
            total += len(request.records.records)
            if count and total > _MOST_RECORDS:
                break
            count += 1
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    def _keep(self, requests: Sequence[Request], memory: Memory) -> list[Kept | Fault]:
        """In the thread: one batch of all that is new."""
        chosen = _Choice(memory, self._remember)
        answers = [chosen.take(request) for request in requests]
        if chosen.identities:
            memory.note(chosen.identities.items(), self._push.cursor)
        if chosen.records or chosen.lost:
            start = Cursor("received", self._position)
            self._position += len(chosen.records)
            end = Cursor("received", self._position)
            self._push(Batch(tuple(chosen.records), start, end, tuple(chosen.senders), chosen.lost))
        return answers


class _Choice:
    """What is new in some requests."""

    def __init__(self, memory: Memory, remember_seconds: float) -> None:
        self._memory, self._remember = memory, remember_seconds
        self.records: list[bytes] = []
        self.senders: list[str] = []
        self.lost = 0
        self.identities: dict[str, float] = {}

    def take(self, request: Request) -> Kept | Fault:
        """Choose the records of a request that are new."""
        total = len(request.records.records)
        if request.once:
            identity, seconds = request.once
            if self._known(identity):
                return Fault(HTTPStatus.TOO_EARLY, "this signature was taken before; sign the request again")
            self.identities[identity] = seconds
        if self._repeated(request.key):
            return Kept(0, total)
        new = list(self._new(request))
        self._note([request.key])
        self.records += new
        self.senders += [request.sender] * len(new)
        if new or not total:
            self.lost += request.records.lost
        return Kept(len(new), total - len(new))

    def _new(self, request: Request) -> Iterator[bytes]:
        for record in request.records.records:
            if not self._repeated(record.identity):
                self._note([record.identity])
                yield record.content

    def _repeated(self, identity: str) -> bool:
        return bool(identity and self._remember) and self._known(identity)

    def _known(self, identity: str) -> bool:
        return identity in self.identities or self._memory.knows(identity)

    def _note(self, identities: Iterable[str]) -> None:
        if self._remember:
            self.identities.update((identity, self._remember) for identity in identities if identity)


def behind() -> Fault:
    """What is said while the disk, or what comes after it, does not keep up."""
    return busy("events come faster than they can be taken; send it again later", seconds=_RETRY_SECONDS)


def _closing() -> Fault:
    return busy("the receiver is stopping; send it again later", seconds=_RETRY_SECONDS, status=HTTPStatus.SERVICE_UNAVAILABLE)


def _answer(requests: Iterable[Request], answers: Iterable[Kept | Fault]) -> None:
    for request, answer in zip(requests, answers, strict=True):
        if not request.answer.done():
            request.answer.set_result(answer)
