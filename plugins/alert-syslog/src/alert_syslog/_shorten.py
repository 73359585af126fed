"""How a message is made to fit."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

__all__ = ["MARK", "fit"]

MARK = "...[cut]"
# Values of fixed form, such as ids, times and addresses, are not longer and so never cut, only left out.
_SHORTEST = 48


def fit(texts: Sequence[str], limit: int, render: Callable[[Sequence[str]], str]) -> bytes:
    """The message with all values, if it has at most `limit` bytes; else with the longest of them shortened.

    What is cut is the value, between two characters and before any escaping, so that neither a character nor an escape is torn
    apart. A shortened value ends in `MARK`. Should that not be enough, values are left out from the last one on.

    Args:
        texts: The values, the most important one first.
        limit: How many bytes of UTF-8 it may take.
        render: Writes the message with these values; an empty one is left out.
    """
    message = _encoded(render(texts))
    if len(message) <= limit:
        return message

    def size(longest: int) -> int:
        return len(_encoded(render([_clip(text, longest) for text in texts])))

    # Nothing longer than the limit can be part of the answer, so it bounds the search.
    longest = bisect_right(range(_SHORTEST, limit + 1), limit, key=size) + _SHORTEST - 1
    kept = [_clip(text, max(longest, _SHORTEST)) for text in texts]
    if longest < _SHORTEST:
        kept[0] = kept[0].removesuffix(MARK)[: _SHORTEST - len(MARK)] + MARK
        for last in range(len(kept) - 1, 0, -1):
            if len(_encoded(render(kept))) <= limit:
                break
            kept[last] = ""
    return _encoded(render(kept))


def _clip(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - len(MARK)] + MARK


def _encoded(message: str) -> bytes:
    return message.encode("utf-8", "replace")
