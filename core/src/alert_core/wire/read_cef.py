"""Reads what `cef` writes, and what others call CEF."""

from __future__ import annotations

import re

from alert_core.wire.cef import Record
from alert_core.wire.controls import restored

__all__ = ["CefError", "parse", "split"]

MARK = "CEF:"
_FIELDS = 7
_BARE = re.compile(r"((?:[^\\|]|\\.)*+)(\||$)", re.DOTALL)
_HEADER_ESCAPE = re.compile(r"\\([\\|])")
_KEY = re.compile(r" ([A-Za-z0-9_.\[\]-]++)=")
_VALUE_ESCAPE = re.compile(r"\\([\\=nr|])")
_MEANT = {"n": "\n", "r": "\r"}


class CefError(ValueError):
    """A text is no CEF; the message says where."""


def parse(text: str) -> Record:
    """The record that `cef.render` wrote as this line.

    Raises:
        CefError: It is no CEF.
    """
    text = text if text.isascii() else restored(text)
    header, pairs, _ = split(text)
    version, vendor, product, product_version, signature, name, severity = header
    return Record(
        vendor=vendor,
        product=product,
        product_version=product_version,
        signature=signature,
        name=name,
        severity=severity,
        extension=tuple(pairs.items()),
        version=int(version) if version.isdecimal() else 0,
    )


def split(text: str) -> tuple[list[str], dict[str, str], str]:
    """The seven fields of the header, the extension, and what stands before its first key; without escapes.

    Blanks around values stay. Of two equal keys the later one counts.

    Raises:
        CefError: It is no CEF.
    """
    if not text.startswith(MARK):
        raise CefError("not CEF: no 'CEF:' at position 0")
    header = text[len(MARK) :].split("|", _FIELDS)
    extension = header.pop() if len(header) > _FIELDS else ""
    if "\\" in text[: len(text) - len(extension)]:
        header, extension = _escaped_header(text)
    if len(header) < _FIELDS:
        raise CefError(f"not CEF: the header ends after {len(header)} of {_FIELDS} fields, at position {len(text)}")
    # A blank before the first key makes it like all others.
    parts = _KEY.split(f" {extension}")
    keys, values = parts[1::2], parts[2::2]
    if "\\" in extension:
        values = [_VALUE_ESCAPE.sub(_unescaped, value) if "\\" in value else value for value in values]
    return header, dict(zip(keys, values, strict=True)), parts[0].strip()


def _escaped_header(text: str) -> tuple[list[str], str]:
    fields: list[str] = []
    place = len(MARK)
    while len(fields) < _FIELDS and (match := _BARE.match(text, place)) is not None:
        fields.append(_HEADER_ESCAPE.sub(r"\1", match[1]))
        place = match.end()
        if not match[2]:
            break
    return fields, text[place:]


def _unescaped(match: re.Match[str]) -> str:
    return _MEANT.get(match[1], match[1])
