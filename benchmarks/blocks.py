"""Reading a file the way everything of ours reads it: blocks of whole lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

BLOCK_BYTES = 64 * 1024


def blocks(file: Path) -> Iterator[bytes]:
    """The file in blocks of about 64 KiB that end with a line; larger ones fall out of the processor's cache."""
    rest = b""
    with file.open("rb", buffering=0) as stream:
        while block := stream.read(BLOCK_BYTES):
            end = block.rfind(b"\n") + 1
            yield rest + block[:end]
            rest = block[end:]
    if rest:
        yield rest
