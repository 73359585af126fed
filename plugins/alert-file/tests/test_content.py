"""What can stand in a file: compressed data, other encodings, records of several lines, headers."""

from __future__ import annotations

import bz2
import gzip
import lzma
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alert_core import Cursor, SourceError
from alert_file.settings import FileSettings

Maker = Callable[..., Any]
LINES = [f"line {number}" for number in range(30_000)]
PLAIN = "".join(f"{line}\n" for line in LINES).encode()

Packing = Callable[[bytes], bytes]
PACKINGS = pytest.mark.parametrize(
    ("pack", "suffix"), [(gzip.compress, ".gz"), (bz2.compress, ".bz2"), (lzma.compress, ".xz"), (zstd.compress, ".zst")]
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "app.log"


@PACKINGS
def test_compressed_file_has_the_places_of_the_plain_one(log: Path, pack: Packing, suffix: str, make: Maker) -> None:
    log.write_bytes(PLAIN)
    plain, packed = make(log), make(log.with_name(f"other{suffix}"))
    log.with_name(f"other{suffix}").write_bytes(pack(PLAIN))

    plain.read()
    packed.read()

    assert packed.records == LINES
    assert [(it.start.origin, it.start.position) for it in packed.batches] == [
        (it.start.origin, it.start.position) for it in plain.batches
    ]
    assert packed.again() == LINES


@PACKINGS
def test_reading_goes_on_in_a_file_that_was_compressed_meanwhile(log: Path, pack: Packing, suffix: str, make: Maker) -> None:
    log.write_bytes(PLAIN)
    program = make(log)
    program.read(most=2)
    log.with_name(f"app.log.1{suffix}").write_bytes(pack(PLAIN))
    log.write_text("new\n")

    program.read()

    assert program.records == [*LINES, "new"]


@PACKINGS
def test_damaged_compressed_file_gives_what_can_be_read_and_an_error(
    log: Path, pack: Packing, suffix: str, make: Maker
) -> None:
    packed = pack(PLAIN * 3)
    log.write_bytes(packed[: len(packed) // 2])
    program = make(log)

    with pytest.raises(SourceError, match="ends in the middle of its compressed data"):
        program.read()

    assert program.records == (LINES * 3)[: len(program.records)]


def test_missing_library_is_an_error_that_names_what_to_install(log: Path) -> None:
    log.write_bytes(zstd.compress(PLAIN))
    code = (
        "import sys; sys.modules['backports.zstd'] = sys.modules['compression.zstd'] = None\n"
        "from pathlib import Path; from alert_file._content import open_content\n"
        "from alert_core import SourceError\n"
        "try: open_content(Path(sys.argv[1]), lambda: False)\n"
        "except SourceError as error: print(error)\n"
    )

    said = subprocess.run([sys.executable, "-c", code, log], capture_output=True, text=True, check=True).stdout

    assert said == f"'{log}' is compressed with zstd; pip install 'alert-file[zstd]'\n"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1", "utf-8-sig", "utf-8"])
def test_text_in_other_encodings_becomes_utf8(log: Path, encoding: str, make: Maker) -> None:
    text = "Zürich\r\nøre ÿ\nÊ\n\nlast"
    log.write_bytes(text.encode(encoding))
    program = make(log, encoding=encoding)

    program.read()

    assert [record.rstrip("\r") for record in program.records] == ["Zürich", "øre ÿ", "Ê", "last"]
    assert program.again() == program.records


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_byte_order_mark_says_the_encoding_and_is_no_part_of_the_first_record(log: Path, encoding: str, make: Maker) -> None:
    log.write_bytes("eins\nzwölf 伺服器\n".encode(encoding))
    program = make(log)

    program.read()

    assert program.records == ["eins", "zwölf 伺服器"]


def test_lines_end_at_line_feeds_and_not_at_bytes_that_look_like_one(log: Path, make: Maker) -> None:
    # U+0A0A and U+0D0A have the byte of a line feed in them; U+0100 U+0A00 have one across two characters.
    text = "\u0a0a\u0d0a\u010a\u0a00\u0100\nnext\u0a00\n"
    for encoding in ("utf-16-le", "utf-16-be"):
        log.write_bytes(text.encode(encoding))
        program = make(log, encoding=encoding)

        program.read()

        assert program.records == text.splitlines()


def test_torn_character_at_the_end_waits_for_its_rest(log: Path, make: Maker) -> None:
    data = "\ufeffeins\nzwei\n".encode("utf-16-le")
    log.write_bytes(data[:-3])
    program = make(log)

    with program.following():
        program.wait_for(lambda: program.records == ["eins"])
        with log.open("ab") as file:
            file.write(data[-3:])
        program.wait_for(lambda: len(program.records) > 1)

    assert program.records == ["eins", "zwei"]


@settings(max_examples=60, deadline=None)
@given(
    data=st.binary(max_size=300),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-16-be", "utf-32", "cp1252", "shift_jis"]),
)
def test_no_bytes_stop_it_and_every_record_has_a_place_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, encoding: str, make: Maker
) -> None:
    log = tmp_path_factory.mktemp("logs") / "app.log"
    log.write_bytes(b"first line\n" + data)
    program = make(log, encoding=encoding)

    program.read()

    records = [record for batch in program.batches for record in batch.split()]
    assert len(set(program.places)) == len(program.places) == len(records)
    if encoding != "utf-8":
        assert all(record.decode() for record in records)
    assert [
        it for one in program.batches for again in program.source().read(one.start, one.end) for it in again.split()
    ] == records


START = r"^\d{4}-"


def test_lines_that_do_not_begin_a_record_belong_to_the_one_before(log: Path, make: Maker) -> None:
    log.write_text("stray\n2026-01 one\n  at a()\n\n  at b()\n2026-02 two\r\n  more\r\n2026-03 three")
    program = make(log, multiline={"start": START})

    program.read()

    assert program.records == ["stray", "2026-01 one\n  at a()\n\n  at b()", "2026-02 two\n  more", "2026-03 three"]
    assert program.again() == program.records
    assert [position for _, position in program.places] == [0, 6, 37, 58]


def test_last_record_waits_for_more_lines_but_not_for_ever(log: Path, make: Maker) -> None:
    patience = 1.5  # so long that a busy computer can append in time
    log.write_text("2026-01 one\n  more\n")
    program = make(log, multiline={"start": START, "flush_seconds": patience})

    with program.following():
        with log.open("a") as file:
            file.write("  still more\n")
        program.wait_for(lambda: program.records)
        appended = time.monotonic()
        with log.open("a") as file:
            file.write("2026-02 two\n2026-03 three\n")
        program.wait_for(lambda: len(program.records) == 3)
        waited = time.monotonic() - appended

    assert program.records == ["2026-01 one\n  more\n  still more", "2026-02 two", "2026-03 three"]
    assert waited >= patience
    assert program.again() == program.records


def test_record_that_never_ends_is_cut(log: Path, make: Maker) -> None:
    log.write_text("2026-01 one\n" + "".join(f"  {number}\n" for number in range(10)) + "x" * 3000 + "\n" + "y" * 500 + "\n")
    program = make(log, multiline={"start": START, "max_lines": 4, "max_bytes": 2000})

    program.read()

    assert program.records == [
        "2026-01 one\n  0\n  1\n  2", "  3\n  4\n  5\n  6", "  7\n  8\n  9", "x" * 3000, "y" * 500,
    ]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    lines=st.lists(st.sampled_from(["2026-01 begin", "  more", "", "x" * 70]), max_size=40),
    encoding=st.sampled_from(["utf-8", "utf-16"]),
    crashes=st.lists(st.integers(0, 3), max_size=6),
)
def test_records_of_several_lines_are_the_same_wherever_reading_was_interrupted(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], encoding: str, crashes: list[int], make: Maker
) -> None:
    log = tmp_path_factory.mktemp("logs") / "app.log"
    log.write_bytes("".join(f"{line}\n" for line in ["2026-00 first", *lines]).encode(encoding))
    options = {"multiline": {"start": START, "max_lines": 5}, "encoding": encoding}
    whole, program = make(log, **options), make(log, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("alert_file._piece.BLOCK_BYTES", 128)
        for batches in crashes:
            program.read(most=batches)
        program.read()
    whole.read()

    assert program.records == whole.records
    assert program.places == whole.places
    assert program.again() == whole.records


def test_every_batch_comes_with_the_header_of_its_file(log: Path, make: Maker) -> None:
    log.write_bytes("time;größe\r\n1;2\r\n".encode("utf-16"))
    program = make(log)
    program.read()
    with log.open("ab") as file:
        file.write("3;4\r\n".encode("utf-16-le"))

    program.read()

    assert [batch.head.decode() for batch in program.batches] == ["time;größe"] * 2
    assert program.records[-1] == "3;4"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"encoding": "utf-77"}, "'utf-77' is not the name of an encoding"),
        ({"encoding": "base64"}, "'base64' is not the name of an encoding"),
        ({"encoding": "cp037"}, "lines cannot be told in the encoding 'cp037'"),
        ({"multiline": {"start": "("}}, "not a regular expression"),
        ({"multiline": {"start": ""}}, "at least 1 character"),
        ({"multiline": {"start": "^x", "max_lines": 1}}, "greater than or equal to 2"),
        ({"multiline": {"start": "^x", "flush_seconds": 0}}, "greater than 0"),
    ],
)
def test_wrong_settings_are_refused(options: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        FileSettings.model_validate({"path": "a", **options})


def test_range_of_another_file_is_refused(log: Path, make: Maker) -> None:
    log.write_text("one\n")
    source = make(log).source()

    with pytest.raises(SourceError, match="bring back the file"):
        list(source.read(Cursor("other", 0), Cursor("other", 4)))
