r"""Control characters, made visible and harmless, and back again.

A control character is shown by its picture: a line feed as `␊`, an escape as `␛`, a NUL as `␀`. What has no picture (C1
controls, the line separators of Unicode, halves of surrogate pairs) is shown as its number, `␦{85}`; so are the pictures
themselves when a text holds them, which makes the way back exact. All other text stays as it is; above all, no backslash is
ever touched, so that a path or a Windows account can be found at the other end as it was.
"""

from __future__ import annotations

import re

__all__ = ["restored", "visible"]

_FIRST_PICTURE = 0x2400
_DELETE, _DELETE_PICTURE = "\x7f", "␡"
_NUMBER = "␦{{{:x}}}"
_BESIDES_LINE_FEED = "\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff␀-␟␡␦"
_PLAIN = b"\n" + bytes(range(ord(" "), ord("~") + 1))
_CONTROL = re.compile(f"[\n{_BESIDES_LINE_FEED}]")
_CONTROL_BUT_LINE_FEED = re.compile(f"[{_BESIDES_LINE_FEED}]")
_SHOWN = re.compile("␦\\{([0-9a-f]{2,5})\\}|[␀-␟␡]")


def visible(text: str, *, also: str = "", keep_line_feeds: bool = False) -> str:
    """The text on one line and without any control character; `restored` is the inverse.

    Args:
        text: Anything.
        also: One more character that must not occur in the answer, such as a delimiter.
        keep_line_feeds: Whether line feeds stay.
    """
    # Most texts are plain but for line feeds, and this is much faster to tell than to search them.
    if text.isascii() and not text.encode().translate(None, _PLAIN):
        shown = text if keep_line_feeds else text.replace("\n", "\u240a")
    else:
        shown = (_CONTROL_BUT_LINE_FEED if keep_line_feeds else _CONTROL).sub(_show, text)
    return shown.replace(also, _NUMBER.format(ord(also))) if also else shown


def restored(text: str) -> str:
    """The text that `visible` was given."""
    return _SHOWN.sub(_unshow, text)


def _show(found: re.Match[str]) -> str:
    character = found[0]
    if character < " ":
        return chr(_FIRST_PICTURE + ord(character))
    return _DELETE_PICTURE if character == _DELETE else _NUMBER.format(ord(character))


def _unshow(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    return _DELETE if found[0] == _DELETE_PICTURE else chr(ord(found[0]) - _FIRST_PICTURE)
