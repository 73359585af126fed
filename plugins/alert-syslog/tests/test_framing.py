from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_syslog._framing import Frames, Framing

LONGEST = 50


def framed(*parts: bytes, framing: Framing = "auto", by_sender: bool = True) -> list[bytes]:
    """The records of a stream that comes in these parts."""
    frames = Frames(framing, LONGEST)
    return [record for part in parts for record in frames.feed(part)] + frames.end(by_sender=by_sender)


@pytest.mark.parametrize(
    ("stream", "records"),
    [
        (b"<34>one\n<34>two\n", [b"<34>one", b"<34>two"]),
        (b"<34>one\r\n\r\n\n<34>two", [b"<34>one", b"<34>two"]),
        (b"7 <34>one7 <34>two", [b"<34>one", b"<34>two"]),
        (b"9 <34>a\nb\nc9 <34>a\n\n\n\n", [b"<34>a\nb\nc", b"<34>a"]),
        (b"7 <34>one<34>two\n7 <34>six", [b"<34>one", b"<34>two", b"<34>six"]),
        (b"7 <34>one\n7 <34>two\n\n", [b"<34>one", b"<34>two"]),
        (b"7 <34>one3 two0 no\n", [b"<34>one", b"two", b"0 no"]),
        (b"<34>one\0\0\n\0\0<34>two\0", [b"<34>one", b"<34>two"]),
        (b"2026-03-01T12:00:00Z a\n5 of 7\n12\n\n7", [b"2026-03-01T12:00:00Z a", b"5 of 7", b"12", b"7"]),
        (b"1772352000 host app: text\n123456789 <x\n", [b"1772352000 host app: text", b"123456789 <x"]),
        (b"\xef\xbb\xbf<34>bom\n11 <34>\xef\xbb\xbfbom!", [b"\xef\xbb\xbf<34>bom", b"<34>\xef\xbb\xbfbom!"]),
        (b"<34>" + b"x" * 46 + b"\n", [b"<34>" + b"x" * 46]),
        (b"<34>" + b"x" * 47 + b"\n<34>next\n", [b"<34>" + b"x" * 38 + b"...[cut]", b"<34>next"]),
        (b"51 <34>" + b"x" * 47 + b"7 <34>two", [b"<34>" + b"x" * 38 + b"...[cut]", b"<34>two"]),
        (b"99999999 <34>" + b"x" * 500, [b"<34>" + b"x" * 38 + b"...[cut]"]),
        (b"20 <34>only", [b"<34>only...[cut]"]),
        (b"20 ", [b"20 "]),
        (b"7 <34>one20 ", [b"<34>one"]),
        (b"4 \0\0\0\n", [b"4 "]),
        (b"", []),
    ],
)
def test_stream_becomes_records(stream: bytes, records: list[bytes]) -> None:
    assert framed(stream) == records


@pytest.mark.parametrize(
    ("framing", "records"),
    [
        ("auto", [b"<34>one", b"9 lives", b"<34>tw"]),
        ("newline", [b"<34>one", b"9 lives", b"6 <34>tw"]),
        ("octet-counting", [b"<34>one", b"lives\n6 <", b"34>tw"]),
    ],
)
def test_framing_can_be_fixed(framing: Framing, records: list[bytes]) -> None:
    assert framed(b"<34>one\n9 lives\n6 <34>tw", framing=framing) == records


def test_line_that_was_interrupted_is_marked() -> None:
    assert framed(b"<34>one\n<34>tw", by_sender=False) == [b"<34>one", b"<34>tw...[cut]"]


STREAM = (
    b"<34>one\n10 <34>a\nb\ncd\n\n<34>two\r\n12 <5>\xef\xbb\xbfgr\xc3\xbc\0\n\0\0<34>nul\0\0\n2026-01-01 line\n5 apples\n"
    b"7 \n7 <1>abcd5 plain3 xyz\n<9>"
    + b"x" * 70
    + b"\n80 <"
    + b"y" * 79
    + b"<6>end\r\n<9>"
    + b"z" * 47
    + b"\r\n<9>"
    + b"z" * 46
    + b"\r\n99 <8>no end"
)


def test_it_does_not_matter_where_a_stream_is_cut() -> None:
    whole = framed(STREAM)

    assert len(whole) == 17
    for place in range(len(STREAM)):
        assert framed(STREAM[:place], STREAM[place:]) == whole, place
    assert framed(*(STREAM[place : place + 1] for place in range(len(STREAM)))) == whole


def test_it_does_not_matter_in_how_many_pieces_a_stream_comes() -> None:
    whole, chance = framed(STREAM), random.Random(20260301)

    for _ in range(2000):
        places = [0, *sorted(chance.sample(range(len(STREAM)), 6)), len(STREAM)]
        pieces = [STREAM[start:end] for start, end in pairwise(places)]
        assert framed(*pieces) == whole, places


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.binary(max_size=30) | st.sampled_from([b"7 <34>", b"\n", b"\r", b"\0", b"3 ", b"<", b"60 <1>"]), max_size=12)
)
def test_no_bytes_do_any_harm(pieces: list[bytes]) -> None:
    for framing in ("auto", "octet-counting", "newline"):
        assert framed(*pieces, framing=framing) == framed(b"".join(pieces), framing=framing)


@given(st.lists(st.binary(min_size=1, max_size=LONGEST - 1).map(lambda text: b"<" + text), max_size=8))
def test_counted_records_arrive_as_they_are(records: list[bytes]) -> None:
    stream = b"".join(b"%d %s" % (len(record), record) for record in records)

    assert framed(stream) == [record.rstrip(b"\r\n\0") for record in records]


def test_record_that_never_ends_takes_bounded_memory() -> None:
    for begin in (b"<34>", b"99999999 <34>"):
        frames = Frames("auto", LONGEST)
        frames.feed(begin)

        for _ in range(1000):
            assert frames.feed(b"x" * 1000) == []

        assert len(frames._held) <= LONGEST + 1
