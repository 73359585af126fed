"""What can be told about a regular expression before it is used."""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["compile_regex", "required_text"]

# `re` has no public way to look into an expression. Its parser has kept this form since Python 2; should that ever change, the
# tests of this module fail. It can go when the standard library limits the time of a match.
_parser: Any = importlib.import_module("re._parser")


def compile_regex(text: str) -> re.Pattern[str]:
    """A compiled regular expression.

    Raises:
        ValueError: It is not one, it is ambiguous, or a hostile line can keep it busy for ever.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pattern = re.compile(text)
            tree = _parser.parse(text)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise ValueError(f"not a regular expression: {error}") from None
    if _explodes(tree):
        raise ValueError(
            "a repeat of nothing but another repeat, such as (a+)+, can take for ever on a hostile line; "
            "leave one of them out, or make the inner one possessive, such as (a++)+"
        )
    return pattern


def required_text(pattern: re.Pattern[str]) -> str:
    """The longest text that every match contains, as far as that is easy to tell; looking for it first is much cheaper."""
    if pattern.flags & re.IGNORECASE:
        return ""
    runs = [""]
    for character in _characters(_parser.parse(pattern.pattern)):
        if character is None:
            runs.append("")
        else:
            runs[-1] += character
    return max(runs, key=len)


def _characters(tree: Sequence[Any]) -> Iterator[str | None]:
    """The characters that must follow each other, with `None` where something else may stand."""
    for operation, argument in tree:
        if str(operation) == "LITERAL":
            yield chr(argument)
        elif str(operation) == "SUBPATTERN" and not argument[1]:
            yield from _characters(argument[3])
        else:
            yield None


def _explodes(tree: Sequence[Any]) -> bool:
    """Whether somewhere an unbounded repeat repeats nothing but a repeat."""
    for operation, argument in tree:
        if _is_repeat(operation) and argument[1] == _parser.MAXREPEAT and _only_repeats(argument[2]):
            return True
        if any(_explodes(part) for part in _parts(argument)):
            return True
    return False


def _is_repeat(operation: Any) -> bool:
    return str(operation) in ("MAX_REPEAT", "MIN_REPEAT")


def _only_repeats(tree: Sequence[Any]) -> bool:
    """Whether this is at most one repeat that must be there, and beside it only what may be absent; one of them varies."""
    varying = required = 0
    for operation, argument in tree:
        if _is_repeat(operation):
            low, high = argument[0], argument[1]
            varying += high > max(low, 1)
            required += low > 0
        elif any(_only_repeats(part) for part in _alternatives(operation, argument)):
            varying, required = varying + 1, required + 1
        else:
            return False
    return varying > 0 and required <= 1


def _alternatives(operation: Any, argument: Any) -> Sequence[Any]:
    if str(operation) == "SUBPATTERN":
        return [argument[3]]
    return argument[1] if str(operation) == "BRANCH" else []


def _parts(argument: Any) -> Iterator[Sequence[Any]]:
    """The expressions inside an operation."""
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, tuple | list):
        for part in argument:
            yield from _parts(part)
