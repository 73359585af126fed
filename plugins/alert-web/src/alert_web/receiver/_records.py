"""From the body of a request to records, or to what exactly is wrong with it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

from alert_web.receiver import _json
from alert_web.receiver._fault import Fault
from alert_web.receiver._shapes import Record, recognised

__all__ = ["Records", "media_type", "records_of"]

_JSON = ("application/json", "text/json")
_LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/jsonlines")
_TEXT = ("text/plain",)
_BLANK = b" \t\r\n"


@dataclass(frozen=True)
class Records:
    """What a request carries.

    Attributes:
        records: Some records.
        lost: How many the sender says that it left out.
    """

    records: list[Record]
    lost: int = 0


def media_type(declared: str) -> str:
    """`json`, `lines` (of JSON) or `text` (lines of whatever); a request that declares nothing carries JSON.

    Raises:
        Fault: It is something else.
    """
    kind, *parameters = [part.strip().lower() for part in declared.split(";")]
    charset = next((part.removeprefix("charset=").strip('"') for part in parameters if part.startswith("charset=")), "utf-8")
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise _unsupported(f"charset {charset[:40]!r} is not understood; send UTF-8")
    if not kind or kind in _JSON or (kind.startswith("application/") and kind.endswith("+json")):
        return "json"
    if kind in _LINES:
        return "lines"
    if kind in _TEXT:
        return "text"
    raise _unsupported(f"content type {kind[:80]!r} is not understood; send {_JSON[0]}, {_LINES[0]} or {_TEXT[0]}")


def records_of(body: bytes, kind: str, *, most: int) -> Records:
    """The records in a body.

    Args:
        body: Decompressed.
        kind: As `media_type` says.
        most: How many there may be.

    Raises:
        Fault: It cannot be read; then nothing of it is taken.
    """
    if kind == "text":
        return _gathered((([Record(line)], 0) for _, _, line in _lines(body)), most)
    objects = _json.objects(body) if kind == "json" else (_object(*line) for line in _lines(body))
    return _gathered(map(recognised, objects), most)


def _gathered(found: Iterable[tuple[list[Record], int]], most: int) -> Records:
    gathered, lost = list[Record](), 0
    for records, left_out in found:
        gathered += records
        lost += left_out
        if len(gathered) > most:
            problem = f"there are more than {most} records; send less at once"
            raise Fault(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, problem)
    return Records(gathered, lost)


def _lines(body: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Number, offset and content of each line that is not blank."""
    offset = 0
    for number, line in enumerate(io.BytesIO(body), 1):
        if content := line.strip(_BLANK):
            yield number, offset + line.index(content), content
        offset += len(line)


def _object(number: int, offset: int, line: bytes) -> bytes:
    try:
        return _json.single_object(line)
    except Fault as fault:
        place = {"line": number, "offset": offset + fault.place["offset"]}
        raise Fault(fault.status, fault.problem, place=place) from fault


def _unsupported(problem: str) -> Fault:
    return Fault(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, problem, headers={"Accept": ", ".join((_JSON[0], _LINES[0], _TEXT[0]))})
